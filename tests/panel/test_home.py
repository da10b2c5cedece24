"""Inicio: greeting, standing, figures, and those who wait."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import count
from tests.factories import InterestFactory, UserFactory
from tests.factories import helper as a_helper
from tests.panel.members import VIP, a_plan, ask_to_join, open_channels, subscribe
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import requests, subscriptions
from webapp.domain.channels.models import BotChannel, ExpulsionRun, RequestStatus, Status
from webapp.domain.insights import figures, standing
from webapp.domain.settings import config
from webapp.domain.users.models import Reach


def test_those_who_wait_longest_come_first_with_their_deeds(panel, ana, bea, kit):
    InterestFactory(user_id=bea.user_id, package_id=None, created_at=now() - timedelta(minutes=5))
    InterestFactory(user_id=ana.user_id, package_id=kit.id, created_at=now() - timedelta(hours=3))
    page = panel.get("/panel/").text
    assert page.index("Ana Torres") < page.index("Bea Solís")
    for words in ("2 intereses esperan", "hace 3 horas", "$120\u00a0MXN", "https://t.me/anat", "Suscripción VIP"):
        assert words in page, words


@pytest.mark.parametrize("htmx", [True, False])
def test_attended_leaves_the_list_with_who_and_when(panel, ana, kit, htmx):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    answer = panel.post(f"/panel/waiting/{interest.id}/attend", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    db.session.refresh(interest)
    assert (interest.is_attended, interest.attended_by_label) == (True, "Caio Lima")
    if htmx:
        assert "Nadie espera" in answer.text and "<html" not in answer.text
        assert f"/panel/interests/{interest.id}" in answer.headers["HX-Trigger"]
        assert "Atendido: Ana Torres." in answer.headers["HX-Trigger"]


def test_attending_twice_is_said_and_changes_nothing(panel, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    panel.post(f"/panel/waiting/{interest.id}/attend", htmx=True)
    assert "ya estaba atendido" in panel.post(f"/panel/waiting/{interest.id}/attend", htmx=True).headers["HX-Trigger"]


def test_an_interest_that_is_gone_is_not_found(panel):
    assert panel.post("/panel/waiting/999/attend", htmx=True).status_code == 404


def test_the_team_sees_no_names_there(as_staff, helper, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    browser = as_staff(helper)
    assert "Ana Torres" not in browser.get("/panel/").text
    assert browser.post(f"/panel/waiting/{interest.id}/attend").status_code == 403
    assert count(UserInterest, UserInterest.is_attended) == 0


def test_whoever_has_no_rights_reads_so_and_sees_no_figures(as_staff, helper, ana, kit):
    page = as_staff(helper).get("/panel/").text
    assert "Todavía no tienes permisos" in page and 'class="figures"' not in page and "data-chart" not in page


def test_whoever_may_see_statistics_sees_the_figures(as_staff, ana, kit):
    page = as_staff(a_helper("read", "reports_analysis")).get("/panel/").text
    assert 'class="figures"' in page and "data-chart" in page and "Todavía no tienes permisos" not in page


def test_figures_count_this_week_against_the_one_before(app, ana, kit):
    for days in (0, 1, 2, 8):
        at = now() - timedelta(days=days)
        InterestFactory(created_at=at, is_attended=days < 2, attended_at=at + timedelta(hours=2) if days < 2 else None)
    found = {figure.key: figure for figure in figures.overview("America/Mexico_City").figures}
    assert (found["interests"].value, found["interests"].change) == (3, 200)
    assert (found["attended"].value, found["attended"].change) == (67, 67)
    assert figures.overview("America/Mexico_City").answer_time == timedelta(hours=2)


def test_vip_members_are_followed_back_through_the_role_log(app, panel, ana, bea):
    panel.post(f"/panel/vip/{ana.user_id}/gift", {"days": "7", "reason": "x"})
    vip = next(figure for figure in figures.overview("UTC").figures if figure.key == "vip")
    assert (vip.value, vip.change, vip.points[0], vip.points[-1]) == (2, 1, 1, 2)


def test_days_begin_at_the_creators_midnight(app, traveller, ana):
    traveller.machine.move_to(datetime(2026, 3, 10, 5, 30, tzinfo=UTC))
    InterestFactory(user_id=ana.user_id, package_id=None, created_at=datetime(2026, 3, 10, 5, 0, tzinfo=UTC))
    assert figures.overview("America/Mexico_City").today["interests"] == 1
    assert figures.overview("Europe/Madrid").days.dates[-1].day == 10
    assert figures.overview("America/Mexico_City").days.dates[-1].day == 9


def test_members_are_told_with_how_many_came_this_week(panel, ana, bea):
    bea.created_at = now() - timedelta(days=10)
    db.session.commit()
    page = " ".join(panel.get("/panel/").text.split())
    assert "+1 en 7 días" in page and " %<span" not in page


def test_nothing_yet_shows_no_invented_change(panel):
    page = panel.get("/panel/").text
    assert "Nadie espera" in page
    assert " %<span" not in page


def reasons() -> str:
    return " ".join(str(reason.text) for reason in standing.standing().reasons)


def test_a_bot_without_admins_is_said(app, ana):
    assert "Nadie es administrador" in reasons()


def test_an_admin_who_cannot_be_reached_is_named(app, dora):
    assert "no puede escribir a Dora Ruiz" not in reasons()
    dora.reach = Reach.BLOCKED
    db.session.commit()
    assert "no puede escribir a Dora Ruiz" in reasons()


def test_a_bot_that_is_not_running_is_a_problem(app, dora):
    found = standing.standing()
    assert found.level == "problem"
    assert "El bot no está en línea." in reasons()


def test_what_was_given_up_on_is_counted(app, dora):
    db.session.add(TelegramUpdate(update_id=1, kind="message", payload={}, status="dead"))
    db.session.add(OutboxMessage(method="sendMessage", chat_id=1, payload={}, status="unknown"))
    db.session.commit()
    assert "no se pudieron atender: 1" in reasons() and "no sabemos si llegaron: 1" in reasons()


@pytest.mark.parametrize(("hour", "words"), [(9, "Buenos días"), (15, "Buenas tardes"), (23, "Buenas noches")])
def test_the_greeting_follows_the_creators_clock(panel, traveller, hour, words):
    with transaction():
        config.current().time_zone = "UTC"
    moment = now()
    traveller.machine.move_to(datetime(moment.year, moment.month, moment.day, hour, tzinfo=UTC))
    if panel.get("/panel/").status_code == 200:
        assert f"{words}, Caio" in panel.get("/panel/").text


def test_greetings_need_few_queries_however_many_wait(app, panel, ana, counted):
    few = counted(lambda: panel.get("/panel/"))
    for _ in range(25):
        InterestFactory(user_id=UserFactory().user_id)
    assert counted(lambda: panel.get("/panel/")) == few <= 26


def test_what_the_channels_need_is_said_with_the_way_to_it(app, panel, dora, ana):
    page = panel.get("/panel/").text
    assert "Canal VIP: Sin elegir." in page and "Todavía no hay ningún plan" in page
    assert page.count('href="/panel/setup/"') >= 3


def test_a_right_that_the_bot_lacks_in_its_channel_is_a_problem(app, dora):
    open_channels()
    with transaction():
        db.session.add(BotChannel(chat_id=VIP, title="Luna VIP", status="administrator", can_invite_users=True))
    found = [reason for reason in standing.standing().reasons if "Luna VIP" in reason.text]
    assert "Expulsar usuarios, Publicar mensajes" in found[0].text and found[0].severe and found[0].where == "setup"


def test_brake_expulsions_and_requests_that_failed_are_told(app, panel, dora, ana, bea):
    open_channels()
    subscribe(ana, a_plan())
    ask_to_join(bea)
    with transaction():
        db.session.add(ExpulsionRun(state="braked", due=12, members=20))
        row = subscriptions.of(ana.user_id)
        row.status, row.last_error, row.attempts = Status.EXPIRED, "400 no", 2
        requests.waiting_of(bea.user_id).status = RequestStatus.ERROR
    assert "freno de expulsiones está puesto" in reasons() and "con error: 1" in reasons()
    assert "no se pudieron sacar del canal: 1" in reasons()
    for link in ("/panel/free/?state=error", "/panel/vip/?failed=1"):
        assert link in panel.get("/panel/").text


def test_calls_that_failed_today_are_counted_but_not_who_blocked_the_bot(app, dora):
    errors = (
        "sendMessage: 400 Bad Request: chat not found",
        "sendMessage: 403 Forbidden: bot was blocked",
        "taken back",
    )
    for error in errors:
        db.session.add(OutboxMessage(method="sendMessage", payload={}, status="failed", last_error=error))
    old = now() - timedelta(days=2)
    db.session.add(OutboxMessage(method="a", payload={}, status="failed", last_error="x: 400 y", next_attempt_at=old))
    db.session.commit()
    assert "en las últimas 24 horas: 1." in reasons()


def test_work_that_time_should_have_done_is_told_though_the_worker_lives(app, dora, ana, bea, traveller):
    open_channels()
    subscribe(ana, a_plan(), minutes=10)
    ask_to_join(bea)
    traveller.shift(12 * 60)
    assert "ya debían estar aprobadas: 1." in reasons() and "ya debían haber terminado" not in reasons()
    traveller.shift(4 * 60)
    assert "ya debían haber terminado: 1." in reasons()
    with transaction():
        db.session.add(ExpulsionRun(state="braked", due=12, members=20))
    assert "ya debían haber terminado" not in reasons()


def test_grace_is_not_late(app, dora, ana, traveller):
    with transaction():
        config.current().grace_hours = 2
    subscribe(ana, a_plan(), minutes=10)
    traveller.shift(3600)
    assert "ya debían haber terminado" not in reasons()
