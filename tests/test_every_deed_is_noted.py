"""Every deed of every room leaves its rows: exactly one for each thing that it changed, and none that nothing explains.

The deeds are found by looking: a public function of a room that takes `by`. A new one without a line here fails.
"""

import importlib
import inspect
import pkgutil
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial

import pytest
import time_machine
from sqlalchemy import func, select

import webapp.domain
from tests.entering import opened
from tests.factories import PackageFactory, StaffFactory, UserFactory
from tests.panel.members import VIP, a_plan, ask_to_join, open_channels
from tests.sealing import seal, write
from webapp.base.clock import now
from webapp.base.crypto import encrypt, hash_password
from webapp.base.db import Base, db, transaction
from webapp.domain.audit import anchors, retention, trail, verifications
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import appearance, interests, media, packages
from webapp.domain.catalog.media import Picture
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import (
    adoptions,
    differences,
    expiry,
    expulsions,
    imports,
    invites,
    members,
    payments,
    places,
    plans,
    reminders,
    requests,
    returns,
    sales,
    setup,
    standing,
    subscriptions,
    tokens,
)
from webapp.domain.channels.differences import Difference
from webapp.domain.channels.models import Channel, ExpulsionRun, FreeChannelRequest
from webapp.domain.channels.records import ImportedMember, ManualPayment
from webapp.domain.clients import clients
from webapp.domain.clients import imports as client_imports
from webapp.domain.insights import exports, undoing
from webapp.domain.insights.models import ExportState
from webapp.domain.insights.people_listings import PeopleFilter
from webapp.domain.sessions import devices
from webapp.domain.settings import config, texts
from webapp.domain.staff import (
    accounts,
    browsers,
    closing,
    codes,
    entry,
    links,
    permissions,
    profile,
    second_factor,
    team,
    waits,
)
from webapp.domain.staff.models import StaffRole
from webapp.domain.staff.rights import Grant
from webapp.domain.users import people, roles
from webapp.domain.users.models import Reach, RoleChangeReason, UserRole

BY = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
PLAN = {"name": "Anual", "duration_days": "365", "price": "999", "currency": "MXN"}
READ = Grant(frozenset({"read"}))
OTHER = "otro@vitrina.example"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PHRASE = "caballo correcto batería grapa"
EVA = {"email": "eva@vitrina.example", "full_name": "Eva Luz", "password": PHRASE, "locale": "es"}

INES = {"name": "Inês", "cpf": "529.982.247-25"}
BUYERS = "nombre,cpf\nJoão,11144477735\nInês,1".encode()

# What is no deed of its own.
WRITERS = {
    "audit.trail.change",
    "audit.trail.watch",
    "audit.trail.note",
    "audit.trail.note_many",
    "audit.trail.note_alike",
}
BESIDE = {
    "users.roles.log_role": "writes the role log, which nobody can change either; whoever changes the role notes it",
    "insights.exports.mine": "a question: whose file it is",
    "staff.accounts.account_of": "a question: who acts",
    "insights.exports.recent": "a question: one's own files",
    "staff.rights.refuse_unless_responsible": "a question: who acts, and whether they may",
    "staff.rights.refuse_unless_everything": "the same",
    "staff.entry.enrol": "confirming the phone and raising the session, which have lines of their own",
}
# Where one row stands for many things, or several for one, and why.
ALLOWED = {
    "channels.tokens.issue": "a batch is one row: its codes are alike, and made a thousand at a time",
    "channels.payments.record_for_token": "a payment for a batch is one row, like the batch",
    "sessions.devices.start": "sessions that make room for the new one end with its row",
    "sessions.devices.revoke_all": "all sessions of an owner end in one row, which tells how many",
    "staff.entry.show": "the account's counters and its last step of time go with the row of the session",
    "staff.entry.show_again": "the account's last step of time goes with the row of the session",
    "staff.second_factor.confirm": "the other sessions end in one row",
    "staff.second_factor.reset": "all sessions end in one row",
    "staff.closing.end_all": "all sessions of an account end in one row",
    "staff.accounts.change_password": "the other sessions end in one row",
    "channels.returns.readmit": "a correction of the date, the readmission, and the entry: three things done at once",
    "channels.differences.mend": "what was wrong is noted of the member, what was done of the subscription",
}


def done(deed, *things, **more):
    """Something that was done before."""
    with transaction():
        return deed(*things, by=BY, **more)


class World:
    """People, and what there is to do something with; each part is made when it is first asked for."""

    def __init__(self) -> None:
        self.ana, self.dora = UserFactory(first_name="Ana"), UserFactory(first_name="Dora", role=UserRole.ADMIN)
        open_channels()

    @cached_property
    def kit(self):
        return PackageFactory(name="Primavera")

    @cached_property
    def other_kit(self):
        return PackageFactory(name="Otoño")

    @cached_property
    def lower(self):
        """A package with another above it."""
        kit, _above = self.kit, self.other_kit
        return kit

    @cached_property
    def plan(self):
        return a_plan()

    @cached_property
    def picture(self):
        done(media.attach, self.kit, Picture("a" * 64 + ".webp", 8, 8))
        return done(media.attach, self.kit, Picture("b" * 64 + ".webp", 8, 8))

    @cached_property
    def interest(self):
        done(interests.press, self.ana, self.kit)
        return db.session.scalars(select(UserInterest)).one()

    @cached_property
    def attended(self):
        done(interests.attend, self.interest)
        return self.interest

    @cached_property
    def subscriber(self):
        return done(subscriptions.add, self.ana, plans.sale(self.plan), reason=RoleChangeReason.VIP_PURCHASED)

    @cached_property
    def paused(self):
        done(subscriptions.pause, self.subscriber, reason="x")
        return subscriptions.of(self.ana.user_id)

    @cached_property
    def revoked_inside(self):
        _begun = self.subscriber
        with transaction():
            members.note(VIP, {"id": self.ana.user_id, "is_bot": False, "first_name": "Ana"}, "member")
        done(subscriptions.revoke, self.subscriber, reason="x")
        return subscriptions.of(self.ana.user_id)

    @cached_property
    def issued(self):
        return done(tokens.issue, self.plan, count=3)

    @cached_property
    def period(self):
        return subscriptions.latest_period(self.subscriber)

    @cached_property
    def payment(self):
        done(payments.record, self.period, paid())
        return db.session.scalars(select(ManualPayment)).one()

    @cached_property
    def request(self):
        ask_to_join(self.ana)
        return db.session.scalars(select(FreeChannelRequest)).one()

    @cached_property
    def list(self):
        sheet = f"usuario,dias\n{self.ana.user_id},30\n799999999,30".encode()
        return done(imports.keep, imports.read("x.csv", sheet))

    @cached_property
    def running(self):
        done(imports.begin, self.list, "skip")
        return self.list

    @cached_property
    def waiting(self):
        """Somebody whom a list names, and who has just come."""
        _list = self.running
        return UserFactory(user_id=799_999_999, first_name="Nueva")

    @cached_property
    def coming(self):
        """The code of a personal link, and who opens it."""
        person = self.waiting
        return adoptions.code(self.line("waiting").id), person

    def line(self, state):
        lines = select(ImportedMember).where(ImportedMember.import_id == self.running.id)
        return db.session.scalars(lines.where(ImportedMember.state == state)).one()

    @cached_property
    def run(self):
        row = ExpulsionRun(state="braked", due=9, members=20)
        with transaction():
            db.session.add(row)
        return row

    @cached_property
    def place(self):
        rights = ("can_invite_users", "can_restrict_members", "can_post_messages")
        told = {"status": "administrator"} | dict.fromkeys(rights, True)
        with transaction():
            return places.keep(-1001000000009, {"title": "Otro", "type": "channel"}, told)

    @cached_property
    def invitation(self):
        with transaction():
            return accounts.invite(StaffRole.ADMIN, by=self.caio)

    @cached_property
    def waiting_invitation(self):
        return accounts.get_invitation(self.invitation)

    @cached_property
    def staff(self):
        return done(accounts.join, self.invitation, **EVA)

    @cached_property
    def caio(self):
        return accounts.as_actor(StaffFactory(email="caio@vitrina.example", full_name="Caio Lima"))

    @cached_property
    def asked(self):
        with transaction():
            return exports.ask("users", PeopleFilter(), "csv", by=self.caio, zone="UTC", filters={})

    @cached_property
    def written(self):
        asked = self.asked
        with transaction():
            asked.state = ExportState.DONE
        return asked

    @cached_property
    def hugo(self):
        return StaffFactory(full_name="Hugo Paz", role=StaffRole.USER)

    @cached_property
    def code(self):
        """What confirms hugo's other e-mail."""
        return done(codes.keep, self.hugo.id, "email", timedelta(hours=1), email=OTHER)

    @cached_property
    def linked(self):
        done(links.link, *opened(done(links.ask, self.hugo), 710_000_008), 710_000_008)
        return self.hugo

    @cached_property
    def gone(self):
        with transaction():
            team.remove(self.hugo.id, by=self.caio)
        return self.hugo

    @cached_property
    def root(self):
        return StaffFactory(full_name="Rita Root", role=StaffRole.SYSADMIN)

    @cached_property
    def session(self):
        done(devices.start, "miniapp", user_id=self.ana.user_id)
        return done(devices.start, "miniapp", user_id=self.ana.user_id)[1]

    @cached_property
    def door(self):
        """The panel's session of somebody who has shown their password."""
        return done(devices.start, "panel", staff_id=self.hugo.id)[1]

    @cached_property
    def desk(self):
        """The same, once it is whole."""
        return done(devices.start, "panel", staff_id=self.protected.id, level="mfa")[1]

    @cached_property
    def protected(self):
        """Hugo, whose phone knows a secret."""
        self.hugo.totp_secret, self.hugo.totp_confirmed_at = encrypt(SECRET), now()
        self.hugo.password_hash = hash_password(PHRASE)
        db.session.commit()
        return self.hugo

    @property
    def offered(self):
        return second_factor.now_shown(second_factor.offer(self.hugo, self.door.id))

    @property
    def rita(self):
        return Actor("staff", str(self.root.id), "Caio Lima", source="ADMIN_PANEL")

    @cached_property
    def attempt(self):
        with transaction():
            return accounts.begin(self.protected.email, waits.Origin("?"))

    @cached_property
    def browser(self):
        done(browsers.remember, self.hugo.id)
        return browsers.of(self.hugo.id)[0]

    @cached_property
    def ines(self):
        return done(clients.create, INES)

    @cached_property
    def linked_client(self):
        done(clients.link, self.ines, self.ana)
        return clients.get_client(self.ines.id)

    @cached_property
    def removed(self):
        done(clients.remove, self.ines)
        return clients.get_client(self.ines.id)

    @cached_property
    def outdated(self):
        """A client whose CPF was encrypted by a key that is being changed."""
        ines = self.ines
        with transaction():
            ines.cpf_keys = "old.old"
        return ines

    @cached_property
    def buyers(self):
        return done(client_imports.keep, client_imports.read("x.csv", BUYERS))

    @cached_property
    def buying(self):
        done(client_imports.begin, self.buyers)
        return self.buyers

    @cached_property
    def blocked(self):
        done(people.block, self.ana, reason="x")
        return self.ana

    @cached_property
    def vip(self):
        done(roles.promote_to_vip, self.ana)
        return self.ana

    def seal(self) -> None:
        write(1)
        seal()

    @cached_property
    def over(self):
        """A stretch is old, verified and anchored."""
        for days in (367, 365):
            with time_machine.travel(now() - timedelta(days=days)):
                self.seal()
        done(anchors.tell)
        done(verifications.ask)
        with transaction():
            verifications.step()
        return now() - timedelta(days=99)

    @cached_property
    def two_plans(self):
        first = self.plan
        return a_plan("Anual"), first

    @cached_property
    def taken_down(self):
        done(packages.deactivate, self.kit)
        return self.kit

    @cached_property
    def row(self):
        """An audit row that can be taken back."""
        _blocked = self.blocked
        return db.session.scalars(select(AuditLog).order_by(AuditLog.id.desc())).first()


def code():
    return second_factor.now_shown(SECRET)


def paid():
    return payments.read({"amount": "350", "currency": "MXN", "method": "cash", "once": "a" * 16})


# The deed, and the tables of the rows that it leaves.
DEEDS = {
    "audit.anchors.tell": (lambda w: (w.seal(), partial(anchors.tell, by=BY))[1], "audit_anchors"),
    "audit.retention.prune": (lambda w: partial(retention.prune, w.over, by=BY), "audit_stretches"),
    "audit.verifications.ask": (lambda w: partial(verifications.ask, by=BY), "audit_verifications"),
    "catalog.appearance.change": (lambda w: partial(appearance.change, {"currency": "EUR"}, by=BY), "bot_config"),
    "catalog.appearance.relabel": (
        lambda w: partial(appearance.relabel, {"vip_content": "Diván"}, by=BY),
        "bot_config",
    ),
    "catalog.interests.press": (lambda w: partial(interests.press, w.ana, w.kit, by=BY), "user_interests"),
    "catalog.interests.withdraw": (
        lambda w: partial(interests.withdraw, w.interest.user, w.kit, by=BY),
        "user_interests",
    ),
    "catalog.interests.attend": (lambda w: partial(interests.attend, w.interest, by=BY), "user_interests"),
    "catalog.interests.attend_many": (
        lambda w: partial(interests.attend_many, [w.interest.id], by=BY),
        "user_interests",
    ),
    "catalog.interests.reopen": (lambda w: partial(interests.reopen, w.attended, by=BY), "user_interests"),
    "catalog.interests.reopen_many": (
        lambda w: partial(interests.reopen_many, [w.attended.id], by=BY),
        "user_interests",
    ),
    "catalog.interests.add_note": (lambda w: partial(interests.add_note, w.interest, "Hola", by=BY), "interest_notes"),
    "catalog.media.attach": (
        lambda w: partial(media.attach, w.kit, Picture("c" * 64 + ".webp", 8, 8), by=BY),
        "package_media",
    ),
    "catalog.media.remove": (lambda w: partial(media.remove, w.picture, by=BY), "package_media"),
    "catalog.media.arrange": (
        lambda w: partial(media.arrange, w.kit, [w.picture.id], by=BY),
        "package_media package_media",
    ),
    "catalog.media.make_cover": (lambda w: partial(media.make_cover, w.picture, by=BY), "package_media package_media"),
    "catalog.media.describe": (lambda w: partial(media.describe, w.picture, "Un jardín", by=BY), "package_media"),
    "catalog.packages.create": (
        lambda w: partial(packages.create, {"name": "Nuevo", "category": "free_content"}, by=BY),
        "content_packages",
    ),
    "catalog.packages.edit": (
        lambda w: partial(packages.edit, w.kit, {"name": "Otro", "provider": "Luz"}, version=w.kit.version, by=BY),
        "content_packages providers",
    ),
    "catalog.packages.publish": (lambda w: partial(packages.publish, w.taken_down, by=BY), "content_packages"),
    "catalog.packages.deactivate": (lambda w: partial(packages.deactivate, w.kit, by=BY), "content_packages"),
    "catalog.packages.duplicate": (lambda w: partial(packages.duplicate, w.kit, by=BY), "content_packages"),
    "catalog.packages.put_first": (lambda w: partial(packages.put_first, w.lower, by=BY), "content_packages"),
    "catalog.packages.arrange": (
        lambda w: partial(packages.arrange, [w.lower.id, w.other_kit.id], by=BY),
        "content_packages content_packages",
    ),
    "channels.adoptions.claim": (
        lambda w: partial(adoptions.claim, w.waiting, by=BY),
        "imported_members users vip_subscribers",
    ),
    "channels.adoptions.claim_by_code": (
        lambda w: partial(adoptions.claim_by_code, *w.coming, by=BY),
        "imported_members users vip_subscribers",
    ),
    "channels.differences.mend": (
        lambda w: partial(differences.mend, Difference.OUTSIDE_WITH_RIGHT, [w.subscriber.user_id], by=BY),
        "channel_members vip_subscribers",
    ),
    "channels.expiry.release": (lambda w: partial(expiry.release, w.run, by=BY), "expulsion_runs"),
    "channels.expulsions.expel": (lambda w: partial(expulsions.expel, w.revoked_inside, by=BY), "vip_subscribers"),
    "channels.imports.keep": (
        lambda w: partial(imports.keep, imports.read("x.csv", b"usuario,dias\n@nadie_aqui,3"), by=BY),
        "member_imports",
    ),
    "channels.imports.begin": (lambda w: partial(imports.begin, w.list, "skip", by=BY), "member_imports"),
    "channels.imports.step": (lambda w: partial(imports.step, w.running, by=BY), "users vip_subscribers"),
    "channels.imports.cancel": (lambda w: partial(imports.cancel, w.list, by=BY), "member_imports"),
    "channels.imports.give": (
        lambda w: partial(imports.give, w.line("ready"), w.ana, w.list, by=BY),
        "users vip_subscribers",
    ),
    "channels.invites.enter": (lambda w: partial(invites.enter, w.subscriber.user, by=BY), "vip_subscribers"),
    "channels.payments.record": (lambda w: partial(payments.record, w.period, paid(), by=BY), "manual_payments"),
    "channels.payments.record_for_token": (
        lambda w: partial(payments.record_for_token, [w.issued[0].token], paid(), by=BY),
        "manual_payments",
    ),
    "channels.payments.reverse": (lambda w: partial(payments.reverse, w.payment, by=BY, reason="x"), "manual_payments"),
    "channels.places.choose": (lambda w: partial(places.choose, Channel.VIP, w.place.chat_id, by=BY), "bot_config"),
    "channels.plans.create": (lambda w: partial(plans.create, PLAN, by=BY), "subscription_plans"),
    "channels.plans.change": (lambda w: partial(plans.change, w.plan, PLAN, by=BY), "subscription_plans"),
    "channels.plans.switch": (lambda w: partial(plans.switch, w.plan, False, by=BY), "subscription_plans"),
    "channels.plans.move": (
        lambda w: partial(plans.move, w.two_plans[0], -1, by=BY),
        "subscription_plans subscription_plans",
    ),
    "channels.reminders.move": (lambda w: partial(reminders.move, w.ana, "Europe/Madrid", by=BY), "users"),
    "channels.requests.approve": (lambda w: partial(requests.approve, w.request, by=BY), "free_channel_requests"),
    "channels.requests.approve_many": (
        lambda w: partial(requests.approve_many, [w.request.id], by=BY),
        "free_channel_requests",
    ),
    "channels.requests.decline": (lambda w: partial(requests.decline, w.request, by=BY), "free_channel_requests"),
    "channels.requests.decline_many": (
        lambda w: partial(requests.decline_many, [w.request.id], by=BY),
        "free_channel_requests",
    ),
    "channels.returns.readmit": (
        lambda w: partial(returns.readmit, w.revoked_inside, by=BY, reason="x", until=now() + timedelta(days=9)),
        "users vip_subscribers vip_subscribers",
    ),
    "channels.sales.sell": (
        lambda w: partial(sales.sell, w.ana, w.plan, by=BY, paid=paid()),
        "manual_payments users vip_subscribers",
    ),
    "channels.sales.give": (lambda w: partial(sales.give, w.ana, 7, by=BY, reason="x"), "users vip_subscribers"),
    "channels.setup.change": (lambda w: partial(setup.change, {"wait_time_minutes": "9"}, by=BY), "bot_config"),
    "channels.standing.unlink": (lambda w: partial(standing.unlink, w.linked, by=BY), "staff_users"),
    "channels.standing.set_role": (
        lambda w: partial(standing.set_role, w.ana, UserRole.ADMIN, by=w.rita, reason="x"),
        "users",
    ),
    "channels.subscriptions.add": (
        lambda w: partial(subscriptions.add, w.ana, plans.sale(w.plan), by=BY, reason=RoleChangeReason.VIP_PURCHASED),
        "users vip_subscribers",
    ),
    "channels.subscriptions.gift": (
        lambda w: partial(subscriptions.gift, w.ana, 7, by=BY, reason="x"),
        "users vip_subscribers",
    ),
    "channels.subscriptions.pause": (
        lambda w: partial(subscriptions.pause, w.subscriber, by=BY, reason="x"),
        "users vip_subscribers",
    ),
    "channels.subscriptions.resume": (
        lambda w: partial(subscriptions.resume, w.paused, by=BY),
        "users vip_subscribers",
    ),
    "channels.subscriptions.revoke": (
        lambda w: partial(subscriptions.revoke, w.subscriber, by=BY, reason="x"),
        "users vip_subscribers",
    ),
    "channels.subscriptions.correct": (
        lambda w: partial(subscriptions.correct, w.subscriber, now() + timedelta(days=3), by=BY, reason="x"),
        "vip_subscribers",
    ),
    "channels.tokens.issue": (lambda w: partial(tokens.issue, w.plan, by=BY, count=2), "invitation_tokens"),
    "channels.tokens.redeem": (
        lambda w: partial(tokens.redeem, w.issued[0].code, w.ana, by=BY),
        "invitation_tokens users vip_subscribers",
    ),
    "channels.tokens.revoke": (lambda w: partial(tokens.revoke, w.issued[0].token, by=BY), "invitation_tokens"),
    "channels.tokens.revoke_batch": (
        lambda w: partial(tokens.revoke_batch, w.issued[0].token.batch_id, by=BY),
        "invitation_tokens invitation_tokens invitation_tokens",
    ),
    "clients.clients.create": (lambda w: partial(clients.create, INES, by=BY), "clients"),
    "clients.clients.edit": (
        lambda w: partial(clients.edit, w.ines, {"name": "Inés", "cpf": "11144477735"}, version=1, by=BY),
        "clients",
    ),
    "clients.clients.remove": (lambda w: partial(clients.remove, w.ines, by=BY), "clients"),
    "clients.clients.restore": (lambda w: partial(clients.restore, w.removed, by=BY), "clients"),
    "clients.clients.link": (lambda w: partial(clients.link, w.ines, w.ana, by=BY), "clients"),
    "clients.clients.unlink": (lambda w: partial(clients.unlink, w.linked_client, by=BY), "clients"),
    "clients.clients.reveal": (lambda w: partial(clients.reveal, w.ines, by=BY), "clients"),
    "clients.clients.rekey": (lambda w: (w.outdated, partial(clients.rekey, by=BY))[1], "clients"),
    "clients.imports.keep": (
        lambda w: partial(client_imports.keep, client_imports.read("x.csv", BUYERS), by=BY),
        "client_imports",
    ),
    "clients.imports.begin": (lambda w: partial(client_imports.begin, w.buyers, by=BY), "client_imports"),
    "clients.imports.step": (lambda w: partial(client_imports.step, w.buying, by=BY), "client_imports clients"),
    "clients.imports.cancel": (lambda w: partial(client_imports.cancel, w.buyers, by=BY), "client_imports"),
    "insights.undoing.undo": (lambda w: partial(undoing.undo, w.row, by=BY), "users"),
    "sessions.devices.start": (
        lambda w: partial(devices.start, "miniapp", by=BY, user_id=w.ana.user_id),
        "user_sessions",
    ),
    "sessions.devices.revoke": (
        lambda w: partial(devices.revoke, w.session.id, by=BY, user_id=w.ana.user_id),
        "user_sessions",
    ),
    "sessions.devices.revoke_all": (
        lambda w: partial(devices.revoke_all, by=BY, user_id=w.session.user_id),
        "user_sessions",
    ),
    "sessions.devices.raise_level": (
        lambda w: partial(devices.raise_level, w.door, by=BY, how="totp"),
        "user_sessions",
    ),
    "sessions.devices.elevate": (lambda w: partial(devices.elevate, w.desk, by=BY), "user_sessions"),
    "settings.config.change": (lambda w: partial(config.change, {"creator_name": "Luna"}, by=BY), "bot_config"),
    "settings.texts.change": (lambda w: partial(texts.change, "help", "Hola", "es", by=BY), "bot_config"),
    "insights.exports.ask": (
        lambda w: partial(exports.ask, "users", PeopleFilter(), "csv", by=w.caio, zone="UTC", filters={}),
        "users",
    ),
    "insights.exports.cancel": (lambda w: partial(exports.cancel, w.asked, by=w.caio), "exports"),
    "insights.exports.take": (lambda w: partial(exports.take, w.written, by=w.caio), "exports"),
    "staff.permissions.grant": (
        lambda w: partial(permissions.grant, w.hugo.id, {"vip": READ, "users": READ}, giver=w.root, by=BY),
        "user_agent_permissions user_agent_permissions",
    ),
    "staff.permissions.add": (
        lambda w: partial(permissions.add, w.hugo.id, {"vip": READ}, giver=w.root, by=BY),
        "user_agent_permissions",
    ),
    "staff.accounts.invite": (lambda w: partial(accounts.invite, StaffRole.ADMIN, by=w.caio), "staff_invitations"),
    "staff.team.change_role": (
        lambda w: partial(team.change_role, w.hugo.id, StaffRole.ADMIN, by=w.caio),
        "staff_users",
    ),
    "staff.team.suspend": (lambda w: partial(team.suspend, w.hugo.id, by=w.caio), "staff_users"),
    "staff.team.reactivate": (lambda w: partial(team.reactivate, w.gone.id, by=w.caio), "staff_users"),
    "staff.team.remove": (lambda w: partial(team.remove, w.hugo.id, by=w.caio), "staff_users"),
    "staff.team.withdraw_invitation": (
        lambda w: partial(team.withdraw_invitation, w.waiting_invitation.id, by=w.caio),
        "staff_invitations",
    ),
    "staff.accounts.join": (
        lambda w: partial(
            accounts.join,
            w.invitation,
            email="eva@vitrina.example",
            full_name="Eva Luz",
            password=PHRASE,
            locale="es",
            by=BY,
        ),
        "staff_users",
    ),
    "staff.accounts.note_failure": (
        lambda w: partial(accounts.note_failure, accounts.Attempt(None, None), by=BY),
        "staff_users",
    ),
    "staff.accounts.change_password": (
        lambda w: partial(accounts.change_password, w.protected, PHRASE, PHRASE + " dos", keep=w.desk.id, by=BY),
        "staff_users",
    ),
    "staff.closing.end_all": (lambda w: partial(closing.end_all, w.door.staff_id, by=BY), "user_sessions"),
    "staff.profile.change": (
        lambda w: partial(profile.change, w.staff, full_name="Eva Sol", locale="en", time_zone="Europe/Madrid", by=BY),
        "staff_users",
    ),
    "staff.profile.ask_email": (
        lambda w: partial(profile.ask_email, w.linked, OTHER, address="http://x/", by=BY),
        "staff_codes",
    ),
    "staff.profile.hand_over": (
        lambda w: (w.code, partial(profile.hand_over, w.hugo.id, by=replace(w.caio, id=str(w.root.id))))[1],
        "staff_codes",
    ),
    "staff.profile.cancel_email": (
        lambda w: (w.code, partial(profile.cancel_email, w.hugo, by=BY))[1],
        "staff_codes",
    ),
    "staff.profile.confirm_email": (lambda w: partial(profile.confirm_email, w.code, by=BY), "staff_users"),
    "staff.codes.keep": (
        lambda w: partial(codes.keep, w.hugo.id, "telegram", timedelta(minutes=1), by=BY),
        "staff_codes",
    ),
    "staff.links.ask": (lambda w: partial(links.ask, w.hugo, by=BY), "staff_codes"),
    "staff.links.link": (
        lambda w: partial(links.link, *opened(done(links.ask, w.hugo), 710_000_009), 710_000_009, by=BY),
        "staff_users",
    ),
    "staff.links.unlink": (lambda w: partial(links.unlink, w.linked, by=BY), "staff_users"),
    "staff.browsers.remember": (lambda w: partial(browsers.remember, w.hugo.id, by=BY), "staff_browsers"),
    "staff.browsers.let": (lambda w: partial(browsers.let, True, by=w.rita), "bot_config"),
    "staff.browsers.forget": (
        lambda w: partial(browsers.forget, w.browser.id, staff_id=w.hugo.id, by=BY),
        "staff_browsers",
    ),
    "staff.entry.show": (
        lambda w: partial(entry.show, w.protected, w.door, code(), origin=waits.Origin("?"), by=BY),
        "user_sessions",
    ),
    "staff.entry.show_again": (
        lambda w: partial(entry.show_again, w.attempt, True, code(), staff=w.protected, session=w.desk, by=BY),
        "user_sessions",
    ),
    "staff.second_factor.confirm": (
        lambda w: partial(second_factor.confirm, w.hugo, w.door.id, w.offered, by=BY),
        "staff_users",
    ),
    "staff.second_factor.renew_codes": (
        lambda w: partial(second_factor.renew_codes, w.protected, by=BY),
        "staff_users",
    ),
    "staff.second_factor.reset": (lambda w: partial(second_factor.reset, w.protected, by=w.rita), "staff_users"),
    "users.people.note_reach": (lambda w: partial(people.note_reach, w.ana.user_id, Reach.BLOCKED, by=BY), "users"),
    "users.people.choose_locale": (lambda w: partial(people.choose_locale, w.ana, "en", by=BY), "users"),
    "users.people.refer": (lambda w: partial(people.refer, w.ana, w.dora.referral_code, by=BY), "users"),
    "users.people.block": (lambda w: partial(people.block, w.ana, by=BY, reason="x"), "users"),
    "users.people.choose_time_zone": (
        lambda w: partial(people.choose_time_zone, w.ana, "Europe/Madrid", by=BY),
        "users",
    ),
    "users.people.unblock": (lambda w: partial(people.unblock, w.blocked, by=BY), "users"),
    "users.roles.change_role": (
        lambda w: partial(roles.change_role, w.ana, UserRole.VIP, by=BY, reason=RoleChangeReason.MANUAL_CHANGE),
        "users",
    ),
    "users.roles.promote_to_vip": (lambda w: partial(roles.promote_to_vip, w.ana, by=BY), "users"),
    "users.roles.demote_to_free": (lambda w: partial(roles.demote_to_free, w.vip, by=BY), "users"),
    "users.roles.demote_many_to_free": (
        lambda w: partial(roles.demote_many_to_free, [w.vip.user_id], by=BY, reason=RoleChangeReason.VIP_EXPIRED),
        "users",
    ),
    "users.roles.promote_to_admin": (lambda w: partial(roles.promote_to_admin, w.ana, by=BY), "users"),
    "users.roles.set_role": (lambda w: partial(roles.set_role, w.ana, UserRole.ADMIN, by=BY, reason="x"), "users"),
}


def deeds() -> list[str]:
    """Every public function of a room that takes `by`."""
    found = []
    for module in pkgutil.walk_packages(webapp.domain.__path__, "webapp.domain."):
        here = importlib.import_module(module.name)
        for name, thing in vars(here).items():
            own = inspect.isfunction(thing) and thing.__module__ == module.name and not name.startswith("_")
            if own and "by" in inspect.signature(inspect.unwrap(thing)).parameters:
                found.append(f"{module.name.removeprefix('webapp.domain.')}.{name}")
    return sorted(found)


def state() -> dict[tuple[str, str], tuple]:
    """Every row of every audited table as it is now."""
    found = {}
    for table in trail.audited_tables():
        columns = Base.metadata.tables[table]
        key = next(iter(columns.primary_key)).name
        for row in db.session.execute(select(columns)).mappings():
            told = tuple(str(value) for name, value in row.items() if name not in ("updated_at", "notice_due"))
            found[table, str(row[key])] = told
    return found


def test_every_deed_has_its_line():
    assert set(deeds()) - WRITERS == set(DEEDS) | set(BESIDE)
    assert set(ALLOWED) <= set(DEEDS)


@pytest.mark.parametrize("name", DEEDS)
def test_each_thing_that_a_deed_changes_has_exactly_one_row(app, name):
    make, expected = DEEDS[name]
    deed = make(World())
    before, last = state(), db.session.scalar(select(func.max(AuditLog.id))) or 0
    db.session.rollback()
    with transaction():
        deed()
    after, rows = state(), db.session.scalars(select(AuditLog).where(AuditLog.id > last)).all()
    noted = Counter((one.resource_type, one.resource_id) for one in rows)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert sorted(one.resource_type for one in rows) == expected.split()
    assert {one.actor_label for one in rows} == {"Caio Lima"}
    if name not in ALLOWED:
        assert set(noted.values()) == {1}
        assert changed <= noted.keys(), "changed without a row"
