"""What the bot says to people, told without Telegram."""

import pytest

from tests.bot.conftest import buttons, chat, told
from tests.conftest import count
from tests.factories import PackageFactory
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.catalog.models import ContentCategory, UserInterest
from webapp.domain.settings import texts
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User


def test_start_meets_somebody_new_and_greets_them(bot):
    eve = User(user_id=710_000_005, first_name="Eve", language_code="es")
    (greeting,) = bot.say(eve, "/start")
    assert "<b>Eve</b>" in greeting["text"]
    assert "cats" in buttons(greeting)
    assert db.session.get_one(User, 710_000_005).reach is Reach.OK


def test_start_speaks_by_role(bot, ana, bea, dora):
    said = [bot.say(person, "/start")[0] for person in (ana, bea, dora)]
    assert "Me interesa" in said[0]["text"] and "VIP está activo" in said[1]["text"] and "/admin" in said[2]["text"]
    assert ["admin" in buttons(one) for one in said] == [False, False, True]


def test_unknown_words_get_the_menu(bot, ana):
    for words in ("hola", "/nada", "/start nadie_123", "/start", "😀"):
        (answer,) = bot.say(ana, words)
        assert "cats" in buttons(answer), words


@pytest.mark.parametrize(
    "data", ["", ":", "want", "want:x", "want:1:2", "want:99999999999999999999999", "ñ:🎁", "cat", "lead:-", "a" * 64]
)
def test_garbage_from_a_button_gets_the_menu(bot, ana, data):
    answer, menu = bot.press(ana, data)
    assert answer["method"] == "answerCallbackQuery"
    assert menu["method"] == "editMessageText" and "cats" in buttons(menu)


def test_hostile_names_are_only_text(bot, ana):
    ana.first_name = '<b>&"\u202e😀{nombre}'
    (greeting,) = bot.say(ana, "/start")
    assert "&lt;b&gt;&amp;" in greeting["text"]
    assert "{nombre}" in greeting["text"]


def test_browsing_edits_its_own_message(bot, ana, kit):
    _answer, shown = bot.press(ana, "cats")
    assert shown["method"] == "editMessageText" and shown["message_id"] == 7
    assert "cat:free_content" in buttons(shown)


def test_a_long_category_is_turned_page_by_page_and_back(bot, ana):
    made = [PackageFactory(name=f"Paquete {number}").id for number in range(14)]
    seen, page = [], bot.press(ana, "cat:free_content")[1]
    first = buttons(page)
    while True:
        seen += [int(data.split(":")[1]) for data in buttons(page) if data.startswith("pkg:")]
        forth = [data for data in buttons(page) if data.endswith(":0")]
        if not forth:
            break
        last, page = page, bot.press(ana, forth[0])[1]
    assert seen == sorted(made, reverse=True)
    back = next(data for data in buttons(last) if data.endswith(":1"))
    assert buttons(bot.press(ana, back)[1]) == first


def test_wanting_is_kept_once_and_shown(bot, ana, kit):
    for _ in range(2):
        answer, shown = bot.press(ana, f"want:{kit.id}")
    assert answer["text"] == "Anotado. Te escribimos pronto."
    assert f"drop:{kit.id}" in buttons(shown)
    assert count(UserInterest) == 1


def test_a_withdrawn_interest_leaves_the_list(bot, ana, kit):
    bot.press(ana, f"want:{kit.id}")
    assert f"pkg:{kit.id}" in buttons(bot.say(ana, "/intereses")[0])
    bot.press(ana, f"drop:{kit.id}")
    assert f"pkg:{kit.id}" not in buttons(bot.say(ana, "/intereses")[0])


def test_a_vip_package_is_locked_for_free_people(bot, ana, bea):
    secret = PackageFactory(name="Noches", category=ContentCategory.VIP_CONTENT)
    assert "vipwant" in buttons(bot.press(ana, f"pkg:{secret.id}")[1])
    assert f"want:{secret.id}" in buttons(bot.press(bea, f"pkg:{secret.id}")[1])
    (refusal,) = bot.press(ana, f"want:{secret.id}")
    assert refusal["text"] == "Este paquete es para miembros VIP." and refusal["show_alert"]
    assert count(UserInterest) == 0


def test_a_package_that_is_gone_is_refused_in_the_persons_language(bot, ana, kit):
    kit.is_active = False
    db.session.commit()
    (refusal,) = bot.press(ana, f"pkg:{kit.id}")
    assert refusal["text"] == "Este paquete ya no está disponible."
    (said,) = bot.say(ana, f"/start pkg_{kit.public_id}")
    assert said["text"] == "Este paquete ya no está disponible."


@pytest.mark.parametrize("verb", ["pkg", "want", "drop"])
def test_no_button_shows_a_package_that_is_not_published(bot, ana, verb):
    draft = PackageFactory(name="Borrador secreto", is_active=False)
    (refusal,) = bot.press(ana, f"{verb}:{draft.id}")
    assert refusal["text"] == "Este paquete ya no está disponible."


def test_a_link_to_a_package_shows_it(bot, ana, kit):
    (shown,) = bot.say(ana, f"/start pkg_{kit.public_id}")
    assert "Primavera, 24 fotos" in shown["text"] and "120" in shown["text"]


def test_whose_link_brought_somebody_new_is_noted_once(bot, ana, bea):
    eve = User(user_id=710_000_005, first_name="Eve", language_code="es")
    for friend in (ana, bea):
        bot.say(eve, f"/start ref_{friend.referral_code}")
    assert db.session.get_one(User, 710_000_005).referred_by == ana.user_id


def test_nobody_brings_themselves(bot, ana):
    bot.say(ana, f"/start ref_{ana.referral_code}")
    assert db.session.get_one(User, ana.user_id).referred_by is None


def test_a_language_is_spoken_at_once(bot, ana):
    _answer, shown = bot.press(ana, "lang:en")
    assert db.session.get_one(User, ana.user_id).locale == "en"
    assert any(
        text.startswith("✓ English") for row in shown["reply_markup"]["inline_keyboard"] for text in [row[0]["text"]]
    )


def test_a_picture_takes_the_place_of_the_list_and_gives_it_back(bot, ana, kit, app):
    from webapp.domain.catalog.models import PackageMedia

    with transaction():
        media = PackageMedia(package_id=kit.id, position=1, storage_key="ab/" + "c" * 30 + ".jpg")
        db.session.add(media)
    _answer, gone, shown = bot.press(ana, f"pkg:{kit.id}")
    assert (gone["method"], shown["method"]) == ("deleteMessage", "sendPhoto")
    assert shown["photo"] == {"upload": media.storage_key} and "Primavera" in shown["caption"]
    _answer, changed = bot.press(ana, f"want:{kit.id}", photo=[{"file_id": "x"}])
    assert changed["method"] == "editMessageCaption"


def test_a_message_too_old_to_change_is_said_anew(bot, ana):
    _answer, said = bot.press(ana, "cats", date=0)
    assert said["method"] == "sendMessage"


def test_blocked_people_read_it_once(bot, ana, by_dora):
    with transaction():
        people.block(db.session.get_one(User, ana.user_id), by=by_dora, reason="spam")
    assert [one["text"] for one in bot.say(ana, "/start")] == [
        "Tu acceso está cerrado. Si crees que es un error, pregúntale al equipo."
    ]
    assert bot.say(ana, "/start") == []
    assert [one["method"] for one in bot.press(ana, "cats")] == ["answerCallbackQuery"]


def test_groups_are_answered_once_and_never_met(bot, ana, app):
    group = {
        "chat": {"id": -500, "type": "group", "title": "G"},
        "from": {"id": 99, "is_bot": False, "first_name": "X"},
    }
    with transaction():
        db.session.get_one(
            __import__("webapp.domain.settings.models", fromlist=["x"]).BotConfig, 1
        ).bot_username = "luna"
    said = [
        bot.hear(bot.update("message", {"message_id": 1, "text": text, **group})) for text in ("/start", "/start", "x")
    ]
    assert [len(one) for one in said] == [1, 0, 0]
    assert db.session.get(User, 99) is None


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "chat_join_request", "pre_checkout_query", "nuevo"])
def test_what_nobody_answers_is_let_go(bot, ana, kind):
    body = {"message_id": 1, "from": {"id": ana.user_id, "first_name": "Ana"}, "chat": {"id": -1, "type": "channel"}}
    assert bot.hear(bot.update(kind, body)) == []
    assert bot.store(bot.update(kind, {})) and count(OutboxMessage) == 0


def test_a_blocked_bot_is_noted_and_unblocked_again(bot, ana):
    for status, reach in (("kicked", Reach.BLOCKED), ("member", Reach.OK)):
        chat = {"id": ana.user_id, "type": "private"}
        body = {"chat": chat, "from": {"id": ana.user_id}, "new_chat_member": {"status": status}}
        bot.hear(bot.update("my_chat_member", body))
        assert db.session.get_one(User, ana.user_id).reach is reach


def test_the_creators_words_greet(bot, ana, by_dora):
    with transaction():
        texts.change("start_free", "Pasa, {nombre} &amp; compañía", "es", by=by_dora)
    assert bot.say(ana, "/start")[0]["text"] == "Pasa, Ana &amp; compañía"


def test_an_operator_listed_admin_is_one_at_first_contact(bot, app, monkeypatch):
    listed = app.extensions["settings"].model_copy(update={"admin_user_ids": frozenset([710_000_009])})
    monkeypatch.setitem(app.extensions, "settings", listed)
    zoe = User(user_id=710_000_009, first_name="Zoe", language_code="es")
    assert "/admin" in bot.say(zoe, "/start")[0]["text"]


@pytest.mark.parametrize("junk", [None, True, -1, 2**63, "x", [1], {}, {"id": "x"}, {"id": 2**63}, {"id": {}}])
def test_an_update_of_another_shape_is_stored_and_let_go(bot, ana, junk):
    for kind in ("message", "callback_query", "my_chat_member"):
        for name in ("from", "chat", "message", "text", "data", "new_chat_member"):
            body = {"id": "q", "from": told(ana), "chat": chat(ana), "message": {"chat": chat(ana)}, "text": "hola"}
            bot.hear(bot.update(kind, {**body, name: junk}))
        bot.hear(bot.update(kind, junk))
    assert count(TelegramUpdate, TelegramUpdate.status != "done") == 0
