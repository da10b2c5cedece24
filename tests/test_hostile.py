"""Hostile text × every field that anybody can fill. A new form or route without a row here fails."""

import json
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from tests.bot.conftest import Chat
from tests.conftest import BOT_TOKEN, ENGINES
from tests.everything import CLIENT, House, is_signed_out
from tests.factories import PackageFactory
from tests.hostile import TEXTS, harms, said_harms
from tests.panel.members import a_plan, ask_to_join, open_channels, subscribe
from tests.panel.test_signin import PHRASE
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.telegram import Gateway, read
from webapp.base.words import clean
from webapp.domain.catalog import notices
from webapp.domain.staff.rights import GRANTABLE
from webapp.domain.users.models import User, UserRole

PACKAGE = {"name": "Otoño", "description": "Hojas", "body": "Hojas", "provider": "Estudio", "category": "free_content"}
PACKAGE |= {"type": "standard", "price": "12", "currency": "MXN", "price_stars": "1", "price_points": "1"}
PACKAGE |= {"published_from": "2026-01-01T10:00", "published_until": "2036-01-01T10:00", "publish": "1"}
PLAN = {"name": "Mensual", "duration_days": "30", "price": "350", "currency": "MXN", "price_stars": "900"}
PLAN |= {"eligibility": "everyone"}
RUN = {"deed": "approve", "state": "waiting", "q": "", "since": "0", "up_to": "9", "done": "0", "total": "9"}
PAYMENT = {"paying": "paid", "amount": "350", "currency": "MXN", "method": "cash", "note": "Ref. 12"}
NEXT, ORDER, PLACE = {"next": "/panel/packages/"}, {"ids": "1", "next": "/panel/packages/"}, {"place": "list"}
# endpoint → its fields, each with a value that fits
POSTS = {
    "panel.signin.sign_in": {"email": "rita@vitrina.example", "password": PHRASE, "next": "/panel/"},
    "panel.signin.sign_out": {},
    "panel.signin.join": {"email": "eva@vitrina.example", "full_name": "Eva Luz", "password": PHRASE},
    "panel.second_factor.show": {"code": "123456", "remember": "1", "next": "/panel/"},
    "panel.second_factor.enrol": {"code": "123456", "next": "/panel/"},
    "panel.second_factor.leave": {},
    "panel.second_factor.change": {"code": "123456"},
    "panel.second_factor.codes": {},
    "panel.sudo.confirm": {"held": "x", "email": "rita@vitrina.example", "password": PHRASE, "code": "123456"},
    "panel.telegram.sign_in": {"init_data": ""},
    "panel.openid.sign_in": {"code": "x", "state": "x"},
    "panel.account.pulse": {},
    "panel.account.revoke": {},
    "panel.account.revoke_others": {},
    "panel.account.forget": {},
    "panel.settings.entry": {"remember_browsers": "1"},
    "panel.account.change_password": {"email": "rita@vitrina.example", "old": PHRASE, "new": PHRASE + "s"},
    "panel.account.save_profile": {"full_name": "Rita Root", "locale": "es", "time_zone": "Europe/Madrid"},
    "panel.account.ask_email": {"email": "otra@vitrina.example"},
    "panel.account.cancel_email": {},
    "panel.account.take_email": {},
    "panel.account.link": {},
    "panel.account.unlink": {},
    "panel.home.attend": {},
    "panel.catalog.create": PACKAGE,
    "panel.catalog.edit": PACKAGE | {"version": "1"},
    "panel.catalog.publish": NEXT,
    "panel.catalog.deactivate": NEXT,
    "panel.catalog.duplicate": NEXT,
    "panel.catalog.first": NEXT,
    "panel.catalog.arrange": ORDER,
    "panel.catalog.upload": {},
    "panel.catalog.arrange_media": ORDER,
    "panel.catalog.cover": {},
    "panel.catalog.describe": {"alt": "Un jardín"},
    "panel.catalog.remove": {},
    "panel.interests.attend": {"shown": "page", "next": "/panel/interests/"},
    "panel.interests.reopen": {"shown": "page", "next": "/panel/interests/"},
    "panel.interests.attend_many": ORDER,
    "panel.interests.reopen_many": ORDER,
    "panel.interests.add_note": {"text": "Le escribí."},
    "panel.differences.mend": {"ids": "1"},
    "panel.search.search": {"q": "Inês"},
    "panel.clients.search": {"q": "Inês", "deleted": "1", "sort": "name", "size": "25"},
    "panel.clients.create": CLIENT | {"user_id": "710000001"},
    "panel.clients.edit": CLIENT | {"version": "1"},
    "panel.clients.remove": {},
    "panel.clients.restore": {},
    "panel.clients.link": {"member": "@anat"},
    "panel.clients.unlink": {},
    "panel.clients.reveal": {},
    "panel.clients.export": {},
    "panel.clients.export_clear": {},
    "panel.client_imports.create": {},
    "panel.client_imports.run": {},
    "panel.client_imports.cancel": {},
    "panel.users.change_role": {"role": "admin", "reason": "Ayuda"},
    "panel.users.block": {"reason": "Insulta"},
    "panel.users.unblock": {},
    "panel.plans.create": PLAN,
    "panel.plans.edit": PLAN,
    "panel.plans.switch_on": {},
    "panel.plans.switch_off": {},
    "panel.plans.move_up": {},
    "panel.plans.move_down": {},
    "panel.tokens.create": {
        "plan": "1",
        "count": "2",
        "shelf_hours": "24",
        "unit": "hours",
        "max_uses": "1",
        "once": "a" * 24,
    }
    | PAYMENT,
    "panel.tokens.download": {"codes": "A" * 32, "link": "https://t.me/luna_bot?start=vip_"},
    "panel.tokens.print_cards": {"codes": "A" * 32, "first": "0"},
    "panel.tokens.revoke": {},
    "panel.tokens.revoke_batch": {},
    "panel.vip.release": {"run": "1", "seen": "12"},
    "panel.vip.gift": {"days": "7", "reason": "Ganó el sorteo", "was": "", **PAYMENT},
    "panel.vip.pause": {"reason": "Viaje"},
    "panel.vip.resume": {},
    "panel.vip.revoke": {"reason": "spam"},
    "panel.vip.correct": {"until": "2036-01-01T10:00", "reason": "Se pagó dos veces"},
    "panel.vip.restore": {},
    **{f"panel.{room}.export": {} for room in ("vip", "tokens", "plans", "free", "users", "interests", "audit")},
    "panel.vip.extend": {"plan": "1", "was": "", **PAYMENT},
    "panel.vip.expel": {},
    "panel.vip.readmit": {"until": "2036-01-01T10:00", "reason": "Fue un error"},
    "panel.payments.record": {**PAYMENT, "once": "a" * 24},
    "panel.payments.reverse": {"reason": "No llegó", "next": "/panel/vip/"},
    "panel.imports.create": {},
    "panel.imports.run": {"existing": "skip"},
    "panel.imports.cancel": {},
    "panel.imports.problems": {},
    "panel.imports.results": {},
    "panel.imports.links": {},
    "panel.exports.cancel": {},
    "panel.exports.download": {},
    "panel.stats.take_people": {},
    "panel.vip_many.run": {
        "deed": "gift",
        "ids": "710000001@2036-01-01T10:00:00+00:00",
        "days": "7",
        "reason": "Falla",
    },
    "panel.staff.invite": {"role": "user", "email": "nora@vitrina.example"},
    "panel.staff.withdraw": {},
    "panel.staff.change_role": {"role": "user"},
    "panel.staff.suspend": {},
    "panel.staff.reactivate": {},
    "panel.staff.remove": {},
    "panel.staff.hand_over_email": {},
    "panel.staff.reset_second_factor": {},
    "panel.rights.save": {"sections": "vip", "sure": "", "seen": "", **dict.fromkeys(GRANTABLE, "read")}
    | {f"until-{section}": "2036-01-01" for section in GRANTABLE},
    "panel.rights.give_many": {"ids": "1", "template": "agent", "until": "2036-01-01"},
    "panel.free.approve": {"next": "/panel/free/"},
    "panel.free.decline": {"next": "/panel/free/"},
    "panel.free.approve_many": {"ids": "1", "next": "/panel/free/"},
    "panel.free.decline_many": {"ids": "1", "next": "/panel/free/"},
    "panel.free.run": RUN,
    "panel.channels.which": {
        "vip_channel_id": "-1001000000002",
        "vip_channel_title": "Luna VIP",
        "free_channel_id": "-1001000000001",
        "free_channel_title": "Luna",
    },
    "panel.setup.ask": {},
    "panel.setup.ask_channels": {},
    "panel.setup.look": {"channel": "@luna_vip"},
    "panel.setup.choose": {"chat_id": "-1001000000002"},
    "panel.setup.wait": {"wait_time_minutes": "5"},
    "panel.channels.wait": {"wait_time_minutes": "5"},
    "panel.channels.ending": {"grace_hours": "0", "expiry_hour": "9"},
    "panel.channels.reminders": {
        "remind_before": "1",
        "remind_end": "1",
        "remind_after": "1",
        "reminder_days": "3, 1",
        "comeback_days": "1, 3, 7",
        "quiet_from": "22",
        "quiet_until": "8",
    },
    "panel.channels.brake": {"brake_most": "50", "brake_share": "30"},
    "panel.settings.creator": {
        "creator_name": "Luna",
        "contact_url": "https://t.me/luna",
        "contact_text": "Escríbeme",
        "social_instagram": "luna",
        "social_tiktok": "luna",
        "social_x": "luna",
    },
    "panel.settings.region": {"time_zone": "America/Mexico_City", "currency": "MXN"},
    "panel.settings.audit": {"audit_chat_id": "-1001234567890", "audit_months": "24"},
    "panel.audit.verify": {},
    "panel.audit.undo": {},
    "panel.settings.labels": {"free_content": "Promos", "vip_content": "Diván", "vip_premium": "Premium"},
    "panel.settings.save_text": {"text": "Hola, {nombre}", "locale": "es"},
    "panel.settings.preview": {"text": "Hola, {nombre}"},
    "miniapp.exchange": {"init_data": "", "path": "/miniapp/", "time_zone": "Europe/Madrid"},
    "miniapp.renew": {"init_data": ""},
    "miniapp.press": PLACE,
    "miniapp.withdraw": PLACE,
    "miniapp.press_vip": PLACE,
    "miniapp.withdraw_vip": PLACE,
    "miniapp.redeem": {"code": "vip_nada"},
    "miniapp.enter": {},
    "miniapp.choose_locale": {"locale": "es"},
    "miniapp.choose_zone": {"time_zone": "Europe/Madrid"},
    "miniapp.revoke": {},
    "miniapp.revoke_others": {},
    "webhook.receive": {},
}
GETS = {
    "panel.search.page": {"q"},
    "panel.stats.page": {"range", "first", "last"},
    "panel.stats.money": {"range", "first", "last"},
    "panel.stats.asked": {"range", "first", "last"},
    "panel.stats.ahead": {"payers", "price", "churn", "new", "currency"},
    "panel.stats.export": {"range", "first", "last", "currency"},
    "panel.stats.people": {"range", "first", "last", "currency", "after"},
    "panel.differences.page": {"kind", "size", "after"},
    "panel.clients.page": {"q", "deleted", "sort", "size", "after"},
    "panel.clients.new": {"user"},
    "panel.client_imports.page": {"after"},
    "panel.client_imports.show": {"state", "size", "after"},
    "panel.users.page": {"q", "role", "reach", "blocked", "sort", "size", "after"},
    "panel.vip_many.page": {"deed", "ids"},
    "panel.staff.page": {"q", "state", "size", "after"},
    "panel.rights.page": {"q", "size", "after"},
    "panel.rights.many": {"ids"},
    "panel.vip.page": {"q", "state", "ends", "channel", "failed", "sort", "size", "after"},
    "panel.imports.page": {"after"},
    "panel.imports.show": {"state", "size", "after"},
    "panel.free.page": {"q", "state", "size", "after"},
    "panel.free.running": set(RUN),
    "panel.tokens.page": {"state", "plan", "batch", "size", "after"},
    "panel.tokens.new": {"plan"},
    "panel.catalog.page": {"q", "category", "type", "state", "sort", "after"},
    "panel.catalog.preview": {*PACKAGE, "id"},
    "panel.audit.page": {"who", "action", "thing", "id", "from", "until", "q", "denied", "request", "size", "after"},
    "panel.interests.page": {"state", "category", "package", "user", "age", "sort", "after"},
    "panel.settings.text": {"locale"},
    "panel.signin.page": {"next"},
    "panel.openid.start": {"next"},
    "panel.openid.page": {"code", "state"},
    "panel.second_factor.page": {"next"},
    "miniapp.vitrina": {"q", "category", "after"},
    "miniapp.listing": {"q", "category", "after"},
    "miniapp.want": {"place"},
    "miniapp.zones": {"q"},
}
# Fields whose text is kept and shown to others.
KEPT = {
    *(("panel.catalog.create", name) for name in ("name", "description", "body", "provider")),
    *(("panel.catalog.edit", name) for name in ("name", "description", "body", "provider")),
    *(("panel.clients.create", name) for name in ("name", "notes")),
    *(("panel.clients.edit", name) for name in ("name", "notes")),
    *((f"panel.vip.{deed}", "reason") for deed in ("gift", "pause", "correct", "revoke")),
    *(("panel.users." + deed, "reason") for deed in ("block", "change_role")),
    ("panel.settings.creator", "contact_text"),
    *(("panel.channels.which", name) for name in ("vip_channel_title", "free_channel_title")),
    *((f"panel.{deed}", "note") for deed in ("vip.extend", "tokens.create", "payments.record")),
    ("panel.payments.reverse", "reason"),
    ("panel.plans.create", "name"),
    ("panel.plans.edit", "name"),
    ("panel.interests.add_note", "text"),
    ("panel.account.save_profile", "full_name"),
    ("panel.signin.join", "full_name"),
}
ODD = {"script", "long", "nul", "halves", "emoji"}
MARKS = ("trampa", "7919*7927", "/C calc")  # a text with one of them is shown
UNFIT = {"long", "nul", "halves"}  # refused by most fields, or kept in another form
LAST = ("block", "unblock", "change_role", "reset_second_factor", "suspend", "remove", "revoke", "revoke_batch")
LAST += ("switch_off", "expel", "deactivate", "withdraw", "cancel", "decline", "decline_many", "codes", "sign_out")
SILENT = {"csrf_token", "images", "file"}  # ours, and files (theirs: domain/catalog/test_media.py, test_imports.py)


@pytest.fixture
def house(app, ana, dora):
    return House(app, ana)


def posts(app):
    return [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]


class Forms(HTMLParser):
    """The forms of a page: (method, action, names of what can be filled)."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here, self.found, self.open = here, [], None

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "form":
            where = told.get("action") or told.get("hx-post") or told.get("hx-get") or self.here
            posting = told.get("method", "").lower() == "post" or "hx-post" in told
            self.open = ("POST" if posting else "GET", urlsplit(where).path, set())
            if told.get("method") != "dialog":
                self.found.append(self.open)
        elif tag in ("input", "textarea", "select", "button") and told.get("name") and self.open:
            self.open[2].add(told["name"])

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None


@pytest.mark.parametrize("kind", ["script", "image", "htmx", "turned", "nul"])
def test_the_search_for_harm_finds_it(kind):
    assert harms(f'<p>{TEXTS[kind]}</p><input value="{TEXTS[kind]}">') != []
    assert harms("<p>62773913</p>") != []
    assert harms('<p>&lt;script&gt;trampa()</p><script src="/static/x.js"></script>') == []


def test_every_route_that_takes_something_has_its_row(app):
    assert {rule.endpoint for rule in posts(app)} == set(POSTS)


def test_every_form_that_is_shown_has_its_fields_here(app, house):
    paths, seen = app.url_map.bind("localhost"), 0
    for page in house.pages():
        forms = Forms(page)
        forms.feed(house.get(page).text)
        for method, action, names in forms.found:
            endpoint = paths.match(action, method=method)[0]
            known = POSTS[endpoint] if method == "POST" else GETS[endpoint]
            assert names - SILENT <= set(known), (page, endpoint)
            seen += 1
    assert seen > 30


def in_order(app):
    """Those that take something; what ends things, or keeps people out, comes last."""
    verbs = ("", *LAST)
    return sorted(
        posts(app), key=lambda rule: verbs.index(verb) if (verb := rule.endpoint.split(".")[-1]) in LAST else 0
    )


def taken(app, house, text) -> set[tuple[str, str]]:
    """Types the text into each field of each form, the others as they should be; the fields in which it was taken."""
    found = set()
    for rule in in_order(app):
        fields = POSTS[rule.endpoint]
        for number, name in enumerate([*fields, "unheard_of"]):
            answer = house.post(rule, {**fields, **house.fitting(rule.endpoint), name: text}, htmx=number % 2 == 0)
            assert answer.status_code < 500, (rule.endpoint, name, answer.status_code)
            if answer.mimetype == "text/html":
                assert harms(answer.text, echo=True) == [], (rule.endpoint, name)
            if answer.status_code < 400:
                found.add((rule.endpoint, name))
    return found


# Escaping knows nothing of the engine; what databases themselves take badly is tried on each.
WHERE = [(engine, kind) for engine in ENGINES for kind in TEXTS if engine == "sqlite" or kind in ODD]


@pytest.mark.parametrize(("engine_kind", "kind"), WHERE, indirect=["engine_kind"])
def test_it_is_only_text_in_panel_and_mini_app(app, house, kind):
    text = TEXTS[kind]
    where = taken(app, house, text)
    assert kind in UNFIT or KEPT - where == set()
    house.sign_in()
    house.open_app()
    halves = text.encode("utf-8", "replace").decode()  # a query is made of whole characters here
    for endpoint, names in GETS.items():
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        for name in names:
            answer = house.get(house.path(rule), **{name: halves})
            assert answer.status_code < 500 and harms(answer.text, echo=True) == [], (endpoint, name)
    shown = 0
    for page in house.pages():
        answer = house.get(page)
        assert not is_signed_out(answer) or page.startswith("/panel/sign-in"), page
        assert harms(answer.text) == [], page
        shown += any(word in answer.text for word in MARKS)
    assert kind in UNFIT or shown > 12


def speak(gateway, person, row):
    """Says to somebody in the simulator what was promised; returns it as Telegram understood it."""
    body = {name: value for name, value in row.payload.items() if name not in ("message_id", "photo", "caption")}
    body |= {"chat_id": person.user_id, "text": row.payload.get("text") or row.payload["caption"]}
    return gateway.call("sendMessage", body)


@pytest.mark.parametrize("kind", TEXTS)
def test_it_is_only_text_in_the_chat(app, telegram, dora, ana, kind):
    telegram.do("start", person="dora")
    heard = read(json.dumps({"text": TEXTS[kind]}).encode())["text"]  # as it comes from Telegram
    with transaction():
        nasty = PackageFactory.build(name=clean(heard)[:150], description=clean(heard)[:500])
        db.session.add(nasty)
    plan = a_plan(clean(heard)[:80] or "x")
    open_channels()
    subscribe(ana, plan)
    ask_to_join(ana)
    odd = (heard[:64], f"lead:{heard[:40]}", f"cat:{heard[:40]}", f"pkg:{nasty.id}", f"want:{nasty.id}")
    chat, pressed = Chat(), ("", "cats", "cat:free_content", "mine", "access", "langs", "help", "vip")
    for asking in (ana, dora):
        update = chat.text(asking, heard)
        update["message"]["from"] |= {"first_name": heard, "last_name": heard}
        chat.hear(update)
        for words in ("/start ", "/admin ", "/ayuda ", "/idioma ", "/start pkg_", "/start ref_", "/"):
            chat.hear(chat.text(asking, words + heard))
        chat.hear(chat.text(asking, "", caption=heard, photo=[{"file_id": heard}]))
        for data in (*pressed, *odd):
            chat.press(asking, data)
        for data in ("admin", "leads:pending", "people", "goods", f"good:{nasty.id}", f"user:{ana.user_id}"):
            chat.press(asking, data)
        for data in ("vipdesk", "subs:active", f"sub:{ana.user_id}", f"subpick:extend:{ana.user_id}", "freedesk"):
            chat.press(asking, data)
        for data in ("asker:1", "plandesk", f"plan:{plan.id}", f"subask:extend:{ana.user_id}:{plan.id}", "figs:7"):
            chat.press(asking, data)
    with transaction():
        assert notices.write_due() >= 1
    gateway, spoken = Gateway(BOT_TOKEN, telegram.url), 0
    assert db.session.get(User, dora.user_id).role is UserRole.ADMIN
    for row in db.session.scalars(select(OutboxMessage)):
        if "text" in row.payload or "caption" in row.payload:
            if row.method == "answerCallbackQuery":
                continue
            assert said_harms(speak(gateway, dora, row)) == [], row.payload
            spoken += 1
    assert spoken > 30


@pytest.mark.parametrize("half", [b"\\ud800", b"\\udc00\\ud800", "\ud800".encode("utf-8", "surrogatepass")])
def test_half_a_character_keeps_no_batch_from_being_read(app, half):
    told = b'{"ok": true, "result": [{"update_id": 1, "message": {"text": "tram' + half + b'pa"}}, {"update_id": 2}]}'
    batch = read(told)["result"]
    assert Chat().store(*batch) == [1, 2]
    assert batch[0]["message"]["text"].encode().startswith(b"tram?")


@pytest.mark.parametrize("told", [b"", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_said_to_be_none(told):
    with pytest.raises(ValueError):
        read(told)
