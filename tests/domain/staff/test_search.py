"""People of the team are found as members are: whatever the case and the accents, and by what an e-mail may hold."""

import pytest

from tests.factories import StaffFactory
from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.staff import accounts, permissions, profile, team
from webapp.domain.staff.models import StaffRole

PHRASE = "una frase larga y tranquila"


@pytest.fixture
def alvaro(app):
    StaffFactory(full_name="Anabel Sol", email="anabel@vitrina.example", role=StaffRole.USER)
    return StaffFactory(full_name="Álvaro Ñíguez", email="ana_b@vitrina.example", role=StaffRole.USER)


def found(words):
    return [[one.full_name for one in ask(words).rows] for ask in (team.people, permissions.colleagues)]


@pytest.mark.parametrize("words", ["Álvaro", "ÁLVARO", "alvaro", "niguez álva", "ana_b", "a_b@vitrina", "ñí"])
def test_somebody_is_found_by_a_part_of_name_or_email(alvaro, words):
    assert found(words) == [["Álvaro Ñíguez"]] * 2


@pytest.mark.parametrize("words", ["%", "alvaro anabel", "_z", "nadie"])
def test_what_nobody_is_called_finds_nobody(alvaro, words):
    assert found(words) == [[]] * 2


def test_whoever_joins_is_found_and_then_by_another_name_and_email(app):
    with transaction():
        token = accounts.invite(StaffRole.USER, by=SYSTEM)
        told = {"email": "eva@vitrina.example", "full_name": "Éva Luz", "password": PHRASE, "locale": "es"}
        eva = accounts.join(token, **told, by=SYSTEM)
    assert found("eva luz") == [["Éva Luz"]] * 2
    with transaction():
        profile.change(eva, full_name="Évelin Luz", locale="es", time_zone="", by=accounts.as_actor(eva))
    assert found("evelin eva@") == [["Évelin Luz"]] * 2
