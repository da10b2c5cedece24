"""Mini App launches carry data that an independent library verifies."""

from urllib.parse import parse_qs, unquote, urlsplit

from init_data_py import is_valid_by_hash, parse

from .conftest import ANA, Sim

APP = "http://localhost:8000/app/"


def button(sim: Sim) -> int:
    markup = {"inline_keyboard": [[{"text": "Abrir", "web_app": {"url": APP}}]]}
    return int(sim.api("sendMessage", chat_id=ANA, text="x", reply_markup=markup)["message_id"])


def fragment(url: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(url).fragment).items()}


def test_launch_data_from_a_button_is_signed_with_the_bots_token(sim: Sim, ana: int) -> None:
    launch = sim.do("open", person="ana", message_id=button(sim))
    data = parse(launch["init_data"])
    assert is_valid_by_hash(launch["init_data"], sim.running.token)
    assert not is_valid_by_hash(launch["init_data"], "8000000002:AAOtherTokenOtherTokenOtherTokenOther0")
    assert (data.user.id, data.user.first_name, data.user.language_code) == (ANA, "Ana", "es")
    assert data.query_id == launch["query_id"]


def test_the_address_carries_what_clients_add(sim: Sim, ana: int) -> None:
    launch = sim.do("open", person="ana", message_id=button(sim), theme="dark")
    found = fragment(launch["url"])
    assert launch["url"].startswith(f"{APP}#tgWebAppData=")
    assert found["tgWebAppData"] == launch["init_data"]
    assert (found["tgWebAppPlatform"], found["tgWebAppVersion"]) == ("web", "8.0")
    assert '"bg_color":"#17212b"' in found["tgWebAppThemeParams"]


def test_a_direct_link_brings_start_param_in_data_and_query(sim: Sim, ana: int) -> None:
    sim.api("setChatMenuButton", menu_button={"type": "web_app", "text": "Vitrina", "web_app": {"url": APP}})
    launch = sim.do("open", person="ana", startapp="pkg_7")
    data = parse(launch["init_data"])
    assert is_valid_by_hash(launch["init_data"], sim.running.token)
    assert (data.start_param, data.query_id) == ("pkg_7", None)
    assert parse_qs(urlsplit(launch["url"]).query) == {"tgWebAppStartParam": ["pkg_7"]}


def test_the_menu_button_opens_for_each_person_their_own(sim: Sim, ana: int) -> None:
    assert "opens no Mini App" in sim.refused("open", person="ana")
    own = {"type": "web_app", "text": "Para Ana", "web_app": {"url": f"{APP}?own"}}
    sim.api("setChatMenuButton", chat_id=ana, menu_button=own)
    assert sim.api("getChatMenuButton", chat_id=ana)["text"] == "Para Ana"
    assert sim.do("open", person="ana")["url"].startswith(f"{APP}?own#")
    assert sim.api("getChatMenuButton") == {"type": "default"}


def test_a_reply_keyboard_button_opens_without_launch_data(sim: Sim, ana: int) -> None:
    launch = sim.do("open", person="ana", keyboard_url=APP)
    assert launch["init_data"] == ""
    assert "tgWebAppData" not in unquote(launch["url"])


def test_a_test_chooses_the_moment_of_signing(sim: Sim) -> None:
    old = sim.do("init-data", person="ana", auth_date=1_700_000_000, extra={"start_param": "x"})["init_data"]
    assert parse(old).auth_date == 1_700_000_000
    sim.do("time", advance=7200)
    fresh = sim.do("init-data", person="ana")["init_data"]
    assert abs(parse(fresh).auth_date - sim.look("state")["now"]) <= 2


def test_a_mini_app_opened_from_a_button_can_answer_into_the_chat(sim: Sim, ana: int) -> None:
    launch = sim.do("open", person="ana", message_id=button(sim))
    content = {"type": "article", "id": "1", "title": "t", "input_message_content": {"message_text": "Elegido"}}
    assert "inline_message_id" in sim.api("answerWebAppQuery", web_app_query_id=launch["query_id"], result=content)
    assert sim.look("messages", chat="ana")["messages"][-1]["text"] == "Elegido"
