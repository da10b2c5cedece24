"""Scripted misfortune strikes as written, and only there."""

import time

import pytest
import requests

from tests.conftest import PATIENCE

from .conftest import FREE, Sim


def script(sim: Sim, **rule: object) -> None:
    sim.do("faults", rules=[rule])


def texts(sim: Sim) -> list[str]:
    return [message["text"] for message in sim.look("messages", chat="ana")["messages"]]


def test_429_says_how_long_to_wait_and_then_is_over(sim: Sim, ana: int) -> None:
    script(sim, kind="429", method="sendMessage", times=1, retry_after=7)
    answer = sim.call("sendMessage", chat_id=ana, text="x")
    assert (answer["error_code"], answer["description"]) == (429, "Too Many Requests: retry after 7")
    assert answer["parameters"] == {"retry_after": 7}
    assert sim.call("sendMessage", chat_id=ana, text="x")["ok"]


def test_a_fault_for_one_chat_leaves_the_others_alone(sim: Sim, ana: int) -> None:
    script(sim, kind="5xx", chat_id=FREE, times=-1)
    assert sim.call("sendMessage", chat_id=FREE, text="x")["error_code"] == 502
    assert sim.call("sendMessage", chat_id=ana, text="x")["ok"]


def test_a_timeout_after_the_deed_leaves_the_deed_done(sim: Sim, ana: int) -> None:
    script(sim, kind="timeout_after", method="sendMessage", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        sim.call("sendMessage", chat_id=ana, text="llegó")
    assert texts(sim)[-1] == "llegó"


def test_a_reset_cuts_the_connection_before_the_deed_or_after_it(sim: Sim, ana: int) -> None:
    script(sim, kind="reset", method="sendMessage")
    script(sim, kind="reset", method="sendMessage", after=True)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            sim.call("sendMessage", chat_id=ana, text="cortado")
    assert texts(sim).count("cortado") == 1


def test_a_slow_body_comes_byte_by_byte(sim: Sim) -> None:
    script(sim, kind="slow", method="close", seconds=0.005)
    began = time.monotonic()
    assert sim.api("close") is True
    assert time.monotonic() - began > 0.1


def test_invalid_json_is_no_json(sim: Sim, ana: int) -> None:
    script(sim, kind="invalid_json", method="sendMessage")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        sim.call("sendMessage", chat_id=ana, text="x")
    assert texts(sim)[-1] == "x"


def test_any_error_can_be_scripted(sim: Sim) -> None:
    script(sim, kind="error", method="getMe", code=400, description="Bad Request: HIDE_REQUESTER_MISSING")
    assert sim.refusal("getMe") == "Bad Request: HIDE_REQUESTER_MISSING"


def test_latency_only_delays(sim: Sim) -> None:
    script(sim, latency_ms=80, method="getMe")
    began = time.monotonic()
    sim.api("getMe")
    assert time.monotonic() - began >= 0.08


def test_telegram_down_answers_nobody_until_it_is_back(sim: Sim) -> None:
    script(sim, kind="down", seconds=60)
    with pytest.raises(requests.ConnectionError):
        sim.call("getMe")
    sim.do("faults", clear=True)
    assert sim.call("getMe")["ok"]


def test_nonsense_is_refused(sim: Sim) -> None:
    assert "not a fault" in sim.refused("faults", rules=[{"kind": "meteor"}])


def test_the_log_tells_what_was_asked_answered_and_struck(sim: Sim, ana: int) -> None:
    script(sim, kind="429", method="sendMessage")
    sim.call("sendMessage", chat_id=ana, text="x")
    sim.api("sendMessage", chat_id=ana, text="y")
    log = sim.look("calls", method="sendMessage", chat_id=ana)
    assert log["counts"]["sendMessage"] == 2
    assert [(call["params"]["text"], call["fault"], call["answer"]["ok"]) for call in log["calls"]] == [
        ("x", "429", False), ("y", "", True)]  # fmt: skip
    sim.session.delete(f"{sim.running.control}/calls", timeout=PATIENCE)
    assert sim.look("calls")["calls"] == []
