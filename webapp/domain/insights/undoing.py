"""Taking back what an audit row tells, where its deed has an inverse: by that deed, as anybody else would do it.

Only what still stands as the row left it is taken back; what somebody changed since is theirs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import inspect

from webapp.base.db import Base, db
from webapp.base.errors import Conflict
from webapp.base.i18n import _
from webapp.domain.audit import rows, trail
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import appearance, drafts, interests, packages
from webapp.domain.catalog.models import ContentPackage, Provider, UserInterest
from webapp.domain.channels import payments, plans, setup, standing, subscriptions
from webapp.domain.channels.models import Status, SubscriptionPlan, VIPSubscriber
from webapp.domain.channels.records import ManualPayment
from webapp.domain.clients import clients
from webapp.domain.clients.models import Client
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig
from webapp.domain.staff import team
from webapp.domain.staff.models import StaffRole, StaffUser
from webapp.domain.staff.rights import Act, Rights
from webapp.domain.users import people
from webapp.domain.users.models import User, UserRole

KEPT = frozenset({"updated_at", "search_text", "version", "reminder_rules", "next_reminder", "next_reminder_at"})
OF_PLANS = ("name", "duration_days", "price", "currency", "price_stars", "eligibility")
SOCIAL = ("social_instagram", "social_tiktok", "social_x")
OF_CREATOR = frozenset(("creator_name", "contact_url", "contact_text", *SOCIAL, "time_zone", "currency"))
OF_CHANNELS = frozenset((*setup.CHANNELS, *setup.ENDING, *setup.REMINDERS, *setup.BRAKE, "wait_time_minutes"))
OF_CLIENTS = frozenset({"name", "birth_date", "email", "phone", "notes"})
OF_AUDIT = frozenset({"audit_chat_id", "audit_months"})
CHANGES = ("update", "permission_change")


@dataclass(frozen=True)
class Inverse:
    """How a row's deed is taken back: what right that asks for, as the deed does elsewhere, and the deed, told the
    thing, what it was, by whom and why. `whole`: only for who may everything by their role."""

    section: str
    deed: Callable[[Any, Mapping[str, Any], Actor, str], object]
    act: Act = "update"
    whole: bool = False

    def is_open_to(self, held: Rights) -> bool:
        """Whether somebody who may this much may take it back."""
        return held.everything or (not self.whole and held.may(self.section, self.act))


def inverse(row: AuditLog) -> Inverse | None:
    """What takes this row's deed back; None when nothing does."""
    changed = frozenset(row.new_values or {}) - KEPT
    if row.resource_type == ManualPayment.__tablename__ and row.action == "create" and row.resource_id.isdecimal():
        return (
            Inverse("payments", _reverse, "delete")
            if not str((row.new_values or {}).get("amount", "-")).startswith("-")
            else None
        )
    if row.action not in CHANGES or not row.old_values or not changed:
        return None
    finder = _FINDERS.get(row.resource_type)
    return finder(changed, row) if finder is not None else None


def undo(row: AuditLog, *, by: Actor) -> None:
    """Takes back what the row tells; the row that this leaves names it.

    Raises Conflict when nothing takes it back, when it was taken back before, or when somebody changed it since.
    """
    found = inverse(row)
    if found is None:
        raise Conflict(_("Esto no se puede deshacer desde aquí."))
    if rows.undone_by(row) is not None:
        raise Conflict(_("Ya se deshizo."))
    thing = _held(row)
    now = trail.told(thing)
    left = {name: value for name, value in (row.new_values or {}).items() if name in now and name not in KEPT}
    if row.action in CHANGES and any(now[name] != value for name, value in left.items()):
        raise Conflict(_("Alguien lo cambió después: cámbialo a mano."))
    found.deed(thing, row.old_values or {}, replace(by, undoes=str(row.id)), _("Deshacer"))


def _held(row: AuditLog) -> Base:
    """The thing, held until the transaction ends. Raises Conflict when it is gone."""
    model = _MODELS[row.resource_type]
    key = inspect(model).primary_key[0].type.python_type(row.resource_id)
    alone = model is not StaffUser  # whose deeds hold several accounts, in an order of their own
    found: Base | None = db.session.get(model, key, with_for_update=alone or None, populate_existing=True)
    if found is None:
        raise Conflict(_("Eso ya no existe."))
    return found


def _of_user(changed: frozenset[str], row: AuditLog) -> Inverse | None:
    admin, roles = UserRole.ADMIN.value, {(values or {}).get("role") for values in (row.old_values, row.new_values)}
    if changed == {"role"} and admin in roles:  # any other role comes and goes with a subscription
        return Inverse("users", lambda user, was, by, why: _role(user, UserRole(was["role"]), by, why), whole=True)
    if "is_blocked" in changed:
        return Inverse("users", _unblock if (row.new_values or {})["is_blocked"] else _block)
    return None


def _of_package(changed: frozenset[str], _row: AuditLog) -> Inverse | None:
    if changed == {"is_active"}:
        return Inverse("packages", _show)
    return Inverse("packages", _edit) if changed <= {*drafts.READERS, "provider_id"} else None


def _of_plan(changed: frozenset[str], _row: AuditLog) -> Inverse | None:
    if changed == {"is_active"}:
        return Inverse("vip", lambda plan, was, by, _why: plans.switch(plan, was["is_active"], by=by))
    return Inverse("vip", _replan) if changed <= set(OF_PLANS) else None


def _of_interest(changed: frozenset[str], row: AuditLog) -> Inverse | None:
    if "is_attended" not in changed:
        return None
    if (row.new_values or {})["is_attended"]:
        return Inverse("interests", lambda one, _was, by, _why: interests.reopen(one, by=by))
    return Inverse("interests", lambda one, _was, by, _why: interests.attend(one, by=by))


def _of_settings(changed: frozenset[str], _row: AuditLog) -> Inverse | None:
    if changed <= OF_CREATOR:
        return Inverse("settings", lambda _one, was, by, _why: appearance.change(_fields(was, OF_CREATOR), by=by))
    if changed == {"category_labels"}:
        return Inverse("settings", lambda _one, was, by, _why: appearance.relabel(was["category_labels"], by=by))
    if changed <= OF_CHANNELS:
        return Inverse("settings", lambda _one, was, by, _why: setup.change(_fields(was, OF_CHANNELS), by=by))
    if changed <= OF_AUDIT:
        return Inverse("settings", lambda _one, was, by, _why: config.change(_fields(was, OF_AUDIT), by=by))
    return None


def _of_subscription(changed: frozenset[str], row: AuditLog) -> Inverse | None:
    new, old = row.new_values or {}, row.old_values or {}
    if new.get("status") == Status.PAUSED.value:
        return Inverse("vip", lambda one, _was, by, _why: subscriptions.resume(one, by=by))
    over = new.get("status") == Status.REVOKED.value
    if "expiry_date" in changed and "expiry_date" in old and ("status" not in changed or over):
        return Inverse("vip", _redate)
    return None


def _of_staff(changed: frozenset[str], row: AuditLog) -> Inverse | None:
    """An account's role and standing; what people say of themselves is theirs."""
    if changed == {"role"}:
        return Inverse("staff", lambda one, was, by, _why: team.change_role(one.id, StaffRole(was["role"]), by=by))
    if "is_active" in changed and changed <= {"is_active", "deleted_at", "telegram_user_id"}:
        was = row.old_values or {}
        return Inverse(
            "staff", _back_in if was["is_active"] else _back_out, "delete" if was.get("deleted_at") else "update"
        )
    return None


def _of_client(changed: frozenset[str], _row: AuditLog) -> Inverse | None:
    """A CPF is no inverse's: the audit does not know what it was."""
    return Inverse("client_management", _rewrite) if changed <= OF_CLIENTS else None


_MODELS: dict[str, type[Base]] = {
    model.__tablename__: model
    for model in (
        *(User, ContentPackage, SubscriptionPlan, UserInterest, BotConfig, VIPSubscriber, ManualPayment),
        *(Client, StaffUser),
    )
}
_FINDERS: dict[str, Callable[[frozenset[str], AuditLog], Inverse | None]] = {
    "users": _of_user,
    "content_packages": _of_package,
    "subscription_plans": _of_plan,
    "user_interests": _of_interest,
    "bot_config": _of_settings,
    "vip_subscribers": _of_subscription,
    "staff_users": _of_staff,
    "clients": _of_client,
}


def _role(user: User, role: UserRole, by: Actor, why: str) -> None:
    standing.set_role(user, role, by=by, reason=why)


def _back_in(staff: StaffUser, _was: Mapping[str, Any], by: Actor, _why: str) -> None:
    team.reactivate(staff.id, by=by)


def _back_out(staff: StaffUser, was: Mapping[str, Any], by: Actor, _why: str) -> None:
    (team.remove if was.get("deleted_at") else team.suspend)(staff.id, by=by)


def _unblock(user: User, _was: Mapping[str, Any], by: Actor, _why: str) -> None:
    people.unblock(user, by=by)


def _block(user: User, was: Mapping[str, Any], by: Actor, why: str) -> None:
    people.block(user, by=by, reason=was.get("blocked_reason") or why)


def _show(package: ContentPackage, was: Mapping[str, Any], by: Actor, _why: str) -> None:
    (packages.publish if was["is_active"] else packages.deactivate)(package, by=by)


def _edit(package: ContentPackage, was: Mapping[str, Any], by: Actor, _why: str) -> None:
    typed = {name: _typed(name, value) for name, value in was.items() if name in drafts.READERS}
    if "provider_id" in was:
        provider = db.session.get(Provider, was["provider_id"]) if was["provider_id"] is not None else None
        typed["provider"] = provider.display_name if provider is not None else ""
    packages.edit(package, typed, version=package.version, by=by)


def _typed(name: str, value: Any) -> Any:
    """A value of the audit as a form would say it."""
    return datetime.fromisoformat(value) if name.startswith("published_") and value else value


def _replan(plan: SubscriptionPlan, was: Mapping[str, Any], by: Actor, _why: str) -> None:
    now = trail.told(plan)
    plans.change(plan, {name: was.get(name, now[name]) for name in OF_PLANS}, by=by)


def _redate(subscriber: VIPSubscriber, was: Mapping[str, Any], by: Actor, why: str) -> None:
    subscriptions.correct(subscriber, datetime.fromisoformat(was["expiry_date"]), by=by, reason=why)


def _reverse(payment: ManualPayment, _was: Mapping[str, Any], by: Actor, why: str) -> None:
    payments.reverse(payment, by=by, reason=why)


def _rewrite(client: Client, was: Mapping[str, Any], by: Actor, _why: str) -> None:
    clients.edit(client, _fields(was, OF_CLIENTS), version=client.version, by=by)


def _fields(was: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The fields of a form, with nothing for what was not set."""
    return {name: "" if value is None else value for name, value in was.items() if name in known}
