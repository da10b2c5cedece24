"""What audit rows say, in sentences, and what their columns are called."""

from typing import Any

from webapp.base.i18n import _, lazy_gettext
from webapp.base.words import clean
from webapp.domain.audit.models import AuditLog
from webapp.domain.insights.things import Thing
from webapp.domain.staff.models import StaffRole
from webapp.domain.users.models import Reach, RoleChangeReason, UserRole

KINDS = {
    "users": lazy_gettext("Usuarios"),
    "vip_subscribers": lazy_gettext("Suscriptores"),
    "subscription_plans": lazy_gettext("Planes"),
    "invitation_tokens": lazy_gettext("Tokens"),
    "manual_payments": lazy_gettext("Pagos"),
    "free_channel_requests": lazy_gettext("Solicitudes"),
    "channel_members": lazy_gettext("Miembros de los canales"),
    "expulsion_runs": lazy_gettext("Freno de expulsiones"),
    "member_imports": lazy_gettext("Listas importadas"),
    "imported_members": lazy_gettext("Líneas de una lista"),
    "content_packages": lazy_gettext("Paquetes"),
    "package_media": lazy_gettext("Imágenes"),
    "providers": lazy_gettext("Proveedores"),
    "user_interests": lazy_gettext("Intereses"),
    "interest_notes": lazy_gettext("Notas"),
    "clients": lazy_gettext("Clientes"),
    "client_imports": lazy_gettext("Listas de clientes"),
    "bot_config": lazy_gettext("Ajustes"),
    "staff_users": lazy_gettext("Cuentas del equipo"),
    "staff_browsers": lazy_gettext("Navegadores recordados"),
    "staff_invitations": lazy_gettext("Invitaciones"),
    "staff_codes": lazy_gettext("Confirmaciones"),
    "user_agent_permissions": lazy_gettext("Permisos"),
    "user_sessions": lazy_gettext("Sesiones"),
    "routes": lazy_gettext("Accesos negados"),
    "audit_logs": lazy_gettext("Auditoría"),
    "audit_anchors": lazy_gettext("Anclas de la auditoría"),
    "audit_verifications": lazy_gettext("Verificaciones"),
    "audit_stretches": lazy_gettext("Tramos de la auditoría"),
}
ACTIONS = {
    "create": lazy_gettext("Crear"),
    "update": lazy_gettext("Cambiar"),
    "delete": lazy_gettext("Borrar"),
    "login": lazy_gettext("Iniciar sesión"),
    "logout": lazy_gettext("Cerrar sesión"),
    "login_begun": lazy_gettext("Contraseña correcta"),
    "login_failed": lazy_gettext("No pudo entrar"),
    "code_failed": lazy_gettext("Código equivocado"),
    "sudo": lazy_gettext("Identificarse otra vez"),
    "sudo_failed": lazy_gettext("No pudo identificarse"),
    "second_factor": lazy_gettext("Activar el segundo paso"),
    "second_factor_reset": lazy_gettext("Quitar el segundo paso"),
    "recovery_codes": lazy_gettext("Códigos de recuperación nuevos"),
    "denied": lazy_gettext("Acceso negado"),
    "export": lazy_gettext("Descargar una lista"),
    "read": lazy_gettext("Ver un dato reservado"),
    "permission_change": lazy_gettext("Cambiar permisos"),
    "prune": lazy_gettext("Borrar lo antiguo"),
    "rekey": lazy_gettext("Cambiar la clave de cifrado"),
}
# (table, action) → what happened; %(who)s is somebody, %(thing)s what it happened to.
_SENTENCES = {
    ("users", "create"): lazy_gettext("%(thing)s llegó"),
    ("users", "update"): lazy_gettext("%(who)s cambió el perfil de %(thing)s"),
    ("vip_subscribers", "create"): lazy_gettext("%(who)s dio acceso VIP a %(thing)s"),
    ("vip_subscribers", "update"): lazy_gettext("%(who)s cambió la suscripción de %(thing)s"),
    ("subscription_plans", "create"): lazy_gettext("%(who)s creó el plan %(thing)s"),
    ("subscription_plans", "update"): lazy_gettext("%(who)s cambió el plan %(thing)s"),
    ("invitation_tokens", "create"): lazy_gettext("%(who)s hizo códigos de %(thing)s"),
    ("invitation_tokens", "update"): lazy_gettext("%(who)s cambió un código de %(thing)s"),
    ("manual_payments", "create"): lazy_gettext("%(who)s registró un pago: %(thing)s"),
    ("free_channel_requests", "create"): lazy_gettext("%(thing)s pidió entrar al canal Free"),
    ("free_channel_requests", "update"): lazy_gettext("%(who)s decidió la solicitud de %(thing)s"),
    ("expulsion_runs", "create"): lazy_gettext("El freno detuvo expulsiones: eran demasiadas"),
    ("expulsion_runs", "update"): lazy_gettext("%(who)s soltó el freno de las expulsiones"),
    ("member_imports", "create"): lazy_gettext("%(who)s subió la lista %(thing)s"),
    ("member_imports", "update"): lazy_gettext("%(who)s siguió con la lista %(thing)s"),
    ("content_packages", "create"): lazy_gettext("%(who)s creó el paquete %(thing)s"),
    ("content_packages", "update"): lazy_gettext("%(who)s cambió el paquete %(thing)s"),
    ("package_media", "create"): lazy_gettext("%(who)s puso una imagen en %(thing)s"),
    ("package_media", "update"): lazy_gettext("%(who)s cambió una imagen de %(thing)s"),
    ("package_media", "delete"): lazy_gettext("%(who)s quitó una imagen"),
    ("providers", "create"): lazy_gettext("%(who)s añadió el proveedor %(thing)s"),
    ("user_interests", "create"): lazy_gettext("Nuevo interés: %(thing)s"),
    ("user_interests", "update"): lazy_gettext("%(who)s cambió el interés de %(thing)s"),
    ("interest_notes", "create"): lazy_gettext("%(who)s escribió una nota sobre %(thing)s"),
    ("clients", "create"): lazy_gettext("%(who)s creó el cliente %(thing)s"),
    ("clients", "update"): lazy_gettext("%(who)s cambió el cliente %(thing)s"),
    ("clients", "read"): lazy_gettext("%(who)s vio el CPF de %(thing)s"),
    ("clients", "rekey"): lazy_gettext("El CPF de %(thing)s se cifró con una clave nueva"),
    ("client_imports", "create"): lazy_gettext("%(who)s subió la lista de clientes %(thing)s"),
    ("client_imports", "update"): lazy_gettext("%(who)s siguió con la lista de clientes %(thing)s"),
    ("bot_config", "update"): lazy_gettext("%(who)s cambió los ajustes"),
    ("staff_users", "create"): lazy_gettext("%(thing)s tiene una cuenta nueva en el panel"),
    ("staff_users", "update"): lazy_gettext("%(who)s cambió la cuenta de %(thing)s"),
    ("staff_users", "login_failed"): lazy_gettext("Alguien no pudo entrar como %(thing)s"),
    ("staff_users", "code_failed"): lazy_gettext("Alguien con la contraseña de %(thing)s se equivocó de código"),
    ("staff_users", "sudo_failed"): lazy_gettext("Alguien en la sesión de %(thing)s no pudo identificarse"),
    ("staff_users", "second_factor"): lazy_gettext("%(thing)s activó el segundo paso en su teléfono"),
    ("staff_users", "second_factor_reset"): lazy_gettext("%(who)s quitó el segundo paso de %(thing)s"),
    ("staff_users", "recovery_codes"): lazy_gettext("%(who)s pidió códigos de recuperación nuevos"),
    ("staff_browsers", "create"): lazy_gettext("%(who)s pidió recordar un navegador"),
    ("staff_browsers", "delete"): lazy_gettext("%(who)s olvidó un navegador"),
    ("user_agent_permissions", "permission_change"): lazy_gettext("%(who)s cambió los permisos de %(thing)s"),
    ("user_sessions", "login"): lazy_gettext("%(who)s inició sesión"),
    ("user_sessions", "login_begun"): lazy_gettext("%(who)s escribió su contraseña"),
    ("user_sessions", "sudo"): lazy_gettext("%(who)s se identificó otra vez"),
    ("user_sessions", "logout"): lazy_gettext("%(who)s cerró una sesión"),
    ("routes", "denied"): lazy_gettext("%(who)s no tuvo permiso: %(thing)s"),
    ("audit_anchors", "create"): lazy_gettext("%(who)s anotó un ancla de la auditoría"),
    ("audit_verifications", "create"): lazy_gettext("%(who)s pidió verificar la auditoría"),
    ("audit_verifications", "update"): lazy_gettext("La auditoría quedó verificada"),
    ("audit_stretches", "prune"): lazy_gettext("%(who)s borró un tramo antiguo de la auditoría"),
}
_ANY = {
    "create": lazy_gettext("%(who)s creó: %(kind)s %(thing)s"),
    "update": lazy_gettext("%(who)s cambió: %(kind)s %(thing)s"),
    "delete": lazy_gettext("%(who)s borró: %(kind)s %(thing)s"),
    "export": lazy_gettext("%(who)s descargó la lista «%(kind)s» (%(thing)s)"),
    "read": lazy_gettext("%(who)s vio un dato reservado de %(thing)s"),
}
_OTHER = lazy_gettext("%(who)s: %(kind)s %(thing)s")
# What a column's new value makes of an update: (table, column, value or None for any) → the sentence.
_CHANGES = {
    ("users", "role", None): lazy_gettext("%(who)s cambió el rol de %(thing)s: %(old)s → %(new)s"),
    ("users", "is_blocked", True): lazy_gettext("%(who)s bloqueó a %(thing)s"),
    ("users", "is_blocked", False): lazy_gettext("%(who)s desbloqueó a %(thing)s"),
    ("users", "chosen_locale", None): lazy_gettext("%(who)s cambió el idioma de %(thing)s"),
    ("users", "time_zone", None): lazy_gettext("%(who)s cambió la zona horaria de %(thing)s"),
    ("users", "reach", None): lazy_gettext("Alcance de %(thing)s: %(new)s"),
    ("content_packages", "is_active", True): lazy_gettext("%(who)s publicó %(thing)s"),
    ("content_packages", "is_active", False): lazy_gettext("%(who)s despublicó %(thing)s"),
    ("content_packages", "position", None): lazy_gettext("%(who)s cambió de lugar %(thing)s"),
    ("subscription_plans", "is_active", True): lazy_gettext("%(who)s ofrece otra vez el plan %(thing)s"),
    ("subscription_plans", "is_active", False): lazy_gettext("%(who)s dejó de ofrecer el plan %(thing)s"),
    ("subscription_plans", "position", None): lazy_gettext("%(who)s cambió de lugar el plan %(thing)s"),
    ("user_interests", "is_attended", True): lazy_gettext("%(who)s atendió el interés de %(thing)s"),
    ("user_interests", "is_attended", False): lazy_gettext("%(who)s reabrió el interés de %(thing)s"),
    ("user_interests", "withdrawn_at", None): lazy_gettext("%(who)s quitó su interés: %(thing)s"),
    ("user_interests", "click_count", None): lazy_gettext("Otra vez «me interesa»: %(thing)s"),
    ("vip_subscribers", "status", "paused"): lazy_gettext("%(who)s puso en pausa a %(thing)s"),
    ("vip_subscribers", "status", "revoked"): lazy_gettext("%(who)s retiró el acceso VIP de %(thing)s"),
    ("vip_subscribers", "status", "expired"): lazy_gettext("Terminó el acceso VIP de %(thing)s"),
    ("vip_subscribers", "status", "grace"): lazy_gettext("%(thing)s está en días de gracia"),
    ("vip_subscribers", "status", None): lazy_gettext("%(who)s abrió el acceso VIP de %(thing)s"),
    ("vip_subscribers", "expelled", True): lazy_gettext("%(who)s expulsó a %(thing)s"),
    ("vip_subscribers", "readmitted", True): lazy_gettext("%(who)s dejó volver a %(thing)s"),
    ("vip_subscribers", "expiry_date", None): lazy_gettext("%(who)s cambió hasta cuándo tiene acceso %(thing)s"),
    ("vip_subscribers", "channel_state", "member"): lazy_gettext("%(thing)s entró al canal VIP"),
    ("vip_subscribers", "channel_state", "expelled"): lazy_gettext("%(thing)s salió del canal VIP"),
    ("invitation_tokens", "redeemed_by", None): lazy_gettext("%(who)s canjeó un código de %(thing)s"),
    ("invitation_tokens", "revoked_at", None): lazy_gettext("%(who)s anuló un código de %(thing)s"),
    ("free_channel_requests", "status", "approving"): lazy_gettext("%(who)s aprobó la solicitud de %(thing)s"),
    ("free_channel_requests", "status", "approved"): lazy_gettext("%(thing)s entró al canal Free"),
    ("free_channel_requests", "status", "declined"): lazy_gettext("%(who)s rechazó la solicitud de %(thing)s"),
    ("member_imports", "state", "running"): lazy_gettext("%(who)s empezó a importar la lista %(thing)s"),
    ("member_imports", "state", "done"): lazy_gettext("%(who)s terminó de importar la lista %(thing)s"),
    ("member_imports", "state", "cancelled"): lazy_gettext("%(who)s detuvo la lista %(thing)s"),
    ("client_imports", "state", "running"): lazy_gettext("%(who)s empezó a importar la lista de clientes %(thing)s"),
    ("client_imports", "state", "done"): lazy_gettext("%(who)s terminó de importar la lista de clientes %(thing)s"),
    ("client_imports", "state", "cancelled"): lazy_gettext("%(who)s detuvo la lista de clientes %(thing)s"),
    ("client_imports", "made", None): lazy_gettext(
        "%(who)s importó más de la lista de clientes %(thing)s: van %(new)s"
    ),
    ("clients", "is_active", False): lazy_gettext("%(who)s borró el cliente %(thing)s"),
    ("clients", "is_active", True): lazy_gettext("%(who)s restauró el cliente %(thing)s"),
    ("clients", "user_id", None): lazy_gettext("%(who)s cambió de quién es la ficha de %(thing)s"),
    ("staff_users", "password_hash", None): lazy_gettext("%(who)s cambió su contraseña"),
    ("staff_users", "role", None): lazy_gettext("%(who)s cambió el rol de %(thing)s: %(old)s → %(new)s"),
    ("staff_users", "is_active", False): lazy_gettext("%(who)s suspendió a %(thing)s"),
    ("staff_users", "is_active", True): lazy_gettext("%(who)s devolvió su cuenta a %(thing)s"),
    ("staff_users", "email", None): lazy_gettext("%(thing)s cambió su correo: %(old)s → %(new)s"),
    ("staff_users", "full_name", None): lazy_gettext("%(who)s cambió su nombre"),
    ("staff_users", "time_zone", None): lazy_gettext("%(who)s cambió su zona horaria"),
    ("staff_users", "telegram_user_id", None): lazy_gettext("%(thing)s cambió el Telegram de su cuenta"),
    ("staff_users", "locale", None): lazy_gettext("%(who)s cambió el idioma de su panel"),
}
# What somebody asked a code for.
_ASKED = {
    "email": lazy_gettext("%(who)s pidió otro correo: %(email)s"),
    "telegram": lazy_gettext("%(who)s pidió un código para unir su Telegram"),
}
_FIRST = (
    "is_active",
    "expelled",
    "readmitted",
    "status",
    "state",
    "role",
    "is_blocked",
    "redeemed_by",
    "withdrawn_at",
    "is_attended",
)
_WORDED = {
    ("staff_users", "role"): StaffRole,
    ("staff_invitations", "role"): StaffRole,
    ("users", "role"): UserRole,
    ("users", "reach"): Reach,
}


def who(row: AuditLog) -> str:
    """Who did it, by the name that they had then."""
    unnamed = {"system": _("Sistema"), "staff": _("Equipo"), "user": _("Un miembro")}
    return row.actor_label or unnamed.get(row.actor_type, row.actor_type)


def kind(row: AuditLog) -> str:
    """What kind of thing it happened to."""
    return str(KINDS.get(row.resource_type, row.resource_type))


def reason(row: AuditLog) -> str:
    """Why, in words; what is one of our own reasons, in the reader's language."""
    known = next((one for one in RoleChangeReason if one.value == row.reason), None)
    return clean(known.display_name if known is not None else row.reason)


def plain(row: AuditLog, thing: Thing | None) -> str:
    """What happened, as a sentence."""
    told, values = words(row, thing)
    return told % {"who": who(row), "thing": name(row, thing), "kind": kind(row), **values}


def name(row: AuditLog, thing: Thing | None) -> str:
    """What the thing is called, or what stands for one without a name."""
    return thing.name if thing is not None and thing.name else _nameless(row)


def words(row: AuditLog, thing: Thing | None) -> tuple[str, dict[str, str]]:
    """The sentence, with places for who, thing and kind, and the other values that it tells."""
    new, old = row.new_values or {}, row.old_values or {}
    if row.resource_type == "staff_invitations":
        return _of_invitation(row, thing)
    if row.resource_type == "staff_codes" and new.get("purpose") in _ASKED:
        return str(_ASKED[new["purpose"]]), {"email": str(new.get("email") or "")}
    if row.resource_type == "staff_users" and new.get("deleted_at"):
        return str(_("%(who)s sacó a %(thing)s del equipo")), {}
    if row.action in ("update", "permission_change"):
        for column in sorted(new, key=lambda one: _FIRST.index(one) if one in _FIRST else len(_FIRST)):
            value = new[column]
            sure = _CHANGES.get((row.resource_type, column, value if isinstance(value, bool | str) else None))
            found = sure or _CHANGES.get((row.resource_type, column, None))
            if found is not None and not (column == "position" and len(new) > 1):
                return str(found), {"old": _worded(row, column, old.get(column)), "new": _worded(row, column, value)}
    if row.resource_type == "manual_payments" and str(new.get("amount", "")).startswith("-"):
        return str(_("%(who)s anuló un pago: %(thing)s")), {}
    return str(_SENTENCES.get((row.resource_type, row.action)) or _ANY.get(row.action, _OTHER)), {}


def _of_invitation(row: AuditLog, thing: Thing | None) -> tuple[str, dict[str, str]]:
    """Whom it was for, where it was for somebody; what they become."""
    known = thing is not None and bool(thing.name)
    if row.action != "create":
        words = _("%(who)s anuló la invitación de %(thing)s") if known else _("%(who)s anuló una invitación al panel")
        return str(words), {}
    told = {"role": _worded(row, "role", (row.new_values or {}).get("role"))}
    if known:
        return str(_("%(who)s invitó a %(thing)s al panel (%(role)s)")), told
    return str(_("%(who)s hizo una invitación al panel para quien tenga el enlace (%(role)s)")), told


def _worded(row: AuditLog, name: str, value: Any) -> str:
    kind: Any = _WORDED.get((row.resource_type, name))
    if kind is not None:
        found = next((one for one in kind if one.value == value), None)
        return found.display_name if found is not None else "–"
    return "–" if value is None else str(value)


def _nameless(row: AuditLog) -> str:
    """What stands for a thing without a name."""
    new = row.new_values or {}
    if row.resource_type == "routes":
        return str(new.get("path") or row.resource_id)
    if row.resource_type == "manual_payments" and "amount" in new:
        return f"{new['amount']} {new.get('currency', '')}".strip()
    if row.action == "export":
        return row.resource_id.upper()
    if row.action == "login_failed":
        return str(_("alguien que no conocemos"))
    return {"*": str(_("todos")), "?": "?"}.get(row.resource_id, f"#{row.resource_id}")
