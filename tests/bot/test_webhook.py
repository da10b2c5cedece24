"""Updates delivered by Telegram to the web door."""

import pytest
from pydantic import SecretStr

from tests.bot.conftest import Chat
from tests.conftest import count
from webapp.base.inbox import TelegramUpdate

SECRET = "s3cret_of-the.hook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def hooked(app, monkeypatch):
    update = {"telegram_mode": "webhook", "telegram_webhook_secret": SecretStr(SECRET)}
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=update))


def post(client, body, secret=SECRET, **more):
    headers = {HEADER: secret} if secret is not None else {}
    how = {"json": body} if isinstance(body, dict) else {"data": body, "content_type": "application/json"}
    return client.post("/telegram/webhook", headers=headers, **how, **more).status_code


def test_an_update_is_stored_before_it_is_confirmed(client, hooked, ana):
    update = Chat().text(ana, "/start")
    assert [post(client, update) for _ in range(2)] == [200, 200]
    assert count(TelegramUpdate) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "ñ"])
def test_a_stranger_is_turned_away(client, hooked, ana, secret):
    secret = secret.encode().decode("latin-1") if secret else secret
    assert post(client, Chat().text(ana, "/start"), secret) == 401
    assert count(TelegramUpdate) == 0


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"{}", b'{"update_id":"1"}', b'{"update_id":true}', b'{"update_id":1e400}', b"null"]
)
def test_what_is_no_update_is_refused(client, hooked, body):
    assert post(client, body) in (400, 413)
    assert count(TelegramUpdate) == 0


def test_more_than_a_megabyte_is_refused(client, hooked, ana):
    assert post(client, Chat().text(ana, "x" * 1_100_000)) == 413
    assert count(TelegramUpdate) == 0


def test_without_webhook_mode_there_is_no_such_page(client, ana):
    assert post(client, Chat().text(ana, "/start")) == 404
