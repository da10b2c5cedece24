"""Configuración inicial: the steps before everything runs. The worker asks Telegram; the page looks for answers."""

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.errors import Invalid, NotFound
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.config import settings
from webapp.domain.channels import checks, places, readiness, setup
from webapp.domain.channels.models import Channel
from webapp.domain.channels.readiness import Step
from webapp.domain.settings import config
from webapp.panel import guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("setup", __name__, url_prefix="/setup")
ASKED_ANEW = timedelta(minutes=1)
ID = re.compile(r"-100[0-9]{6,12}")
TARGET = re.compile(rf"@[A-Za-z]\w{{3,31}}|{ID.pattern}")
STEP, PAGE, RIGHTS = "panel/setup/_step.html", "panel/setup/page.html", "panel/setup/_channels.html"
QUESTIONS = {"token": ("me",), "menu": ("commands", "menu")}


@blueprint.get("/")
@allow("settings", "read")
def page() -> ResponseReturnValue:
    """Every step; what was not asked within the minute is asked by the page once it stands."""
    return pages.show(PAGE, **_all())


@blueprint.get("/steps/<name>")
@allow("settings", "read")
def step(name: str) -> ResponseReturnValue:
    """One step, as the page looks for the answer; once that is there the progress is told to follow."""
    told = _one(name)
    answer = pages.partial(STEP, **told)
    if not told["step"].is_asking:
        answer.headers["HX-Trigger"] = "setup"
    return answer


@blueprint.get("/progress")
@allow("settings", "read")
def progress() -> ResponseReturnValue:
    """How many steps are done, and which is next."""
    return pages.partial("panel/setup/_progress.html", **_all())


@blueprint.post("/steps/<name>/ask")
@allow("settings", "update")
def ask(name: str) -> ResponseReturnValue:
    """Asks Telegram now."""
    with transaction():
        _ask(name)
    return pages.done(url_for(".page", _anchor=f"step-{name}"), STEP, **_one(name))


@blueprint.get("/channels")
@allow("settings", "read")
def channels() -> ResponseReturnValue:
    """The bot's rights in both channels, as the page of the channels looks for the answer."""
    return pages.partial(RIGHTS, channels=both(), stale=False)


@blueprint.post("/channels/ask")
@allow("settings", "update")
def ask_channels() -> ResponseReturnValue:
    """Asks Telegram now for the bot's rights in both."""
    with transaction():
        ask_both()
    return pages.done(url_for("panel.channels.page", _anchor="which"), RIGHTS, channels=both(), stale=False)


@blueprint.post("/channels/<kind>")
@allow("settings", "update")
def look(kind: str) -> ResponseReturnValue:
    """Asks Telegram for the channel that was typed: its id, its @name or its address."""
    _kind(kind)
    target = _target(request.form.get("channel", ""))
    if target is None:
        told = {"channel": _("Escribe el @nombre del canal, o su id, que empieza con -100.")}
        return pages.wrong(Invalid(fields=told), STEP, PAGE, **{**_all(), **_one(kind)})
    with transaction():
        checks.ask_place(kind, target, bot_id=settings().bot_id)
    return pages.done(url_for(".page", _anchor=f"step-{kind}"), STEP, **_one(kind))


@blueprint.post("/channels/<kind>/choose")
@allow("settings", "update")
@sudo
def choose(kind: str) -> ResponseReturnValue:
    """Makes a channel the creator's VIP or Free one."""
    number = request.form.get("chat_id", "")
    with transaction():
        if not ID.fullmatch(number):
            raise NotFound(_("No lo encontramos. Puede que ya no exista."))
        place = places.choose(_kind(kind), int(number), by=guard.actor())
    here = url_for(".page", _anchor=f"step-{kind}")
    return pages.done(here, STEP, toast=_("Listo: %(name)s.", name=place.title), **_one(kind))


@blueprint.post("/wait")
@allow("settings", "update")
@sudo
def wait() -> ResponseReturnValue:
    """Saves how long a join request waits."""
    try:
        with transaction():
            setup.change({"wait_time_minutes": request.form.get("wait_time_minutes", "")}, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, STEP, PAGE, **{**_all(), **_one("wait")})
    return pages.done(url_for(".page", _anchor="step-wait"), STEP, toast=_("Ajustes guardados."), **_one("wait"))


def both() -> list[Step]:
    """The steps of the two channels."""
    return [one for one in readiness.steps() if one.name in ("vip", "free")]


def ask_both() -> None:
    """Asks for the channels that are set, in the current transaction."""
    for kind in Channel:
        channel_id = getattr(config.current(), f"{kind.value}_channel_id")
        if channel_id is not None:
            checks.ask_place(kind.value, channel_id, bot_id=settings().bot_id)


def is_stale(found: list[Step]) -> bool:
    """Whether one of these steps should be asked about again."""
    return any(_stale(one) for one in found)


def _ask(name: str) -> None:
    """Raises NotFound for a step about which there is nothing to ask."""
    for question in QUESTIONS.get(name, ()):
        checks.ask(question)
    if name in QUESTIONS:
        return
    found = _step(_kind(name).value)
    target: Any = found.place.chat_id if found.place is not None else getattr(config.current(), f"{name}_channel_id")
    if found.check is not None and found.check.error:
        target = found.check.target
    if target is not None:
        checks.ask_place(name, target, bot_id=settings().bot_id)


def _all() -> dict[str, Any]:
    found = readiness.steps()
    left = [one for one in found if not one.done]
    first = left[0].name if left else ""
    return _told() | {"steps": found, "left": left, "first": first, "stale": {one.name for one in found if _stale(one)}}


def _one(name: str) -> dict[str, Any]:
    found = _step(name)
    return _told() | {"step": found, "first": name, "stale": set()}


def _told() -> dict[str, Any]:
    return {"config": config.current(), "known": places.every(), "errors": {}, "typed": {}}


def _step(name: str) -> Step:
    found = readiness.step(name)
    if found is None:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    return found


def _stale(one: Step) -> bool:
    """Whether Telegram should be asked again about a step."""
    if one.name not in (*QUESTIONS, *(kind.value for kind in Channel)):
        return False
    if one.check is None:
        return one.name in QUESTIONS or one.is_set
    return now() - one.check.asked_at > ASKED_ANEW


def _kind(name: str) -> Channel:
    if name not in {kind.value for kind in Channel}:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    return Channel(name)


def _target(said: str) -> str | None:
    """An @name or an id, however it was typed; None for what is neither."""
    text = clean(said).replace("−", "-").replace(" ", "")
    text = re.sub(r"^(?:https?://)?t\.me/c/([0-9]+)(?:/.*)?$", r"-100\1", text)  # a post of a channel without a name
    text = re.sub(r"^(?:https?://)?t\.me/", "@", text).rstrip("/")
    text = text if text.startswith(("@", "-")) or not text else f"@{text}"
    return text if TARGET.fullmatch(text) else None
