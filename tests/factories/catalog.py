"""Packages and interests, as rows."""

from decimal import Decimal

import factory

from tests.factories.base import Factory, OneRow
from tests.factories.people import UserFactory
from webapp.base.search import plain
from webapp.domain.catalog.models import (
    CatalogVersion,
    ContentCategory,
    ContentPackage,
    InterestNote,
    PackageMedia,
    PackageType,
    Provider,
    UserInterest,
)


class ProviderFactory(Factory):
    class Meta:
        model = Provider

    name = factory.Sequence(lambda n: f"estudio-{n}")
    display_name = factory.Sequence(lambda n: f"Estudio {n}")


class PackageFactory(Factory):
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


class MediaFactory(Factory):
    """A picture that Telegram keeps: no file of ours goes with it."""

    class Meta:
        model = PackageMedia

    package_id = factory.LazyFunction(lambda: PackageFactory().id)
    position = factory.Sequence(lambda n: n + 1)
    file_id = factory.Sequence(lambda n: f"AgACAgEAAxkBAAI{n}")
    alt = "Una silla al sol"
    width, height = 1600, 1200


class InterestFactory(Factory):
    class Meta:
        model = UserInterest

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    package_id = factory.LazyFunction(lambda: PackageFactory().id)


class NoteFactory(Factory):
    class Meta:
        model = InterestNote

    interest_id = factory.LazyFunction(lambda: InterestFactory().id)
    author = "staff:caio"
    author_label = "Caio Lima"
    text = "Prefiere que le escriban por la tarde."


class CatalogVersionFactory(OneRow):
    class Meta:
        model = CatalogVersion

    version = factory.Sequence(lambda n: n + 2)
