"""The app with one of everything in it: where every page is looked at, and every form filled."""

import itertools
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote_plus

from flask import Flask
from sqlalchemy import select

from tests.factories import InterestFactory, PackageFactory, StaffFactory
from tests.miniapp.conftest import launch
from tests.panel.conftest import HTMX, ORIGIN, Browser
from tests.panel.members import a_plan, ask_to_join, of, open_channels, subscribe
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentPackage
from webapp.domain.channels import imports, payments, tokens
from webapp.domain.channels.models import FreeChannelRequest, SubscriptionPeriod
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.records import ManualPayment, Method
from webapp.domain.clients import clients, cpf
from webapp.domain.clients import imports as client_imports
from webapp.domain.clients.models import Client
from webapp.domain.insights import exports
from webapp.domain.insights.people_listings import PeopleFilter
from webapp.domain.staff import accounts, browsers, codes, permissions
from webapp.domain.staff.models import StaffInvitation, StaffRole
from webapp.domain.users.models import User

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLIENT = {"name": "Inês Carvalho", "cpf": "529.982.247-25", "birth_date": "1990-12-31", "email": "ines@vitrina.example"}
CLIENT |= {"phone": "+5511900000001", "notes": "Pide factura."}
PAID = Paid(Decimal(350), "MXN", Method.CASH)


class House:
    """The app with one of everything in it, and somebody signed in at each door."""

    def __init__(self, app: Flask, ana: User) -> None:
        self.app, self.ana, self.numbers = app, ana, itertools.count(123_456_780)
        self.kit = PackageFactory(name="Primavera")
        self.interest = InterestFactory(user_id=ana.user_id, package_id=self.kit.id)
        self.root = StaffFactory(email="rita@vitrina.example", role=StaffRole.SYSADMIN)
        self.helper = StaffFactory(email="hugo@vitrina.example", full_name="Hugo Paz", role=StaffRole.USER)
        self.staff = StaffFactory(email="nuria@vitrina.example", role=StaffRole.USER)
        self.other = Browser(app.test_client(), self.root).session
        self.phone = app.test_client()
        self.plan = a_plan()
        open_channels()
        subscribe(ana, self.plan)
        ask_to_join(ana)
        with transaction():
            payments.record(db.session.scalars(select(SubscriptionPeriod)).one(), PAID, by=SYSTEM)
            self.token = tokens.issue(self.plan, by=SYSTEM, count=2)[0].token
            self.export = exports.ask(
                "users", PeopleFilter(), "csv", by=accounts.as_actor(self.root), zone="UTC", filters={}
            )
            self.list = imports.keep(imports.read("x.csv", b"usuario,dias\n@nadie_aqui,3\n@mal,3"), by=SYSTEM)
            self.client = clients.create(CLIENT | {"cpf": "111.444.777-35"}, by=SYSTEM, user=ana)
            client_imports.keep(client_imports.read("x.csv", b"nombre,cpf\nIn,52998224725\nx,1"), by=SYSTEM)
            self.invitation = accounts.invite(StaffRole.ADMIN, by=SYSTEM)
            self.code = codes.keep(self.helper.id, "email", timedelta(hours=1), by=SYSTEM, email="x@vitrina.example")
            browsers.remember(self.root.id, by=SYSTEM)
        self.known = self.things()
        self.sign_in()
        self.open_app()

    def sign_in(self) -> None:
        """At the panel: one whole session, and one that has shown the password alone."""
        self.panel = Browser(self.app.test_client(), self.root)
        self.door = Browser(self.app.test_client(), self.helper, level="pwd")

    def open_app(self) -> None:
        """Ana opens the Mini App."""
        self.app.extensions["tries"].forget()
        self.phone = self.app.test_client()
        entered = self.phone.post("/miniapp/session", data={"init_data": launch(self.ana), "path": "/miniapp/"})
        self.headers = {"Authorization": f"Bearer {entered.headers['X-Session']}"}

    def things(self) -> dict[str, object]:
        """What stands in addresses, by the names that routes give it."""
        return {
            "user_id": self.ana.user_id,
            "package_id": self.kit.id,
            "public_id": self.kit.public_id,
            "interest_id": self.interest.id,
            "media_id": 1,
            "session_id": self.other.id,
            "plan_id": self.plan.id,
            "token_id": self.token.id,
            "batch_id": self.token.batch_id,
            "request_id": db.session.scalar(select(FreeChannelRequest.id)),
            "token": self.invitation,
            "code": self.code,
            "name": "help",
            "key": "x",
            "kind": "outside_with_right",
            "figure": "active",
            "unknown": "x",
            "sealed": "x",
            "import_id": self.list.id,
            "export_id": self.export.id,
            "sheet": "csv",
            "period_id": db.session.scalar(select(SubscriptionPeriod.id)),
            "payment_id": db.session.scalar(select(ManualPayment.id)),
            "staff_id": self.staff.id,
            "invitation_id": db.session.scalar(select(StaffInvitation.id)),
            "row_id": db.session.scalar(select(AuditLog.id).where(AuditLog.action == "create").limit(1)),
            "client_id": self.client.id,
            "browser_id": browsers.of(self.root.id)[0].id,
        }

    def fitting(self, endpoint: str) -> dict[str, str]:
        """What a form would hold at this moment."""
        if endpoint in ("panel.vip.gift", "panel.vip.extend"):
            return {"was": of(self.ana).expiry_date.isoformat(), "plan": str(self.plan.id)}
        if endpoint == "panel.rights.save":
            return {"seen": permissions.standing(self.staff.id)}
        if endpoint == "panel.catalog.edit":
            return {"version": str(db.session.scalar(select(ContentPackage.version).filter_by(id=self.kit.id)))}
        if endpoint == "panel.clients.edit":
            version = str(db.session.scalar(select(Client.version).filter_by(id=self.client.id)))
            return {"version": version, "cpf": "111.444.777-35"}
        if endpoint in ("panel.tokens.create", "panel.payments.record"):
            return {"once": f"{next(self.numbers):024d}", "plan": str(self.plan.id)}
        if endpoint == "panel.clients.create":
            nine = f"{next(self.numbers):09d}"
            return {"cpf": nine + cpf.check_digits(nine)}
        return {}

    def path(self, rule) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda hit: str(self.known[hit[1]]), rule.rule)

    def post(self, rule, fields: dict[str, str], htmx: bool):
        """What a form is answered; whoever is signed out by one of them signs in again first."""
        answer = self.send(rule, fields, htmx)
        if rule.endpoint.startswith("panel.") and is_signed_out(answer):
            self.sign_in()
            answer = self.send(rule, fields, htmx)
        return answer

    def send(self, rule, fields: dict[str, str], htmx: bool):
        body = "&".join(f"{name}={quote_plus(value, errors='surrogatepass')}" for name, value in fields.items())
        headers = {**FORM, **(HTMX if htmx else {})}
        self.app.extensions["tries"].forget()
        if rule.endpoint.startswith("panel."):
            browser = self.door if hasattr(self.app.view_functions[rule.endpoint], "halfway") else self.panel
            headers |= ORIGIN | {"X-CSRF-Token": browser.csrf}
            return browser.client.post(self.path(rule), data=body, headers=headers)
        return self.phone.post(self.path(rule), data=body, headers=headers | self.headers)

    def get(self, path: str, **asked):
        if path == "/panel/second-factor/":
            return self.door.client.get(path, query_string=asked)
        if path.startswith("/panel"):
            return self.panel.client.get(path, query_string=asked)
        return self.phone.get(path, query_string=asked, headers=self.headers)

    def pages(self) -> list[str]:
        rules = [rule for rule in self.app.url_map.iter_rules() if "GET" in rule.methods]
        return [self.path(rule) for rule in rules if rule.endpoint.startswith(("panel.", "miniapp."))]


def is_signed_out(answer) -> bool:
    return answer.status_code == 401 or answer.headers.get("Location", "").startswith("/panel/sign-in")
