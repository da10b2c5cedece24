"""The visitor's subscription in *Mi acceso*: redeeming a code, the way into the channel, the Free queue."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.errors import Refused, TooMany
from webapp.base.web import is_htmx
from webapp.domain.channels import invites, members, plans, requests, subscriptions, tokens
from webapp.domain.channels.models import ChannelState
from webapp.domain.settings import config
from webapp.domain.users.people import get_user
from webapp.miniapp.visitor import actor, doer, person, visitor

MOST = 200


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/access/subscription")(subscription)
    pages.post("/access/redeem")(redeem)
    pages.post("/access/enter")(enter)


def subscription() -> str:
    """The part of *Mi acceso* that tells of the subscription; it asks for itself again while a link is being made."""
    return render_template("miniapp/access/_subscription.html", visitor=visitor(), **told())


def redeem() -> ResponseReturnValue:
    """A code for days of VIP."""
    doer()
    code = request.form.get("code", "").strip()[:MOST].rpartition("vip_")[2]
    try:
        with transaction():
            tokens.redeem(code, person(), by=actor())
    except Refused as refusal:
        if isinstance(refusal, TooMany):
            raise
        return _answer("", refusal=str(refusal), code=code, status=refusal.status)
    return _answer("redeemed")


def enter() -> ResponseReturnValue:
    """The visitor wants into the VIP channel: their link is made, or shown again."""
    doer()
    with transaction():
        invites.enter(person(), by=actor())
    return _answer("")


def told() -> dict[str, Any]:
    """What the subscription's part shows."""
    subscriber = subscriptions.of(visitor().user_id)
    waiting = requests.waiting_of(visitor().user_id)
    open_ = subscriber is not None and subscriber.has_access
    inside = subscriber is not None and subscriber.channel_state is ChannelState.MEMBER
    return {
        "subscriber": subscriber,
        "inside": inside,
        "days_left": -(-(subscriber.expiry_date - now()).total_seconds() // 86_400) if subscriber and open_ else 0,
        "invite": invites.current(visitor().user_id) if open_ and not inside else None,
        "offers": [] if open_ else plans.offered_to(get_user(visitor().user_id)),
        "waiting": waiting,
        "place": requests.place_of(waiting) if waiting else 0,
        "in_free": members.is_inside(config.current().free_channel_id, visitor().user_id),
        "refusal": "",
        "code": "",
    }


def _answer(done: str, *, status: int = 200, **more: Any) -> ResponseReturnValue:
    if not is_htmx() and status == 200:
        return redirect(url_for("miniapp.access"), 303)
    html = render_template("miniapp/access/_subscription.html", visitor=visitor(), **{**told(), **more})
    return html, status, {"HX-Trigger": done} if done else {}
