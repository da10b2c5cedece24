"""The chat's desk for admins, the Free channel: who waits, deciding one or all of them, and the wait."""

from webapp.base import texts
from webapp.base.db import get
from webapp.base.i18n import _
from webapp.bot.admin import capped, sure
from webapp.bot.guard import allow
from webapp.bot.links import rows, short, turning
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.channels import lists, requests
from webapp.domain.channels.models import FreeChannelRequest
from webapp.domain.settings import config
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

WAITS = (1, 5, 15, 60)
AT_ONCE = 1000


@on.button("freedesk")
@allow("free_channel", "read")
def free(user: User, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """The queue, some at a time, and the wait."""
    wait, count = config.current().wait_time_minutes, requests.count_waiting()
    found = lists.few_requests((first, second) if second else None, back=bool(back))
    people = [[texts.button(short(one.user.full_name), f"asker:{one.id}")] for one in found.rows]
    all_ = [texts.button(_("Aprobar todas"), "freeall:approve"), texts.button(_("Rechazar todas"), "freeall:decline")]
    mark = {wait: "✓ "}
    waits = [texts.button(mark.get(one, "") + _("%(n)s min", n=one), f"wait:{one}") for one in WAITS]
    up = [texts.button(_("‹ Administración"), "admin")]
    zone = config.current().time_zone
    return Reply("admin/free", count=count, counted=capped(count), wait=wait, found=found, zone=zone,
                 buttons=rows(*people, turning(found, "freedesk"), all_ if count else [], waits, up))  # fmt: skip


@on.button("asker")
@allow("free_channel", "read")
def asker(user: User, request_id: int) -> Reply:
    """One request, with what can be decided."""
    return _one(get(FreeChannelRequest, request_id))


@on.button("freeone")
@allow("free_channel", "update")
def decide(user: User, deed: str, request_id: int) -> Reply:
    """Decides one, whoever decided it before."""
    request = get(FreeChannelRequest, request_id)
    done = (requests.approve if deed == "approve" else requests.decline)(request, by=as_actor(user))
    words = _("Aprobada.") if deed == "approve" else _("Rechazada.")
    return free(user).toasting(words if done else _("Ya estaba decidida."))


@on.button("freeall")
@allow("free_channel", "update")
def ask_all(user: User, deed: str) -> Reply:
    """Asks before the whole queue is decided."""
    count = min(requests.count_waiting(), AT_ONCE)
    if deed == "approve":
        return sure(_("¿Aprobar %(count)s solicitudes?", count=count), "freedo:approve", "freedesk")
    return sure(_("¿Rechazar %(count)s solicitudes?", count=count), "freedo:decline", "freedesk")


@on.button("freedo")
@allow("free_channel", "update")
def decide_all(user: User, deed: str) -> Reply:
    """Decides those who wait now, a thousand at most; what Telegram refuses ends as an error and is not repeated."""
    ids = [one.id for one in requests.oldest_waiting(AT_ONCE)]
    turn = requests.approve_many if deed == "approve" else requests.decline_many
    done = turn(ids, by=as_actor(user))
    return free(user).toasting(_("Listo: %(count)s.", count=done))


@on.button("wait")
@allow("settings", "update")
def wait(user: User, minutes: int) -> Reply:
    """How long who asks from now on waits."""
    if minutes in WAITS:
        config.change({"wait_time_minutes": minutes}, by=as_actor(user))
    return free(user)


def _one(request: FreeChannelRequest) -> Reply:
    deeds = []
    if request.status in requests.DECIDABLE:
        deeds = [texts.button(_("Aprobar"), f"freeone:approve:{request.id}"),
                 texts.button(_("Rechazar"), f"freeone:decline:{request.id}")]  # fmt: skip
    who = [texts.button(_("Ver a la persona"), f"user:{request.user_id}"), texts.button(_("‹ Canal Free"), "freedesk")]
    zone = config.current().time_zone
    return Reply("admin/asker", request=request, zone=zone, buttons=rows(deeds, who))
