"""What every list that somebody sends goes through, of members as of clients: read, made step by step, stopped."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.panel import pages, uploads
from webapp.panel.guard import actor


def before(imports: Any, *, back: str, promise: str) -> dict[str, Any]:
    """What the page of a room's lists shows: the form, and the lists that were sent before.

    `imports`: the room's module; `back`: where one came from; `promise`: what does not happen yet.
    """
    told = {"found": imports.every(request.args.get("after")), "most": imports.MOST, "errors": {}, "typed": {}}
    told |= {"action": url_for(".create"), "show": ".show", "example": ".example"}
    return told | {"back": back, "promise": promise}


def take(imports: Any, page: str, told: dict[str, Any]) -> ResponseReturnValue:
    """Reads what was sent and keeps it to be looked at; `page` with what it was `told` when it is no list."""
    try:
        prepared = imports.read(*uploads.sheet())
        with transaction():
            listed = imports.keep(prepared, by=actor())
    except Invalid as error:
        return pages.wrong(error, "panel/imports/_form.html", page, **told)
    return pages.done(url_for(".show", import_id=listed.id))


def stepped(there: str, more: int, standing: str, told: Any) -> ResponseReturnValue:
    """The answer to a step: how the list stands, as long as there is more to do (`told`: asks for what that shows)."""
    if is_htmx() and more:
        return pages.partial(standing, **told())
    return pages.done(there, toast="" if more else _("Lista importada."))


def stopped(there: str, done: bool) -> ResponseReturnValue:
    """The answer to who stops a list."""
    return pages.done(
        there, toast=_("Detenida: lo hecho queda, lo demás no se hace.") if done else _("Ya había terminado.")
    )
