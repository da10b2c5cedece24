"""What the house itself keeps, as rows: settings, the audit, files to take away, updates and messages."""

from datetime import timedelta

import factory

from tests.factories.base import Factory, OneRow
from tests.factories.staff import StaffFactory
from tests.sealing import seal
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.inbox import TelegramUpdate
from webapp.base.leases import Lease
from webapp.base.outbox import OutboxMessage, TelegramFile
from webapp.domain.audit.models import AuditAnchor, AuditLog, AuditStretch, AuditText, AuditVerification
from webapp.domain.insights.models import DailyFigure, Export
from webapp.domain.settings.models import BotConfig

HASH = "0" * 64


class ConfigFactory(OneRow):
    class Meta:
        model = BotConfig

    bot_username = "luna_bot"
    creator_name = "Luna"


class AuditFactory(Factory):
    """A row that is not sealed yet."""

    class Meta:
        model = AuditLog

    actor_type, actor_id, actor_label = "staff", "caio", "Caio Lima"
    action = "update"
    resource_type = "content_packages"
    resource_id = factory.Sequence(lambda n: str(n + 1))
    old_values = factory.LazyFunction(lambda: {"name": "Otoño"})
    new_values = factory.LazyFunction(lambda: {"name": "Primavera"})


def _sealed() -> AuditLog:
    row: AuditLog = AuditFactory()
    seal()
    db.session.refresh(row)
    return row


class StretchFactory(Factory):
    class Meta:
        model = AuditStretch

    first_seq = factory.Sequence(lambda n: 1_000_000 + n)
    prev_hash = HASH
    key_id = "k1"


class AnchorFactory(Factory):
    """Of a row that was sealed for it: no anchor can be made of what the chain does not have."""

    class Meta:
        model = AuditAnchor

    class Params:
        end = factory.LazyFunction(lambda: _sealed())

    seq = factory.SelfAttribute("end.seq")
    row_hash = factory.SelfAttribute("end.row_hash")


class VerificationFactory(Factory):
    """One that came to its end; `finished_at=None` makes the one that is under way, of which there is one at most."""

    class Meta:
        model = AuditVerification

    up_to = reached = 100
    asked_by = "staff:caio"
    finished_at = factory.LazyFunction(now)


class AuditTextFactory(Factory):
    class Meta:
        model = AuditText

    audit_id = factory.LazyFunction(lambda: AuditFactory().id)
    search_text = "otono primavera caio lima"


class ExportFactory(Factory):
    class Meta:
        model = Export

    listing = "people"
    wanted = factory.LazyFunction(dict)
    fingerprint = factory.Sequence(lambda n: f"{n:064d}")
    format = "csv"
    locale = "es"
    zone = "America/Mexico_City"
    requested_by = factory.LazyFunction(lambda: StaffFactory().id)
    expires_at = factory.LazyFunction(lambda: now() + timedelta(days=1))


class DailyFigureFactory(Factory):
    class Meta:
        model = DailyFigure

    zone = "America/Mexico_City"
    starts = factory.Sequence(lambda n: now() - timedelta(days=n + 2))
    ends = factory.LazyAttribute(lambda day: day.starts + timedelta(days=1))
    what = "start"
    currency = "MXN"
    rows = 3
    cents = 105_000


class UpdateFactory(Factory):
    class Meta:
        model = TelegramUpdate

    update_id = factory.Sequence(lambda n: 900_000_000 + n)
    kind = "message"
    chat_id = 720_000_000
    payload = factory.LazyAttribute(lambda row: {"update_id": row.update_id})


class MessageFactory(Factory):
    class Meta:
        model = OutboxMessage

    method = "sendMessage"
    chat_id = 720_000_000
    payload = factory.LazyAttribute(lambda row: {"chat_id": row.chat_id, "text": "Hola"})


class FileFactory(Factory):
    class Meta:
        model = TelegramFile

    storage_key = factory.Sequence(lambda n: f"fotos/{n}.jpg")
    file_id = factory.Sequence(lambda n: f"AgACAgEAAxkBAAJ{n}")


class LeaseFactory(Factory):
    class Meta:
        model = Lease

    name = factory.Sequence(lambda n: f"parte-{n}")
    holder = "proceso-1"
    until = factory.LazyFunction(lambda: now() + timedelta(seconds=30))
    beat_at = factory.LazyFunction(now)
