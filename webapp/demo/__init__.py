"""Demo data: a small showcase to look around in, for the people whom the simulator of Telegram has."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.search import plain
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.catalog import versions
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageType, Provider
from webapp.domain.channels import members, places, plans, subscriptions
from webapp.domain.channels.models import RIGHTS, Channel
from webapp.domain.clients import clients, cpf, lists
from webapp.domain.clients.lists import ClientFilter
from webapp.domain.settings import config
from webapp.domain.users import people, roles

ANA, BEA, IVO, DORA = 710_000_001, 710_000_002, 710_000_003, 710_000_004
FREE, VIP, PREMIUM = ContentCategory.FREE_CONTENT, ContentCategory.VIP_CONTENT, ContentCategory.VIP_PREMIUM
CHANNELS = {
    Channel.VIP: (-1001000000002, "Luna · Canal VIP"),
    Channel.FREE: (-1001000000001, "Luna · Canal Free"),
}
COLLECTION, BUNDLE, STANDARD = PackageType.COLLECTION, PackageType.BUNDLE, PackageType.STANDARD

# name, what it is, category, type, price, Stars, studio
PACKAGES = (
    ("Primavera, 24 fotos", "La sesión del jardín, sin recortes.", FREE, COLLECTION, "120", 350, "Estudio Luna"),
    ("Noches en el Diván", "Solo para miembros VIP. 3 audios y 40 fotos.", VIP, BUNDLE, None, None, "Estudio Luna"),
    ("Detrás de cámaras", "Cómo se hace una sesión, de la luz a la edición.", PREMIUM, STANDARD, "480", 900, None),
    ("Café de los lunes", "Una postal en audio cada semana.", FREE, STANDARD, None, None, "Estudio Luna"),
    ("Azotea al atardecer", "18 fotos con la ciudad al fondo.", FREE, COLLECTION, "95", 280, "Norte Foto"),
    ("Cuaderno de viaje: Oaxaca", "Fotos, mapas y la lista de lugares.", FREE, BUNDLE, "150.50", 420, "Norte Foto"),
    ("Lluvia", "Nueve retratos en blanco y negro.", VIP, COLLECTION, "200", 560, "Norte Foto"),
    ("Carta de otoño", "Un texto largo, leído en voz alta.", VIP, STANDARD, None, 150, None),
    ("Mar adentro", "Video de 12 minutos y 30 fotos.", PREMIUM, BUNDLE, "650", 1200, "Estudio Luna"),
    ("Calendario de escritorio", "Doce imágenes listas para imprimir.", FREE, STANDARD, "60", None, None),
    ("Domingo en casa", "Serie tranquila, luz de ventana.", VIP, COLLECTION, "180", 500, "Estudio Luna"),
    ("Retratos a la carta", "Elige el tema; la sesión es tuya.", PREMIUM, STANDARD, "1200", None, None),
    ("Fondos de pantalla", "Veinte fondos para tu teléfono.", FREE, BUNDLE, None, None, "Norte Foto"),
    ("Ensayo general", "La sesión antes de la sesión.", VIP, STANDARD, "140", 390, None),
    ("Jardín secreto", "36 fotos y dos relatos.", PREMIUM, COLLECTION, "540", 990, "Estudio Luna"),
    ("Tarde de mercado", "Color, fruta y ruido.", FREE, COLLECTION, "80", 220, "Norte Foto"),
    ("Polaroids", "Instantáneas escaneadas una por una.", VIP, COLLECTION, "160", 450, "Estudio Luna"),
    ("Primer rollo", "Las fotos con las que empezó todo.", FREE, STANDARD, "0", None, None),
    ("Sonidos para dormir", "Cuatro pistas de media hora.", FREE, BUNDLE, "70", 200, None),
    ("Lo que no subí", "Descartes favoritos de este año.", PREMIUM, COLLECTION, "390", 800, "Estudio Luna"),
    ("Recetario de la abuela", "Quince recetas con foto.", FREE, STANDARD, "110", 300, None),
    ("Bosque de niebla", "Serie de madrugada.", VIP, COLLECTION, "210", 600, "Norte Foto"),
    ("Preguntas y respuestas", "Una hora de charla, sin cortes.", VIP, STANDARD, None, None, None),
    ("Invierno, 40 fotos", "La colección completa del invierno.", FREE, COLLECTION, "130", 360, "Estudio Luna"),
)
PEOPLE = (
    {"id": ANA, "first_name": "Ana", "last_name": "Torres", "username": "anat", "language_code": "es"},
    {"id": BEA, "first_name": "Bea", "last_name": "Solís", "username": "beas", "language_code": "es"},
    {"id": IVO, "first_name": "Ivo", "last_name": "Lima", "username": "ivol", "language_code": "pt-br"},
)

CLIENTS = (
    ("Ana Torres", ANA),
    ("Ivo Lima", IVO),
    ("Inês Carvalho", None),
    ("Lucía Peña", None),
    ("João Araújo", None),
)


def seed() -> int:
    """Adds what is missing of the demo data; returns how many packages were new."""
    with transaction():
        for told in PEOPLE:
            user = people.get_or_create_user(told)
            if user.user_id == BEA:
                roles.promote_to_vip(user, by=SYSTEM)
        known = set(db.session.scalars(select(ContentPackage.name)))
        studios = {name: _provider(name) for name in sorted({str(row[6]) for row in PACKAGES if row[6]})}
        fresh = [row for row in PACKAGES if row[0] not in known]
        for place, row in enumerate(fresh):
            _add(row, studios, position=len(PACKAGES) - place, age=timedelta(hours=7 * place))
        if fresh:
            versions.bump()
        if config.current().contact_text is None:
            hello = "Escríbeme por Telegram: contesto de lunes a viernes, de 10 a 18 h."
            told_by = {"creator_name": "Luna", "contact_text": hello, "contact_url": "https://t.me/dorar"}
            config.change(told_by | {"social_instagram": "lunaestudio"}, by=SYSTEM)
        if config.current().vip_channel_id is None and not plans.every():
            _open_channels()
        if not lists.count(ClientFilter()) and not lists.count(ClientFilter(deleted=True)):
            _add_clients()
    return len(fresh)


def _add_clients() -> None:
    """Who buys; the numbers are made up, and fit."""
    for place, (name, user_id) in enumerate(CLIENTS):
        nine = f"{123_456_789 + place * 1_111:09d}"
        told = {"name": name, "cpf": nine + cpf.check_digits(nine), "email": f"cliente{place + 1}@vitrina.example"}
        clients.create(told, by=SYSTEM, user=people.met(user_id))


def _open_channels() -> None:
    """The two channels that the simulator has, a plan for each kind of buyer, and Bea inside."""
    for kind, (chat_id, title) in CHANNELS.items():
        rights = {"status": "administrator", **dict.fromkeys(RIGHTS, True)}
        places.note(chat_id, {"title": title}, rights)
        places.choose(kind, chat_id, by=SYSTEM)
    for name, days, price, stars in (("Mensual", 30, 350, 500), ("Trimestral", 90, 900, 1300)):
        values = {"name": name, "duration_days": days, "price": price, "currency": "MXN", "price_stars": stars}
        plans.create(values, by=SYSTEM)
    subscriptions.gift(people.get_user(BEA), 30, by=SYSTEM, reason="Datos de ejemplo")
    members.note(CHANNELS[Channel.VIP][0], {"id": BEA}, "member")


def _provider(name: str) -> Provider:
    found = db.session.scalar(select(Provider).where(Provider.name == name))
    if found is None:
        found = Provider(name=name, display_name=name)
        with trail.watch(found, "create", by=SYSTEM):
            db.session.add(found)
    return found


def _add(row: tuple[object, ...], studios: dict[str, Provider], *, position: int, age: timedelta) -> None:
    name, description, category, kind, price, stars, studio = row
    package = ContentPackage(
        name=name,
        description=description,
        body=f"{description}\n\nSe entrega por mensaje privado, después de hablar contigo.",
        category=category,
        type=kind,
        price=Decimal(str(price)) if price is not None else None,
        price_stars=stars,
        provider_id=studios[str(studio)].id if studio else None,
        position=position,
        search_text=plain(f"{name} {description} {studio or ''}"),
        created_at=now() - age,
    )
    with trail.watch(package, "create", by=SYSTEM):
        db.session.add(package)
