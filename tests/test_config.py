"""Settings: all that is wrong is named at once; development makes its own keys and keeps them."""

import stat

import pytest

from webapp.config import BadSettings, read_settings

KEY = "0" * 43 + "="
PRODUCTION = {
    "vitrina_env": "production",
    "telegram_bot_token": "8000000001:AASimulatorTokenForDevelopmentOnly000",
    "public_url": "https://vitrina.example",
    "secret_key": "largo y secreto",
    "data_key": KEY,
}


def read(tmp_path, **values):
    return read_settings(_env_file=None, vitrina_home=tmp_path, **values)


def test_everything_wrong_is_named_together(tmp_path):
    with pytest.raises(BadSettings) as refusal:
        read(tmp_path, port=0, telegram_bot_token="nope", telegram_mode="pigeon", data_key="short")
    for name in ("PORT", "TELEGRAM_BOT_TOKEN", "TELEGRAM_MODE", "DATA_KEY"):
        assert name in str(refusal.value)


def test_a_secret_that_is_wrong_is_not_repeated(tmp_path):
    with pytest.raises(BadSettings) as refusal:
        read(tmp_path, telegram_bot_token="123:my-secret")
    assert "my-secret" not in str(refusal.value)


@pytest.mark.parametrize("missing", ["telegram_bot_token", "public_url", "secret_key", "data_key"])
def test_production_asks_for_what_it_needs(tmp_path, missing):
    with pytest.raises(BadSettings, match=missing.upper()):
        read(tmp_path, **(PRODUCTION | {missing: ""}))


def test_production_is_served_over_https(tmp_path):
    with pytest.raises(BadSettings, match="https"):
        read(tmp_path, **(PRODUCTION | {"public_url": "http://vitrina.example"}))
    assert read(tmp_path, **PRODUCTION).production


def test_development_makes_keys_keeps_them_and_shows_them_to_nobody_else(tmp_path):
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_keys == second.secret_keys
    assert first.data_keys == second.data_keys
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_webhook_needs_its_secret(tmp_path):
    with pytest.raises(BadSettings, match="TELEGRAM_WEBHOOK_SECRET"):
        read(tmp_path, telegram_mode="webhook")


def test_admins_are_a_list_of_numbers(tmp_path):
    assert read(tmp_path, admin_user_ids="1, 2").admin_user_ids == {1, 2}
    with pytest.raises(BadSettings, match="ADMIN_USER_IDS"):
        read(tmp_path, admin_user_ids="dora")


def test_postgresql_is_spoken_to_through_psycopg(tmp_path):
    assert read(tmp_path, database_url="postgres://a@b/c").database == "postgresql+psycopg://a@b/c"


def test_no_secret_is_in_the_settings_words(tmp_path):
    words = repr(read(tmp_path, **PRODUCTION))
    assert "largo" not in words
    assert KEY not in words


def test_the_folder_of_state_is_its_owners_alone(tmp_path):
    home = read_settings(_env_file=None, vitrina_home=tmp_path / "new").home
    assert home.stat().st_mode & 0o077 == 0
