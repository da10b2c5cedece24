"""The chat's desk for admins: what waits, who is who, what is shown; and the buttons of the notices.

Each handler says what right it needs; see guard.py.
"""

from collections.abc import Callable
from typing import Any

from webapp.base import texts
from webapp.base.db import get
from webapp.base.i18n import _, number
from webapp.base.words import clean
from webapp.bot import guard
from webapp.bot.guard import allow
from webapp.bot.links import opens_miniapp, rows, short, turning
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.config import settings
from webapp.domain.catalog import interests, packages, shelf
from webapp.domain.catalog.models import ContentPackage, UserInterest
from webapp.domain.settings import config
from webapp.domain.staff import links
from webapp.domain.users import people
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

STATES = ("pending", "attended")
MOST_FOUND = 8


@on.command("admin")
@allow("home", "read")
def desk(user: User, text: str = "") -> Reply:
    """What waits; with words after the command, the people they find."""
    if text:
        return _people(clean(text))
    return overview(user)


@on.button("admin")
@allow("home", "read")
def overview(user: User) -> Reply:
    """The desk's first page."""
    count, oldest = interests.waiting()
    held, capped_count = guard.held(user), capped(count)
    places = [
        [("interests", _("Intereses pendientes · %(count)s", count=capped_count), "leads:pending")],
        [("interests", _("Atendidos"), "leads:attended"), ("packages", _("Paquetes"), "goods")],
        [("vip", _("VIP"), "vipdesk"), ("free_channel", _("Canal Free"), "freedesk")],
        [("vip", _("Planes"), "plandesk"), ("reports_analysis", _("Estadísticas"), "figs:today")],
        [("users", _("Usuarios"), "people"), ("settings", _("Configuración"), "setup")],
    ]
    mine = [[texts.button(label, data) for section, label, data in row if held.may(section, "read")] for row in places]
    choices = rows(*mine, _panel(user), [texts.button(_("‹ Menú"), "menu")])
    return Reply("admin/desk", count=count, counted=capped_count, oldest=oldest, buttons=choices)


def _panel(user: User) -> list[dict[str, Any]]:
    """A row with the way into the panel, for whoever has their account tied to this Telegram."""
    if not opens_miniapp() or links.of_person(user.user_id) is None:
        return []
    return [texts.web_app(_("Abrir el panel"), f"{settings().public}/panel/sign-in/telegram/")]


@on.button("interests")
@allow("interests", "read")
def list_from_notice(user: User, state: str) -> Reply:
    """ "Ver todos" of a notice: the list comes as a message of its own."""
    reply = leads(user, state)
    reply.edit = False
    return reply


@on.button("leads")
@allow("interests", "read")
def leads(user: User, state: str, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """Interests in one state, some at a time."""
    state = state if state in STATES else "pending"
    found = shelf.interests_in_state(state, (first, second) if second else None, back=bool(back))
    choices = [[_lead_button(one)] for one in found.rows]
    up = [texts.button(_("‹ Administración"), "admin")]
    return Reply("admin/leads", state=state, found=found, buttons=rows(*choices, turning(found, f"leads:{state}"), up))


@on.button("lead")
@allow("interests", "read")
def lead(user: User, interest_id: int) -> Reply:
    """One interest, with its deeds."""
    interest = interests.get_interest(interest_id)
    deed = []
    if interest.state != "withdrawn":
        verb, words = ("undo", _("Reabrir")) if interest.is_attended else ("tend", _("Marcar atendido"))
        deed = [texts.button(words, f"{verb}:{interest_id}")]
    who = [texts.button(short(interest.user.full_name), f"user:{interest.user_id}")]
    up = [texts.button(_("‹ Pendientes"), "leads:pending")]
    zone = config.current().time_zone
    return Reply("admin/lead", interest=interest, zone=zone, buttons=rows(deed, who, up))


@on.button("tend")
@allow("interests", "update")
def tend(user: User, interest_id: int) -> Reply:
    """Marks as attended from the list, and shows how it stands."""
    return _after(user, interest_id, attend)


@on.button("undo")
@allow("interests", "update")
def undo(user: User, interest_id: int) -> Reply:
    """Reopens from the list, and shows how it stands."""
    return _after(user, interest_id, reopen)


@on.button("attend")
@allow("interests", "update")
def attend(user: User, interest_id: int) -> Reply:
    """ "Marcar atendido" of a notice; the notices of all admins say so afterwards."""
    interest = interests.get_interest(interest_id)
    if interests.attend(interest, by=as_actor(user)):
        return Reply(toast=_("Marcado como atendido."))
    if interest.state == "withdrawn":
        return Reply(toast=_("Ya no le interesa."))
    return Reply(toast=_("Ya lo atendió %(who)s.", who=interest.attended_by_label))


@on.button("reopen")
@allow("interests", "update")
def reopen(user: User, interest_id: int) -> Reply:
    """ "Reabrir" of a notice."""
    done = interests.reopen(interests.get_interest(interest_id), by=as_actor(user))
    return Reply(toast=_("Abierto de nuevo.") if done else _("Ya estaba abierto."))


@on.button("people")
@allow("users", "read")
def people_(user: User) -> Reply:
    """The newest people, and how to find others."""
    return _people("")


@on.button("user")
@allow("users", "read")
def person(user: User, user_id: int) -> Reply:
    """One person, with the deeds on them."""
    return _person(people.get_user(user_id))


@on.button("block")
@allow("users", "update")
def ask_block(user: User, user_id: int) -> Reply:
    """Blocking asks first, in a message of its own: the notice stays."""
    question = _("¿Bloquear? No podrá usar el bot ni la Mini App.")
    reply = _ask(people.get_user(user_id), question, _("Sí, bloquear"), "blockyes")
    reply.edit = False
    return reply


@on.button("blockyes")
@allow("users", "update")
def block(user: User, user_id: int) -> Reply:
    """Blocks somebody."""
    other = people.get_user(user_id)
    people.block(other, by=as_actor(user), reason=_("Bloqueado desde el bot"))
    return _person(other).toasting(_("Bloqueado."))


@on.button("unblock")
@allow("users", "update")
def unblock(user: User, user_id: int) -> Reply:
    """Lets somebody in again."""
    other = people.get_user(user_id)
    people.unblock(other, by=as_actor(user))
    return _person(other).toasting(_("Desbloqueado."))


@on.button("goods")
@allow("packages", "read")
def goods(user: User, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """All packages, hidden ones too."""
    found = shelf.packages(None, (first, second) if second else None, back=bool(back))
    choices = [
        [texts.button(("" if one.is_active else "🚫 ") + short(one.name), f"good:{one.id}")] for one in found.rows
    ]
    up = [texts.button(_("‹ Administración"), "admin")]
    return Reply("admin/goods", found=found, buttons=rows(*choices, turning(found, "goods"), up))


@on.button("good")
@allow("packages", "read")
def good(user: User, package_id: int) -> Reply:
    """One package, with its deeds."""
    return _good(get(ContentPackage, package_id))


@on.button("show")
@allow("packages", "update")
def show(user: User, package_id: int) -> Reply:
    """Puts a package into the showcase."""
    packages.publish(get(ContentPackage, package_id), by=as_actor(user))
    return _good(get(ContentPackage, package_id)).toasting(_("Publicado."))


@on.button("hide")
@allow("packages", "update")
def hide(user: User, package_id: int) -> Reply:
    """Takes a package out of the showcase."""
    packages.deactivate(get(ContentPackage, package_id), by=as_actor(user))
    return _good(get(ContentPackage, package_id)).toasting(_("Ya no está en la vitrina."))


def _good(package: ContentPackage) -> Reply:
    verb, words = ("hide", _("Despublicar")) if package.is_active else ("show", _("Publicar"))
    choices = [[texts.button(words, f"{verb}:{package.id}")], [texts.button(_("‹ Paquetes"), "goods")]]
    return Reply("admin/good", package=package, buttons=choices)


def _after(user: User, interest_id: int, deed: Callable[..., Reply]) -> Reply:
    toast = deed(user, interest_id).toast
    return lead(user, interest_id).toasting(toast)


def _people(text: str) -> Reply:
    found = people.search(text, size=MOST_FOUND)
    choices = [[texts.button(f"{one.role.emoji} {short(one.full_name)}", f"user:{one.user_id}")] for one in found.rows]
    up = [texts.button(_("‹ Administración"), "admin")]
    return Reply("admin/people", text=text, found=found, buttons=rows(*choices, up))


def _person(other: User) -> Reply:
    deeds = []
    if other.is_blocked:
        deeds.append(texts.button(_("Desbloquear"), f"unblock:{other.user_id}"))
    elif not other.is_admin:
        deeds.append(texts.button(_("Bloquear"), f"block:{other.user_id}"))
    vip = [texts.button(_("Suscripción VIP"), f"sub:{other.user_id}")]
    up = [texts.button(_("‹ Usuarios"), "people")]
    return Reply("admin/person", person=other, zone=config.current().time_zone, buttons=rows(deeds, vip, up))


def sure(question: str, yes: str, no: str) -> Reply:
    """Asks before a deed; `yes` and `no` are what its buttons say."""
    choices = [[texts.button(_("Sí"), yes), texts.button(_("No"), no)]]
    return Reply("admin/sure", question=question, buttons=choices)


def _ask(other: User, question: str, yes: str, verb: str) -> Reply:
    choices = [[texts.button(yes, f"{verb}:{other.user_id}"), texts.button(_("No"), f"user:{other.user_id}")]]
    return Reply("admin/ask", person=other, question=question, buttons=choices)


def _lead_button(interest: UserInterest) -> dict[str, Any]:
    what = interest.package.name if interest.package else _("Suscripción VIP")
    return texts.button(f"{short(interest.user.full_name, 18)} · {short(what, 26)}", f"lead:{interest.id}")


def capped(count: int) -> str:
    """A count as people read it; those that stop at 10,001 say so."""
    return _("más de %(most)s", most=number(10_000)) if count > 10_000 else number(count)
