"""Small things of the base: keys, search words, pace, languages, logs."""

import time
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet

from tests.factories import UserFactory
from webapp import filters
from webapp.base import crypto, i18n, logs
from webapp.base.db import transaction
from webapp.base.pace import Pacer
from webapp.base.storage import Storage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.settings import config
from webapp.domain.users import people


def test_an_older_key_still_opens_what_it_closed():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    crypto.set_keys(["s1"], [old])
    closed, signed = crypto.encrypt("secreto"), crypto.sign({"a": 1}, "link")
    crypto.set_keys(["s2", "s1"], [new, old])
    assert crypto.decrypt(closed) == "secreto"
    assert crypto.unsign(signed, "link") == {"a": 1}
    crypto.set_keys(["s2"], [new])
    with pytest.raises(ValueError, match="no key"):
        crypto.decrypt(closed)
    with pytest.raises(ValueError, match="not signed"):
        crypto.unsign(signed, "link")


def test_a_signed_text_is_good_for_one_purpose():
    crypto.set_keys(["s"], [Fernet.generate_key().decode()])
    with pytest.raises(ValueError, match="not signed"):
        crypto.unsign(crypto.sign(1, "a"), "b")


def test_a_password_is_checked_and_nobody_has_one_too():
    hashed = crypto.hash_password("caballo correcto")
    assert crypto.check_password("caballo correcto", hashed)[0]
    assert not crypto.check_password("caballo", hashed)[0]
    assert not crypto.check_password("caballo", None)[0]


@pytest.mark.parametrize("words", ["solis", "SOLÍS", "bea sol", "lís", "be", "@beas", "as be"])
def test_search_is_blind_to_case_and_accents(bea, ana, words):
    assert [user.user_id for user in people.search(words).rows] == [bea.user_id]


@pytest.mark.parametrize("words", ['"', "' OR 1=1", "%", "_", "*", "NEAR(", "a\0b", "\\"])
def test_search_takes_every_sign_by_its_word(ana, words):
    UserFactory(first_name="Otra", username="otra")
    assert people.search(words).rows == []


def test_the_schedule_is_absolute_and_shared(tmp_path):
    pacers = [Pacer(10, tmp_path / "pace", burst=100) for _ in range(2)]
    waits = [round(pacers[n % 2].reserve(None, 1000.0), 6) for n in range(6)]
    assert waits == [0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_chat_told_to_wait_waits_and_three_such_hold_everybody():
    pacer = Pacer(0)
    pacer.hold(1, 60)
    assert pacer.reserve(1, time.time()) > 50
    assert pacer.reserve(2, time.time()) == 0
    pacer.hold(2, 60)
    pacer.hold(3, 60)
    assert pacer.reserve(4, time.time()) > 50


@pytest.mark.parametrize("key", ["../../etc/passwd", "ab/../x.jpg", "/etc/passwd", "ab/" + "0" * 30 + ".svg", ""])
def test_a_file_has_no_other_name_than_ours(tmp_path, key):
    with pytest.raises(ValueError, match="not a storage key"):
        Storage(tmp_path).path(key)


def test_the_same_file_is_kept_once(tmp_path):
    storage = Storage(tmp_path)
    assert storage.put(b"x", "jpg") == storage.put(b"x", "jpg")
    assert [path.read_bytes() for path in tmp_path.glob("*/*")] == [b"x"]


@pytest.mark.parametrize(
    ("code", "locale"), [("es-MX", "es"), ("en", "en"), ("pt-br", "pt_BR"), ("pt", "pt_BR"), ("de", "es"), (None, "es")]
)
def test_telegrams_language_becomes_ours(code, locale):
    assert i18n.locale_for(code) == locale


@pytest.mark.parametrize(
    ("creator", "locale", "amount", "currency", "written"),
    [
        ("MXN", "es", "120.00", "MXN", "$120\u00a0MXN"),
        ("MXN", "es", "1200", "MXN", "$1,200\u00a0MXN"),
        ("MXN", "es", "1234.50", "MXN", "$1,234.50\u00a0MXN"),
        ("MXN", "es", "1200", "USD", "1,200\u00a0USD"),
        ("USD", "es", "1200", "USD", "$1,200\u00a0USD"),
        ("EUR", "es", "1234.50", "EUR", "1.234,50\u00a0€"),
        ("ARS", "es", "1200", "ARS", "$1.200\u00a0ARS"),
        ("MXN", "en", "1234.50", "MXN", "MX$1,234.50"),
        ("USD", "en", "1200", "USD", "$1,200\u00a0USD"),
        ("BRL", "pt_BR", "1234.50", "BRL", "R$\u00a01.234,50"),
    ],
)
def test_money_is_written_as_people_there_write_it(app, creator, locale, amount, currency, written):
    with transaction():
        config.change({"currency": creator}, by=SYSTEM)
    with i18n.speaking(locale):
        assert i18n.money(Decimal(amount), currency) == written


def test_numbers_beside_it_are_written_the_same_way(app):
    with i18n.speaking("es"):
        assert (i18n.number(12_000), i18n.decimal_mark()) == ("12,000", ".")
        with transaction():
            config.change({"currency": "EUR"}, by=SYSTEM)
        assert (i18n.number(12_000), i18n.decimal_mark()) == ("12.000", ",")


def test_one_of_a_thing_is_not_said_as_many(app):
    with i18n.speaking("en"):
        assert (filters.points(1), filters.points(2)) == ("1 point", "2 points")


@pytest.mark.parametrize(
    "secret",
    ["8000000001:AASimulatorTokenForDevelopmentOnly000", "hash=0f0f0f", "Bearer abc.def-123", "123.456.789-09"],
)
def test_secrets_do_not_reach_the_log(secret):
    assert secret.split("=")[-1].split()[-1] not in logs.scrub(f"x {secret} y")


def test_the_token_inside_an_address_does_not_reach_the_log():
    address = "http://telegram/bot8000000001:AASimulatorTokenForDevelopmentOnly000/getUpdates"
    assert logs.scrub(address) == "http://telegram/bot<token>/getUpdates"
