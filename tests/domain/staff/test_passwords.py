"""Passwords: known ones and those that tell of their owner are refused; a phrase is not."""

import hashlib
import re
from pathlib import Path

import pytest

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.settings import config
from webapp.domain.staff import passwords

ROOT = Path(__file__).parents[3]
NORA = {"email": "nora.gil@estudio-luna.example", "name": "Nora Gil Castañeda"}


def refused(password: str) -> bool:
    try:
        passwords.refuse_weak(password, NORA["email"], name=NORA["name"])
    except Invalid:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "P@ssw0rd!2026", "Contraseña2026!", "1234567890123", "qwertyuiop12", "QWERTY-QWERTY",
        "abcdefghijkl", "zyxwvutsrqpo", "dragon1985!!!", "iloveyou12345", "Te amo mucho 14", "aaaaaaaaaaaaaaaa",
        "123123123123", "lunalunaluna", "corta",
        "nora.gil@estudio-luna.example", "Castañeda1987", "noragil-2026!", "estudioluna24", "vitrina-2026-x",
        "Nora.Castaneda",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(app, password):
    assert refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "caballo correcto batería grapa",
        "una frase larga y tranquila",
        "nora tiene tres gatos",
        "Xk7#pQ2!vN9&",
        "8d1f0c4b97ae",
    ],
)
def test_a_phrase_or_what_a_machine_made_is_good(app, password):
    assert not refused(password)


def test_the_name_of_the_channel_is_no_password(app):
    with transaction():
        config.change({"creator_name": "Casa Jacaranda"}, by=SYSTEM)
    assert refused("Jacaranda2026!") and refused("casajacaranda!") and not refused("jacarandas en flor azul")


def test_every_known_password_that_is_long_enough_is_refused(app):
    long_ones = [one for one in passwords.known_ones() if len(one) >= passwords.SHORTEST]
    assert len(long_ones) > 180 and [one for one in long_ones if not refused(one)] == []


def test_the_list_is_the_one_that_was_published():
    told = (ROOT / "docs/vendor.md").read_text()
    assert hashlib.sha256(passwords.LIST.read_bytes()).hexdigest() in told
    assert re.search(r"common-passwords.*Django", told)
