"""What a package costs is said alike, and whole, wherever it is said: in the panel, the chat and the Mini App."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.bot.conftest import Chat
from tests.factories import InterestFactory, PackageFactory
from tests.miniapp.conftest import launch
from tests.panel.conftest import Browser
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.catalog import notices
from webapp.domain.catalog.models import ContentPackage

PRICES = {
    "stars": ({"price": None, "price_stars": 350}, ["⭐ 350"]),
    "points": ({"price": None, "price_points": 90}, ["90 puntos"]),
    "all": ({"price": Decimal(120), "price_stars": 350, "price_points": 90}, ["$120\u00a0MXN", "⭐ 350", "90 puntos"]),
    "nothing": ({"price": None}, ["Promocional"]),
    "nought": ({"price": Decimal(0)}, ["Promocional"]),
}


@pytest.fixture(params=PRICES)
def priced(request, app, ana) -> tuple[ContentPackage, list[str]]:
    """A package that ana wants, and how its price is said."""
    values, words = PRICES[request.param]
    return PackageFactory(**values), words


def said(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text).replace("\u00a0", "\0")).replace("\0", "\u00a0")


def holds(text: str, words: list[str]) -> bool:
    told = said(text)
    return all(word in told for word in words) and ("Promocional" in told) == (words == ["Promocional"])


def test_the_panel_says_the_whole_price(app, caio, ana, priced):
    package, words = priced
    interest = InterestFactory(user_id=ana.user_id, package_id=package.id)
    panel = Browser(app.test_client(), caio)
    for path in ("", "interests/", f"interests/{interest.id}", "packages/"):
        assert holds(panel.get(f"/panel/{path}").text, words), path
    typed = {
        name: getattr(package, name) or "" for name in ("name", "price", "currency", "price_stars", "price_points")
    }
    shown = panel.get("/panel/packages/preview", query_string=typed | {"category": "free_content"})
    assert holds(shown.text, words)


def test_the_chat_says_the_whole_price_to_members_and_admins(app, dora, ana, priced):
    package, words = priced
    chat = Chat()
    assert holds(chat.press(ana, f"pkg:{package.id}")[-1]["text"], words)
    chat.press(ana, f"want:{package.id}")
    with transaction():
        notices.write_due()
    told = [row.payload["text"] for row in db.session.scalars(select(OutboxMessage)) if row.chat_id == dora.user_id]
    assert len(told) == 1 and holds(told[0], words)
    assert holds(chat.press(dora, f"good:{package.id}")[-1]["text"], words)


def test_the_mini_app_says_the_whole_price(app, ana, priced):
    package, words = priced
    phone = app.test_client()
    answer = phone.post(
        "/miniapp/session", data={"init_data": launch(ana), "path": f"/miniapp/packages/{package.public_id}"}
    )
    assert holds(answer.text, words)
