"""The lists of people that can be taken away: who is there, what they want, who stands behind a figure, clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp.base import workbooks
from webapp.base.i18n import _
from webapp.base.workbooks import Line
from webapp.domain.catalog import lists as catalog
from webapp.domain.catalog.lists import InterestFilter
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.clients import cpf
from webapp.domain.clients import lists as client_lists
from webapp.domain.clients.lists import ClientFilter
from webapp.domain.clients.models import Client
from webapp.domain.insights import behind
from webapp.domain.insights.listing import Listing, Maker, person, words
from webapp.domain.insights.ranges import Range, choose
from webapp.domain.settings import config
from webapp.domain.staff.rights import Act
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User, UserRole


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


def _user_heads(_wanted: Any) -> list[str]:
    heads = [_("Id"), _("Nombre"), _("Usuario"), _("Rol"), _("Alcance"), _("Idioma"), _("Bloqueado"), _("Desde")]
    return [*heads, _("Visto por última vez")]


def _user(_wanted: Any, zone: str) -> Maker:
    yes, no, roles, reaches = _("sí"), _("no"), words(UserRole), words(Reach)

    def line(row: User) -> Line:
        state = [roles[row.role], reaches[row.reach], row.locale, yes if row.is_blocked else no]
        return [*person(row), *state, *(workbooks.local_text(at, zone) for at in (row.created_at, row.last_seen_at))]

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
        return [*person(row), row.package or vip, states[state], row.click_count, *dates, row.attended_by_label]

    return line


def _behind_heads(wanted: BehindFilter) -> list[str]:
    money = [_("Importe"), _("Moneda")] if wanted.figure in behind.EVENTS else []
    return [_("Id"), _("Nombre"), _("Usuario"), _("Fecha"), *money]


def _behind(_wanted: BehindFilter, zone: str) -> Maker:
    def line(row: behind.Person) -> Line:
        money = [row.row.price, row.row.currency] if isinstance(row.row, SubscriptionPeriod) else []
        return [*person(row.user), workbooks.local_text(row.at, zone), *money]

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
        find=lambda wanted, after, size: client_lists.search(wanted, after=after, size=size),
        count=lambda wanted, most: client_lists.count(wanted, most=most),
    )


LISTINGS: Mapping[str, Listing] = {
    "users": Listing(
        "usuarios",
        lambda: _("Usuarios"),
        "users",
        "read",
        User.__tablename__,
        PeopleFilter,
        _user_heads,
        _user,
        find=lambda wanted, after, size: people.search(
            wanted.words,
            role=wanted.role,
            reach=wanted.reach,
            blocked=wanted.blocked,
            sort=wanted.sort,
            after=after,
            size=size,
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
        find=lambda wanted, after, size: catalog.interests(wanted, after=after, size=size),
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
        find=lambda wanted, after, size: behind.people(
            wanted.figure, wanted.range, after=after, size=size, currency=wanted.currency
        ),
        count=lambda wanted, most: behind.count_people(
            wanted.figure, wanted.range, currency=wanted.currency, most=most
        ),
    ),
    "clients": _of_clients("clientes", lambda: _("Clientes"), "read", lambda client: client.masked_cpf),
    "clients-clear": _of_clients(
        "clientes-cpf", lambda: _("Clientes, con su CPF"), "update", lambda client: cpf.written(client.cpf)
    ),
}
