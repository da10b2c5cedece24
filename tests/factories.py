"""Rows for tests and demo data: valid by default, with the Spanish of a real showcase."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal

import factory
from factory.alchemy import SQLAlchemyModelFactory

from webapp.base.crypto import encrypt, keys_in_force
from webapp.base.db import db, transaction
from webapp.base.search import plain
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageType, Provider, UserInterest
from webapp.domain.clients import clients, cpf
from webapp.domain.clients.models import Client
from webapp.domain.staff.models import StaffRole, StaffUser
from webapp.domain.users.models import Reach, User, UserRole


class _Factory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session_factory = lambda: db.session  # noqa: E731

    @classmethod
    def _save(cls, model_class, session, args, kwargs):
        """A transaction of its own: with other writers about, SQLite lets nobody write who has begun by reading."""
        row = model_class(*args, **kwargs)
        with transaction() if not session().info.get("deed") else nullcontext():
            session.add(row)
            session.flush()
        return row


class UserFactory(_Factory):
    class Meta:
        model = User

    user_id = factory.Sequence(lambda n: 720_000_000 + n)
    username = factory.LazyAttribute(lambda user: f"persona{user.user_id}")
    first_name = factory.Faker("first_name", locale="es_MX")
    last_name = factory.Faker("last_name", locale="es_MX")
    language_code = "es"
    role = UserRole.FREE
    reach = Reach.OK
    search_text = factory.LazyAttribute(lambda user: plain(f"{user.first_name} {user.last_name} {user.username}"))


class ProviderFactory(_Factory):
    class Meta:
        model = Provider

    name = factory.Sequence(lambda n: f"estudio-{n}")
    display_name = factory.Sequence(lambda n: f"Estudio {n}")


class PackageFactory(_Factory):
    class Meta:
        model = ContentPackage

    name = factory.Sequence(lambda n: f"Primavera, {n + 3} fotos")
    description = "La sesión del jardín, sin recortes."
    body = "24 fotos en alta resolución y un video corto de cómo se hizo."
    category = ContentCategory.FREE_CONTENT
    type = PackageType.COLLECTION
    price = Decimal(120)
    position = factory.Sequence(lambda n: n + 1)
    search_text = factory.LazyAttribute(lambda package: plain(f"{package.name} {package.description}"))


class InterestFactory(_Factory):
    class Meta:
        model = UserInterest

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    package_id = factory.LazyFunction(lambda: PackageFactory().id)


BUYERS = ("Inês Carvalho", "Íñigo Núñez", "João Araújo", "Lucía Peña", "Conceição Lima", "Ramón Güell", "Tânia Rocha")


def a_cpf(number: int) -> str:
    """A CPF that exists, the same for the same number: 111 444 777 and on, so that none has one digit alone."""
    nine = f"{(111_444_777 + number * 7_919) % 1_000_000_000:09d}"
    return nine + cpf.check_digits(nine)


class ClientFactory(_Factory):
    """A buyer in Spanish or Portuguese; `digits`: their CPF, one of their own without being told."""

    class Meta:
        model = Client

    class Params:
        number = factory.Sequence(lambda n: n)
        digits = factory.LazyAttribute(lambda told: a_cpf(told.number))

    name = factory.LazyAttribute(lambda client: f"{BUYERS[client.number % len(BUYERS)]} {client.number + 1}")
    cpf_encrypted = factory.LazyAttribute(lambda client: encrypt(client.digits))
    cpf_hash = factory.LazyAttribute(lambda client: clients.hash_of(client.digits))
    cpf_keys = factory.LazyFunction(keys_in_force)
    birth_date = factory.LazyAttribute(lambda client: date(1970, 1, 1) + timedelta(days=client.number * 37 % 12_000))
    email = factory.LazyAttribute(lambda client: f"cliente{client.number}@vitrina.example")
    phone = factory.LazyAttribute(lambda client: f"+5511{900_000_000 + client.number}")
    search_text = factory.LazyAttribute(lambda client: plain(client.name))
    created_by = "staff:caio"
    created_by_label = "Caio Lima"


class StaffFactory(_Factory):
    class Meta:
        model = StaffUser

    email = factory.Sequence(lambda n: f"equipo{n}@vitrina.example")
    full_name = "Caio Lima"
    role = StaffRole.ADMIN
