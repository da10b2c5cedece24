"""The bot process against a simulated Telegram, over HTTP, turned by hand."""

import threading

from flask import Flask
from sqlalchemy import event

from tests.bot.conftest import Chat, finish, turn, write_notices
from tests.conftest import count
from webapp.base import leases
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.base.sender import Sender
from webapp.bot import router
from webapp.bot.loop import Loop
from webapp.bot.routes import on
from webapp.domain.catalog.models import UserInterest
from webapp.domain.users.models import Reach, User

ANA, BEA, DORA = 710_000_001, 710_000_002, 710_000_004


def test_start_is_answered_with_a_button_that_opens_the_mini_app(loop, telegram):
    telegram.do("start", person="ana")
    turn(loop)
    (greeting,) = telegram.messages("ana")
    opens = greeting["reply_markup"]["inline_keyboard"][0][0]["web_app"]["url"]
    assert opens == "http://localhost:8000/miniapp/"
    assert telegram.see("updates")["pending"] in (0, 1)  # confirmed by the next call


def test_a_press_answers_its_button_and_changes_its_message(loop, telegram, kit):
    telegram.do("start", person="ana")
    turn(loop)
    telegram.do("press", person="ana", message_id=telegram.messages("ana")[0]["message_id"], text="Catálogo", wait=0)
    turn(loop)
    (shown,) = telegram.messages("ana")
    assert "Catálogo" in shown["text"]
    assert len(telegram.calls("answerCallbackQuery")) == 1


def test_the_main_job_from_start_to_attended(loop, telegram, dora, kit, app):
    worker = Sender(app.extensions["gateway"], app.extensions["pacer"], app.extensions["storage"])
    for person in ("dora", "ana"):
        telegram.do("start", person=person, payload=f"pkg_{kit.public_id}")
        turn(loop)
    telegram.do("press", person="ana", message_id=telegram.messages("ana")[0]["message_id"], text="Me interesa", wait=0)
    turn(loop)
    write_notices()
    worker.deliver()
    notice = telegram.messages("dora")[-1]
    assert "Nuevo interés" in notice["text"]
    telegram.do("press", person="dora", message_id=notice["message_id"], text="Marcar atendido", wait=0)
    turn(loop)
    write_notices()
    worker.deliver()
    assert "Atendido por Dora" in telegram.messages("dora")[-1]["text"]
    assert count(UserInterest, UserInterest.is_attended) == 1


def test_the_order_of_a_chat_is_kept_while_others_go_on(loop, telegram):
    telegram.do("faults", rules=[{"kind": "latency", "method": "sendMessage", "times": 3, "latency_ms": 60}])
    for number in range(6):
        telegram.do("say", person="ana", text=f"/start {number}")
        telegram.do("say", person="bea", text="/idioma" if number % 2 else "/privacidad")
    turn(loop)
    said = [message["text"][:2] for message in telegram.messages("bea")]
    assert said == ["🔒 "[:2], "🌐 "[:2]] * 3
    assert len(telegram.messages("ana")) == 6


def test_an_update_delivered_fifty_times_at_once_has_one_effect(app: Flask, bot: Chat, ana, kit):
    update = bot.button(ana, f"want:{kit.id}")
    bot.store(update)
    gate = threading.Barrier(50)
    made: list[int] = []

    def deliver() -> None:
        gate.wait()
        with app.app_context():
            bot.store(update)
            made.append(len(router.handle(update["update_id"])))

    threads = [threading.Thread(target=deliver) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(db.select(UserInterest.click_count)) == 1
    assert len(made) == 50 and sum(1 for one in made if one) == 1


def test_a_poison_update_dies_after_five_tries_and_others_go_on(loop, telegram, dora, monkeypatch, later):
    def fails(user: User, text: str = "") -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(on.commands, "roto", fails)
    telegram.do("say", person="ana", text="/roto")
    telegram.do("say", person="ana", text="/start")
    telegram.do("say", person="bea", text="/start")
    turn(loop)
    assert (len(telegram.messages("ana")), len(telegram.messages("bea"))) == (0, 1)
    for seconds in (2, 5, 16, 61):
        later(seconds)
        finish(loop)
    dead = db.session.scalar(db.select(TelegramUpdate).where(TelegramUpdate.status == "dead"))
    assert dead.attempts == 5
    assert len(telegram.messages("ana")) in (0, 1)
    told = [
        row.chat_id for row in db.session.scalars(db.select(OutboxMessage)) if "código" in row.payload["text"].lower()
    ]
    assert sorted(told) == [ANA, DORA]


def test_a_press_that_is_refused_leaves_the_others_of_its_transaction_done(bot: Chat, ana, bea, kit):
    presses = bot.store(
        bot.button(ana, f"want:{kit.id}"), bot.button(ana, "want:987654"), bot.button(bea, f"want:{kit.id}")
    )
    claimed = router.handle_all(presses)
    assert count(UserInterest) == 2
    answers = [one.payload for one in claimed if one.method == "answerCallbackQuery"]
    assert len(answers) == 3 and "ya no" in answers[1]["text"].lower()


def test_several_presses_of_one_person_share_a_transaction_and_keep_their_order(bot: Chat, ana, kit):
    stored = bot.store(*[bot.button(ana, f"want:{kit.id}") for _ in range(5)])
    commits: list[int] = []
    event.listen(db.session, "after_commit", lambda _session: commits.append(1))
    claimed = router.handle_all(stored)
    assert [one.id for one in claimed] == sorted(one.id for one in claimed)
    assert len(commits) == 1
    assert db.session.scalar(db.select(UserInterest.click_count)) == 5


def test_two_loops_one_waits_until_the_other_ends(app, loop, telegram):
    with transaction():
        leases.hold("bot", "another:1", 600)
    other = Loop(app, holder="second:2")
    telegram.do("start", person="ana")
    turn(loop)
    assert not loop.holding and telegram.messages("ana") == []
    with transaction():
        leases.release("bot", "another:1")
    loop._beaten = 0.0
    finish(loop)
    assert loop.holding and len(telegram.messages("ana")) == 1
    other.guarded_turn()
    assert not other.holding
    other.courier.close()


def test_the_lease_of_a_process_that_is_no_more_is_inherited(app, loop, telegram):
    import socket

    with transaction():
        leases.hold("bot", f"{socket.gethostname()}:4194305", 15)
    loop.guarded_turn()
    assert loop.holding


def test_somebody_who_blocked_the_bot_is_noted(loop, telegram, app):
    telegram.do("start", person="ana")
    rule = {
        "kind": "error",
        "method": "sendMessage",
        "code": 403,
        "description": "Forbidden: bot was blocked by the user",
    }
    telegram.do("faults", rules=[rule])
    turn(loop)
    assert db.session.get(User, ANA, populate_existing=True).reach is Reach.BLOCKED


def test_a_flooded_chat_is_left_to_the_worker_in_order(loop, telegram, app):
    telegram.do("faults", rules=[{"kind": "429", "method": "sendMessage", "chat_id": ANA, "retry_after": 1}])
    for text in ("/privacidad", "/idioma", "/start"):
        telegram.do("say", person="ana", text=text)
    turn(loop)
    statuses = list(db.session.scalars(db.select(OutboxMessage.status).order_by(OutboxMessage.id)))
    assert statuses == ["retry", "ready", "ready"]
    assert telegram.messages("ana") == []


def test_a_message_that_cannot_be_changed_is_said_anew(loop, telegram, kit):
    telegram.do("start", person="ana")
    turn(loop)
    rule = {
        "kind": "error",
        "method": "editMessageText",
        "code": 400,
        "description": "Bad Request: message can't be edited",
    }
    telegram.do("faults", rules=[rule])
    telegram.do("press", person="ana", message_id=telegram.messages("ana")[0]["message_id"], text="Catálogo", wait=0)
    turn(loop)
    assert "Catálogo" in telegram.messages("ana")[-1]["text"]


def test_the_same_words_again_are_no_failure(loop, telegram):
    telegram.do("say", person="ana", text="/idioma")
    turn(loop)
    for _ in range(2):
        message = telegram.messages("ana")[0]["message_id"]
        telegram.do("press", person="ana", message_id=message, text="Español", wait=0)
        turn(loop)
    assert len(telegram.messages("ana")) == 1
    assert count(OutboxMessage, OutboxMessage.status != "sent") == 0


def test_ending_leaves_nothing_claimed(loop, telegram, app):
    telegram.do("start", person="ana")
    loop.poller.fetch()
    loop.guarded_turn()
    loop._drain()
    assert count(OutboxMessage, OutboxMessage.status.in_(("sent", "ready"))) == 1
    assert leases.holder_of("bot") is None
