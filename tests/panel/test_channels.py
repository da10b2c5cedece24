"""Canales: each form saves its own, says in place what does not fit, and keeps what was typed."""

import pytest

from tests.conftest import count
from webapp.base.db import db
from webapp.domain.audit.models import AuditLog
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig

PAGE = "/panel/channels/"
CHOSEN = ("expiry_hour", "quiet_from", "quiet_until")
WHICH = {"vip_channel_id": "-1001234567890", "vip_channel_title": "Luna VIP", "free_channel_id": "-1009876543210"}


def now_set() -> BotConfig:
    db.session.rollback()
    db.session.expire_all()
    return config.current()


@pytest.mark.parametrize("htmx", [True, False])
def test_the_channels_are_saved(panel, htmx):
    answer = panel.post(PAGE + "which", WHICH, htmx=htmx)
    assert answer.text.lstrip().startswith('<form id="which"') if htmx else answer.location == PAGE + "#which"
    assert (now_set().vip_channel_id, now_set().free_channel_id) == (-1001234567890, -1009876543210)
    assert now_set().vip_channel_title == "Luna VIP"
    assert 'value="-1001234567890"' in panel.get(PAGE).text


def test_wait_end_and_brake_are_saved(panel):
    panel.post(PAGE + "wait", {"wait_time_minutes": "30"})
    panel.post(PAGE + "ending", {"grace_hours": "12", "expiry_hour": "9"})
    panel.post(PAGE + "reminders", {"remind_before": "1", "reminder_days": "1, 7", "comeback_days": "30 2"})
    panel.post(PAGE + "brake", {"brake_most": "20", "brake_share": "10"})
    found = now_set()
    assert (found.wait_time_minutes, found.grace_hours, found.expiry_hour) == (30, 12, 9)
    assert (found.reminder_days, found.brake_most, found.brake_share) == ([7, 1], 20, 10)
    assert (found.remind_before, found.remind_end, found.comeback_days) == (True, False, [2, 30])
    page = panel.get(PAGE).text
    assert 'value="7, 1"' in page and '<option value="9" selected>' in page


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("which", "vip_channel_id", "@luna"),
        ("which", "free_channel_id", "100123"),
        ("which", "vip_channel_title", "L" * 201),
        ("wait", "wait_time_minutes", "0"),
        ("wait", "wait_time_minutes", "pronto"),
        ("ending", "grace_hours", "-1"),
        ("ending", "expiry_hour", "24"),
        ("reminders", "reminder_days", "0"),
        ("reminders", "comeback_days", "mañana"),
        ("reminders", "quiet_from", "25"),
        ("reminders", "quiet_until", "8"),
        ("brake", "brake_most", "0"),
        ("brake", "brake_share", "101"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_in_place_and_kept(panel, form, field, value, htmx):
    answer = panel.post(PAGE + form, {field: value}, htmx=htmx)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text
    assert ("<html" in answer.text) is not htmx and (field in CHOSEN or f'value="{value}"' in answer.text)
    assert count(AuditLog, AuditLog.resource_type == "bot_config") == 0


def test_quiet_hours_take_both_ends_or_none(panel):
    asked = {"reminder_days": "3", "comeback_days": "1", "quiet_from": "22", "quiet_until": "8"}
    panel.post(PAGE + "reminders", asked)
    assert (now_set().quiet_from, now_set().quiet_until, now_set().reminder_rules) == (22, 8, 3)
    assert '<option value="22" selected>' in panel.get(PAGE).text
    for more in ({"quiet_until": ""}, {"quiet_until": "22"}):
        assert panel.post(PAGE + "reminders", asked | more, htmx=True).status_code == 422
    panel.post(PAGE + "reminders", asked | {"quiet_from": "", "quiet_until": ""})
    assert (now_set().quiet_from, now_set().quiet_until) == (None, None)


def test_what_changes_nothing_of_reminders_plans_nothing_anew(panel):
    panel.post(PAGE + "wait", {"wait_time_minutes": "30"})
    assert now_set().reminder_rules == 2


def test_one_channel_cannot_be_both(panel):
    answer = panel.post(PAGE + "which", WHICH | {"free_channel_id": WHICH["vip_channel_id"]}, htmx=True)
    assert answer.status_code == 422 and "no puede ser el mismo" in answer.text
    assert now_set().vip_channel_id is None


def test_extra_fields_are_ignored(panel):
    panel.post(PAGE + "wait", {"wait_time_minutes": "9", "currency": "EUR", "vip_channel_id": "-1001234567890"})
    assert (now_set().wait_time_minutes, now_set().currency, now_set().vip_channel_id) == (9, "MXN", None)


def test_the_team_and_nobody_change_nothing(as_staff, helper, eve):
    for form in ("which", "wait", "ending", "reminders", "brake"):
        assert as_staff(helper).post(PAGE + form, WHICH).status_code == 403
        assert eve.post(PAGE + form, WHICH).status_code == 303
    assert as_staff(helper).get(PAGE).status_code == 403
    assert now_set().vip_channel_id is None
