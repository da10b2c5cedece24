"""Members who were sold to before the bot came: recognised when they open it."""

import pytest

from tests.bot.conftest import buttons
from tests.conftest import count
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import adoptions, imports
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.channels.records import ImportedMember


@pytest.fixture
def listed(app):
    """A list with a woman who has changed her name since, and a man who has not."""
    prepared = imports.read("socios.csv", b"usuario,dias\n@nombre_viejo,30\n@anat,10\n710000002,5")
    with transaction():
        made = imports.keep(prepared, by=SYSTEM)
        imports.begin(made, "skip", by=SYSTEM)
    db.session.rollback()
    return db.session.scalars(db.select(ImportedMember.id).order_by(ImportedMember.line)).all()


def test_the_link_for_all_knows_who_opens_it(bot, listed, ana):
    said = bot.say(ana, "/start alta")[-1]
    assert "Te encontramos" in said["text"] and buttons(said)[0] == "enter"
    assert "Vale hasta" in bot.say(ana, "/start alta")[-1]["text"] and count(VIPSubscriber) == 1


def test_a_plain_start_is_enough(bot, listed, ana, bea):
    assert "Te encontramos" in bot.say(ana, "/start")[-1]["text"]
    assert "Te encontramos" not in bot.say(ana, "/start")[-1]["text"]
    assert "Te encontramos" not in bot.say(bea, "/start")[-1]["text"] and count(VIPSubscriber) == 1


def test_a_personal_link_is_for_the_first_who_opens_it(bot, listed, dora, ana, bea):
    link = f"/start alta_{adoptions.code(listed[0])}"
    assert "Te encontramos" in bot.say(dora, link)[-1]["text"]
    assert "ya se usó" in bot.say(ana, link)[-1]["text"]
    assert "No conocemos ese enlace" in bot.say(ana, "/start alta_1-falso")[-1]["text"]


def test_who_is_on_no_list_reads_what_to_do(bot, dora):
    said = bot.say(dora, "/start alta")[-1]["text"]
    assert "No encontramos una suscripción" in said and "@dorar" in said
    dora.username = None
    db.session.commit()
    assert f"<code>{dora.user_id}</code>" in bot.say(dora, "/start alta")[-1]["text"]
