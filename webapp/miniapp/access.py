"""What the visitor may see, since when, and how to ask for VIP."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.web import is_htmx
from webapp.domain.catalog import interests, showcase
from webapp.domain.users import people, roles
from webapp.miniapp import cards
from webapp.miniapp.subscription import told
from webapp.miniapp.visitor import actor, doer, visitor


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/access")(access)
    pages.post("/access/press", endpoint="press_vip")(press)
    pages.post("/access/withdraw", endpoint="withdraw_vip")(withdraw)


def access() -> str:
    """Role, since when, the subscription, what VIP gives, and the role's history."""
    history = roles.history(people.get_user(visitor().user_id), limit=20)
    interest = showcase.vip_interest(visitor().user_id)
    return render_template("miniapp/access/page.html", visitor=visitor(), history=history, vip=interest, **told())


def press() -> ResponseReturnValue:
    """ "Me interesa el VIP"."""
    with transaction():
        interests.press(doer(), None, by=actor())
    return _answer("pressed")


def withdraw() -> ResponseReturnValue:
    """No longer interested in VIP."""
    with transaction():
        interests.withdraw(doer(), None, by=actor())
    return _answer("withdrawn")


def _answer(done: str) -> ResponseReturnValue:
    if not is_htmx():
        return redirect(url_for("miniapp.access"), 303)
    place = request.form.get("place")
    if place == "list":
        found = showcase.mine(visitor().user_id)
        html = render_template("miniapp/catalog/_interests.html", visitor=visitor(), interests=found)
    elif place == "package":
        mark = False if done == "pressed" else None
        html = str(cards.want_vip(visitor(), mark)) + render_template(
            "miniapp/catalog/_marked.html", mark=mark, vip=True
        )
    else:
        vip = showcase.vip_interest(visitor().user_id)
        html = render_template("miniapp/access/_vip.html", vip=vip, visitor=visitor())
    if done == "withdrawn":
        html += render_template("miniapp/catalog/_withdrawn.html", withdrawn=None, place=place)
    answer = make_response(html)
    answer.headers["HX-Trigger"] = done
    return answer
