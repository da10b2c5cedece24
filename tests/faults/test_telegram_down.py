"""Telegram is away for long: Mini App and panel stay usable, a banner says so, and then all arrives in order."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from tests.conftest import BOT_TOKEN, count
from tests.factories import PackageFactory
from tests.faults.conftest import until
from tests.faults.doors import member, staff
from tests.faults.test_drain import LONG
from tests.faults.test_killed import DONE, PEOPLE, WAITING, heard
from tests.panel.conftest import Browser
from webapp.base import outbox
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.storage import Storage
from webapp.base.telegram import Gateway
from webapp.domain.catalog.models import UserInterest

BANNER = "Hay mensajes por enviar desde hace más de dos minutos."
NOBODY = "http://127.0.0.1:9"


def statuses():
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMessage.status).order_by(OutboxMessage.id)))


@pytest.mark.parametrize("fault", ["nobody listens", "only errors"])
def test_what_was_promised_while_telegram_was_away_for_six_hours_arrives_in_order(app, telegram, caio, tmp_path, fault):
    """Its own clock: every minute the worker looks, and promises go on being made."""
    for person in PEOPLE:
        telegram.do("start", person=person)
    sender = Sender(Gateway(BOT_TOKEN, telegram.url), Pacer(0), Storage(tmp_path))
    if fault == "nobody listens":
        sender.gateway.api_url = NOBODY
    else:
        telegram.fault("5xx", method="*", code=502, times=-1)
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        for minute in range(360):
            if minute % 60 == 0:
                with transaction():
                    for chat in PEOPLE.values():
                        outbox.promise("sendMessage", chat, {"text": f"{minute:03}"})
            clock.shift(timedelta(minutes=1))
            while sender.deliver():
                pass
            if minute == 30:
                assert BANNER in Browser(app.test_client(), caio).get("/panel/").text
        assert set(statuses()) <= {"ready", "retry"}, "nothing was given up"
        sender.gateway.api_url = telegram.url
        telegram.do("faults", clear=True)
        for _ in range(60):
            clock.shift(timedelta(minutes=1))
            while sender.deliver():
                pass
        assert BANNER not in Browser(app.test_client(), caio).get("/panel/").text
    assert set(statuses()) == {"sent"}
    for person in PEOPLE:
        assert heard(telegram, person) == [f"{minute:03}" for minute in range(0, 360, 60)]
    sender.close()


@pytest.mark.processes
def test_while_telegram_is_away_people_press_and_the_team_works(house, telegram):
    kit = PackageFactory()
    web = house.start_web(workers=1)
    bot, worker = house.start("bot"), house.start("worker")
    for person in PEOPLE:
        telegram.do("start", person=person)
    until(lambda: all(telegram.texts(person) for person in PEOPLE), "the bot has met them", LONG)
    visitors = {person: member(telegram, web, person) for person in PEOPLE}
    rita = staff(web)
    for method in ("*", "getUpdates"):
        telegram.fault("5xx", method=method, code=502, times=-1)
    for visitor in visitors.values():
        pressed = visitor.ask(f"/miniapp/packages/{kit.public_id}/press", {}, **{"HX-Request": "true"})
        assert pressed.status == visitor.ask("/miniapp/interests").status == 200
    for path in ("/panel/", "/panel/interests/", "/panel/packages/", "/panel/users/", "/panel/settings/"):
        assert rita.ask(path).status == 200, path
    first = db.session.scalar(select(UserInterest.id).order_by(UserInterest.id))
    attended = rita.ask(f"/panel/interests/{first}/attend", {"csrf_token": rita.csrf()})
    assert attended.status == 303
    until(lambda: "getUpdates" in str(telegram.see("calls", since=1)["calls"][-200:]), "the bot keeps asking", LONG)
    until(lambda: count(OutboxMessage, OutboxMessage.status == "retry") > 0, "the worker keeps trying", LONG)
    for number in range(3):
        telegram.do("say", person="ana", text=f"/ayuda {number}")
    assert bot.poll() is None and worker.poll() is None
    telegram.do("faults", clear=True)
    until(lambda: count(TelegramUpdate, DONE) == len(PEOPLE) + 3, "what people wrote is answered", 3 * LONG)
    until(lambda: not count(OutboxMessage, WAITING), "all is delivered", 6 * LONG)
    assert count(OutboxMessage, OutboxMessage.status != "sent") == 0
    notices = [text for text in telegram.texts("dora") if "Primavera" in text or kit.name in text]
    assert len(notices) == len(PEOPLE)
