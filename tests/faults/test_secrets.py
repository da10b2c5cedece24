"""After people have come in by every door, no secret lies where somebody could read it.

Looked through: what the processes said at their most talkative, every page and header that was answered, /metrics and
error pages, the audit, the whole database, every file of VITRINA_HOME, command lines, and what Telegram was told.
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from tests.conftest import BOT_TOKEN, count
from tests.entering import code_of
from tests.factories import PackageFactory
from tests.faults.conftest import ROOT, until
from tests.faults.doors import PHRASE, Visitor, set_up_phone, token_on
from tests.faults.test_drain import LONG
from tests.faults.test_killed import WAITING
from tests.panel.test_guard import panel_routes
from webapp.base.db import db
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog

pytestmark = pytest.mark.processes
WRONG = "mi-otra-frase-secreta-de-siempre"
METRICS = "lector-de-medidas-4711-0815"
HOOK = "gancho-secreto-4711-0815"
MINIAPP = ("", "interests", "access", "help", "profile", "none")
HURRIED = "[WARNING] Killing worker-1 after it refused to gracefully stop"  # the web server's own, on a busy machine


class Secrets:
    """What must be found nowhere, by name; in the forms in which it may be written down."""

    def __init__(self, **known):
        self.known = known

    def add(self, **more):
        self.known |= more

    def found_in(self, words):
        """Names of the secrets that these words (text or bytes) tell."""
        words = words.encode("utf-8", "replace") if isinstance(words, str) else words
        return [name for name, value in self.known.items() if any(form in words for form in _forms(value))]


def _forms(value):
    written = {value, quote(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    return [form.encode() for form in written]


@pytest.fixture
def secrets(house):
    found = Secrets(
        token=BOT_TOKEN,
        token_part=BOT_TOKEN.partition(":")[2],
        secret_key="firma-de-prueba-" + uuid.uuid4().hex,
        data_key=Fernet.generate_key().decode(),
        metrics=METRICS,
        hook=HOOK,
        password=PHRASE,
        wrong_password=WRONG,
    )
    house.environment |= {"SECRET_KEY": found.known["secret_key"], "DATA_KEY": found.known["data_key"]}
    house.environment |= {"METRICS_TOKEN": METRICS, "TELEGRAM_WEBHOOK_SECRET": HOOK}
    house.environment |= {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"}
    return found


def come_to_the_mini_app(telegram, web, secrets, kit):
    """Ana signs in, goes everywhere, presses, renews; others try with what is not theirs."""
    ana = Visitor(web)
    launch = telegram.do("init-data", person="ana")["init_data"]
    secrets.add(launch=launch, launch_hash=parse_qs(launch)["hash"][0])
    ana.token = ana.ask("/miniapp/session", {"init_data": launch, "path": "/miniapp/"}).headers["X-Session"]
    secrets.add(session=ana.token)
    for path in MINIAPP:
        ana.ask(f"/miniapp/{path}")
        ana.ask(f"/miniapp/{path}", **{"HX-Request": "true"})
    ana.ask(f"/miniapp/packages/{kit.public_id}/press", {})
    ana.ask("/miniapp/profile/locale", {"locale": launch})
    renewed = ana.ask("/miniapp/session/renew", {"init_data": launch})
    assert renewed.status == 204
    ana.token = renewed.headers["X-Session"]
    secrets.add(renewed=ana.token)
    ana.ask(f"/miniapp/none?tgWebAppData={quote(launch)}")
    forged = launch.replace("Ana", "Eva")
    assert ana.ask("/miniapp/session", {"init_data": forged}).status == 401
    assert ana.ask("/miniapp/session", {"init_data": launch + "\n" + launch}).status == 401
    assert (
        ana.ask("/telegram/webhook", {"init_data": launch}, **{"X-Telegram-Bot-Api-Secret-Token": HOOK}).status == 404
    )
    return ana


def come_to_the_panel(app, house, web, secrets):
    """Rita joins by a link of the console, goes out, mistypes, comes in, and goes everywhere."""
    command = [sys.executable, "-m", "flask", "staff", "invite"]
    printed = subprocess.run(command, env=house.environment, cwd=ROOT, check=True, capture_output=True, text=True)
    invitation = printed.stdout.strip().rpartition("/")[2]
    secrets.add(invitation=invitation)
    rita = Visitor(web)
    form = {"email": "rita@vitrina.example", "full_name": "Rita Root"}
    rita.ask(f"/panel/invitation/{invitation}", form | {"password": "corta"})
    rita.seen.clear()  # the form of an invitation names it, to the one who has it
    assert rita.ask(f"/panel/invitation/{invitation}", form | {"password": PHRASE}).status == 303
    secrets.add(first_cookie=rita.cookies["vitrina"])
    key = set_up_phone(rita)
    codes = re.findall(r"<li><code>([A-Z0-9-]{24})</code>", rita.seen.pop()[1].data.decode())
    rita.seen.pop()  # the key and the codes are shown to her, once
    secrets.add(key=key, **{f"recovery_code_{n}": code for n, code in enumerate(codes)})
    assert len(codes) == 10
    rita.ask("/panel/sign-out", {"csrf_token": rita.csrf()})
    assert rita.ask(f"/panel/invitation/{invitation}").status == 404
    rita.ask("/panel/sign-in", {"email": "rita@vitrina.example", "password": WRONG})
    rita.ask("/panel/sign-in", {"email": WRONG, "password": PHRASE})
    rita.seen.pop()  # shows the address that she typed, to her
    assert rita.ask("/panel/sign-in", {"email": "rita@vitrina.example", "password": PHRASE}).status == 303
    token = token_on(rita.ask("/panel/second-factor/").data.decode())
    rita.ask("/panel/second-factor/", {"csrf_token": token, "code": "000000"})
    assert rita.ask("/panel/second-factor/", {"csrf_token": token, "code": code_of(key, 1)}).status == 303
    secrets.add(cookie=rita.cookies["vitrina"])
    for path, verb, _view in panel_routes(app):
        if verb == "GET":
            rita.ask(path)
    csrf = rita.csrf()
    rita.ask("/panel/account/password", {"csrf_token": csrf, "old": WRONG, "new": PHRASE})
    rita.ask("/panel/account/password", {"csrf_token": csrf, "old": PHRASE, "new": WRONG})
    rita.ask("/panel/account/pulse", {"csrf_token": "forged"})
    return rita


def come_to_the_bot(house, telegram):
    """People write; the bot looks for Telegram where nobody is, and then Telegram fails in every way."""
    lost = house.start("bot", TELEGRAM_API_URL="http://127.0.0.1:9")
    until(lambda: "bot.polling_failed" in house.logs(), "the bot says that nobody is there", LONG)
    lost.terminate()
    lost.wait(LONG)
    found = house.start("bot"), house.start("worker")
    telegram.fault("error", method="sendMessage", code=400, description=f"Bad Request: bot{BOT_TOKEN}/x is bad")
    for kind in ("5xx", "invalid_json", "reset", "429"):
        telegram.fault(kind, method="sendMessage", times=2)
    for words in ("/start", "/ayuda", "/intereses", "hola"):
        telegram.do("say", person="ana", text=words)
    until(lambda: count(TelegramUpdate, TelegramUpdate.status == "done") >= 4, "the bot has heard them", LONG)
    return found


def test_no_secret_lies_anywhere_after_everybody_came_by_every_door(app, house, telegram, secrets):
    kit = PackageFactory()
    web = house.start_web(workers=1)
    visitors = [come_to_the_mini_app(telegram, web, secrets, kit), come_to_the_panel(app, house, web, secrets)]
    bot, worker = come_to_the_bot(house, telegram)
    eve = Visitor(web)
    for path in ("/healthz", "/readyz", "/metrics", "/none", "/panel/none", "/static/none", "/telegram/webhook"):
        eve.ask(path)
        eve.ask(path, Authorization=f"Bearer {METRICS}")
    until(lambda: not count(OutboxMessage, WAITING), "all is said", LONG)
    commands = [Path(f"/proc/{process.pid}/cmdline").read_bytes() for process in (bot, worker, house.running[0])]
    house.end()

    assert secrets.found_in(house.logs()) == [], "in the log"
    for path, answer in [*visitors[0].seen, *visitors[1].seen, *eve.seen]:
        handed = {"x-session", "set-cookie"}  # how whoever signs in is given their own
        headers = [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in handed]
        assert secrets.found_in(answer.data) == [] and secrets.found_in("\n".join(headers)) == [], path
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert secrets.found_in(repr(row)) == [], table.name
    files = [path for path in (house.folder / "home").rglob("*") if path.is_file()]
    if db.engine.dialect.name == "sqlite":
        files += Path(db.engine.url.database).parent.glob("vitrina.db*")
    for path in files:
        assert secrets.found_in(path.read_bytes()) == [], path.name
    for command in commands:
        assert secrets.found_in(command) == [], "in a command line"
    for call in telegram.see("calls", limit=20_000)["calls"]:
        assert secrets.found_in(json.dumps(call["params"], ensure_ascii=False)) == [], call["method"]
    assert count(AuditLog, AuditLog.action == "login_failed") == 2
    assert count(AuditLog) > 5 and len(files) >= 1 and len(visitors[1].seen) > 20
    ours = house.logs().replace(HURRIED, "").splitlines()
    spoken = [line for line in ours if line and not line.startswith("---")]
    assert all(isinstance(json.loads(line), dict) for line in spoken), "nobody can forge a line of the log"


def test_the_search_for_secrets_finds_them():
    found = Secrets(launch='user={"id":1}&hash=abc', password="una frase larga")
    assert found.found_in("x " + quote('user={"id":1}&hash=abc', safe="")) == ["launch"]
    assert found.found_in(json.dumps({"p": "una frase larga"})) == ["password"]
    assert found.found_in("password=una+frase+larga") == ["password"]
    assert found.found_in("una frase") == []
