"""Auditoría: the list and its filters, one row, the state of the chain, taking a deed back, what was refused."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from tests.conftest import count
from tests.factories import HelperFactory, PackageFactory, PermissionFactory, UserFactory, a_cpf
from tests.panel.members import a_plan, of, subscribe
from tests.sealing import forge, seal
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit import rows, trail, verifications
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.audit.models import AuditLog, AuditVerification
from webapp.domain.audit.rows import Filter
from webapp.domain.catalog import interests, packages
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import imports, plans, subscriptions
from webapp.domain.channels.models import Status, SubscriptionPeriod
from webapp.domain.clients import imports as client_imports
from webapp.domain.insights import audit_words, things
from webapp.domain.settings import config
from webapp.domain.staff import accounts, codes, team
from webapp.domain.staff.models import StaffRole
from webapp.domain.users import people, roles
from webapp.domain.users.models import UserRole
from webapp.jobs import clockwork
from webapp.panel import denials

CAIO = Actor("staff", "caio", "Caio Lima", ip="203.0.113.7", request="abc", source="ADMIN_PANEL")


def do(deed, *things, **more):
    """One deed of Caio's; returns the row it left."""
    with transaction():
        deed(*things, by=CAIO, **more)
    return db.session.scalars(select(AuditLog).order_by(AuditLog.id.desc())).first()


def row_of(resource):
    db.session.rollback()
    newest = select(AuditLog).where(AuditLog.resource_type == resource).order_by(AuditLog.id.desc())
    return db.session.scalars(newest).first()


def words(page):
    return " ".join(page.split())


def test_a_row_reads_as_a_sentence_that_leads_to_its_thing(panel, ana):
    do(roles.set_role, ana, UserRole.ADMIN, reason="Ayuda los lunes")
    page = words(panel.get("/panel/audit/").text)
    assert f'<a href="/panel/users/{ana.user_id}"><bdi>Ana Torres</bdi></a>' in page
    assert "<b><bdi>Caio Lima</bdi></b> cambió el rol de" in page
    assert "Usuario Free → Administrador" in page and "«Ayuda los lunes»" in page


def said(row) -> str:
    """An audit row as text, without who did it."""
    return audit_words.plain(row, things.names([row]).get((row.resource_type, row.resource_id)))


def test_an_invitation_says_whom_it_was_for_and_what_they_become(root):
    def do(deed, *things, **more):
        with transaction():
            deed(*things, by=accounts.as_actor(root), **more)
        return row_of("staff_invitations")

    row = do(accounts.invite, StaffRole.ADMIN, email="nora@vitrina.example")
    assert said(row) == "Rita Root invitó a nora@vitrina.example al panel (Administración)"
    row = do(team.withdraw_invitation, int(row.resource_id))
    assert said(row) == "Rita Root anuló la invitación de nora@vitrina.example"
    row = do(accounts.invite, StaffRole.USER)
    assert said(row) == "Rita Root hizo una invitación al panel para quien tenga el enlace (Equipo)"
    assert said(do(team.withdraw_invitation, int(row.resource_id))) == "Rita Root anuló una invitación al panel"


def test_each_deed_on_a_list_of_clients_is_called_what_it_is(app):
    made = client_imports.keep(client_imports.read("gente.csv", f"nombre,cpf\nInês,{a_cpf(1)}".encode()), by=CAIO)
    db.session.commit()
    told = [
        said(do(client_imports.begin, made)),
        said(do(client_imports.step, made)),
        said(do(client_imports.step, made)),
    ]
    assert told == [
        "Caio Lima empezó a importar la lista de clientes gente.csv",
        "Caio Lima importó más de la lista de clientes gente.csv: van 1",
        "Caio Lima terminó de importar la lista de clientes gente.csv",
    ]
    made = client_imports.keep(client_imports.read("otra.csv", b"nombre,cpf\nAna,1"), by=CAIO)
    db.session.commit()
    assert said(do(client_imports.cancel, made)) == "Caio Lima detuvo la lista de clientes otra.csv"


def test_each_deed_on_a_list_of_members_is_called_what_it_is(app, ana):
    def sent(name):
        made = imports.keep(imports.read(name, f"id,dias\n{ana.user_id},30".encode()), by=CAIO)
        db.session.commit()
        return made

    first, second = sent("socios.csv"), sent("otra.csv")
    assert said(do(imports.begin, first, existing="skip")) == "Caio Lima empezó a importar la lista socios.csv"
    do(imports.step, first)
    assert said(do(imports.step, first)) == "Caio Lima terminó de importar la lista socios.csv"
    do(imports.begin, second, existing="skip")
    assert said(do(imports.cancel, second)) == "Caio Lima detuvo la lista otra.csv"


def test_a_code_says_what_it_confirms(app, caio):
    for purpose, words in (("email", "otro correo: b@c.example"), ("telegram", "un código para unir su Telegram")):
        address = "b@c.example" if purpose == "email" else None
        with transaction():
            codes.keep(caio.id, purpose, timedelta(hours=1), by=CAIO, email=address)
        assert said(row_of("staff_codes")) == f"Caio Lima pidió {words}"


def test_nobody_reads_it_without_the_right(as_staff, helper, eve):
    assert as_staff(helper).get("/panel/audit/").status_code == 403
    assert eve.get("/panel/audit/").status_code == 303
    assert as_staff(helper).post("/panel/audit/verify").status_code == 403


def test_one_row_shows_old_beside_new_and_the_rest_of_its_request(panel, kit):
    do(packages.edit, kit, {"name": "Otoño", "price": "99"}, version=kit.version)
    row = do(packages.deactivate, kit)
    page = words(panel.get(f"/panel/audit/{row.id - 1}").text)
    assert "<del>Primavera, 24 fotos</del>" in page and "<ins>Otoño</ins>" in page and "Nombre" in page
    assert "Lo demás de esta petición" in page and "despublicó" in page and "203.0.113.7" in page
    assert panel.get("/panel/audit/999999").status_code == 404


def test_a_password_is_told_as_changed_only(panel, caio):
    with transaction(), trail.watch(caio, "update", by=SYSTEM):
        caio.password_hash = "$argon2id$secret"
    page = panel.get(f"/panel/audit/{row_of('staff_users').id}").text
    assert "el valor no se guarda" in page and "argon2" not in page


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("who=staff:caio", {"kit", "ana"}),
        ("who=system", {"plan"}),
        ("thing=users", {"ana"}),
        ("thing=content_packages&action=update", {"kit"}),
        ("q=lunes", {"ana"}),
        ("q=OTONO", {"kit"}),
        ("q=nadie", set()),
        ("request=abc", {"kit", "ana"}),
        ("until=2001-01-01", set()),
        ("from=2001-01-01&thing=subscription_plans", {"plan"}),
        ("denied=1", set()),
        ("from=ayer&who=x&thing=y&action=z&after=w", {"kit", "ana", "plan"}),
    ],
)
def test_the_address_says_what_is_shown(panel, ana, kit, asked, seen):
    do(packages.edit, kit, {"name": "Otoño"}, version=kit.version)
    do(people.block, ana, reason="Los lunes insulta")
    with transaction():
        plans.create({"name": "Mensual", "duration_days": "30", "price": "1", "currency": "MXN"}, by=SYSTEM)
    seal()
    page = panel.get(f"/panel/audit/?{asked}").text.partition('id="list"')[2]
    told = {"kit": "el paquete", "ana": "bloqueó a", "plan": "el plan"}
    assert {name for name, said in told.items() if said in page} == seen


def test_days_are_those_of_the_creators_clock(panel, ana):
    with transaction():
        config.change({"time_zone": "America/Mexico_City"}, by=SYSTEM)
    with time_machine.travel("2026-03-11T03:00:00Z", tick=False):  # the tenth in Mexico
        do(people.block, ana, reason="x")
    for day, there in (("2026-03-10", True), ("2026-03-11", False)):
        page = panel.get(f"/panel/audit/?from={day}&until={day}").text
        assert ("bloqueó a" in page) is there


def test_words_are_found_whether_few_or_many_hold_them(app, monkeypatch):
    with transaction():
        for number in range(12):
            trail.note("update", "things", number, by=SYSTEM, new={"name": f"Otoño {'raro' if number == 3 else ''}"})
    seal()
    monkeypatch.setattr(rows, "FEW", 5)
    found = rows.search(Filter(words="otoño"), size=50).rows
    assert [one.resource_id for one in found] == [str(number) for number in range(11, -1, -1)]
    assert [one.resource_id for one in rows.search(Filter(words="OTONO raro"), size=50).rows] == ["3"]
    assert rows.search(Filter(words='"; DROP'), size=50).rows == []


def test_pages_follow_each_other_without_a_gap(app):
    with transaction():
        for number in range(25):
            trail.note("update", "things", number, by=SYSTEM)
    seen, after = [], None
    while True:
        found = rows.search(Filter(), after=after, size=10)
        seen += [int(one.resource_id) for one in found.rows]
        after = found.after
        if after is None:
            break
    assert seen == list(range(24, -1, -1))


def test_a_page_asks_the_same_whatever_it_shows(panel, ana, kit, counted):
    do(people.block, ana, reason="x")
    do(packages.deactivate, kit)
    few = counted(lambda: panel.get("/panel/audit/"))
    for _one in range(20):
        other, package = UserFactory(), PackageFactory()
        do(people.block, other, reason="x")
        do(packages.deactivate, package)
    assert counted(lambda: panel.get("/panel/audit/")) == few


FILTERS = {
    "all": Filter(),
    "person": Filter(actor_type="staff", actor_id="caio"),
    "action": Filter(action="export"),
    "kind": Filter(resource="users"),
    "thing": Filter(resource="users", resource_id="7"),
    "days": Filter(since=now() - timedelta(days=9), until=now()),
    "request": Filter(request="abc"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_an_index_in_the_order_of_the_list(app, engine_kind, name):
    with transaction():
        for number in range(400):
            by = Actor(
                "staff" if number % 50 == 0 else "system", "caio" if number % 50 == 0 else "0", request=f"{number}"
            )
            trail.note("export" if number % 40 == 0 else "update", "users" if number % 30 == 0 else "x", number, by=by)
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    query = select(AuditLog).where(*rows._conditions(FILTERS[name])).order_by(AuditLog.at.desc(), AuditLog.id.desc())
    sent = str(query.limit(51).compile(db.engine, compile_kwargs={"literal_binds": True}))
    if engine_kind == "postgresql":
        for way in ("seqscan", "bitmapscan", "sort"):  # so few rows that it would not mind
            db.session.execute(text(f"SET LOCAL enable_{way} = off"))
    explain = "EXPLAIN QUERY PLAN " if engine_kind == "sqlite" else "EXPLAIN "
    plan = " ".join(str(line) for line in db.session.execute(text(explain + sent.replace(":", r"\:"))))
    assert "ix_audit_logs_" in plan and "SCAN audit_logs'" not in plan, plan
    if name not in ("thing", "request"):  # few rows: found, then put in order
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan


def test_the_list_as_a_file_is_noted_and_reads_like_the_page(panel, ana):
    do(people.block, ana, reason="Insulta")
    answer = panel.post("/panel/audit/export/csv?thing=users")
    assert "Caio Lima bloqueó a Ana Torres" in answer.text and "Insulta" in answer.text
    assert "inició sesión" not in answer.text
    noted = row_of("audit_logs")
    assert (noted.action, noted.new_values["filters"]) == ("export", {"thing": "users"})


def test_the_chain_is_verified_by_the_worker_while_one_looks_on(panel, ana):
    do(people.block, ana, reason="x")
    seal()
    answer = panel.post("/panel/audit/verify", htmx=True)
    assert "Verificando…" in answer.text and 'hx-trigger="every 1s"' in answer.text
    assert panel.post("/panel/audit/verify").status_code == 303
    assert count(AuditVerification) == 1
    clockwork.turn(4.0)
    done = panel.get("/panel/audit/chain", htmx=True).text
    assert "Entera" in done and "every 1s" not in done


def test_what_was_found_stands_on_the_page(panel, ana):
    do(people.block, ana, reason="x")
    seal()
    forge("UPDATE audit_logs SET reason = 'y' WHERE seq = 1")
    with transaction():
        verifications.ask(by=SYSTEM)
    with transaction():
        verifications.step()
    page = words(panel.get("/panel/audit/").text)
    assert "por fuera del programa" in page and "Alguien cambió lo que decía: número 1" in page


UNDONE = {
    "a role": (
        lambda ana, kit: do(roles.set_role, ana, UserRole.ADMIN, reason="x"),
        lambda ana, kit: ana.role is UserRole.FREE,
    ),
    "a block": (lambda ana, kit: do(people.block, ana, reason="x"), lambda ana, kit: not ana.is_blocked),
    "an edit": (
        lambda ana, kit: do(
            packages.edit, kit, {"name": "Otoño", "price": "7", "provider": "Luz"}, version=kit.version
        ),
        lambda ana, kit: (kit.name, kit.price, kit.provider_id) == ("Primavera, 24 fotos", 120, None),
    ),
    "a package taken down": (lambda ana, kit: do(packages.deactivate, kit), lambda ana, kit: kit.is_active),
}


@pytest.mark.parametrize("name", UNDONE)
def test_a_deed_is_taken_back_from_its_row_and_the_new_row_names_it(panel, ana, kit, name):
    deed, as_before = UNDONE[name]
    row = deed(ana, kit)
    assert "¿Deshacer esto?" in panel.get(f"/panel/audit/{row.id}").text
    assert panel.post(f"/panel/audit/{row.id}/undo").status_code == 303
    db.session.expire_all()
    assert as_before(ana, kit)
    undone = rows.undone_by(row)
    assert (undone.actor_label, undone.additional_data["undoes"]) == ("Caio Lima", str(row.id))
    assert panel.post(f"/panel/audit/{row.id}/undo").status_code == 409, "only once"
    assert "Se deshizo" in panel.get(f"/panel/audit/{row.id}").text


def test_plans_interests_subscriptions_and_settings_are_taken_back_too(panel, ana, kit):
    plan = a_plan()
    subscriber = subscribe(ana, plan)
    until = subscriber.expiry_date
    with transaction():
        interests.press(ana, kit, by=people.as_actor(ana))
    wanted = db.session.scalar(select(UserInterest.id))
    done = [
        do(plans.change, plan, values={"name": "Caro", "duration_days": "30", "price": "900", "currency": "USD"}),
        do(plans.switch, plan, active=False),
        do(interests.attend, interests.get_interest(wanted)),
    ]
    with transaction():
        subscriptions.gift(ana, 7, by=CAIO, reason="x")
    done.append(row_of("vip_subscribers"))
    with transaction():
        config.change({"creator_name": "Luna"}, by=CAIO)
    done.append(row_of("bot_config"))
    for row in done[::-1]:
        answer = panel.post(f"/panel/audit/{row.id}/undo")
        assert answer.status_code == 303, (row.resource_type, answer.text)
    db.session.expire_all()
    assert (plan.name, plan.price, plan.currency, plan.is_active) == ("Mensual", 350, "MXN", True)
    assert interests.get_interest(wanted).is_attended is False
    assert of(ana).expiry_date == until and config.current().creator_name == "Vitrina"


def test_a_pause_and_a_revocation_are_taken_back_by_their_own_deeds(panel, ana):
    subscriber = subscribe(ana, a_plan())
    until = subscriber.expiry_date
    for deed in (subscriptions.pause, subscriptions.revoke):
        with transaction():
            deed(subscriptions.hold(ana.user_id), by=CAIO, reason="x")
        assert panel.post(f"/panel/audit/{row_of('vip_subscribers').id}/undo").status_code == 303
        assert of(ana).status in (Status.ACTIVE, Status.PENDING_ENTRY)
        assert abs((of(ana).expiry_date - until).total_seconds()) < 5


def test_what_others_changed_since_is_theirs(panel, kit):
    row = do(packages.edit, kit, {"name": "Otoño"}, version=kit.version)
    do(packages.edit, kit, {"name": "Invierno"}, version=kit.version)
    answer = panel.post(f"/panel/audit/{row.id}/undo")
    db.session.expire_all()
    assert (answer.status_code, kit.name) == (409, "Invierno") and "Alguien lo cambió después" in answer.text


def test_what_asks_to_remove_is_not_had_by_taking_a_deed_back(as_staff, panel, root, helper, ana):
    """Who may update, and not delete, reverses no payment and lets nobody go by way of the audit either."""
    may = {"can_read": True, "can_update": True, "can_create": True}
    hugo = HelperFactory()
    for section in ("audit", "payments", "staff"):
        PermissionFactory(user_id=hugo.id, agent_name=section, **may)
    with transaction():
        team.remove(helper.id, by=accounts.as_actor(root))
    with transaction():
        team.reactivate(helper.id, by=accounts.as_actor(root))
    came_back = row_of("staff_users")
    subscribe(ana, a_plan())
    period = db.session.scalar(select(SubscriptionPeriod.id))
    panel.post(f"/panel/payments/periods/{period}", {"amount": "350", "currency": "MXN", "method": "cash"})
    paid = row_of("manual_payments")
    his = as_staff(hugo)
    for row in (came_back, paid):
        assert "¿Deshacer esto?" not in his.get(f"/panel/audit/{row.id}").text
        assert his.post(f"/panel/audit/{row.id}/undo").status_code == 403
        assert panel.post(f"/panel/audit/{row.id}/undo").status_code == 303


def test_what_has_no_page_of_its_own_has_its_whole_history(panel, caio):
    login = row_of("user_sessions")
    assert f"/panel/audit/?thing=user_sessions&amp;id={login.resource_id}" in panel.get(f"/panel/audit/{login.id}").text


def test_what_has_no_inverse_offers_none(panel, caio):
    login = db.session.scalar(select(AuditLog.id).where(AuditLog.action == "login"))
    assert "¿Deshacer esto?" not in panel.get(f"/panel/audit/{login}").text
    assert panel.post(f"/panel/audit/{login}/undo").status_code == 409


def test_denied_access_is_noted_once_a_minute_with_how_many_more(as_staff, helper, traveller):
    hugo = as_staff(helper)
    for _one in range(5):
        hugo.get("/panel/packages/")
    hugo.get("/panel/users/")
    assert count(AuditLog, AuditLog.action == "denied") == 2
    traveller.shift(61)
    hugo.get("/panel/packages/")
    last = db.session.scalars(select(AuditLog).order_by(AuditLog.id.desc())).first()
    assert (last.action, last.resource_id, last.actor_label) == ("denied", "catalog.page", "Hugo Paz")
    assert (last.new_values["path"], last.additional_data) == ("/panel/packages/", {"more": 4})


def test_a_flood_of_refusals_leaves_few_rows(as_staff, helper, ana, eve):
    for number in range(100):
        eve.client.post(
            "/panel/sign-in",
            headers={"Origin": "https://evil.example"},
            environ_base={"REMOTE_ADDR": f"10.0.0.{number}"},
        )
    assert 1 <= count(AuditLog, AuditLog.action == "denied") <= 60
    assert len(denials._more) <= denials.MOST


def test_a_flood_from_outside_or_of_a_colleague_hides_nobodys_denied_tries(as_staff, helper, eve, monkeypatch):
    monkeypatch.setattr(denials, "MOST", 10)
    monkeypatch.setattr(denials, "ALL", "5 per minute")
    for number in range(40):
        where = {"environ_base": {"REMOTE_ADDR": f"10.0.0.{number}"}, "headers": {"Origin": "https://evil.example"}}
        eve.client.post("/panel/sign-in", **where)
    ines = as_staff(HelperFactory(full_name="Inés Sol"))
    for room in ("packages", "users", "vip", "free", "tokens", "plans", "audit"):
        ines.get(f"/panel/{room}/")
    hugo = as_staff(helper)
    for _turn in range(2):
        hugo.get("/panel/clients/")
    assert count(AuditLog, AuditLog.action == "denied", AuditLog.actor_id == str(helper.id)) == 1
    assert denials._more[str(helper.id), "clients.page"] == 1


def test_who_was_denied_is_one_filter_away(panel, as_staff, helper):
    as_staff(helper).get("/panel/packages/")
    with transaction():
        accounts.note_failure(accounts.Attempt(None, None), by=SYSTEM)
    page = words(panel.get("/panel/audit/?denied=1").text.partition('id="list"')[2])
    assert "Hugo Paz</bdi></b> no tuvo permiso: <bdi>/panel/packages/</bdi>" in page
    assert "Alguien no pudo entrar como" in page and "inició sesión" not in page


def test_the_chat_and_the_months_are_set_in_ajustes(panel, dora, as_staff, helper):
    assert f'<option value="{dora.user_id}">Dora Ruiz</option>' in panel.get("/panel/settings/").text
    wrong = panel.post("/panel/settings/audit", {"audit_chat_id": "hola", "audit_months": "1"}, htmx=True)
    assert (wrong.status_code, config.current().audit_months) == (422, None)
    panel.post("/panel/settings/audit", {"audit_chat_id": str(dora.user_id), "audit_months": "24"})
    db.session.expire_all()
    assert (config.current().audit_chat_id, config.current().audit_months) == (dora.user_id, 24)
    assert as_staff(helper).post("/panel/settings/audit", {}).status_code == 403
