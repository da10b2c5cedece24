"""What the gateway makes of Telegram's answers."""

import pytest

from webapp.base.telegram import Gateway, ResultUnknown, RetryLater, Terminal

ANA = 710_000_001


@pytest.fixture
def gateway(telegram):
    telegram.do("start", person="ana")
    return Gateway(telegram.running.token, telegram.url)


def send(gateway, **more):
    return gateway.call("sendMessage", {"chat_id": ANA, "text": "hola"} | more)


def test_the_result_comes_back(gateway):
    assert send(gateway)["text"] == "hola"


def test_429_says_how_long_to_wait(gateway, telegram):
    telegram.fault("429", retry_after=9)
    with pytest.raises(RetryLater) as refusal:
        send(gateway)
    assert (refusal.value.after, refusal.value.flood) == (9, True)


def test_a_server_error_may_be_tried_again(gateway, telegram):
    telegram.fault("5xx", code=502)
    with pytest.raises(RetryLater):
        send(gateway)


def test_a_refusal_is_final(gateway):
    with pytest.raises(Terminal) as refusal:
        send(gateway, chat_id=42)
    assert refusal.value.unreachable


@pytest.mark.parametrize("rule", [{"kind": "reset"}, {"kind": "invalid_json"}, {"kind": "reset", "after": True}])
def test_no_clear_answer_is_unknown(gateway, telegram, rule):
    telegram.fault(**rule)
    with pytest.raises(ResultUnknown):
        send(gateway)


def test_an_answer_that_never_comes_is_unknown(gateway, telegram):
    telegram.fault("timeout_after", seconds=1)
    with pytest.raises(ResultUnknown):
        gateway.call("sendMessage", {"chat_id": ANA, "text": "hola"}, read_timeout=0.05)


def test_nobody_there_is_tried_again_and_the_token_is_not_in_the_error():
    gateway = Gateway("8000000001:AASecretSecretSecretSecretSecret", "http://127.0.0.1:9")
    with pytest.raises(RetryLater) as refusal:
        send(gateway)
    assert "AASecret" not in str(refusal.value) + repr(refusal.value.__cause__)


def test_the_bot_library_goes_through_the_gateway(gateway, telegram):
    assert gateway.bot().get_me().username == telegram.see("state")["bot"]["username"]


def test_a_file_is_uploaded(gateway, tmp_path):
    from PIL import Image

    path = tmp_path / "p.jpg"
    Image.new("RGB", (64, 64), "red").save(path)
    sent = gateway.call("sendPhoto", {"chat_id": ANA, "photo": path, "caption": "ñ"})
    assert sent["photo"] and sent["caption"] == "ñ"
