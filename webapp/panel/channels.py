"""Canales: which two they are, the wait, the end, its reminders, the brake. A form each."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.channels import setup
from webapp.domain.settings import config
from webapp.panel import guard, pages
from webapp.panel.guard import allow, sudo
from webapp.panel.setup import ask_both, both, is_stale

blueprint = Blueprint("channels", __name__, url_prefix="/channels")
FORMS = {
    "which": setup.CHANNELS,
    "wait": ("wait_time_minutes",),
    "ending": setup.ENDING,
    "reminders": setup.REMINDERS,
    "brake": setup.BRAKE,
}


@blueprint.get("/")
@allow("settings", "read")
def page() -> ResponseReturnValue:
    """Every form, filled with what is set."""
    return pages.show("panel/channels/page.html", **_set())


@blueprint.post("/which")
@allow("settings", "update")
@sudo
def which() -> ResponseReturnValue:
    """Saves which channels they are."""
    return _save("which")


@blueprint.post("/wait")
@allow("settings", "update")
@sudo
def wait() -> ResponseReturnValue:
    """Saves how long a join request waits."""
    return _save("wait")


@blueprint.post("/ending")
@allow("settings", "update")
@sudo
def ending() -> ResponseReturnValue:
    """Saves grace and hour of the end."""
    return _save("ending")


@blueprint.post("/reminders")
@allow("settings", "update")
@sudo
def reminders() -> ResponseReturnValue:
    """Saves which reminders are sent, on which days, and the quiet hours."""
    return _save("reminders")


@blueprint.post("/brake")
@allow("settings", "update")
@sudo
def brake() -> ResponseReturnValue:
    """Saves how many may leave at once."""
    return _save("brake")


def _save(form: str) -> ResponseReturnValue:
    """One form of the page: saved, or shown again with what was typed and why not."""
    template = f"panel/channels/_{form}.html"
    typed: dict[str, Any] = {name: request.form[name] for name in FORMS[form] if name in request.form}
    typed |= {name: name in request.form for name in FORMS[form] if name in setup.SWITCHES}
    try:
        with transaction():
            setup.change(typed, by=guard.actor())
            if form == "which":
                ask_both()
    except Invalid as error:
        return pages.wrong(error, template, "panel/channels/page.html", **{**_set(), "form": form})
    here = url_for("panel.channels.page", _anchor=form)
    return pages.done(here, template, toast=_("Ajustes guardados."), **_set())


def _set() -> dict[str, Any]:
    clock = [(str(hour), f"{hour:02}:00") for hour in range(24)]
    hours, quiet = [("", _("A la misma hora en que empezó")), *clock], [("", _("Ninguna")), *clock]
    found = both()
    told: dict[str, Any] = {"config": config.current(), "errors": {}, "typed": {}, "form": "", "hours": hours}
    told |= {"quiet": quiet}
    return told | {"channels": found, "stale": guard.allowed("settings", "update") and is_stale(found)}
