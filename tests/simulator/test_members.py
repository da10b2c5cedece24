"""Channels: requests, links, bans, what the bot is told."""

from .conftest import ANA, BEA, EVE, FREE, VIP, Sim

KINDS = ["message", "chat_member", "my_chat_member", "chat_join_request"]


def status(sim: Sim, chat: int, user: int) -> str:
    return str(sim.api("getChatMember", chat_id=chat, user_id=user)["status"])


def test_a_join_request_may_be_written_to_for_five_minutes(sim: Sim) -> None:
    assert sim.do("join", person="ana", chat=FREE)["result"] == "requested"
    assert sim.call("sendMessage", chat_id=ANA, text="Bienvenida")["ok"]
    sim.do("time", advance=301)
    assert "can't initiate" in sim.refusal("sendMessage", chat_id=ANA, text="tarde")


def test_approving_lets_in_once_and_says_why_not_again(sim: Sim) -> None:
    sim.api("getUpdates", allowed_updates=KINDS)
    assert sim.refusal("approveChatJoinRequest", chat_id=FREE, user_id=ANA) == "Bad Request: HIDE_REQUESTER_MISSING"
    sim.do("join", person="ana", chat=FREE)
    assert sim.api("approveChatJoinRequest", chat_id=FREE, user_id=ANA) is True
    assert sim.refusal("approveChatJoinRequest", chat_id=FREE, user_id=ANA) == "Bad Request: USER_ALREADY_PARTICIPANT"
    entered = sim.updates("chat_member")[0]
    assert entered["new_chat_member"]["status"] == "member"
    assert entered["via_join_request"] is True


def test_a_declined_request_is_gone(sim: Sim) -> None:
    sim.do("join", person="ana", chat=FREE)
    sim.api("declineChatJoinRequest", chat_id=FREE, user_id=ANA)
    assert sim.look(f"chats/{FREE}")["requests"] == []


def test_a_single_use_link_lets_one_person_in_and_names_itself(sim: Sim) -> None:
    sim.api("getUpdates", allowed_updates=KINDS)
    link = sim.api("createChatInviteLink", chat_id=VIP, member_limit=1, name="para Bea")["invite_link"]
    assert sim.do("join", person="eve", link=link)["result"] == "joined"
    assert sim.refused("join", person="bea", link=link) == "INVITE_HASH_EXPIRED"
    assert sim.updates("chat_member")[0]["invite_link"]["invite_link"] == link


def test_links_expire_by_the_simulators_clock_and_by_revoking(sim: Sim) -> None:
    until = sim.look("state")["now"] + 60
    short = sim.api("createChatInviteLink", chat_id=VIP, expire_date=until)["invite_link"]
    other = sim.api("createChatInviteLink", chat_id=VIP)["invite_link"]
    sim.do("time", advance=61)
    sim.api("revokeChatInviteLink", chat_id=VIP, invite_link=other)
    for link in (short, other):
        assert sim.refused("join", person="bea", link=link) == "INVITE_HASH_EXPIRED"


def test_member_limit_and_approval_exclude_each_other(sim: Sim) -> None:
    assert sim.refusal("createChatInviteLink", chat_id=VIP, member_limit=1, creates_join_request=True) == (
        "Bad Request: member limit can't be specified for links requiring administrator approval"
    )


def test_expelling_is_a_ban_and_an_unban_after_which_one_may_return(sim: Sim) -> None:
    link = sim.api("createChatInviteLink", chat_id=VIP)["invite_link"]
    sim.do("join", person="bea", link=link)
    sim.api("banChatMember", chat_id=VIP, user_id=BEA)
    assert status(sim, VIP, BEA) == "kicked"
    assert "banned" in sim.refused("join", person="bea", link=link)
    sim.api("unbanChatMember", chat_id=VIP, user_id=BEA, only_if_banned=True)
    assert status(sim, VIP, BEA) == "left"
    assert sim.do("join", person="bea", link=link)["result"] == "joined"


def test_unban_without_only_if_banned_removes_a_present_member(sim: Sim) -> None:
    sim.do("member", person="bea", chat=VIP)
    sim.api("unbanChatMember", chat_id=VIP, user_id=BEA, only_if_banned=True)
    assert status(sim, VIP, BEA) == "member"
    sim.api("unbanChatMember", chat_id=VIP, user_id=BEA)
    assert status(sim, VIP, BEA) == "left"


def test_losing_a_right_reaches_the_bot(sim: Sim) -> None:
    sim.do("bot-rights", chat=VIP, rights={"can_invite_users": False})
    update = sim.updates("my_chat_member")[0]
    assert update["old_chat_member"]["can_invite_users"] is True
    assert update["new_chat_member"]["can_invite_users"] is False


def test_without_an_invitation_nobody_enters_the_vip_channel(sim: Sim) -> None:
    assert sim.refused("join", person="eve", chat=VIP) == "an invitation is needed"
    assert status(sim, VIP, EVE) == "left"
