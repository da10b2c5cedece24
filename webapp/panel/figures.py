"""The statistics in words: each figure with its change and what it means, each table with its heads and note."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from webapp.base.i18n import _, money, ngettext, number
from webapp.domain.channels.models import RequestStatus, Status
from webapp.domain.insights.cohorts import Cohort
from webapp.domain.insights.demand import Demand
from webapp.domain.insights.members import Members
from webapp.domain.insights.projection import Projection, what_if
from webapp.domain.insights.revenue import Revenue
from webapp.filters import category_label
from webapp.panel import charts
from webapp.panel.tables import Table, percent
from webapp.panel.words import span

DAYS = 7  # of a week


@dataclass(frozen=True)
class Told:
    """One figure: `label`, `value` as read, `change` in percent, `note` on what it counts; `people` leads to them."""

    label: str
    value: str
    note: str
    change: int | None = None
    people: str = ""
    currency: str = ""


def range_names() -> dict[str, str]:
    """The ranges, as people choose them."""
    return {
        "today": _("Hoy"),
        "7": _("7 días"),
        "30": _("30 días"),
        "90": _("90 días"),
        "month": _("Este mes"),
        "year": _("Este año"),
    }


def people_title(figure: str) -> str:
    """What a list of people is called."""
    names = {
        "open": _("VIP activos"),
        "paused": _("En pausa"),
        "expired": _("Vencidos"),
        "revoked": _("Retirados"),
        "ending-1": _("Vencen hoy"),
        "ending-7": _("Vencen en 7 días"),
        "ending-30": _("Vencen en 30 días"),
        "started": _("Empezaron o volvieron"),
        "returned": _("Volvieron"),
        "renewed": _("Renovaron"),
        "ended": _("Bajas"),
        "resumed": _("Reanudaron"),
        "paused-then": _("Pausaron"),
        "gifts": _("Recibieron días de regalo"),
        "paid": _("Pagaron"),
        "new": _("Nuevos"),
        "free-waiting": _("Esperan entrar al canal Free"),
        "free-approved": _("Entraron al canal Free"),
    }
    return str(names.get(figure, _("Personas")))


def of_members(found: Members, running: bool) -> list[Told]:
    """The members' figures; who is active is known by name only for now, so for a range that is `running`."""
    flow, before, stand = found.flow, found.before, found.standing
    open_ = "open" if running else ""
    return [
        _told(_("VIP activos"), found.open_last, found.open_before, _("Al final del periodo."), open_),
        _told(_("Nuevos"), flow.new, before.new, _("Su primera suscripción empezó en el periodo."), "new"),
        _told(_("Volvieron"), flow.returned, before.returned, _("Empezaron otra vez tras una baja."), "returned"),
        _told(_("Renovaron"), flow.renewed, before.renewed, _("Renovaciones pagadas, sin regalos."), "renewed"),
        _told(_("Bajas"), flow.ended, before.ended, _("Suscripciones vencidas o retiradas."), "ended"),
        Told(_("Tasa de bajas"), percent(found.churn), _("Bajas ÷ activos al empezar.")),
        _told(_("Vencen hoy"), stand.ending[1], None, _("Antes de medianoche."), "ending-1"),
        _told(_("Vencen en 7 días"), stand.ending[7], None, _("Hoy y los seis días siguientes."), "ending-7"),
        _told(_("Vencen en 30 días"), stand.ending[30], None, _("Hoy y los 29 días siguientes."), "ending-30"),
        _told(_("En pausa"), stand.by_status.get(Status.PAUSED, 0), None, _("Ahora mismo."), "paused"),
        _told(_("Vencidos"), stand.by_status.get(Status.EXPIRED, 0), None, _("Ahora mismo, sin volver."), "expired"),
        _told(_("Retirados"), stand.by_status.get(Status.REVOKED, 0), None, _("Ahora mismo, sin volver."), "revoked"),
    ]


def member_tables(found: Members) -> list[Table]:
    """How the members moved."""
    unit, label = _cut([bar.first for bar in found.bars])
    heads = [unit, _("Activos al final"), _("Nuevos"), _("Volvieron"), _("Reanudaron"), _("Pausaron"), _("Bajas")]
    rows = [
        (bar.first, bar.open, bar.flow.new, bar.flow.returned, bar.flow.resumed, bar.flow.paused, bar.flow.ended)
        for bar in found.bars
    ]
    note = _(
        "Activos al final = activos al empezar + nuevos + volvieron + reanudaron − pausaron − bajas "
        "(sin las que estaban en pausa)."
    )
    active = charts.Series(_("Activos al final"), [bar.open for bar in found.bars])
    chart = charts.drawn([label(bar.first) for bar in found.bars], _("personas"), active)
    return [Table("members-by-day", _("Miembros activos"), heads, rows[::-1], note, chart)]


def of_money(found: Revenue) -> list[Told]:
    """Each currency's figures, and the churn that they share."""
    told = []
    for one in found.money:
        code = one.currency
        told += [
            Told(_("Ingresos %(code)s", code=code), money(one.sales.amount, code),
                 _("Lo cobrado en el periodo, el día de la venta."),
                 _change(one.sales.amount, one.before.amount), "paid", code),
            Told(_("MRR %(code)s", code=code), money(one.mrr, code),
                 _("Cada pago vigente, repartido en sus días × 30."), _change(one.mrr, one.mrr_before)),
            Told(_("ARPU %(code)s", code=code), _money(one.arpu, code),
                 ngettext("MRR ÷ %(n)s persona que paga.", "MRR ÷ %(n)s personas que pagan.", one.payers,
                          n=number(one.payers))),
            Told(_("LTV %(code)s", code=code), _money(one.ltv, code), _("ARPU ÷ bajas en 30 días.")),
        ]  # fmt: skip
    return [*told, Told(_("Bajas en 30 días"), percent(found.churn), _("Tasa de bajas × 30 ÷ días del periodo."))]


def money_tables(found: Revenue) -> list[Table]:
    """Money by currency, and over the range."""
    heads = [_("Moneda"), _("Ingresos"), _("Periodo anterior"), _("Altas pagadas"), _("Renovaciones"), _("MRR"),
             _("Personas que pagan"), _("ARPU"), _("LTV")]  # fmt: skip
    rows = [
        (one.currency, one.sales.amount, one.before.amount, one.sales.starts, one.sales.extensions, one.mrr, one.payers,
         one.arpu, one.ltv)
        for one in found.money
    ]  # fmt: skip
    note = _("Cada moneda por su lado: nunca se suman. Los regalos no cuentan.")
    shown = [Table("money-by-currency", _("Por moneda"), heads, rows, note)]
    for one in found.money:
        amounts = [(bar.first, bar.flow.sales.get(one.currency)) for bar in found.members.bars]
        lines = [(day, sales.amount if sales else Decimal(0)) for day, sales in amounts]
        unit, label = _cut([day for day, _amount in lines])
        income = charts.Series(_("Ingresos"), [amount for _day, amount in lines])
        chart = charts.drawn([label(day) for day, _amount in lines], one.currency, income)
        title = _("Ingresos en %(code)s", code=one.currency)
        shown.append(Table(f"money-{one.currency}", title, [unit, _("Ingresos")], lines[::-1], "", chart))
    return shown


def of_demand(found: Demand) -> list[Told]:
    """Free requests and codes."""
    now_, before, codes, earlier = found.requests, found.requests_before, found.codes, found.codes_before
    return [
        _told(_("Esperan (Free)"), found.waiting, None, _("Solicitudes sin resolver ahora."), "free-waiting"),
        _told(_("Aprobadas (Free)"), now_.approved, before.approved, _("Aprobadas en el periodo."), "free-approved"),
        Told(_("Espera media"), _wait(now_.average), _("De la solicitud a la aprobación.")),
        Told(_("Espera mediana"), _wait(now_.median), _("La mitad esperó menos.")),
        _told(_("Códigos hechos"), codes.made, earlier.made, _("Creados en el periodo.")),
        _told(_("Canjes"), codes.used, earlier.used, _("Canjeados en el periodo, de cualquier fecha.")),
        _told(_("Códigos caducados"), codes.expired, earlier.expired, _("Caducaron en el periodo con usos libres.")),
        Told(_("Conversión"), percent(codes.conversion), _("De los hechos en el periodo, los usados hasta hoy.")),
    ]


def demand_tables(found: Demand) -> list[Table]:
    """What was asked for, by kind."""
    vip = _("Suscripción VIP")
    wanted = [(one.name or vip, one.count, one.attended, one.attended / one.count) for one in found.packages]
    by_category = [
        (category_label(key) if key else vip, count, attended, attended / count)
        for key, (count, attended) in sorted(found.categories.items(), key=lambda item: -item[1][0])
    ]
    note = _("Intereses pulsados en el periodo y no quitados; los 20 más pedidos.")
    if found.capped:
        note = _("Solo los 50.000 intereses más recientes del periodo; los 20 más pedidos.")
    heads = [_("Intereses"), _("Atendidos"), _("Parte atendida")]
    settled = [status for status in RequestStatus if status in found.requests.by_status]
    requests = [(status.display_name, found.requests.by_status[status]) for status in settled]
    return [
        Table("demand-packages", _("Por paquete"), [_("Paquete"), *heads], wanted, note),
        Table("demand-categories", _("Por categoría"), [_("Categoría"), *heads], by_category),
        Table("demand-free", _("Solicitudes al canal Free"), [_("Estado"), _("Solicitudes")], requests,
              _("Resueltas en el periodo.")),
        Table("demand-codes", _("Códigos"), [_("Hechos"), _("Canjes"), _("Caducados"), _("Anulados"), _("Conversión")],
              [(found.codes.made, found.codes.used, found.codes.expired, found.codes.revoked, found.codes.conversion)]),
    ]  # fmt: skip


def cohort_table(found: Sequence[Cohort]) -> Table:
    """Who stayed, by month of coming."""
    heads = [_("Empezaron en"), _("Personas"), *(_("Mes %(n)s", n=later) for later in range(len(found)))]
    width = len(found)
    rows = [
        [charts.month(one.month), one.size, *one.shares, *([None] * (width - len(one.shares)))] for one in found[::-1]
    ]
    note = _(
        "Qué parte de quienes empezaron por primera vez en un mes sigue activa al terminar ese mes (mes 0) y cada mes "
        "siguiente; el mes en curso, hasta ahora. En pausa no cuenta como activa."
    )
    return Table("cohorts-by-month", _("Permanencia por mes de llegada"), heads, rows, note)


def projection_tables(found: Sequence[Projection]) -> list[Table]:
    """The months ahead, currency by currency."""
    heads = [_("Mes"), _("Personas, bajo"), _("Personas, medio"), _("Personas, alto")]
    heads += [_("Ingreso, bajo"), _("Ingreso, medio"), _("Ingreso, alto")]
    shown = []
    for one in found:
        rows = [(month.number, *map(round, month.people), *month.amount) for month in one.months]
        bad, middle, good = one.courses
        note = _(
            "Personas que pagan hoy: %(payers)s, a %(arpu)s al mes. Bajo: %(bad)s de bajas y %(few)s altas al mes; "
            "medio: %(mid)s y %(some)s; alto: %(good)s y %(many)s. Son la peor, la media y la mejor de las tres "
            "últimas ventanas de 30 días; no es una promesa.",
            payers=number(one.payers), arpu=money(one.arpu, one.currency),
            bad=percent(bad.churn), few=_few(bad.new), mid=percent(middle.churn),
            some=_few(middle.new), good=percent(good.churn), many=_few(good.new),
        )  # fmt: skip
        low, mid, high = ([month.amount[course] for month in one.months] for course in range(3))
        series = [charts.Series(_("Alto"), high, "soft", fill=True), charts.Series(_("Bajo"), low, "muted")]
        labels = [_("Mes %(n)s", n=month.number) for month in one.months]
        chart = charts.drawn(labels, one.currency, *series, charts.Series(_("Medio"), mid), kind="line")
        title = _("Próximos meses en %(code)s", code=one.currency)
        shown.append(Table(f"projection-{one.currency}", title, heads, rows, note, chart))
    return shown


def _few(value: float) -> str:
    """A mean of people: with a decimal where a whole number would say nothing."""
    return number(Decimal(str(round(value, 1 if value < 10 else 0))).normalize())


def what_if_table(currency: str, payers: int, price: Decimal, churn: Decimal, new: int) -> Table:
    """One's own course."""
    rows = [(month, round(people), amount) for month, people, amount in what_if(payers, price, float(churn) / 100, new)]
    note = _("Personas al final de cada mes = las de antes × (1 − bajas) + altas; ingreso = personas × precio.")
    heads = [_("Mes"), _("Personas"), _("Ingreso en %(code)s", code=currency)]
    return Table("projection-what-if", _("¿Y si…?"), heads, rows, note)


def _cut(firsts: Sequence[date]) -> tuple[str, Callable[[date], str]]:
    """What the first day of each line stands for, and how a chart calls it: a day, a week, a month."""
    step = (firsts[1] - firsts[0]).days if len(firsts) > 1 else 1
    if step == 1:
        return _("Día"), charts.short
    return (_("Semana del"), charts.short) if step == DAYS else (_("Mes, desde el"), charts.month)


def _told(label: str, value: int, before: int | None, note: str, people: str = "") -> Told:
    return Told(label, number(value), note, _change(value, before) if before is not None else None, people)


def _change(value: Any, before: Any) -> int | None:
    """In percent; None when there was nothing."""
    return round(100 * (value - before) / before) if before else None


def _money(amount: Decimal | None, currency: str) -> str:
    return "–" if amount is None else money(amount, currency)


def _wait(wait: timedelta | None) -> str:
    return "–" if wait is None else span(wait)
