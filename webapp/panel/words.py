"""What the panel's templates say of people and things in a few words or marks."""

from datetime import timedelta

from babel.dates import format_timedelta

from webapp.base.i18n import _, locale_now
from webapp.domain.audit.models import AuditLog
from webapp.domain.users.models import User, UserRole


def lang() -> str:
    """The language of the page, as HTML names it."""
    return locale_now().replace("_", "-")


def chat_link(user: User) -> str:
    """Where to write to somebody: their public name, or by id, which Telegram's apps understand."""
    return f"https://t.me/{user.username}" if user.username else f"tg://user?id={user.user_id}"


def span(wait: timedelta) -> str:
    """ "3 horas" for a length of time."""
    return str(format_timedelta(wait, locale=locale_now()))


def interest_words(row: AuditLog) -> str:
    """What an audit row of an interest tells, in words."""
    changed = row.new_values or {}
    if row.action == "create":
        return str(_("Dijo «me interesa»"))
    if changed.get("click_count"):
        return str(_("Volvió a decir «me interesa» (van %(n)s veces)", n=changed["click_count"]))
    if "withdrawn_at" in changed:
        return str(_("Quitó su interés"))
    return str(_("Lo marcó como atendido")) if changed.get("is_attended") else str(_("Lo volvió a abrir"))


def deed_words(row: AuditLog) -> str:
    """What an audit row tells, in words."""
    things = {
        "users": _("su perfil"),
        "user_sessions": _("una sesión"),
        "interest_notes": _("una nota"),
    }
    deeds = {
        "create": _("Creó"),
        "update": _("Cambió"),
        "delete": _("Borró"),
        "login": _("Abrió"),
        "logout": _("Cerró"),
    }
    new = row.new_values or {}
    if row.resource_type == "user_interests":
        return interest_words(row)
    if row.resource_type == "users" and "role" in new and row.action == "update":
        return str(_("Cambio de rol: %(role)s", role=UserRole(new["role"]).display_name))
    if row.resource_type == "users" and "is_blocked" in new and row.action == "update":
        return str(_("Bloqueo") if new["is_blocked"] else _("Desbloqueo"))
    if row.resource_type == "users" and "chosen_locale" in new and row.action == "update":
        return str(_("Cambió el idioma"))
    return f"{deeds.get(row.action, row.action)} {things.get(row.resource_type, row.resource_type)}"
