"""Every table has a factory whose rows are valid as they come, the same ones for the same seed."""

import pytest
from sqlalchemy import inspect

from tests import factories
from tests.factories import SCENARIOS, Factory, HelperFactory, UserFactory, helper, start_over
from webapp.base.db import Base, db
from webapp.domain.staff import rights

EVERY = [found for name in factories.__all__ if isinstance(found := getattr(factories, name), type)]
PLAIN = [one for one in EVERY if not one._meta.abstract]


def test_every_table_has_a_factory(app):
    made = {one._meta.model for one in PLAIN}
    missing = {mapper.class_.__name__ for mapper in Base.registry.mappers if mapper.class_ not in made}
    assert not missing, f"without a factory: {sorted(missing)}"
    assert issubclass(HelperFactory, Factory)


@pytest.mark.parametrize("one", PLAIN, ids=lambda one: one.__name__.removesuffix("Factory"))
def test_its_rows_are_valid_as_they_come(app, one):
    first, second = one(), one()
    db.session.rollback()
    db.session.expire_all()
    for row in (first, second):
        key = inspect(row).identity
        assert db.session.get(type(row), key) is not None


def test_the_same_seed_gives_the_same_people(app):
    start_over()
    first = [UserFactory().full_name for _ in range(5)]
    start_over()
    assert [UserFactory().full_name for _ in range(5)] == first
    assert len(set(first)) > 1


@pytest.mark.parametrize(
    ("scenario", "may"),
    [
        ("none", set()),
        ("read", {"read"}),
        ("full", {"create", "read", "update", "delete"}),
        ("expired", set()),
        ("revoked", set()),
    ],
)
def test_a_scenario_gives_the_rights_that_it_names(app, scenario, may):
    held = rights.of(helper(scenario, "packages", "interests"))
    for section in ("packages", "interests"):
        assert {act for act in rights.ACTS if held.may(section, act)} == may
    assert not held.may("vip", "read")


def test_every_scenario_is_one_of_those_and_no_other(app):
    assert SCENARIOS == ("none", "read", "full", "expired", "revoked")
    with pytest.raises(ValueError, match="no such scenario"):
        helper("everything", "packages")
