"""People and devices look the same behind every door."""

import re

import pytest

from tests.miniapp.conftest import phone
from tests.panel.conftest import Browser
from webapp import faces

CHROME = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name", "icon"),
    [
        (CHROME, "Chrome · Android", "device-mobile"),
        (SAFARI, "Safari · iPhone", "device-mobile"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Edg/130.0", "Edge · Windows", "device-desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Firefox/133.0", "Firefox · Mac", "device-desktop"),
        ("curl/8", "Dispositivo desconocido", "world"),
        (None, "Dispositivo desconocido", "world"),
    ],
)
def test_a_device_is_called_by_its_browser_and_system(app, agent, name, icon):
    assert (faces.device(agent), faces.device_icon(agent)) == (name, icon)


def test_ana_and_her_session_look_the_same_to_her_and_to_staff(app, client, ana, caio):
    anas = phone(client, ana)
    anas.open(agent=CHROME)
    hers, theirs = (
        anas.get("/miniapp/profile").text,
        Browser(app.test_client(), caio).get(f"/panel/users/{ana.user_id}").text,
    )
    for seen in (hers, theirs):
        assert "Chrome · Android" in seen and "#i-device-mobile" in seen and ">AT</span>" in seen
    assert re.search(r"avatar--(\d)", hers)[1] == re.search(r"face hue-(\d) lg", theirs)[1]
