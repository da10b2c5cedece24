"""One deed on several subscriptions: who was chosen in the list, once more with their dates, and what is to be done.

Each is chosen together with the date that was seen; whoever was changed since stays as they are. So a form that is sent
twice gives its days once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Conflict, Denied, Invalid
from webapp.base.i18n import _, ngettext
from webapp.domain.channels import lists, subscriptions
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.staff.rights import Act
from webapp.panel import guard, pages
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("vip_many", __name__, url_prefix="/vip/many")
ACTS: dict[str, Act] = {"gift": "update", "pause": "update", "resume": "update", "revoke": "delete"}
MOST = 100


@blueprint.get("/")
@allow("vip", "update")
def page() -> ResponseReturnValue:
    """Who was chosen, and what the deed asks for."""
    context = _told(request.args.get("deed", ""), request.args.getlist("ids"))
    return pages.show("panel/vip/many.html", **context, errors={}, typed={})


@blueprint.post("/")
@allow("vip", "update")
@sudo(when=lambda: _asked() == "revoke")
def run() -> ResponseReturnValue:
    """Does it to all of them in one transaction."""
    told = _told(_asked(), request.form.getlist("ids"))
    deed = _deeds()[told["deed"]]
    done = 0
    try:
        with transaction():
            for subscriber in subscriptions.unchanged(told["chosen"]):
                done += _did(deed, subscriber)
    except Invalid as error:
        return pages.wrong(error, "panel/vip/_many.html", "panel/vip/many.html", **told)
    return pages.done(url_for("panel.vip.page"), toast=_counted(done, len(told["chosen"]) - done))


def _asked() -> str:
    return request.form.get("deed", "")


def _did(deed: Callable[[VIPSubscriber], object], subscriber: VIPSubscriber) -> bool:
    """False for one whose state does not allow it, or who is blocked: nothing was written then."""
    try:
        deed(subscriber)
    except (Conflict, Denied):
        return False
    return True


def _deeds() -> dict[str, Callable[[VIPSubscriber], object]]:
    by, reason, days = actor(), request.form.get("reason", ""), pages.number(request.form.get("days")) or 0
    return {
        "gift": lambda row: subscriptions.gift(row.user, min(days, 1_000_000), by=by, reason=reason),
        "pause": lambda row: subscriptions.pause(row, by=by, reason=reason),
        "resume": lambda row: subscriptions.resume(row, by=by),
        "revoke": lambda row: subscriptions.revoke(row, by=by, reason=reason),
    }


def _counted(done: int, left: int) -> str:
    words = ngettext("%(n)s suscripción cambiada.", "%(n)s suscripciones cambiadas.", done, n=done)
    if left:
        words += " " + ngettext("%(n)s quedó como estaba.", "%(n)s quedaron como estaban.", left, n=left)
    return str(words)


def _told(deed: str, ids: list[str]) -> dict[str, Any]:
    """What the page shows. Raises Invalid for no deed or nobody chosen, Denied for a deed that is not theirs."""
    chosen = dict(one for text in ids[:MOST] if (one := _chosen(text)))
    if deed not in ACTS or not chosen:
        raise Invalid(_("Elige qué hacer con quién."))
    if not guard.allowed("vip", ACTS[deed]):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    return {"deed": deed, "ids": ids[:MOST], "chosen": chosen, "rows": lists.subscribers_named(chosen)}


def _chosen(text: str) -> tuple[int, datetime] | None:
    """(user id, end of access as it was seen) of "710000001@2026-12-21T10:00:00+00:00"; None for anything else."""
    user_id, _at, seen = text.partition("@")
    number = pages.number(user_id)
    try:
        moment = datetime.fromisoformat(seen)
    except ValueError:
        return None
    return (number, moment) if number is not None and moment.tzinfo else None
