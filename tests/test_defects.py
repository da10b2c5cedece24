"""The eighteen defects of the system that this one comes from, each by its name, through the real doors.

People act in the simulated Telegram, in the Mini App and in the panel; bot and worker are turned by hand. What the
channels' own tests say more fully is not said again.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from tests.conftest import Telegram, count
from tests.domain.channels.conftest import CAIO, FREE, VIP, now_of
from tests.domain.channels.conftest import channels as channels
from tests.domain.channels.conftest import clock as clock
from tests.factories import PackageFactory, UserFactory
from tests.miniapp.conftest import phone
from tests.panel.conftest import as_staff as as_staff
from tests.panel.conftest import panel as panel
from tests.turned import Turned
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentCategory, UserInterest
from webapp.domain.channels import plans, subscriptions, tokens
from webapp.domain.channels.models import (
    FreeChannelRequest,
    InvitationToken,
    RequestStatus,
    Status,
    SubscriptionPlan,
    TokenRedemption,
    VIPSubscriber,
)
from webapp.domain.settings import config
from webapp.domain.users.models import RoleChangeReason, User, UserRole, UserRoleChangeLog

DOOR = "Entrar al canal VIP"
HOSTILE = "<b>Ana</b> & <script>"
RIGHTS = {"can_restrict_members": False, "can_invite_users": True, "can_post_messages": True}


class Life(Turned):
    """What people of Telegram do, each deed heard and answered before the next."""

    def do(self, who: str, deed: str, **body: object) -> dict:
        done = self.telegram.do(deed, person=who, **body)
        self.turn()
        return done

    def says(self, who: str, text: str) -> str:
        """What the bot answers last."""
        self.do(who, "say", text=text)
        return self.telegram.texts(who)[-1]

    def redeems(self, who: str, code: str) -> str:
        """Opens a code's link."""
        self.do(who, "start", payload=f"vip_{code}")
        return self.telegram.texts(who)[-1]

    def enters(self, who: str) -> None:
        """Presses *Entrar al canal VIP* and follows the link."""
        self.do(who, "say", text="/vip")
        offered = [one for one in self.said(who) if "callback_data" in str(one.get("reply_markup"))]
        self.do(who, "press", message_id=offered[0]["message_id"], text=DOOR, wait=0)
        links = re.findall(r"https://t\.me/\+[\w-]+", str(self.said(who)[0]))
        self.do(who, "join", link=links[0])

    def said(self, who: str) -> list[dict]:
        """What the bot wrote to somebody, newest first."""
        shown = self.telegram.see("messages", chat=who)["messages"]
        return [message for message in reversed(shown) if message["from"]["is_bot"]]

    def called(self, method: str) -> list[dict]:
        return [one["params"] for one in self.telegram.see("calls", method=method)["calls"]]

    def inside(self, chat: int = VIP) -> set[int]:
        members = self.telegram.see(f"chats/{chat}")["members"]
        return {one["user"]["id"] for one in members if one["status"] == "member"}


@pytest.fixture
def life(app, telegram: Telegram, clock) -> Iterator[Life]:
    made = Life(app, telegram)
    yield made
    made.end()


@pytest.fixture
def plan(app, channels) -> SubscriptionPlan:
    with transaction():
        return plans.create({"name": "Mensual", "duration_days": 30, "price": "350", "currency": "MXN"}, by=CAIO)


@pytest.fixture
def code(plan) -> Callable[..., str]:
    """A fresh code of the plan."""

    def issue(**how: int) -> str:
        with transaction():
            return tokens.issue(db.session.merge(plan), by=CAIO, **how)[0].code

    return issue


@pytest.fixture
def ana_inside(life, ana, code) -> None:
    """Ana has redeemed a code and entered."""
    life.redeems("ana", code())
    life.enters("ana")
    assert ana.user_id in life.inside()


def test_defect_01_who_was_expelled_once_and_renewed_is_expelled_again(life, ana, ana_inside, code, clock):
    for _cycle in range(2):
        clock.forward(days=30)
        life.turn()
        assert ana.user_id not in life.inside()
        life.redeems("ana", code())
        life.enters("ana")
        assert ana.user_id in life.inside()
    assert len(life.called("banChatMember")) == 2


def test_defect_02_a_failed_expulsion_is_tried_again_though_nobody_else_expires(
    life, ana, ana_inside, caio, as_staff, clock
):
    life.telegram.fault("error", code=400, method="banChatMember", description="Bad Request: not enough rights")
    clock.forward(days=30)
    life.turn()
    assert ana.user_id in life.inside()
    assert "not enough rights" in as_staff(caio).get("/panel/vip/?failed=1").text
    clock.forward(minutes=6)
    life.turn()
    assert ana.user_id not in life.inside()


def test_defect_03_the_stored_role_is_free_after_the_end(life, ana, ana_inside, clock):
    assert get(User, ana.user_id).role is UserRole.VIP
    clock.forward(days=30)
    life.turn()
    assert get(User, ana.user_id).role is UserRole.FREE
    assert count(UserRoleChangeLog, UserRoleChangeLog.reason == RoleChangeReason.VIP_EXPIRED) == 1


def test_defect_04_the_right_to_restrict_members_is_checked(life, dora):
    life.do("dora", "start")
    chat = life.telegram.do("chat", title="Nuevo", owner="dora", bot=False)["chat"]["id"]
    life.do("dora", "bot-rights", chat=chat, rights=RIGHTS)
    asked = next(one for one in life.said("dora") if "Nuevo" in one["text"])
    assert "🔴 Expulsar usuarios" in asked["text"]
    choice = asked["reply_markup"]["inline_keyboard"][0][0]["text"]
    life.do("dora", "press", message_id=asked["message_id"], text=choice, wait=0)
    assert "Expulsar usuarios" in life.called("answerCallbackQuery")[-1]["text"]
    assert config.current().vip_channel_id == VIP


def test_defect_05_a_restart_approves_requests_that_waited_longer_than_fifteen_minutes(life, ana, clock):
    life.do("ana", "join", chat=FREE)
    life.end()
    clock.forward(hours=5)
    life.begin()
    life.turn()
    assert ana.user_id in life.inside(FREE)
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.APPROVED) == 1


def test_defect_06_a_request_is_not_done_before_telegram_has_done_it(life, ana, clock):
    life.do("ana", "join", chat=FREE)
    life.telegram.fault("5xx", method="approveChatJoinRequest", times=1)
    clock.forward(minutes=5)
    life.turn()
    status = FreeChannelRequest.status
    assert ana.user_id not in life.inside(FREE)
    assert db.session.scalar(select(status)) is RequestStatus.APPROVING
    clock.forward(minutes=1)
    life.turn()
    assert ana.user_id in life.inside(FREE)
    assert db.session.scalar(select(status)) is RequestStatus.APPROVED


def test_defect_07_the_waiting_time_has_one_source_for_every_door(life, client, ana, panel, clock):
    panel.post("/panel/channels/wait", {"wait_time_minutes": "45"})
    life.do("ana", "join", chat=FREE)
    assert "45 minutos" in life.telegram.texts("ana")[-1]
    found = db.session.scalars(select(FreeChannelRequest)).one()
    assert found.approve_after - found.request_date == timedelta(minutes=45)
    assert "6:45" in phone(client, ana).get("/miniapp/access").text  # of the creator's clock
    clock.forward(minutes=44)
    life.turn()
    assert ana.user_id not in life.inside(FREE)
    clock.forward(minutes=1)
    life.turn()
    assert ana.user_id in life.inside(FREE)


def test_defect_08_reject_all_ends_though_one_refusal_keeps_failing(life, ana, bea, panel):
    for who in ("ana", "bea"):
        life.do(who, "join", chat=FREE)
    refused = {"method": "declineChatJoinRequest", "description": "Bad Request: not enough rights", "times": 1}
    life.telegram.fault("error", code=400, **refused)
    answer = panel.post("/panel/free/run", {"deed": "decline", "state": "waiting"})
    assert answer.status_code == 303
    for _turn in range(3):
        life.turn()
    assert len(life.called("declineChatJoinRequest")) == 2
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.ERROR) == 1
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.DECLINED) == 1


def test_defect_09_no_link_that_skips_the_wait_is_ever_sent(life, ana, code, clock):
    for text in ("/start", "/free", "/ayuda"):
        life.says("ana", text)
    life.do("ana", "join", chat=FREE)
    life.says("ana", "/free")
    clock.forward(minutes=5)
    life.turn()
    assert ana.user_id in life.inside(FREE)
    assert "t.me/+" not in str(life.said("ana"))
    life.redeems("ana", code())
    life.enters("ana")
    assert {(int(one["chat_id"]), int(one["member_limit"])) for one in life.called("createChatInviteLink")} == {
        (VIP, 1)
    }


def test_defect_10_shelf_life_and_days_are_two_numbers_and_a_link_redeems_atomically(life, ana, plan, code, clock):
    one, late = code(shelf_hours=2), code(shelf_hours=2)
    people = [life.telegram.do("person", first_name=f"P{one}", username=f"p{one}")["person"]["key"] for one in range(9)]
    clock.forward(minutes=119)
    for who in people:
        life.telegram.do("start", person=who, payload=f"vip_{one}")
    life.turn()
    assert sum("VIP: 30 días" in life.telegram.texts(who)[-1] for who in people) == 1
    assert sum("ya fue usado" in life.telegram.texts(who)[-1] for who in people) == 8
    assert db.session.scalars(select(VIPSubscriber.expiry_date)).all() == [now() + timedelta(days=30)]
    clock.forward(minutes=1)
    assert "Este código caducó" in life.redeems("ana", late)


def test_defect_11_a_press_after_attended_shows_as_pending_again(life, client, ana, kit, panel):
    screen = phone(client, ana)
    screen.post(f"/miniapp/packages/{kit.public_id}/press")
    interest = db.session.scalars(select(UserInterest)).one().id
    panel.post(f"/panel/interests/{interest}/attend")
    assert kit.name not in panel.get("/panel/interests/").text
    screen.post(f"/miniapp/packages/{kit.public_id}/press")
    assert kit.name in panel.get("/panel/interests/").text
    assert count(UserInterest, UserInterest.is_attended.is_(False)) == count(UserInterest) == 1


def test_defect_12_interest_in_vip_is_one_a_person_listed_and_attendable(life, client, ana, panel):
    screen = phone(client, ana)
    for _twice in range(2):
        screen.post("/miniapp/access/press")
    found = db.session.scalars(select(UserInterest)).one()
    assert found.package_id is None
    assert "Ana" in panel.get("/panel/interests/").text
    panel.post(f"/panel/interests/{found.id}/attend")
    assert count(UserInterest, UserInterest.is_attended.is_(True)) == 1


def test_defect_13_what_can_be_made_has_a_screen(life, ana, plan, panel):
    kit = PackageFactory(category=ContentCategory.VIP_PREMIUM, name="Diván")
    assert "Diván" in panel.get("/panel/packages/?category=vip_premium").text
    panel.post(f"/panel/plans/{plan.id}", {"name": "Trimestral", "duration_days": "90", "price": "900",
                                           "currency": "MXN", "eligibility": "everyone"})  # fmt: skip
    assert "Trimestral" in panel.get("/panel/plans/").text
    picture = BytesIO()
    Image.new("RGB", (60, 40), "navy").save(picture, "JPEG")
    picture.seek(0)
    panel.post(f"/panel/packages/{kit.id}/media", {"images": (picture, "uno.jpg")})
    assert "/panel/packages/media/" in panel.get(f"/panel/packages/{kit.id}").text
    panel.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "ayuda con el chat"})
    assert "ayuda con el chat" in panel.get(f"/panel/users/{ana.user_id}").text


def test_defect_14_the_projection_is_what_people_pay_not_a_flat_fee(life, ana, bea, code, panel):
    with transaction():
        dear = plans.create({"name": "Caro", "duration_days": 30, "price": "650", "currency": "MXN"}, by=CAIO)
        paid = tokens.issue(dear, by=CAIO)[0].code
    life.redeems("ana", code())
    life.redeems("bea", paid)
    with transaction():
        subscriptions.gift(UserFactory(), 30, by=CAIO, reason="sorteo")
    page = re.sub(r"\s+", " ", panel.get("/panel/stats/projection").text)
    assert "$500" in page  # (350 + 650) ÷ 2 who pay; whoever was given days pays nothing
    assert "$1,000" in panel.get("/panel/stats/money").text


def test_defect_15_nothing_that_is_removed_takes_people_or_the_audit_with_it(life, ana, ana_inside, plan):
    before = count(AuditLog)
    with transaction():
        told = {"execution_options": {"noted": True}}
        db.session.execute(update(InvitationToken).values(plan_id=None), **told)
        db.session.execute(delete(SubscriptionPlan), **told)
    assert now_of(ana).plan_name == "Mensual" and now_of(ana).status is Status.ACTIVE
    for model in (InvitationToken, User):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(delete(model), **told)
    assert (count(VIPSubscriber), count(TokenRedemption), count(AuditLog)) == (1, 1, before)
    assert count(User, User.user_id == ana.user_id) == 1


def test_defect_16_members_are_told_before_at_and_after_the_end(life, ana, ana_inside, clock):
    for _day in range(40):
        clock.forward(days=1)
        life.turn()
    told = life.telegram.texts("ana")
    assert sum("Tu VIP termina en" in text for text in told) == 2
    assert sum("Tu VIP terminó" in text for text in told) == 1
    assert sum("te espera" in text for text in told) == 3


def test_defect_17_a_filter_by_role_pages_through_exactly_those(life, panel):
    for number in range(70):
        role = UserRole.VIP if number % 2 else UserRole.FREE
        UserFactory(first_name=f"Nº{number:02}", last_name="", role=role)
    seen: list[str] = []
    path = "/panel/users/?role=vip"
    while path:
        page = panel.get(path).text
        seen += sorted(set(re.findall(r"Nº\d\d", page)))
        following = re.search(r'rel="next" href="([^"]*)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sorted(seen) == [f"Nº{number:02}" for number in range(1, 70, 2)]


def test_defect_18_names_are_escaped_in_every_message(life, dora, code, clock):
    told = life.telegram.do("person", first_name=HOSTILE, last_name="<i>", username="mala")["person"]
    life.do("dora", "start")
    mala = told["key"]
    life.redeems(mala, code())
    life.enters(mala)
    life.says(mala, "/start")
    life.do(mala, "join", chat=FREE)
    clock.forward(days=31)
    life.turn()
    sent = life.telegram.see("calls", method="sendMessage")["calls"]
    assert len(sent) > 6 and all(one["answer"]["ok"] for one in sent)
    assert not any("<script>" in str(one["params"].get("text")) for one in sent)
    assert any("&lt;script&gt;" in str(one["params"].get("text")) for one in sent)
