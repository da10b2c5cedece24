"""The bot's texts in the creator's words."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from webapp.base.db import db, transaction
from webapp.base.errors import Invalid, NotFound
from webapp.domain.settings import config, texts


@pytest.mark.parametrize("name", texts.NAMES)
def test_the_texts_we_bring_pass_their_own_check(app, name):
    for locale in ("es", "en", "pt_BR"):
        texts.check(name, texts.words(name, locale))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "  ",
            "Hola {apellido}",
            "{{7*7}}",
            "<b>Hola",
            "Hola</b>",
            "<b><i>x</b></i>",
            "1 < 2",
            "<script>x</script>",
        ),
        *('<a href="javascript:x">x</a>', "<a>x</a>", '<b onclick="x">x</b>', "<!-- x -->", "x" * 4000, "<br/>"),
    ],
)
def test_what_telegram_would_refuse_is_refused(app, text):
    with pytest.raises(Invalid) as refusal:
        texts.check("start_free", text)
    assert refusal.value.fields["text"]


def test_values_are_escaped_and_put_in_once(app, by_dora):
    with transaction():
        texts.change("start_free", "Hola <b>{nombre}</b> &amp; {creador}", "es", by=by_dora)
    said = texts.render("start_free", nombre="<i>{creador}</i>", creador="Luna")
    assert said == "Hola <b>&lt;i&gt;{creador}&lt;/i&gt;</b> &amp; Luna"


def test_an_edit_is_of_one_language_and_can_be_taken_back(app, by_dora):
    with transaction():
        texts.change("help", "Escríbeme", "es", by=by_dora)
    assert texts.words("help", "es") == "Escríbeme" and texts.words("help", "en") != "Escríbeme"
    with transaction():
        texts.change("help", "", "es", by=by_dora)
    assert not texts.is_edited("help", "es")


def test_a_preview_shows_example_values(app):
    assert texts.preview("start_free", "Hola <b>{nombre}</b>\n¿qué tal?") == "Hola <b>Ana</b><br>¿qué tal?"


def test_a_reminder_of_one_day_falls_back_to_the_general_one_and_is_previewed_with_its_days(app, by_dora):
    assert texts.words("come_back_7", "es") == texts.words("come_back", "es")
    with transaction():
        texts.change("come_back", "Van {dias}, {nombre}", "es", by=by_dora)
    assert texts.words("come_back_7", "es") == "Van {dias}, {nombre}" and not texts.is_edited("come_back_7", "es")
    assert texts.preview("come_back_7", "Van {dias}") == "Van 7 días"
    assert texts.preview("come_back_1", "Van {dias}") == "Van 1 día"


@pytest.mark.parametrize(
    "name", ["come_back_0", "come_back_100", "come_back_07", "ended_3", "ends_soon_-1", "come_back_"]
)
def test_no_day_but_a_reminders_own_has_a_text(app, name):
    with pytest.raises(NotFound):
        texts.check(name, "Hola")


def test_a_text_that_does_not_exist_is_refused(app, by_dora):
    with pytest.raises(NotFound), transaction():
        texts.change("nada", "x", "es", by=by_dora)


def test_texts_saved_at_once_are_all_kept(app, by_dora):
    def save(name):
        with app.app_context(), transaction():
            texts.change(name, f"Hola, soy {name}", "es", by=by_dora)

    with ThreadPoolExecutor(5) as people:
        for _again in range(4):
            list(people.map(lambda name: save(name), texts.NAMES))
            db.session.rollback()
            db.session.expire_all()
            assert [name for name in texts.NAMES if not texts.is_edited(name, "es")] == []
            with transaction():
                config.change({"texts": {}}, by=by_dora)
