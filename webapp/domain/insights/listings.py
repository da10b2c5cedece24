"""The lists that can be taken away as files: whom each is for, what stands in its lines, how its rows are found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from webapp.base import workbooks
from webapp.base.db import Page, get
from webapp.base.i18n import _
from webapp.base.workbooks import Line
from webapp.domain.catalog import lists as catalog
from webapp.domain.catalog.lists import InterestFilter
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import adoptions, imports, lines, lists, plans
from webapp.domain.channels.lists import RequestFilter, SubscriberFilter, TokenFilter
from webapp.domain.channels.models import (
    TOKEN_STATES,
    ChannelState,
    FreeChannelRequest,
    InvitationToken,
    RequestStatus,
    Status,
    SubscriptionPeriod,
    VIPSubscriber,
)
from webapp.domain.channels.records import MemberImport, RowState
from webapp.domain.clients import cpf
from webapp.domain.clients import lists as client_lists
from webapp.domain.clients.lists import ClientFilter
from webapp.domain.clients.models import Client
from webapp.domain.insights import behind
from webapp.domain.insights.ranges import Range, choose
from webapp.domain.settings import config
from webapp.domain.staff.rights import Act
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User, UserRole

PAGE = 1000
Maker = Callable[[Any], Line]


@dataclass(frozen=True)
class PeopleFilter:
    """Which people of Telegram, in which order; see `people.search`."""

    words: str = ""
    role: UserRole | None = None
    reach: Reach | None = None
    blocked: bool = False
    sort: str = "-created"


@dataclass(frozen=True)
class BehindFilter:
    """The people behind a figure of the statistics, on these days of the creator's."""

    figure: str
    first: date
    last: date
    currency: str = ""

    @property
    def range(self) -> Range:
        """Its days where the creator lives."""
        return choose("own", config.current().time_zone, self.first, self.last)


@dataclass(frozen=True)
class LinesFilter:
    """The lines of a list of members who were sold to before."""

    import_id: int

    @property
    def made(self) -> MemberImport:
        """The list. Raises NotFound when there is none."""
        return get(MemberImport, self.import_id)


@dataclass(frozen=True)
class Listing:
    """One list as a file. `name` is the file's; `section` and `act` the right that taking it needs; `resource` the
    table that the audit names; `wanted` the class of its filters. `find` answers a page, `count` how many rows there
    are up to a number; `maker`, told the zone, what makes a line of a row."""

    name: str
    title: Callable[[], str]
    section: str
    act: Act
    resource: str
    wanted: type
    heads: Callable[[Any], list[str]]
    maker: Callable[[Any, str], Maker]
    find: Callable[[Any, str | None], Page]
    count: Callable[[Any, int], int]

    def lines(self, wanted: Any, zone: str) -> Iterator[Line]:
        """All its lines, found page by page: of a short list."""
        line, found = self.maker(wanted, zone), self.find(wanted, None)
        yield from map(line, found.rows)
        while found.after is not None:
            found = self.find(wanted, found.after)
            yield from map(line, found.rows)

    def keep(self, wanted: Any) -> dict[str, Any]:
        """The filters as a document."""
        found: dict[str, Any] = TypeAdapter(self.wanted).dump_python(wanted, mode="json")
        return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in found.items()}

    def read(self, kept: Mapping[str, Any]) -> Any:
        """The filters of a document."""
        return TypeAdapter(self.wanted).validate_python(kept)


def _person(row: Any) -> list[Any]:
    """Id, name, @username, of a row that has them."""
    return [row.user_id, f"{row.first_name or ''} {row.last_name or ''}".strip(), row.username or ""]


def _subscriber_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Estado"), _("Canal"), _("Plan"), _("Precio"), _("Moneda")]
    return [*heads, _("Desde"), _("Vence"), _("Expulsión fallida")]


def _words(kind: Any) -> dict[Any, str]:
    """How the members of an enum read, looked up once for all lines."""
    return {one: one.display_name for one in kind}


def _subscriber(_wanted: Any, zone: str) -> Maker:
    states, places, gift = _words(Status), _words(ChannelState), plans.label(plans.GIFT)

    def line(row: Any) -> Line:
        state = [states[row.status], places[row.channel_state]]
        plan = gift if row.plan_name == plans.GIFT else row.plan_name
        dates = [workbooks.local_text(at, zone) for at in (row.join_date, row.expiry_date)]
        return [*_person(row), *state, plan, row.price, row.currency, *dates, row.last_error]

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
    states = _words(RequestStatus)

    def line(row: Any) -> Line:
        dates = [workbooks.local_text(at, zone) for at in (row.request_date, row.approve_after, row.processed_at)]
        return [*_person(row), states[row.status], *dates, row.error]

    return line


def _user_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Rol"), _("Alcance"), _("Idioma"), _("Bloqueado"), _("Desde")]
    return [*heads, _("Visto por última vez")]


def _user(_wanted: Any, zone: str) -> Maker:
    yes, no, roles, reaches = _("sí"), _("no"), _words(UserRole), _words(Reach)

    def line(row: User) -> Line:
        state = [roles[row.role], reaches[row.reach], row.locale, yes if row.is_blocked else no]
        return [*_person(row), *state, *(workbooks.local_text(at, zone) for at in (row.created_at, row.last_seen_at))]

    return line


def _interest_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Paquete"), _("Estado"), _("Veces"), _("Pulsó")]
    return [*heads, _("Atendido"), _("Por")]


def _interest(_wanted: Any, zone: str) -> Maker:
    vip = _("Suscripción VIP")
    states = {"pending": _("Pendiente"), "attended": _("Atendido"), "withdrawn": _("Quitado")}

    def line(row: Any) -> Line:
        state = "withdrawn" if row.withdrawn_at else "attended" if row.is_attended else "pending"
        dates = [workbooks.local_text(at, zone) for at in (row.created_at, row.attended_at)]
        return [*_person(row), row.package or vip, states[state], row.click_count, *dates, row.attended_by_label]

    return line


def _behind_heads(wanted: BehindFilter) -> list[str]:
    money = [_("Importe"), _("Moneda")] if wanted.figure in behind.EVENTS else []
    return [_("Id"), _("Nombre"), _("Usuario"), _("Fecha"), *money]


def _behind(_wanted: BehindFilter, zone: str) -> Maker:
    def line(row: behind.Person) -> Line:
        money = [row.row.price, row.row.currency] if isinstance(row.row, SubscriptionPeriod) else []
        return [*_person(row.user), workbooks.local_text(row.at, zone), *money]

    return line


def _client_heads(_wanted: Any) -> list[str]:
    heads = [_("Nombre"), _("CPF"), _("Fecha de nacimiento"), _("Correo"), _("Teléfono"), _("Notas")]
    return [*heads, _("Id de Telegram"), _("Creado")]


def _client(shown: Callable[[Client], str]) -> Callable[[Any, str], Maker]:
    def maker(_wanted: Any, zone: str) -> Maker:
        def line(row: Client) -> Line:
            born = row.birth_date.isoformat() if row.birth_date else ""
            who = [row.name, shown(row), born, row.email or "", row.phone or "", row.notes or ""]
            return [*who, row.user_id, workbooks.local_text(row.created_at, zone)]

        return line

    return maker


def _of_clients(name: str, title: Any, act: Act, shown: Callable[[Client], str]) -> Listing:
    return Listing(
        name,
        title,
        "client_management",
        act,
        Client.__tablename__,
        ClientFilter,
        _client_heads,
        _client(shown),
        find=lambda wanted, after: client_lists.search(wanted, after=after, size=PAGE),
        count=lambda wanted, most: client_lists.count(wanted, most=most),
    )


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
        find=lambda wanted, after: imports.rows_of(wanted.made, state, after=after, size=PAGE),
        count=lambda wanted, _most: imports.counts(wanted.made)[state.value] if state else wanted.made.total,
    )


LISTINGS = {
    "vip": Listing(
        "suscriptores",
        lambda: _("Suscriptores"),
        "vip",
        "read",
        VIPSubscriber.__tablename__,
        SubscriberFilter,
        _subscriber_heads,
        _subscriber,
        find=lambda wanted, after: lists.subscribers(wanted, after=after, size=PAGE),
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
        find=lambda wanted, after: lists.tokens(wanted, after=after, size=PAGE),
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
        find=lambda wanted, after: lists.requests(wanted, after=after, size=PAGE),
        count=lambda wanted, most: lists.count_requests(wanted, most=most),
    ),
    "users": Listing(
        "usuarios",
        lambda: _("Usuarios"),
        "users",
        "read",
        User.__tablename__,
        PeopleFilter,
        _user_heads,
        _user,
        find=lambda wanted, after: people.search(
            wanted.words,
            role=wanted.role,
            reach=wanted.reach,
            blocked=wanted.blocked,
            sort=wanted.sort,
            after=after,
            size=PAGE,
        ),
        count=lambda wanted, most: people.count_found(
            wanted.words, role=wanted.role, reach=wanted.reach, blocked=wanted.blocked, most=most
        ),
    ),
    "interests": Listing(
        "intereses",
        lambda: _("Intereses"),
        "interests",
        "read",
        UserInterest.__tablename__,
        InterestFilter,
        _interest_heads,
        _interest,
        find=lambda wanted, after: catalog.interests(wanted, after=after, size=PAGE),
        count=lambda wanted, most: catalog.count_interests(wanted, most=most),
    ),
    "people": Listing(
        "personas",
        lambda: _("Personas"),
        "users",
        "read",
        VIPSubscriber.__tablename__,
        BehindFilter,
        _behind_heads,
        _behind,
        find=lambda wanted, after: behind.people(
            wanted.figure, wanted.range, after=after, size=PAGE, currency=wanted.currency
        ),
        count=lambda wanted, most: behind.count_people(
            wanted.figure, wanted.range, currency=wanted.currency, most=most
        ),
    ),
    "clients": _of_clients("clientes", lambda: _("Clientes"), "read", lambda client: client.masked_cpf),
    "clients-clear": _of_clients(
        "clientes-cpf", lambda: _("Clientes, con su CPF"), "update", lambda client: cpf.written(client.cpf)
    ),
    "import-errors": _of_import(
        "lista-errores", lambda: _("Errores de una lista"), _typed_heads, _typed, RowState.WRONG
    ),
    "import-results": _of_import("lista-resultado", lambda: _("Resultado de una lista"), _result_heads, _result, None),
    "import-links": _of_import(
        "enlaces-personales", lambda: _("Enlaces personales"), _link_heads, _link, RowState.WAITING
    ),
}
