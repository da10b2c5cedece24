"""Packages: making, editing, publishing, ordering, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import PackageFactory, ProviderFactory
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Invalid, NotFound
from webapp.base.search import matching
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import drafts, media, packages
from webapp.domain.catalog.models import CatalogVersion, ContentPackage, PackageMedia, Provider
from webapp.domain.settings import config

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
DRAFT = {"name": "Noches en el Diván", "category": "vip_content", "price": "12,50", "provider": "Estudio Ñandú"}
HOSTILE = [
    "<script>alert(1)</script>",
    '" hx-get="/panel" x="',
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "مرحبا بكم",
    "emoji 🌸👩‍👩‍👧 ñ",
    "a\u0301 e\u0301",
]


def version() -> int:
    return db.session.scalar(select(CatalogVersion.version))


def order() -> list[str]:
    query = select(ContentPackage.name).order_by(ContentPackage.position.desc(), ContentPackage.id.desc())
    return list(db.session.scalars(query))


def made(**more: object) -> ContentPackage:
    with transaction():
        return packages.create({**DRAFT, **more}, by=CAIO)


def test_a_new_package_goes_on_top_not_shown_yet(kit):
    package = made()
    assert (package.name, package.price, package.currency) == ("Noches en el Diván", Decimal("12.50"), "MXN")
    assert order() == ["Noches en el Diván", kit.name]
    assert not package.is_active


def test_making_one_leaves_one_audit_row_and_a_new_catalogue_version(app):
    before = version()
    package = made(provider="")
    row = db.session.scalars(select(AuditLog)).one()
    assert (row.action, row.resource_id, row.new_values["price"]) == ("create", str(package.id), "12.50")
    assert version() > before


def test_it_is_found_without_accents_by_name_text_and_provider(app):
    made(description="Música y cámara")
    for words in ("divan", "MUSICA", "nandu", "estudio noches"):
        assert db.session.scalar(select(ContentPackage.name).where(matching(ContentPackage, words))), words


def test_a_provider_is_made_once_whatever_the_case_and_accents(app):
    one, two = made(), made(provider="  estudio   NANDU ")
    assert one.provider_id == two.provider_id
    assert count(Provider) == 1
    assert count(AuditLog, AuditLog.resource_type == "providers") == 1


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("12,50", "12.50"),
        ("12.5", "12.50"),
        ("120", "120"),
        (" 1 200,00 ", "1200"),
        ("1.200,50", "1200.50"),
        ("1,234,567.89", "1234567.89"),
        ("0", "0"),
        ("99999999.99", "99999999.99"),
    ],
)
def test_prices_are_read_as_people_write_them(app, typed, price):
    assert drafts.read({"price": typed})["price"] == Decimal(price)


@pytest.mark.parametrize("typed", ["-1", "1.234", "12,345", "1e5", "NaN", "gratis", "100000000", "٣", "1,2,3", "."])
def test_prices_that_could_mean_two_things_are_refused(app, typed):
    with pytest.raises(Invalid) as refusal:
        drafts.read({"price": typed})
    assert list(refusal.value.fields) == ["price"]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", "   "),
        ("name", "\0\x07"),
        ("name", "x" * 201),
        ("description", "x" * 501),
        ("body", "x" * 20_001),
        ("body", "x" * 65_536),
        ("category", "gold"),
        ("type", ""),
        ("currency", "PESOS"),
        ("currency", "XX"),
        ("price_stars", "-5"),
        ("price_stars", "1.5"),
        ("price_points", "1000001"),
        ("provider", "x" * 101),
        ("published_from", "mañana"),
        ("published_from", "2026-02-30T10:00"),
        ("published_from", "9999-12-31T23:59"),
    ],
)
def test_each_field_that_does_not_fit_is_named(app, field, typed):
    with pytest.raises(Invalid) as refusal:
        packages.create({**DRAFT, field: typed}, by=CAIO)
    assert list(refusal.value.fields) == [field]


def test_everything_wrong_is_told_at_once(app):
    with pytest.raises(Invalid) as refusal:
        packages.create({"price": "x", "price_stars": "x"}, by=CAIO)
    assert set(refusal.value.fields) == {"name", "category", "price", "price_stars"}


@pytest.mark.parametrize("text", HOSTILE)
def test_strange_texts_are_kept_as_they_are(app, text):
    package = made(name=text, description=text, body=text, provider=text)
    db.session.expire_all()
    assert packages.get_package(package.id).name == text
    assert packages.get_package(package.id).provider.display_name == text


def test_invisible_characters_are_left_out(app):
    package = made(name="\u202eNoche\0s\x1b[31m", body="uno\r\ndos\0\n\ttres")
    assert package.name == "Noches[31m"
    assert package.body == "uno\ndos\n\ttres"


def test_fields_that_are_not_asked_for_are_ignored(app):
    package = made(is_active="1", position="999", version="7", public_id="mine", id="5")
    assert (package.is_active, package.position, package.version) == (False, 1, 1)
    assert package.public_id != "mine"


def test_editing_says_what_it_was_and_what_it_became(app):
    package = made()
    with transaction():
        packages.edit(package, {"name": "Tardes", "price": ""}, version=package.version, by=CAIO)
    row = db.session.scalars(select(AuditLog).where(AuditLog.action == "update")).one()
    assert (row.old_values["name"], row.new_values["name"]) == ("Noches en el Diván", "Tardes")
    assert (row.old_values["price"], row.new_values["price"]) == ("12.50", None)


def test_saving_without_a_change_writes_no_audit_row(app):
    package = made()
    with transaction():
        packages.edit(package, {"name": package.name}, version=package.version, by=CAIO)
    assert count(AuditLog, AuditLog.action == "update") == 0


def test_two_editors_never_overwrite_each_other(app):
    package = made()
    seen = package.version
    with transaction():
        packages.edit(package, {"name": "Uno"}, version=seen, by=CAIO)
    with pytest.raises(Conflict), transaction():
        packages.edit(package, {"name": "Dos"}, version=seen, by=CAIO)
    assert order() == ["Uno"]


def test_publishing_and_ordering_do_not_disturb_an_open_editor(app, kit):
    package = made()
    with transaction():
        packages.publish(package, by=CAIO)
        packages.arrange([kit.id, package.id], by=CAIO)
    with transaction():
        packages.edit(package, {"name": "Uno"}, version=1, by=CAIO)
    assert order() == [kit.name, "Uno"]


def test_publishing_twice_changes_once(app):
    package = made()
    with transaction():
        assert packages.publish(package, by=CAIO)
        assert not packages.publish(package, by=CAIO)
    assert package.is_active
    assert count(AuditLog, AuditLog.action == "update") == 1


def test_taking_down_keeps_the_row_and_can_be_taken_back(kit):
    with transaction():
        assert packages.deactivate(kit, by=CAIO)
    assert not get(ContentPackage, kit.id).is_active
    with transaction():
        assert packages.publish(kit, by=CAIO)


def test_dates_are_read_in_the_creators_time_zone(app):
    with transaction():
        config.change({"time_zone": "Europe/Madrid"}, by=CAIO)
    package = made(published_from="2026-07-01T10:00", published_until="2026-12-01T10:00")
    assert package.published_from == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert package.published_until == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_the_end_comes_after_the_beginning_also_when_only_one_is_changed(app):
    package = made(published_from="2026-07-01T10:00")
    with pytest.raises(Invalid) as refusal:
        packages.edit(package, {"published_until": "2026-06-01T10:00"}, version=1, by=CAIO)
    assert "published_until" in refusal.value.fields


def test_a_copy_has_the_same_pictures_and_is_not_shown(app):
    package = made()
    db.session.add(PackageMedia(package_id=package.id, position=0, storage_key="ab/" + "0" * 30 + ".webp"))
    db.session.commit()
    with transaction():
        copy = packages.duplicate(package, by=CAIO)
    assert (copy.name, copy.is_active) == ("Noches en el Diván (copia)", False)
    assert media.cover_key(packages.get_package(copy.id)) == "ab/" + "0" * 30 + ".webp"
    assert order()[0] == copy.name


def test_a_copy_of_the_longest_name_fits(app):
    package = made(name="x" * 200)
    with transaction():
        copy = packages.duplicate(package, by=CAIO)
    assert copy.name.endswith("(copia)")


def test_packages_trade_places_among_themselves(app):
    one, _two, three, _four = (PackageFactory(name=name, position=place) for place, name in enumerate("abcd"))
    with transaction():
        assert packages.arrange([one.id, three.id], by=CAIO) == 2
    assert order() == ["d", "a", "b", "c"]


def test_packages_in_the_same_place_are_told_apart_first(app):
    rows = [PackageFactory(name=name, position=0) for name in "abc"]
    with transaction():
        packages.arrange([rows[0].id, rows[2].id], by=CAIO)
    assert order() == ["a", "b", "c"]


def test_arranging_again_moves_nothing(app):
    ids = [PackageFactory().id for _ in range(3)]
    for moved in (2, 0):
        with transaction():
            assert packages.arrange(ids, by=CAIO) == moved


@pytest.mark.parametrize("ids", [[1, 1], list(range(1000))])
def test_an_order_that_makes_no_sense_is_refused(app, ids):
    with pytest.raises(Invalid):
        packages.arrange(ids, by=CAIO)


def test_an_order_may_name_what_is_gone(kit):
    with transaction():
        assert packages.arrange([kit.id, 999_999], by=CAIO) == 0


def test_putting_first_twice_moves_once(app):
    low, _high = PackageFactory(name="low"), PackageFactory(name="high")
    for _ in range(2):
        with transaction():
            packages.put_first(low, by=CAIO)
    assert order() == ["low", "high"]
    assert count(AuditLog) == 1


def test_every_change_that_shows_grows_the_catalogue_version(app):
    package = made()
    seen = version()
    for deed in (packages.publish, packages.deactivate, packages.duplicate, packages.put_first):
        with transaction():
            deed(package, by=CAIO)
        assert version() > seen
        seen = version()


def test_a_refused_deed_leaves_nothing(app):
    seen = version()
    with pytest.raises(Invalid), transaction():
        packages.create({**DRAFT, "price": "x"}, by=CAIO)
    assert (version(), count(ContentPackage), count(AuditLog)) == (seen, 0, 0)


def test_a_package_nobody_made_is_not_found(app):
    with pytest.raises(NotFound):
        packages.get_package(12345)


def test_the_providers_to_choose_from_are_the_active_ones(app):
    ProviderFactory(name="a", display_name="Alfa")
    ProviderFactory(name="b", display_name="Beta", is_active=False)
    assert packages.providers() == ["Alfa"]
