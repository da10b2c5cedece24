"""Ajustes: each form saves its own, says in place what does not fit, and keeps what was typed."""

import pytest
from sqlalchemy import select

from tests.conftest import count
from webapp.base.db import db
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import CatalogVersion
from webapp.domain.settings import config, texts
from webapp.domain.settings.models import BotConfig

CREATOR = {"creator_name": "Luna", "contact_url": "@lunavip", "social_instagram": "https://instagram.com/luna.vip/"}


def now_set() -> BotConfig:
    db.session.rollback()
    db.session.expire_all()
    return config.current()


def version() -> int:
    db.session.rollback()
    return db.session.scalar(select(CatalogVersion.version))


def test_who_the_creator_is_is_saved_tidied(panel):
    assert panel.post("/panel/settings/creator", CREATOR).status_code == 303
    found = now_set()
    assert (found.creator_name, found.contact_url) == ("Luna", "https://t.me/lunavip")
    assert found.social_instagram == "luna.vip"
    assert "Luna" in panel.get("/panel/").text


def test_htmx_gets_the_form_back_and_a_toast(panel):
    answer = panel.post("/panel/settings/creator", CREATOR, htmx=True)
    assert answer.text.lstrip().startswith('<form id="creator"')
    assert "Ajustes guardados." in answer.headers["HX-Trigger"]


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("creator", "creator_name", " "),
        ("creator", "creator_name", "L" * 81),
        ("creator", "contact_url", "javascript:alert(1)"),
        ("creator", "contact_url", "http:evil"),
        ("creator", "contact_text", "x" * 1001),
        ("creator", "social_x", "dos palabras"),
        ("region", "time_zone", "Marte/Olimpo"),
        ("region", "time_zone", "../../etc/passwd"),
        ("region", "currency", "peso"),
        ("labels", "free_content", "L" * 31),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_in_place_and_kept(panel, form, field, value, htmx):
    answer = panel.post(f"/panel/settings/{form}", {field: value}, htmx=htmx)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert value.strip() in answer.text
    assert count(AuditLog, AuditLog.resource_type == "bot_config") == 0


def test_one_wrong_field_saves_none(panel):
    panel.post("/panel/settings/creator", {**CREATOR, "contact_url": "no"})
    assert now_set().creator_name == "Vitrina"


def test_extra_fields_are_ignored(panel):
    panel.post("/panel/settings/creator", {**CREATOR, "currency": "EUR", "bot_username": "evil", "id": "2"})
    assert (now_set().currency, now_set().bot_username) == ("MXN", None)


def test_time_zone_and_currency_are_saved(panel):
    panel.post("/panel/settings/region", {"time_zone": "America/Sao_Paulo", "currency": "brl"})
    assert (now_set().time_zone, now_set().currency) == ("America/Sao_Paulo", "BRL")


def test_labels_show_everywhere_and_make_the_catalogue_new(panel, kit):
    before = version()
    panel.post("/panel/settings/labels", {"free_content": " De  regalo ", "vip_content": "", "evil": "x"})
    assert now_set().category_labels == {"free_content": "De regalo"}
    assert version() == before + 1


def test_a_refused_change_leaves_the_catalogue_as_it_was(panel):
    before = version()
    panel.post("/panel/settings/labels", {"free_content": "L" * 31})
    assert version() == before


def test_every_change_is_written_down_with_old_and_new(panel, caio):
    panel.post("/panel/settings/region", {"time_zone": "UTC", "currency": "MXN"})
    row = db.session.scalars(select(AuditLog).where(AuditLog.resource_type == "bot_config")).one()
    assert (row.old_values["time_zone"], row.new_values["time_zone"]) == ("America/Mexico_City", "UTC")
    assert row.actor_id == str(caio.id)


def test_a_text_is_saved_in_one_language_and_taken_back(panel):
    path = "/panel/settings/texts/start_free"
    panel.post(path, {"locale": "es", "text": "Hola, <b>{nombre}</b>"})
    assert texts.is_edited("start_free", "es") and not texts.is_edited("start_free", "en")
    assert "Hola, &lt;b&gt;{nombre}" in panel.get(path).text
    panel.post(path, {"locale": "es", "text": ""})
    now_set()
    assert not texts.is_edited("start_free", "es")


@pytest.mark.parametrize("text", ["Hola {edad}", "<script>alert(1)</script>", "<b>sin cerrar", "x" * 5000, "a < b"])
@pytest.mark.parametrize("htmx", [True, False])
def test_a_text_that_telegram_would_refuse_is_refused_and_kept(panel, text, htmx):
    answer = panel.post("/panel/settings/texts/help", {"locale": "es", "text": text}, htmx=htmx)
    assert answer.status_code == 422
    assert "f-text-error" in answer.text
    assert "<script>alert(1)</script>" not in answer.text
    assert now_set().texts == {}


def test_the_preview_fills_in_examples_and_writes_nothing(panel):
    path = "/panel/settings/texts/help/preview"
    assert "Hola <b>Ana</b>" in panel.post(path, {"text": "Hola <b>{nombre}</b>"}, htmx=True).text
    assert "No conocemos {edad}" in panel.post(path, {"text": "{edad}"}, htmx=True).text
    assert count(AuditLog, AuditLog.resource_type != "user_sessions") == 0


def test_a_text_that_does_not_exist_is_not_found(panel):
    assert panel.get("/panel/settings/texts/nothing").status_code == 404
    assert panel.post("/panel/settings/texts/nothing", {"text": "x"}).status_code == 404


def test_the_team_and_nobody_change_nothing(as_staff, helper, eve):
    assert as_staff(helper).post("/panel/settings/creator", CREATOR).status_code == 403
    assert eve.post("/panel/settings/creator", CREATOR).status_code == 303
    assert now_set().creator_name == "Vitrina"
