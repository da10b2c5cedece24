"""How updates reach the bot: long polling, confirmation, conflicts, the webhook."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from simulator.api.updates import LONGEST_POLL
from tests.conftest import PATIENCE

from .conftest import ANA, FREE, Sim

SOONER = LONGEST_POLL - 10  # who waits no longer hears nothing from a poll that lasts to its end


def test_updates_stay_until_an_offset_confirms_them(sim: Sim) -> None:
    sim.do("start", person="ana")
    first, again = sim.api("getUpdates"), sim.api("getUpdates")
    assert first == again
    assert sim.api("getUpdates", offset=first[0]["update_id"] + 1) == []
    assert sim.look("updates")["pending"] == 0


def test_ids_increase_by_one_and_limit_takes_the_oldest(sim: Sim) -> None:
    sim.do("bulk", people=2, updates=5)
    ids = [item["update_id"] for item in sim.api("getUpdates")]
    assert ids == list(range(ids[0], ids[0] + 5))
    assert [item["update_id"] for item in sim.api("getUpdates", limit=2)] == ids[:2]
    assert [item["update_id"] for item in sim.api("getUpdates", offset=-1)] == ids[-1:]


def test_a_long_poll_answers_as_soon_as_something_comes(sim: Sim) -> None:
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(requests.post, f"{sim.base}/getUpdates", json={"timeout": LONGEST_POLL}, timeout=SOONER)
        _until_polling(sim)
        sim.do("start", person="ana", payload="pkg_7")
        result = poll.result().json()["result"]
    assert result[0]["message"]["text"] == "/start pkg_7"


def test_a_long_poll_ends_empty_after_its_timeout(sim: Sim) -> None:
    assert sim.api("getUpdates", timeout=1) == []


def test_the_second_poller_ends_the_first_with_409(sim: Sim) -> None:
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(requests.post, f"{sim.base}/getUpdates", json={"timeout": LONGEST_POLL}, timeout=SOONER)
        _until_polling(sim)
        assert sim.api("getUpdates") == []
        answer = poll.result()
    assert answer.status_code == 409
    assert answer.json()["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


def test_member_and_reaction_updates_come_only_when_named(sim: Sim, ana: int) -> None:
    message = sim.api("sendMessage", chat_id=ana, text="hola")["message_id"]
    sim.do("react", person="ana", message_id=message, emoji="👍")
    assert sim.updates() == []
    sim.api("getUpdates", allowed_updates=["message", "message_reaction"])
    sim.do("react", person="ana", message_id=message, emoji="🔥")
    update = sim.updates("message_reaction")[0]
    assert [kind["emoji"] for kind in update["new_reaction"]] == ["🔥"]
    assert [kind["emoji"] for kind in update["old_reaction"]] == ["👍"]


def test_join_requests_come_by_default_and_name_the_cut_link_of_another_admin(sim: Sim) -> None:
    sim.do("join", person="ana", chat=FREE)
    request = sim.updates("chat_join_request")[0]
    assert request["user_chat_id"] == ANA
    assert request["invite_link"]["invite_link"].endswith("...")


def test_a_button_brings_a_callback_and_its_answer_goes_back(sim: Sim, ana: int) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Quiero", "callback_data": "want:7"}]]}
    message = sim.api("sendMessage", chat_id=ana, text="x", reply_markup=keyboard)["message_id"]
    with ThreadPoolExecutor() as pool:
        press = pool.submit(sim.do, "press", person="ana", message_id=message, text="Quiero")
        query = requests.post(f"{sim.base}/getUpdates", json={"timeout": PATIENCE}, timeout=PATIENCE).json()["result"][
            0
        ]
        query = query["callback_query"]
        answer = {"callback_query_id": query["id"], "text": "Te interesa", "show_alert": True}
        assert requests.post(f"{sim.base}/answerCallbackQuery", json=answer, timeout=PATIENCE).json()["ok"]
        assert press.result()["answer"] == {"text": "Te interesa", "show_alert": True, "url": ""}
    assert query["data"] == "want:7"
    assert sim.refused("press", person="ana", message_id=message, data="other") == "no such button"


class Hook(http.server.BaseHTTPRequestHandler):
    """A bot's webhook that fails once."""

    seen: list[tuple[dict, str]] = []
    failures = 1
    arrived = threading.Event()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        failed, Hook.failures = Hook.failures > 0, Hook.failures - 1
        answer = b"" if failed else b'{"method": "sendMessage", "chat_id": 710000001, "text": "desde el webhook"}'
        self.send_response(500 if failed else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if not failed:
            Hook.seen.append((body, self.headers["X-Telegram-Bot-Api-Secret-Token"]))
            Hook.arrived.set()

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def hook() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_updates_with_its_secret_and_again_after_a_failure(sim: Sim, hook: str) -> None:
    sim.api("setWebhook", url=hook, secret_token="s3cret")
    sim.do("start", person="ana")
    assert Hook.arrived.wait(PATIENCE)
    body, secret = Hook.seen[0]
    assert (body["message"]["text"], secret) == ("/start", "s3cret")
    assert sim.refusal("getUpdates").startswith("Conflict: can't use getUpdates method while webhook is active")
    info = sim.api("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    sim.api("deleteWebhook")


def test_a_webhook_must_be_https(sim: Sim) -> None:
    assert sim.refusal("setWebhook", url="http://example.org/x") == (
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    )


def _until_polling(sim: Sim) -> None:
    end = time.monotonic() + PATIENCE
    while not sim.look("state")["polling"]:
        assert time.monotonic() < end, "nobody polls"
        time.sleep(0.005)
