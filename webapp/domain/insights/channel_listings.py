"""The lists of the channels that can be taken away: subscribers, codes, requests, and what became of imported lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.base import workbooks
from webapp.base.db import get
from webapp.base.i18n import _
from webapp.base.workbooks import Line
from webapp.domain.channels import adoptions, imports, lines, lists, plans
from webapp.domain.channels.lists import RequestFilter, SubscriberFilter, TokenFilter
from webapp.domain.channels.models import (
    TOKEN_STATES,
    ChannelState,
    FreeChannelRequest,
    InvitationToken,
    RequestStatus,
    Status,
    VIPSubscriber,
)
from webapp.domain.channels.records import MemberImport, RowState
from webapp.domain.insights.listing import Listing, Maker, person, words
from webapp.domain.settings import config


@dataclass(frozen=True)
class LinesFilter:
    """The lines of a list of members who were sold to before."""

    import_id: int

    @property
    def made(self) -> MemberImport:
        """The list. Raises NotFound when there is none."""
        return get(MemberImport, self.import_id)


def _subscriber_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Estado"), _("Canal"), _("Plan"), _("Precio"), _("Moneda")]
    return [*heads, _("Desde"), _("Vence"), _("Expulsión fallida")]


def _subscriber(_wanted: Any, zone: str) -> Maker:
    states, places, gift = words(Status), words(ChannelState), plans.label(plans.GIFT)

    def line(row: Any) -> Line:
        state = [states[row.status], places[row.channel_state]]
        plan = gift if row.plan_name == plans.GIFT else row.plan_name
        dates = [workbooks.local_text(at, zone) for at in (row.join_date, row.expiry_date)]
        return [*person(row), *state, plan, row.price, row.currency, *dates, row.last_error]

    return line


def _token_heads(_wanted: Any) -> list[str]:
    heads = [_("Termina en"), _("Estado"), _("Plan"), _("Días"), _("Precio"), _("Moneda"), _("Usos"), _("Usos máximos")]
    return [*heads, _("Lote"), _("Se hizo"), _("Canjeable hasta"), _("Se anuló"), _("Lo hizo")]


def _token(_wanted: Any, zone: str) -> Maker:
    states = {state: str(words) for state, words in TOKEN_STATES.items()}

    def line(row: InvitationToken) -> Line:
        terms = [row.plan_name, row.duration_days, row.price, row.currency, row.uses, row.max_uses, row.batch_id]
        dates = [workbooks.local_text(at, zone) for at in (row.created_at, row.expires_at, row.revoked_at)]
        return [row.hint, states[row.state], *terms, *dates, row.generated_by_label]

    return line


def _request_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Estado"), _("Pidió entrar"), _("Su turno"), _("Se decidió")]
    return [*heads, _("Error")]


def _request(_wanted: Any, zone: str) -> Maker:
    states = words(RequestStatus)

    def line(row: Any) -> Line:
        dates = [workbooks.local_text(at, zone) for at in (row.request_date, row.approve_after, row.processed_at)]
        return [*person(row), states[row.status], *dates, row.error]

    return line


def _typed_heads(_wanted: Any) -> list[str]:
    return ["id", "usuario", "hasta", "dias", "plan", _("línea"), _("problema")]


def _typed(_wanted: Any, _zone: str) -> Maker:
    return lambda row: [*row.typed, row.line, str(lines.PROBLEMS.get(row.problem or "", ""))]


def _result_heads(_wanted: Any) -> list[str]:
    heads = ["id", "usuario", "hasta", "dias", "plan", _("línea"), _("Estado"), _("Persona"), _("Hecha")]
    return [*heads, _("problema")]


def _result(_wanted: Any, zone: str) -> Maker:
    def line(row: Any) -> Line:
        told = [row.state.display_name, row.claimed_by or row.user_id, workbooks.local_text(row.done_at, zone)]
        return [*row.typed, row.line, *told, str(lines.PROBLEMS.get(row.problem or "", ""))]

    return line


def _link_heads(_wanted: Any) -> list[str]:
    return [_("Persona"), _("línea"), _("Enlace personal")]


def _link(_wanted: Any, _zone: str) -> Maker:
    bot = config.current().bot_username
    start = f"https://t.me/{bot}?start=" if bot else "/start "
    return lambda row: [row.typed[1] or row.typed[0], row.line, f"{start}alta_{adoptions.code(row.id)}"]


def _of_import(name: str, title: Any, heads: Any, maker: Any, state: RowState | None) -> Listing:
    return Listing(
        name,
        title,
        "vip",
        "create",
        MemberImport.__tablename__,
        LinesFilter,
        heads,
        maker,
        find=lambda wanted, after, size: imports.rows_of(wanted.made, state, after=after, size=size),
        count=lambda wanted, _most: imports.counts(wanted.made)[state.value] if state else wanted.made.total,
    )


LISTINGS: Mapping[str, Listing] = {
    "vip": Listing(
        "suscriptores",
        lambda: _("Suscriptores"),
        "vip",
        "read",
        VIPSubscriber.__tablename__,
        SubscriberFilter,
        _subscriber_heads,
        _subscriber,
        find=lambda wanted, after, size: lists.subscribers(wanted, after=after, size=size),
        count=lambda wanted, most: lists.count_subscribers(wanted, most=most),
    ),
    "tokens": Listing(
        "tokens",
        lambda: _("Tokens"),
        "tokens",
        "read",
        InvitationToken.__tablename__,
        TokenFilter,
        _token_heads,
        _token,
        find=lambda wanted, after, size: lists.tokens(wanted, after=after, size=size),
        count=lambda wanted, most: lists.count_tokens(wanted, most=most),
    ),
    "free": Listing(
        "solicitudes",
        lambda: _("Solicitudes"),
        "free_channel",
        "read",
        FreeChannelRequest.__tablename__,
        RequestFilter,
        _request_heads,
        _request,
        find=lambda wanted, after, size: lists.requests(wanted, after=after, size=size),
        count=lambda wanted, most: lists.count_requests(wanted, most=most),
    ),
    "import-errors": _of_import(
        "lista-errores", lambda: _("Errores de una lista"), _typed_heads, _typed, RowState.WRONG
    ),
    "import-results": _of_import("lista-resultado", lambda: _("Resultado de una lista"), _result_heads, _result, None),
    "import-links": _of_import(
        "enlaces-personales", lambda: _("Enlaces personales"), _link_heads, _link, RowState.WAITING
    ),
}
