"""A peer: the catalogue page as one writes it without thinking of speed, on the same tables.

Flask, Flask-SQLAlchemy entities, two queries (who is asking, twenty packages with the asker's marks), a template with a
macro for each card. Not slowed down on purpose: no query per card, pooled connections.
"""

import os
from datetime import UTC, datetime
from hashlib import sha256

from babel.numbers import format_currency
from flask import Flask, abort, render_template, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import and_
from sqlalchemy.orm import joinedload

from webapp.domain.catalog.models import ContentPackage, Provider, UserInterest
from webapp.domain.sessions.models import UserSession
from webapp.domain.users.models import User

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
db = SQLAlchemy(app)
app.jinja_env.filters["money"] = lambda amount, currency: format_currency(amount, currency, locale="es")


@app.get("/ready")
def ready() -> str:
    """Whether it runs."""
    return "ready"


@app.get("/packages/<public_id>")
def package(public_id: str) -> str:
    """Something to link to."""
    return public_id


@app.post("/packages/<public_id>/press")
def press(public_id: str) -> str:
    """Something to post to."""
    return public_id


@app.get("/miniapp/")
def page() -> str:
    """The showcase's first page."""
    told = request.headers.get("Authorization", "").removeprefix("Bearer ")
    moment = datetime.now(UTC)
    asking = db.session.execute(
        db.select(User)
        .join(UserSession, UserSession.user_id == User.user_id)
        .where(UserSession.token_hash == sha256(told.encode()).hexdigest())
        .where(UserSession.is_active, UserSession.expires_at > moment)
    ).scalar_one_or_none()
    if asking is None:
        abort(401)
    mine = and_(
        UserInterest.package_id == ContentPackage.id,
        UserInterest.user_id == asking.user_id,
        UserInterest.withdrawn_at.is_(None),
    )
    rows = db.session.execute(
        db.select(ContentPackage, UserInterest)
        .outerjoin(UserInterest, mine)
        .options(joinedload(ContentPackage.provider).load_only(Provider.display_name))
        .where(ContentPackage.is_active)
        .order_by(ContentPackage.position.desc(), ContentPackage.id.desc())
        .limit(20)
    ).all()
    return render_template("peer.html", rows=rows, user=asking)
