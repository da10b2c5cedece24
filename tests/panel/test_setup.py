"""The set-up in the panel: what is done, what Telegram says now, how to mend the rest; nobody waits for Telegram."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Telegram, count
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.telegram import Gateway
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import checks, results
from webapp.domain.channels.models import RIGHTS, BotChannel
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig

PAGE = "/panel/setup/"
FREE, VIP = -1001000000001, -1001000000002
NONE = dict.fromkeys(RIGHTS, False)


def now_set() -> BotConfig:
    db.session.rollback()
    db.session.expire_all()
    return config.current()


@pytest.fixture
def worker(app, telegram: Telegram) -> Callable[[], None]:
    """Sends what waits, until nothing does."""
    gateway = Gateway(telegram.running.token, telegram.url)
    sender = Sender(gateway, Pacer(0), app.extensions["storage"], settled=results.settle)

    def turn() -> None:
        while sender.deliver():
            pass
        db.session.rollback()
        db.session.expire_all()

    yield turn
    sender.close()


def step(panel, name: str) -> str:
    return panel.get(f"{PAGE}steps/{name}", htmx=True).text


def test_a_new_house_shows_what_is_missing_and_where_to_begin(panel):
    page = panel.get(PAGE).text
    assert "2 de 7" in page and "sigue: El bot" in page
    assert "Crear un plan" in page and "Sin elegir." in page


def test_a_channel_is_found_by_its_name_and_chosen_when_all_is_green(panel, worker, telegram):
    telegram.do("chat", id=-1001000000077, title="Luna <VIP>", username="luna_vip")
    asked = panel.post(PAGE + "channels/vip", {"channel": "https://t.me/luna_vip"}, htmx=True).text
    assert "Preguntando a Telegram" in asked and "hx-get" in asked
    assert "Preguntando" in step(panel, "vip")
    worker()
    seen = step(panel, "vip")
    assert "Luna &lt;VIP&gt;" in seen and seen.count('class="green"') == 3 and "Usar este canal" in seen
    panel.post(PAGE + "channels/vip/choose", {"chat_id": "-1001000000077"}, htmx=True)
    assert (now_set().vip_channel_id, now_set().vip_channel_title) == (-1001000000077, "Luna <VIP>")
    assert "setup-step done" in step(panel, "vip")


@pytest.mark.parametrize("said", ["-1001000000002", "https://t.me/c/1000000002/7", " − 1001000000002"])
def test_a_channel_without_a_name_is_found_by_its_id_and_by_a_post(panel, worker, said):
    panel.post(PAGE + "channels/vip", {"channel": said}, htmx=True)
    worker()
    assert "Luna · Canal VIP" in step(panel, "vip")


def test_what_the_bot_may_not_do_is_red_with_how_to_mend_it_and_cannot_be_chosen(panel, worker, telegram):
    """Defect 4: the right to restrict members is asked for now, not remembered."""
    rights = {"can_invite_users": True, "can_post_messages": True, "can_restrict_members": False}
    telegram.do("bot-rights", chat=VIP, rights=rights)
    panel.post(PAGE + "channels/vip", {"channel": str(VIP)}, htmx=True)
    worker()
    seen = step(panel, "vip")
    assert seen.count('class="red"') == 1 and "nadie sale del canal" in seen and "activa lo que está en rojo" in seen
    refused = panel.post(PAGE + "channels/vip/choose", {"chat_id": str(VIP)}, htmx=True)
    assert refused.status_code == 409 and now_set().vip_channel_id is None


def test_a_free_channel_needs_only_the_right_to_invite(panel, worker, telegram):
    telegram.do("bot-rights", chat=FREE, rights={**NONE, "can_invite_users": True})
    panel.post(PAGE + "channels/free", {"channel": str(FREE)}, htmx=True)
    worker()
    assert 'class="red"' not in step(panel, "free") and step(panel, "free").count('class="amber"') == 2
    panel.post(PAGE + "channels/free/choose", {"chat_id": str(FREE)}, htmx=True)
    assert now_set().free_channel_id == FREE


def test_a_right_taken_away_is_seen_when_asked_again(panel, worker, telegram):
    panel.post(PAGE + "channels/vip", {"channel": str(VIP)}, htmx=True)
    worker()
    panel.post(PAGE + "channels/vip/choose", {"chat_id": str(VIP)}, htmx=True)
    telegram.do("bot-rights", chat=VIP, rights={**NONE, "can_post_messages": True})
    panel.post(PAGE + "steps/vip/ask", htmx=True)
    worker()
    assert step(panel, "vip").count('class="red"') == 2 and "setup-step done" not in step(panel, "vip")


def test_a_bot_that_was_put_out_of_its_channel_is_told(panel, worker, telegram):
    panel.post(PAGE + "channels/vip", {"channel": str(VIP)}, htmx=True)
    worker()
    panel.post(PAGE + "channels/vip/choose", {"chat_id": str(VIP)}, htmx=True)
    telegram.do("bot-rights", chat=VIP, status="kicked")
    panel.post(PAGE + "steps/vip/ask", htmx=True)
    worker()
    assert "El bot no está en -1001000000002." in step(panel, "vip")
    assert db.session.get_one(BotChannel, VIP).status == "left"


@pytest.mark.parametrize(
    ("said", "words"), [("@nobody_here", "El bot no está en @nobody_here"), ("@anat_group", "no es un canal")]
)
def test_what_cannot_be_a_channel_of_ours_is_said_in_words(panel, worker, telegram, said, words):
    telegram.do("chat", id=-1001000000078, title="Grupo", username="anat_group", type="supergroup")
    panel.post(PAGE + "channels/free", {"channel": said}, htmx=True)
    worker()
    assert words in step(panel, "free")


@pytest.mark.parametrize("said", ["", "luna vip!", "https://t.me/+AbCdEf", "12345", "x" * 200])
@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_no_name_and_no_id_is_refused_in_place(panel, said, htmx):
    answer = panel.post(PAGE + "channels/vip", {"channel": said}, htmx=htmx)
    assert answer.status_code == 422 and 'id="f-channel-vip-error"' in answer.text
    assert ("<html" in answer.text) is not htmx
    assert count(OutboxMessage) == 0


def test_one_channel_cannot_be_both(panel, worker):
    for kind in ("vip", "free"):
        panel.post(f"{PAGE}channels/{kind}", {"channel": str(VIP)}, htmx=True)
        worker()
        panel.post(f"{PAGE}channels/{kind}/choose", {"chat_id": str(VIP)}, htmx=True)
    assert (now_set().vip_channel_id, now_set().free_channel_id) == (VIP, None)
    assert "Ese canal ya es el otro" in step(panel, "free")


def test_bot_commands_and_button_are_asked_for_now(panel, worker, telegram, app):
    gateway = Gateway(telegram.running.token, telegram.url)
    for name in ("token", "menu"):
        panel.post(f"{PAGE}steps/{name}/ask", htmx=True)
    worker()
    assert "setup-step done" in step(panel, "token") and "no tiene comandos" in step(panel, "menu")
    scope = {"type": "all_private_chats"}
    gateway.call("setMyCommands", {"commands": [{"command": "start", "description": "Empezar"}], "scope": scope})
    panel.post(PAGE + "steps/menu/ask", htmx=True)
    worker()
    assert "botón del menú no abre la vitrina" in step(panel, "menu")


def test_a_wrong_token_is_said_with_where_it_comes_from(panel, worker, telegram):
    telegram.fault("error", method="getMe", code=401, description="Unauthorized")
    panel.post(PAGE + "steps/token/ask", htmx=True)
    worker()
    assert "Unauthorized" in step(panel, "token") and "@BotFather" in step(panel, "token")


def test_asking_twice_asks_once(panel):
    for _again in range(3):
        panel.post(PAGE + "steps/token/ask", htmx=True)
    assert count(OutboxMessage, OutboxMessage.method == "getMe") == 1


def test_many_who_ask_at_once_ask_once(app):
    def ask(_number):
        with app.app_context(), transaction():
            return checks.ask("me"), checks.ask_place("vip", VIP, bot_id=8)

    with ThreadPoolExecutor(6) as crowd:
        asked = list(crowd.map(ask, range(12)))
    assert (sum(me for me, _vip in asked), sum(vip for _me, vip in asked)) == (1, 1)
    assert count(OutboxMessage) == 3


def test_an_answer_to_an_earlier_question_changes_nothing(panel, worker, telegram):
    panel.post(PAGE + "channels/vip", {"channel": str(VIP)}, htmx=True)
    panel.post(PAGE + "channels/vip", {"channel": str(FREE)}, htmx=True)
    worker()
    assert "Luna · Canal Free" in step(panel, "vip") and "Canal VIP</p>" not in step(panel, "vip")


def test_without_an_answer_the_page_stops_looking_and_says_so(panel, traveller):
    panel.post(PAGE + "steps/token/ask", htmx=True)
    traveller.shift(30)
    seen = step(panel, "token")
    assert "no ha contestado" in seen and "Preguntando" not in seen and "hx-get" not in seen


def test_the_page_asks_by_itself_what_it_has_not_asked_within_the_minute(panel, worker, traveller):
    assert panel.get(PAGE).text.count('hx-trigger="load"') == 2  # the bot, its menu; no channel is set yet
    panel.post(PAGE + "steps/token/ask", htmx=True)
    worker()
    assert panel.get(PAGE).text.count('hx-trigger="load"') == 1
    traveller.shift(61)
    assert panel.get(PAGE).text.count('hx-trigger="load"') == 2


def test_the_wait_is_set_on_the_way(panel):
    panel.post(PAGE + "wait", {"wait_time_minutes": "30"}, htmx=True)
    assert now_set().wait_time_minutes == 30
    assert panel.post(PAGE + "wait", {"wait_time_minutes": "0"}, htmx=True).status_code == 422


def test_the_page_costs_the_same_whatever_was_asked(panel, worker, counted):
    few = counted(lambda: panel.get(PAGE))
    for kind in ("vip", "free"):
        panel.post(f"{PAGE}channels/{kind}", {"channel": str(VIP)}, htmx=True)
        worker()
    assert counted(lambda: panel.get(PAGE)) <= few + 1 <= 14


def test_the_team_and_nobody_ask_nothing(as_staff, helper, eve):
    for path in ("steps/token/ask", "channels/vip", "channels/vip/choose", "wait"):
        assert as_staff(helper).post(PAGE + path, {"channel": str(VIP), "chat_id": str(VIP)}).status_code == 403
        assert eve.post(PAGE + path).status_code == 303
    assert count(checks.TelegramCheck) == 0 and count(AuditLog, AuditLog.resource_type == "bot_config") == 0


def test_canales_shows_the_rights_in_both_and_asks_for_what_was_just_saved(panel, worker, telegram):
    telegram.do("bot-rights", chat=VIP, rights={**NONE, "can_invite_users": True})
    saved = panel.post("/panel/channels/which", {"vip_channel_id": str(VIP), "free_channel_id": str(FREE)}, htmx=True)
    assert saved.text.count("Preguntando a Telegram") == 2
    worker()
    page = panel.get("/panel/channels/").text
    assert page.count('class="red"') == 2 and page.count('class="green"') == 4 and "Luna · Canal VIP" in page
    telegram.do("bot-rights", chat=VIP, rights=dict.fromkeys(RIGHTS, True))
    assert "Preguntando" in panel.post(PAGE + "channels/ask", htmx=True).text
    worker()
    assert 'class="red"' not in panel.get(PAGE + "channels", htmx=True).text


def test_the_set_up_is_offered_where_people_look_while_something_is_missing(panel):
    for path in ("/panel/", "/panel/channels/", "/panel/settings/"):
        assert f'href="{PAGE}"' in panel.get(path).text, path


@pytest.mark.parametrize("said", ["@luna_vip", "-100", "-1009999999999999999", "x"])
def test_what_is_no_id_of_a_channel_is_not_chosen(panel, said):
    assert panel.post("/panel/setup/channels/vip/choose", {"chat_id": said}).status_code == 404
