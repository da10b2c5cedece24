"""How things stand: Operativo, Con advertencias or Problemas, with the reasons a creator can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from webapp.base import health
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.i18n import _
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import expulsions, readiness
from webapp.domain.channels.models import OPEN, ExpulsionRun, FreeChannelRequest, RequestStatus, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import Reach, User, UserRole

NAMED = 3
STUCK = timedelta(minutes=5)


@dataclass(frozen=True)
class Reason:
    """Something that is not as it should be; `severe` when people feel it. `people`: whom it is about; `where`: the
    part of the panel where it is mended ("setup", "free", "expulsions", "brake"), if there is one."""

    text: str
    severe: bool = False
    people: Sequence[User] = ()
    where: str = ""


@dataclass(frozen=True)
class Standing:
    """The sum of it: level "good", "warning" or "problem"."""

    level: str
    reasons: Sequence[Reason]


def standing() -> Standing:
    """How things stand now."""
    reasons = [*_parts(), *_admins(), *_left_behind(), *_not_ready()]
    level = "problem" if any(reason.severe for reason in reasons) else "warning" if reasons else "good"
    return Standing(level, reasons)


def _parts() -> list[Reason]:
    """The running parts: what /readyz asks, in the creator's words."""
    words = {
        "database": (_("La base de datos no responde."), True),
        "migrations": (_("La base de datos necesita actualizarse."), True),
        "inbox": (_("Hay mensajes de Telegram sin atender desde hace más de dos minutos."), False),
        "outbox": (_("Hay mensajes por enviar desde hace más de dos minutos."), False),
        "bot": (_("El bot no está en línea."), True),
        "worker": (_("El proceso que envía los mensajes no está en marcha."), True),
    }
    unwell = [name for name, (fine, _word) in health.checks().items() if not fine]
    return [Reason(*words.get(name, (_("Una parte no está bien: %(name)s.", name=name), False))) for name in unwell]


def _admins() -> list[Reason]:
    """Whether anybody gets the notices."""
    query = select(User).where(User.role == UserRole.ADMIN).order_by(User.user_id).limit(50)
    admins = db.session.scalars(query).all()
    if not admins:
        return [Reason(_("Nadie es administrador del bot: los avisos de interés no le llegan a nadie."))]
    lost = [admin for admin in admins if admin.reach is not Reach.OK]
    return [
        Reason(
            _("El bot no puede escribir a %(name)s: tiene que abrirlo y tocar Iniciar.", name=admin.full_name),
            severe=len(lost) == len(admins),
            people=[admin],
        )
        for admin in lost[:NAMED]
    ]


def _left_behind() -> list[Reason]:
    """What was given up on, what failed, and what waits for a person; all counted in one statement, each to 1,000."""
    found = db.session.execute(select(*(_count(*one).label(name) for name, one in _counted().items()))).one()
    words = {
        "brake": (_("El freno de expulsiones está puesto: nadie sale hasta que alguien lo revise."), True, "brake"),
        "expulsions": (_("Personas sin acceso que no se pudieron sacar del canal: %(n)s."), True, "expulsions"),
        "free": (_("Solicitudes del canal Free con error: %(n)s."), False, "free"),
        "waiting": (_("Solicitudes que ya debían estar aprobadas: %(n)s."), True, "free_waiting"),
        "overdue": (_("Suscripciones que ya debían haber terminado: %(n)s."), True, "brake"),
        "dead": (_("Mensajes recibidos que no se pudieron atender: %(n)s."), False, ""),
        "unknown": (_("Mensajes que no sabemos si llegaron: %(n)s."), False, ""),
        "failed": (_("Llamadas a Telegram que fallaron en las últimas 24 horas: %(n)s."), False, ""),
    }
    told = [name for name in words if getattr(found, name) and not (name == "overdue" and found.brake)]
    return [
        Reason(text.replace("%(n)s", str(getattr(found, name))), severe, where=where)
        for name, (text, severe, where) in ((name, words[name]) for name in told)
    ]


def _counted() -> dict[str, tuple[Any, ...]]:
    """What is counted: the column to count, and its conditions."""
    message, row, request = OutboxMessage, VIPSubscriber, FreeChannelRequest
    # What time opens is opened within seconds; minutes later the clockwork does not turn, though its process lives.
    stuck, grace = now() - STUCK, timedelta(hours=config.current().grace_hours)
    # Somebody who blocked the bot is no fault of ours, nor is what we took back; what a room notes it tells itself.
    ours = [~message.last_error.contains(words) for words in (": 403 ", "taken back")]
    noted = [~message.dedupe_key.startswith(key) for key in ("expel:", "free:", "decline:", "look:")]
    known = message.dedupe_key.is_(None) | (noted[0] & noted[1] & noted[2] & noted[3])
    today = message.next_attempt_at > now() - timedelta(days=1)
    return {
        "brake": (ExpulsionRun.id, ExpulsionRun.state == "braked"),
        "expulsions": (row.id, row.last_error.is_not(None), row.status.in_(expulsions.OUT), row.attempts > 0),
        "free": (request.id, request.status == RequestStatus.ERROR),
        "waiting": (request.id, request.status == RequestStatus.PENDING, request.approve_after < stuck),
        "overdue": (row.id, row.status.in_(OPEN), row.expiry_date < stuck - grace),
        "dead": (TelegramUpdate.update_id, TelegramUpdate.status == "dead"),
        "unknown": (message.id, message.status == "unknown"),
        "failed": (message.id, message.status == "failed", today, known, *ours),
    }


def _count(key: Any, *conditions: Any) -> Any:
    some = select(key).where(*conditions).limit(1000).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _not_ready() -> list[Reason]:
    """Steps of the set-up that are not done, as far as they are known to be wrong."""
    reasons = []
    for step in readiness.steps():
        asked = step.check is not None and step.check.answered_at is not None
        if step.done or (step.name in ("token", "menu") and not asked):
            continue
        lacks = any(right.needed and not right.held for right in step.rights)
        unset = step.place is not None and not step.is_set
        text = _("%(what)s: %(seen)s", what=step.title, seen=step.mend if unset else step.seen)
        if lacks:
            missing = ", ".join(right.label for right in step.rights if right.needed and not right.held)
            text = _("Al bot le faltan permisos en %(title)s: %(missing)s.", title=step.seen, missing=missing)
        reasons.append(Reason(text, severe=step.is_set and lacks, where="setup"))
    return reasons
