"""Messages are delivered once, in order, whatever Telegram and kill -9 do. Sent over HTTP to the simulator."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.storage import Storage
from webapp.base.telegram import Gateway

ANA, BEA = 710_000_001, 710_000_002


@pytest.fixture
def sender(app, telegram, tmp_path):
    for person in ("ana", "bea"):
        telegram.do("start", person=person)
    sender = Sender(Gateway(telegram.running.token, telegram.url), Pacer(0), Storage(tmp_path))
    yield sender
    sender.close()


def promise(*texts, chat=ANA, **more):
    with transaction():
        return [outbox.promise("sendMessage", chat, {"text": text}, **more) for text in texts]


def statuses():
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMessage.status).order_by(OutboxMessage.id)))


def due_again():
    with transaction():
        later = update(OutboxMessage).where(OutboxMessage.status == "retry").values(next_attempt_at=now())
        db.session.execute(later)


def lease_over():
    with transaction():
        db.session.execute(update(OutboxMessage).values(lease_until=now() - timedelta(seconds=1)))


def drain(sender):
    while sender.deliver():
        pass


def test_a_chat_reads_its_messages_in_the_order_they_were_promised(sender, telegram):
    promise("uno", "dos", "tres")
    drain(sender)
    assert telegram.texts("ana") == ["uno", "dos", "tres"]
    assert statuses() == ["sent"] * 3


def test_the_same_promise_is_made_once(sender, telegram):
    assert promise("hola", dedupe_key="a")[0] is not None
    assert promise("hola", dedupe_key="a") == [None]
    drain(sender)
    assert telegram.texts("ana") == ["hola"]


def test_a_promise_that_is_rolled_back_is_never_sent(sender, telegram):
    with pytest.raises(ZeroDivisionError), transaction():
        outbox.promise("sendMessage", ANA, {"text": "no"})
        _ = 1 / 0
    drain(sender)
    assert telegram.texts("ana") == []


def test_told_to_wait_a_chat_waits_while_others_go_on(sender, telegram):
    telegram.fault("429", method="sendMessage", chat_id=ANA, retry_after=7)
    promise("uno", "dos")
    promise("hola", chat=BEA)
    drain(sender)
    assert (telegram.texts("ana"), telegram.texts("bea")) == ([], ["hola"])
    wait = db.session.scalar(select(OutboxMessage.next_attempt_at).where(OutboxMessage.status == "retry")) - now()
    assert timedelta(seconds=6) < wait <= timedelta(seconds=7)
    sender.pacer._held.clear()
    due_again()
    drain(sender)
    assert telegram.texts("ana") == ["uno", "dos"]


@pytest.mark.parametrize("kind", ["5xx", "429"])
def test_what_telegram_did_not_do_is_sent_again(sender, telegram, kind):
    telegram.fault(kind, method="sendMessage", times=1)
    promise("uno", "dos")
    drain(sender)
    assert statuses() == ["retry", "ready"]
    sender.pacer._held.clear()
    due_again()
    drain(sender)
    assert telegram.texts("ana") == ["uno", "dos"]


@pytest.mark.parametrize("rule", [{"kind": "reset", "after": True}, {"kind": "invalid_json"}])
def test_an_unknown_result_is_marked_and_not_sent_blindly_again(sender, telegram, rule):
    telegram.fault(**rule, method="sendMessage")
    promise("uno", "dos")
    drain(sender)
    assert statuses() == ["unknown", "sent"]
    assert telegram.texts("ana") == ["uno", "dos"]  # it had been done


def test_an_unknown_result_of_an_edit_is_tried_again(sender, telegram):
    first = promise("uno")[0]
    drain(sender)
    telegram.fault("reset", method="editMessageText", after=True)
    with transaction():
        outbox.promise("editMessageText", ANA, {"text": "otro"}, edits=first)
    drain(sender)
    due_again()
    drain(sender)
    assert telegram.texts("ana") == ["otro"]
    assert statuses() == ["sent", "sent"]


def test_an_edit_follows_the_message_it_changes_although_both_were_promised_together(sender, telegram):
    with transaction():
        first = outbox.promise("sendMessage", ANA, {"text": "antes"})
        outbox.promise("editMessageText", ANA, {"text": "después"}, edits=first)
    drain(sender)
    assert telegram.texts("ana") == ["después"]


def test_a_person_who_blocked_the_bot_is_told_of_as_unreachable(sender, telegram):
    telegram.do("block", person="ana")
    promise("hola")
    (outcome,) = sender.deliver()
    assert (outcome.status, outcome.unreachable) == ("failed", True)


def test_a_refusal_does_not_hold_up_the_chat(sender, telegram):
    promise("x" * 5000, "corto")
    drain(sender)
    assert statuses() == ["failed", "sent"]
    assert telegram.texts("ana") == ["corto"]


def test_who_died_between_claim_and_send_loses_nothing(sender, telegram):
    promise("hola")
    with transaction():
        outbox.claim(10)
    drain(sender)
    assert telegram.texts("ana") == []  # still leased
    lease_over()
    drain(sender)
    assert telegram.texts("ana") == ["hola"]


def test_who_died_between_send_and_record_leaves_it_unknown_and_unrepeated(sender, telegram):
    promise("hola", "sigue")
    with transaction():
        ids = outbox.claim(10)
    with transaction():
        calls = outbox.mark(ids)
    sender.attempt(calls[0])
    lease_over()
    drain(sender)
    assert telegram.texts("ana") == ["hola", "sigue"]
    assert statuses() == ["unknown", "sent"]


def test_a_person_decides_to_send_again(sender, telegram):
    promise("x" * 5000)
    drain(sender)
    with transaction():
        assert outbox.resend(db.session.scalar(select(OutboxMessage.id)))
    assert statuses() == ["ready"]


def test_a_group_that_moved_is_followed(sender, telegram):
    telegram.do("chat", id=-500, title="Grupo", type="group")
    moved = telegram.do("migrate", chat=-500)
    promise("hola", chat=-500)
    drain(sender)
    assert statuses() == ["sent"], moved


def test_telegram_down_for_a_while_delivers_everything_in_order_afterwards(sender, telegram):
    telegram.fault("down", seconds=60)
    promise(*"abcde")
    drain(sender)
    telegram.do("faults", clear=True)
    for _ in range(6):
        with transaction():
            unknown = update(OutboxMessage).where(OutboxMessage.status == "unknown").values(status="ready")
            db.session.execute(unknown)
        due_again()
        drain(sender)
    assert telegram.texts("ana") == list("abcde")


def test_a_slow_telegram_is_spoken_to_by_several_at_once(sender, telegram):
    telegram.fault("latency", method="sendMessage", latency_ms=400, times=-1)
    for person in range(730_000_000, 730_000_008):
        telegram.do("person", first_name="P", id=person)
        telegram.do("start", person=person)
        promise("hola", chat=person)
    drain(sender)
    came = sorted(call["time"] for call in telegram.see("calls", method="sendMessage")["calls"])
    assert len(came) == 8
    assert came[1] - came[0] < 0.4  # the second left before the first was answered


def test_a_button_that_a_person_does_not_allow_is_left_out_and_the_message_arrives(sender, telegram):
    forbidden = "Bad Request: BUTTON_USER_PRIVACY_RESTRICTED"
    telegram.fault("error", method="sendMessage", code=400, description=forbidden)
    buttons = [[texts.button("Marcar atendido", "attend:7")], [texts.link("Escribir", f"tg://user?id={BEA}")]]
    with transaction():
        outbox.promise("sendMessage", ANA, texts.payload("Nuevo interés", buttons))
    drain(sender)
    (shown,) = [one for one in telegram.see("messages", chat="ana")["messages"] if one["from"]["is_bot"]]
    assert [[one["text"] for one in row] for row in shown["reply_markup"]["inline_keyboard"]] == [["Marcar atendido"]]
    assert statuses() == ["sent"]


def test_what_is_more_urgent_leaves_first_and_the_rest_in_its_order(app):
    with transaction():
        promised = [outbox.promise("banChatMember", None, {}, priority=priority) for priority in (0, 0, 5, -1, 2)]
        with pytest.raises(ValueError):
            outbox.promise("banChatMember", None, {}, priority=3)
    with transaction():
        assert outbox.claim(3) == sorted((promised[2], promised[4], promised[0]))
        assert outbox.claim(9) == [promised[1], promised[3]]


def test_what_is_next_is_found_without_looking_at_all_that_waits(app, engine_kind):
    sent = []

    def note(_connection, _cursor, statement, values, *_more):
        sent.append((statement, values))

    with transaction():
        calls = [outbox.Promise("banChatMember", None, {}, f"expel:{number}") for number in range(5000)]
        outbox.promise_many(calls)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE outbox_messages")
    event.listen(db.engine, "before_cursor_execute", note)
    with transaction():
        assert len(outbox.claim(64)) == 64
    event.remove(db.engine, "before_cursor_execute", note)
    told, values = next(one for one in sent if "queued" in one[0])
    explain = "EXPLAIN QUERY PLAN" if engine_kind == "sqlite" else "EXPLAIN"
    plan = str(db.session.connection().exec_driver_sql(f"{explain} {told}", values).all())
    assert "ix_outbox_messages_queue" in plan
    assert "TEMP B-TREE" not in plan and "Sort" not in plan
