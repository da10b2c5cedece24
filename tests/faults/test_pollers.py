"""Two who poll with one token: a second bot of the house waits its turn, a stranger is waited out; one line each."""

import threading

import pytest
import urllib3

from tests.conftest import BOT_TOKEN, count
from tests.faults.conftest import until
from tests.faults.test_drain import LONG
from tests.faults.test_killed import DONE
from webapp.base.inbox import TelegramUpdate

pytestmark = pytest.mark.processes


def replies(telegram, person="ana"):
    return len(telegram.texts(person))


def conflicts(telegram):
    return str(telegram.see("calls", method="getUpdates")["calls"]).count("'error_code': 409")


def words(house, number):
    """The lines of one process that tell of anything."""
    log = next(house.folder.glob(f"*-{number}.log"))
    return [line.split("] ")[1].split()[0] for line in log.read_text().splitlines() if "] " in line]


class Stranger(threading.Thread):
    """Another program with our token, that asks Telegram for updates all the time and confirms none."""

    def __init__(self, telegram):
        super().__init__(daemon=True)
        self.url, self.ended, self.heard = f"{telegram.url}/bot{BOT_TOKEN}/getUpdates", threading.Event(), []

    def run(self):
        while not self.ended.is_set():
            answer = urllib3.request("POST", self.url, json={"timeout": 50}, retries=False, timeout=LONG)
            self.heard.append(answer.status)

    def stop(self):
        self.ended.set()


def test_a_second_bot_says_once_that_it_waits_and_takes_over_when_the_first_ends(house, telegram):
    first = house.start("bot")
    telegram.do("start", person="ana")
    until(lambda: replies(telegram) == 1, "the first answers", LONG)
    second = house.start("bot")
    until(lambda: "bot.waits_for_another" in words(house, 1), "the second waits", LONG)
    for number in range(3):
        telegram.do("say", person="ana", text="/ayuda")
        until(lambda: replies(telegram) == number + 2, "the first goes on", LONG)  # noqa: B023
    assert second.poll() is None and words(house, 1) == ["bot.waits_for_another"]
    assert conflicts(telegram) == 0, "who waits does not ask Telegram"
    first.terminate()
    assert first.wait(LONG) == 0
    telegram.do("say", person="ana", text="/ayuda")
    until(lambda: replies(telegram) == 5, "the second has taken over", LONG)
    assert words(house, 1) == ["bot.waits_for_another", "bot.holds"]
    assert count(TelegramUpdate) == count(TelegramUpdate, DONE) == 5


def test_a_stranger_with_our_token_is_told_of_once_and_waited_out(house, telegram):
    bot = house.start("bot")
    telegram.do("start", person="ana")
    until(lambda: replies(telegram) == 1, "the bot answers", LONG)
    stranger = Stranger(telegram)
    stranger.start()
    until(lambda: conflicts(telegram) >= 4, "they are in each other's way", 2 * LONG)
    assert bot.poll() is None
    told = [line for line in house.logs().splitlines() if "bot.polling_failed" in line]
    assert len(told) == 1 and "409" in told[0] and BOT_TOKEN not in told[0]
    stranger.stop()
    telegram.do("say", person="ana", text="/ayuda")
    until(lambda: replies(telegram) == 2, "the bot goes on", 2 * LONG)
    assert count(TelegramUpdate) == count(TelegramUpdate, DONE) == 2
