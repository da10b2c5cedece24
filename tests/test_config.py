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


@pytest.mark.parametrize("alone", ["telegram_oidc_client_id", "telegram_oidc_client_secret"])
def test_entering_with_telegram_needs_both_its_settings_and_is_off_without(tmp_path, alone):
    with pytest.raises(BadSettings, match="TELEGRAM_OIDC_CLIENT_SECRET go together"):
        read(tmp_path, **{alone: "123456"})
    both = {"telegram_oidc_client_id": "123456", "telegram_oidc_client_secret": "very-secret"}
    assert read(tmp_path, **both).by_openid and not read(tmp_path).by_openid
    assert "very-secret" not in repr(read(tmp_path, **both))


def test_who_vouches_for_people_does_so_over_https_in_production(tmp_path):
    with pytest.raises(BadSettings, match="TELEGRAM_OIDC_ISSUER"):
        read(tmp_path, **PRODUCTION, telegram_oidc_issuer="http://oauth.example")


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


def test_links_to_telegram_open_in_the_simulator_only_where_there_is_one(tmp_path):
    assert read(tmp_path, telegram_api_url="http://127.0.0.1:8081").simulator == "http://127.0.0.1:8081"
    assert read(tmp_path).simulator == ""
    own = read(tmp_path, telegram_bot_token="123456:" + "A" * 35, telegram_api_url="http://127.0.0.1:8081")
    assert own.simulator == ""
