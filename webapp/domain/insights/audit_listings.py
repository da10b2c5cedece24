"""The audit as a list that can be taken away: each row with its sentence, in the words of who asked."""

from collections.abc import Mapping
from typing import Any

from webapp.base import workbooks
from webapp.base.db import Page
from webapp.base.i18n import _
from webapp.base.workbooks import Line
from webapp.domain.audit import rows
from webapp.domain.audit.models import AuditLog
from webapp.domain.audit.rows import Filter
from webapp.domain.insights import audit_values, audit_words, things
from webapp.domain.insights.listing import Listing, Maker
from webapp.domain.insights.things import Thing


def _heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Momento"), _("Quién"), _("Acción"), _("Qué pasó"), _("Tipo"), _("Clave"), _("Antes")]
    return [*heads, _("Después"), _("Por qué"), _("Dirección IP"), _("Petición"), _("Número"), _("Sello")]


def _row(_wanted: Any, zone: str) -> Maker:
    def line(found: tuple[AuditLog, Thing | None]) -> Line:
        row, thing = found
        what = [str(audit_words.ACTIONS.get(row.action, row.action)), audit_words.plain(row, thing)]
        values = [audit_values.told(one, zone) for one in (row.old_values, row.new_values)]
        where = [row.ip_address or "", row.request_id or "", row.seq, row.row_hash or ""]
        who = [row.id, workbooks.local_text(row.at, zone), audit_words.who(row)]
        return [*who, *what, audit_words.kind(row), row.resource_id, *values, audit_words.reason(row), *where]

    return line


def _named(wanted: Filter, after: str | None, size: int) -> Page:
    """A page of rows, each with what it is about."""
    found = rows.search(wanted, after=after, size=size)
    known = things.names(found.rows)
    return Page([(row, known.get((row.resource_type, row.resource_id))) for row in found.rows], found.after)


LISTINGS: Mapping[str, Listing] = {
    "audit": Listing(
        "auditoria",
        lambda: _("Auditoría"),
        "audit",
        "read",
        AuditLog.__tablename__,
        Filter,
        _heads,
        _row,
        find=_named,
        count=lambda wanted, most: rows.count(wanted, most=most),
    ),
}
