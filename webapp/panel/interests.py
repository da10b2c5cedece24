"""Interests: the list, attending one or many, notes, the story of each."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid, NotFound
from webapp.base.i18n import _, lazy_gettext
from webapp.domain.catalog import interests, lists
from webapp.domain.catalog.lists import InterestFilter
from webapp.domain.catalog.models import ContentCategory
from webapp.filters import category_label
from webapp.panel import exports, guard, pages, words
from webapp.panel.guard import actor, allow, sudo
from webapp.panel.reading import picture_url

blueprint = Blueprint("interests", __name__, url_prefix="/interests")

STATES = ("pending", "attended", "withdrawn", "all")
AGES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "3d": timedelta(days=3), "7d": timedelta(days=7)}
LATE = timedelta(hours=3)
_STATES = [
    ("pending", lazy_gettext("Pendientes")),
    ("attended", lazy_gettext("Atendidos")),
    ("withdrawn", lazy_gettext("Quitados")),
    ("all", lazy_gettext("Todos")),
]
_AGES = [
    ("1h", lazy_gettext("Más de 1 hora")),
    ("1d", lazy_gettext("Más de 1 día")),
    ("3d", lazy_gettext("Más de 3 días")),
    ("7d", lazy_gettext("Más de 7 días")),
]


@blueprint.get("/")
@allow("interests", "read")
def page() -> ResponseReturnValue:
    """The list, filtered as its address says; those that wait come first to mind."""
    wanted = _wanted(request.args)
    found = lists.interests(wanted, after=request.args.get("after"))
    return pages.show(
        "panel/interests/page.html", found=found, count=lists.count_interests(wanted), wanted=wanted, **_words(wanted)
    )


@blueprint.post("/export/<sheet>")
@allow("interests", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, filtered and sorted as its address says."""
    return exports.give("interests", sheet, _wanted(request.args))


@blueprint.get("/count")
@allow("interests", "read")
def count() -> ResponseReturnValue:
    """How many wait now: what the open list asks every twenty seconds."""
    return pages.partial("panel/interests/_count.html", waiting=interests.waiting()[0])


@blueprint.get("/<int:interest_id>")
@allow("interests", "read")
def show(interest_id: int) -> ResponseReturnValue:
    """One interest: who, what, notes, story, and the figures of what is wanted."""
    return pages.show("panel/interests/show.html", **_story(interest_id))


@blueprint.post("/<int:interest_id>/attend")
@allow("interests", "update")
def attend(interest_id: int) -> ResponseReturnValue:
    """Marks one as attended."""
    with transaction():
        done = interests.attend(interests.get_interest(interest_id), by=actor())
    told = _("Marcado como atendido.") if done else _("Ya no estaba pendiente.")
    return _one(interest_id, told, undo=url_for(".reopen", interest_id=interest_id) if done else "")


@blueprint.post("/<int:interest_id>/reopen")
@allow("interests", "update")
def reopen(interest_id: int) -> ResponseReturnValue:
    """Takes an attended one back."""
    with transaction():
        done = interests.reopen(interests.get_interest(interest_id), by=actor())
    return _one(interest_id, _("Vuelve a estar pendiente.") if done else _("No estaba atendido."))


@blueprint.post("/attend")
@allow("interests", "update")
def attend_many() -> ResponseReturnValue:
    """Marks those that were chosen as attended."""
    with transaction():
        done = interests.attend_many(_ids(), by=actor())
    undo = url_for(".reopen_many", ids=",".join(map(str, done))) if done else ""
    return pages.done(_back(), toast=_("Marcados como atendidos: %(n)s.", n=len(done)), undo=undo)


@blueprint.post("/reopen")
@allow("interests", "update")
def reopen_many() -> ResponseReturnValue:
    """Takes those that were chosen back."""
    with transaction():
        done = interests.reopen_many(_ids(), by=actor())
    return pages.done(_back(), toast=_("Vuelven a estar pendientes: %(n)s.", n=len(done)))


@blueprint.post("/<int:interest_id>/notes")
@allow("interests", "update")
def add_note(interest_id: int) -> ResponseReturnValue:
    """Writes a note."""
    try:
        with transaction():
            interests.add_note(interests.get_interest(interest_id), request.form.get("text", ""), by=actor())
    except Invalid as error:
        return pages.wrong(error, "panel/interests/_notes.html", "panel/interests/show.html", **_story(interest_id))
    there = url_for(".show", interest_id=interest_id)
    return pages.done(there, "panel/interests/_notes.html", toast=_("Nota guardada."), **_story(interest_id))


def _one(interest_id: int, toast: str, undo: str = "") -> ResponseReturnValue:
    """One interest after a deed, as a row of the list or as its page shows it."""
    if request.form.get("shown") == "page":
        context, template = _story(interest_id), "panel/interests/_deed.html"
    else:
        context, template = {"row": lists.interest_row(interest_id), "late": LATE}, "panel/interests/_interest.html"
    back = guard.safe_next(request.form.get("next") or url_for(".show", interest_id=interest_id))
    return pages.done(back, template, toast=toast, undo=undo, **context)


def _story(interest_id: int) -> dict[str, Any]:
    row = lists.interest_row(interest_id)
    if row is None:
        raise NotFound(_("Ese interés ya no existe."))
    g.waiting = interests.waiting()[0]
    return {
        "row": row,
        "waiting": g.waiting,
        "late": LATE,
        "notes": interests.notes_of(interest_id),
        "history": [(one, words.interest_words(one)) for one in lists.history("user_interests", interest_id)],
        "figures": lists.figures(row.package_id),
        "picture_url": picture_url,
        "person_url": _person_url(row.user_id),
        "typed": {},
        "errors": {},
    }


def _person_url(user_id: int) -> str:
    return url_for("panel.users.person", user_id=user_id) if guard.allowed("users") else ""


def _words(wanted: InterestFilter) -> dict[str, Any]:
    """What the list's template needs besides its rows."""
    one = isinstance(wanted.package, int)
    return {
        "state_options": _STATES,
        "age_options": [("", _("De cualquier momento")), *((age, said) for age, said in _AGES)],
        "category_options": [(kind.value, f"{kind.emoji} {category_label(kind)}") for kind in ContentCategory],
        "package_name": lists.package_name(int(wanted.package or 0)) if one else None,
        "person_name": lists.person_name(wanted.user_id) if wanted.user_id else None,
        "figures": lists.figures(int(wanted.package or 0) if one else None) if wanted.package else None,
        "filtered": wanted != InterestFilter(state=wanted.state, oldest_first=wanted.oldest_first),
        "waiting": interests.waiting()[0],
        "late": LATE,
    }


def _wanted(args: Mapping[str, str]) -> InterestFilter:
    """The filters of the address; what makes no sense counts as not there."""
    category, package = args.get("category", ""), args.get("package", "")
    state = args.get("state", "pending")
    return InterestFilter(
        state=state if state in STATES else "pending",
        category=ContentCategory(category) if category in [one.value for one in ContentCategory] else None,
        package=lists.VIP if package == lists.VIP else _number(package),
        user_id=_number(args.get("user", "")),
        older_than=AGES.get(args.get("age", "")),
        oldest_first=args.get("sort") == "oldest",
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _ids() -> list[int]:
    """The chosen ids: checkboxes of a form, or one comma-separated value of an undo."""
    given = [*request.form.getlist("ids"), *request.args.get("ids", "").split(",")]
    return [number for text in given if (number := _number(text)) is not None]


def _back() -> str:
    there = request.form.get("next")
    return guard.safe_next(there) if there else url_for(".page")
