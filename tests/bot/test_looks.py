"""How messages are laid out: lines stay lines."""

import pytest

from tests.factories import InterestFactory


def test_lines_of_a_message_stay_apart(bot, ana, dora, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    desk = bot.say(dora, "/admin")[0]["text"].split("\n")
    assert desk[2].startswith("Intereses por atender: <b>1</b>") and desk[3].startswith("El más antiguo")
    shown = bot.press(ana, f"pkg:{kit.id}")[1]["text"].split("\n")
    assert shown[1] == "$120\xa0MXN" and shown[2:4] == ["", "La sesión del jardín, sin recortes."]
    assert "\n\n" in bot.say(ana, "/intereses")[0]["text"]


@pytest.mark.parametrize("locale", ["es", "en", "pt_BR"])
def test_paragraphs_stand_apart_in_every_language(bot, ana, locale):
    ana.chosen_locale = locale
    title, kept, unseen = bot.say(ana, "/privacidad")[0]["text"].split("\n\n")
    assert title.startswith("🔒") and "Vitrina" in kept and unseen


def test_a_long_description_leaves_room_for_the_rest(bot, ana, kit):
    kit.description = "<&>" * 166
    assert bot.press(ana, f"pkg:{kit.id}")[1]["text"].count("&lt;") == 166
