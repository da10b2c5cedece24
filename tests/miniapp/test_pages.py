"""The pages of the Mini App, for each kind of person, as htmx and as a plain request ask for them."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from tests.conftest import count
from tests.factories import InterestFactory, PackageFactory
from tests.miniapp.conftest import Phone, phone
from webapp.base import reads
from webapp.base.clock import now
from webapp.base.db import db, new_engine, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import media, notices, packages
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageMedia, UserInterest
from webapp.domain.sessions.models import UserSession
from webapp.domain.settings import config
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole
from webapp.domain.users.people import get_user

PAGES = ["/miniapp/", "/miniapp/packages", "/miniapp/interests", "/miniapp/access", "/miniapp/help", "/miniapp/profile"]
HOSTILE = '<script>alert(1)</script> hx-get="/x" {{7*7}} \u202eabc 💥 \'"><img src=x onerror=alert(1)>'


def vip(**more):
    return PackageFactory(name="Noches", category=ContentCategory.VIP_CONTENT, **more)


def mine(user):
    db.session.rollback()
    return db.session.query(UserInterest).filter_by(user_id=user.user_id).one()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_ana_bea_and_dora_in_both_ways(anas, beas, doras, kit, path):
    for asking in (anas, beas, doras):
        assert asking.get(path).status_code == 200
        plain = asking.get(path, htmx=False)
        assert plain.status_code == 200 and plain.text.lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize("path", PAGES)
def test_eve_without_a_session_gets_the_shell_and_nothing_of_anybody(client, anas, ana, kit, path):
    page = client.get(path)
    assert page.status_code == 200 and 'id="outside"' in page.text
    assert ana.first_name not in page.text and kit.name not in page.text


def test_the_showcase_greets_and_counts_what_is_new(anas, kit):
    page = anas.get("/miniapp/").text
    assert "Hola, Ana" in page and "1 novedad esta semana" in page and kit.name in page


def test_twenty_cards_and_then_the_next(anas):
    PackageFactory.create_batch(23)
    page = anas.get("/miniapp/").text
    more = page.split('class="more" hx-get="')[1].split('"')[0]
    rest = anas.get(more).text
    assert (page.count("<article"), rest.count("<article"), 'class="more"' in rest) == (20, 3, False)


@pytest.mark.parametrize("cursor", ["x", "💥", "WzFd", "W10", "a" * 3000])
def test_a_cursor_that_makes_no_sense_counts_as_none(anas, kit, cursor):
    assert kit.name in anas.get(f"/miniapp/packages?after={cursor}").text


def test_free_members_see_a_locked_preview_and_vip_members_the_thing(anas, beas):
    package = vip(body="Lo de dentro")
    assert "cover--locked" in anas.get("/miniapp/").text and "want--locked" in anas.get("/miniapp/").text
    page = anas.get(f"/miniapp/packages/{package.public_id}").text
    assert "Lo de dentro" not in page and "/miniapp/access#vip" in page and f"{package.public_id}/press" not in page
    assert "Lo de dentro" in beas.get(f"/miniapp/packages/{package.public_id}").text


def test_a_locked_preview_has_no_picture(app, anas, beas, tmp_path):
    package = vip()
    db.session.add(PackageMedia(package_id=package.id, position=0, storage_key="ab/" + "0" * 30 + ".webp"))
    db.session.commit()
    assert "/media/" not in anas.get("/miniapp/").text
    assert "/media/" in beas.get("/miniapp/").text


def test_a_press_answers_the_same_button_as_the_page(anas, ana, kit):
    answer = anas.post(f"/miniapp/packages/{kit.public_id}/press", place="card")
    assert answer.status_code == 200 and answer.text in anas.get("/miniapp/").text
    assert "Te interesa" in answer.text and mine(ana).click_count == 1


def test_pressing_again_and_again_keeps_one_interest_and_one_notice(anas, ana, dora, kit):
    for _ in range(3):
        assert anas.post(f"/miniapp/packages/{kit.public_id}/press").status_code == 200
    with transaction():
        notices.write_due()
    assert (mine(ana).click_count, count(OutboxMessage)) == (3, 1)


def test_withdrawing_offers_a_way_back_which_works(anas, ana, kit):
    anas.post(f"/miniapp/packages/{kit.public_id}/press")
    answer = anas.post(f"/miniapp/packages/{kit.public_id}/withdraw", place="card")
    assert "Deshacer" in answer.text and mine(ana).state == "withdrawn"
    anas.post(f"/miniapp/packages/{kit.public_id}/press")
    assert mine(ana).state == "pending"


def test_a_plain_press_is_sent_on(anas, ana, kit):
    answer = anas.post(f"/miniapp/packages/{kit.public_id}/press", htmx=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/miniapp/packages/{kit.public_id}")
    assert mine(ana).click_count == 1


def test_a_free_member_cannot_press_a_vip_package(anas, ana):
    answer = anas.post(f"/miniapp/packages/{vip().public_id}/press")
    assert answer.status_code == 403 and "VIP" in answer.text and 'hx-target="#toasts"' in answer.text
    assert count(UserInterest) == 0


def test_extra_fields_of_a_deed_are_ignored(anas, ana, bea, kit):
    anas.post(f"/miniapp/packages/{kit.public_id}/press", user_id=bea.user_id, role="admin", click_count=99)
    assert (mine(ana).click_count, count(UserInterest, UserInterest.user_id == bea.user_id)) == (1, 0)
    assert db.session.get(User, ana.user_id, populate_existing=True).role is UserRole.FREE


@pytest.mark.parametrize("public_id", ["nada", "%00", "..", "💥", "1"])
def test_a_package_that_is_not_there_says_so_in_place(anas, public_id):
    answer = anas.get(f"/miniapp/packages/{public_id}")
    assert answer.status_code == 404 and 'id="screen"' in answer.text
    assert anas.post(f"/miniapp/packages/{public_id}/press").status_code == 404


def test_what_was_taken_down_is_gone_at_once(anas, kit):
    anas.get("/miniapp/")
    with transaction():
        packages.deactivate(packages.get_package(kit.id), by=SYSTEM)
    assert kit.name not in anas.get("/miniapp/").text
    assert anas.get(f"/miniapp/packages/{kit.public_id}").status_code == 404


def test_my_interests_say_how_each_stands(anas, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id, is_attended=True, attended_at=now())
    anas.post("/miniapp/access/press")
    page = anas.get("/miniapp/interests").text
    assert "Atendido" in page and "hoy, " in page and "Suscripción VIP" in page and "Pendiente" in page


def test_an_attended_interest_can_be_asked_for_again(anas, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id, is_attended=True, attended_at=now())
    page = anas.get("/miniapp/").text
    assert "Atendido" in page and f"/miniapp/packages/{kit.public_id}/press" in page


def test_other_peoples_interests_are_not_mine(anas, bea, kit):
    InterestFactory(user_id=bea.user_id, package_id=kit.id)
    assert kit.name not in anas.get("/miniapp/interests").text
    assert "Te interesa" not in anas.get("/miniapp/").text


def test_vip_interest_is_pressed_listed_and_withdrawn(anas, ana):
    assert "Te interesa el VIP" in anas.post("/miniapp/access/press").text
    assert mine(ana).package_id is None
    answer = anas.post("/miniapp/access/withdraw", place="list")
    assert "Aún no marcas nada" in answer.text and "Deshacer" in answer.text


def test_access_tells_role_and_since_when(beas, anas):
    assert "Usuario VIP" in beas.get("/miniapp/access").text
    assert "want-vip" not in beas.get("/miniapp/access").text and "want-vip" in anas.get("/miniapp/access").text


def test_help_shows_how_to_reach_the_creator(anas):
    with transaction():
        config.change({"contact_url": "https://t.me/luna", "contact_text": HOSTILE, "social_x": "@luna"}, by=SYSTEM)
    page = anas.get("/miniapp/help").text
    assert "https://t.me/luna" in page and "https://x.com/luna" in page and "<script>" not in page


def test_another_language_counts_at_once(anas, ana):
    answer = anas.post("/miniapp/profile/locale", locale="en")
    assert 'lang="en"' in answer.text and 'lang="en"' in anas.get("/miniapp/").text
    assert db.session.get(User, ana.user_id, populate_existing=True).chosen_locale == "en"


@pytest.mark.parametrize("locale", ["", "de", "<script>"])
def test_a_language_we_do_not_speak_is_refused(anas, ana, locale):
    assert anas.post("/miniapp/profile/locale", locale=locale).status_code == 422
    assert db.session.get(User, ana.user_id, populate_existing=True).chosen_locale is None


def test_my_sessions_are_listed_and_ended(client, ana):
    here, there = Phone(client, ana), Phone(client, ana)
    here.open(agent="Telegram iPhone")
    there.open(agent="Telegram Windows", age=5)
    assert "Windows" in here.get("/miniapp/profile").text
    assert here.post("/miniapp/profile/sessions/revoke-others").status_code == 200
    assert (here.get("/miniapp/").status_code, there.get("/miniapp/").status_code) == (200, 401)


def test_somebody_elses_session_is_not_there_for_me(anas, beas, bea):
    theirs = db.session.query(UserSession).filter_by(user_id=bea.user_id).one().id
    answer = anas.post(f"/miniapp/profile/sessions/{theirs}/revoke")
    assert answer.status_code == 404 and beas.get("/miniapp/").status_code == 200


def test_hostile_text_is_inert_everywhere(client, ana):
    ana.first_name = ana.last_name = HOSTILE[:100]
    package = PackageFactory(name=HOSTILE[:150], description=HOSTILE, body=HOSTILE, search_text="script")
    db.session.commit()
    anas = phone(client, ana)
    anas.post(f"/miniapp/packages/{package.public_id}/press")
    for path in [*PAGES, f"/miniapp/packages/{package.public_id}", f"/miniapp/?q={HOSTILE}"]:
        page = anas.get(path).text
        assert "<script>alert" not in page and "<img src=x" not in page and "49" not in page.split("7*7")[0][-5:]
        assert "{{7*7}}" in page or path in PAGES[2:]


@pytest.mark.parametrize(
    "words", ["\0", "'", '"', "%", "_", "*", "a" * 5000, "🙂", "' OR 1=1 --", "NEAR(", '"x" OR "y"']
)
def test_any_words_can_be_searched_for(anas, kit, words):
    assert anas.client.get("/miniapp/", query_string={"q": words}, headers=anas._headers(True)).status_code == 200


def test_search_finds_and_says_when_nothing_is_found(anas, kit):
    assert kit.name in anas.get("/miniapp/packages?q=PRIMÁVERA").text
    assert "Nada con esas palabras" in anas.get("/miniapp/packages?q=zzz").text


def test_no_get_writes_anything(anas, kit, engine_kind):
    anas.post(f"/miniapp/packages/{kit.public_id}/press")
    paths = [*PAGES, f"/miniapp/packages/{kit.public_id}", f"/miniapp/packages/{kit.public_id}/want", "/miniapp/none"]
    before = fingerprint()
    for path in paths * 2:
        anas.get(path), anas.get(path, htmx=False), anas.client.get(path)
    assert fingerprint() == before


def fingerprint():
    """Every row of every table."""
    db.session.rollback()
    tables = [table.name for table in db.metadata.sorted_tables]
    return {name: sorted(map(str, db.session.execute(text(f"SELECT * FROM {name}")))) for name in tables}


@pytest.fixture
def queries(app, monkeypatch):
    """What is asked of the database, by whichever way."""
    asked = []
    plain = reads._ask

    def counted(engine, sql, params):
        asked.append(sql)
        return plain(engine, sql, params)

    def seen(_connection, _cursor, sql, *_rest):
        asked.append(sql)

    monkeypatch.setattr(reads, "_ask", counted)
    event.listen(db.engine, "before_cursor_execute", seen)
    yield asked
    event.remove(db.engine, "before_cursor_execute", seen)


def asked_by(queries, asking, path):
    queries.clear()
    assert asking.get(path).status_code == 200
    return [sql for sql in queries if not sql.startswith("BEGIN")]


def test_the_catalogue_asks_two_questions_whatever_its_size(anas, queries):
    PackageFactory.create_batch(20)
    small = [asked_by(queries, anas, "/miniapp/") for _ in range(2)]
    rows = [
        {"public_id": f"p{n}", "name": f"P {n}", "category": "free_content", "position": 100 + n} for n in range(2000)
    ]
    common = {"type": "standard", "currency": "MXN", "is_active": True, "version": 1, "search_text": ""}
    common |= {"description": "", "body": "", "created_at": now(), "updated_at": now()}
    with transaction():
        db.session.execute(ContentPackage.__table__.insert(), [row | common for row in rows])
        db.session.execute(text("UPDATE catalog_version SET version = version + 1"))
    large = [asked_by(queries, anas, "/miniapp/") for _ in range(2)]
    assert [len(asked) for asked in small + large] == [2, 2, 2, 2]


@pytest.mark.parametrize("path", ["/miniapp/packages?q=prima", "/miniapp/interests", "/miniapp/profile"])
def test_other_pages_ask_two_questions(anas, kit, queries, path):
    assert len(asked_by(queries, anas, path)) == 2


def test_a_package_asks_two_questions_once_it_is_kept(anas, kit, queries):
    asked_by(queries, anas, f"/miniapp/packages/{kit.public_id}")
    assert len(asked_by(queries, anas, f"/miniapp/packages/{kit.public_id}")) == 2


def test_a_change_by_another_process_shows_on_the_next_page(app, anas, kit):
    assert kit.name in anas.get("/miniapp/").text
    other = new_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with other.begin() as connection:
        connection.execute(text("UPDATE content_packages SET name = 'Otoño' WHERE id = :id"), {"id": kit.id})
        connection.execute(text("UPDATE catalog_version SET version = version + 1"))
    other.dispose()
    assert "Otoño" in anas.get("/miniapp/").text and kit.name not in anas.get("/miniapp/").text


def test_a_changed_label_shows_on_the_next_page(anas, kit):
    anas.get("/miniapp/")
    with transaction():
        config.change({"category_labels": {"free_content": "Regalitos"}}, by=SYSTEM)
    assert anas.get("/miniapp/").text.count("Regalitos") == 2


def test_kept_cards_appear_and_go_with_their_dates(anas, kit, time_machine_at):
    PackageFactory(name="Mañana", published_from=now() + timedelta(seconds=60))
    PackageFactory(
        name="Adiós", published_until=now() + timedelta(seconds=60), published_from=now() - timedelta(days=9)
    )
    page = anas.get("/miniapp/").text
    assert "Mañana" not in page and "Adiós" in page
    time_machine_at(now() + timedelta(seconds=61))
    page = anas.get("/miniapp/").text
    assert "Mañana" in page and "Adiós" not in page


def test_two_people_share_cards_but_not_marks(anas, beas, kit):
    anas.post(f"/miniapp/packages/{kit.public_id}/press")
    assert "Te interesa" in anas.get("/miniapp/").text
    assert "Te interesa" not in beas.get("/miniapp/").text


def test_every_deed_leaves_one_audit_row_that_says_who_and_where(anas, ana, kit):
    anas.post(f"/miniapp/packages/{kit.public_id}/press")
    rows = db.session.query(AuditLog).filter_by(resource_type="user_interests").all()
    assert [(row.actor_type, row.actor_id) for row in rows] == [("user", str(ana.user_id))]
    assert rows[0].session_id and rows[0].request_id and rows[0].ip_address


def test_a_picture_has_a_signed_address_for_two_days(app, beas, picture, time_machine_at):
    package = PackageFactory()
    with transaction():
        media.attach(packages.get_package(package.id), media.prepare(picture, app.extensions["storage"]), by=SYSTEM)
    url = beas.get("/miniapp/").text.split('<img src="')[1].split('"')[0]
    answer = beas.client.get(url)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp") and "max-age" in answer.headers["Cache-Control"]
    answer.close()
    assert beas.client.get(url[:-3] + "abc").status_code == 404
    time_machine_at(now() + timedelta(days=3))
    assert beas.client.get(url).status_code == 404


def test_on_its_page_a_press_turns_into_a_clear_state_whose_end_is_asked_about(anas, ana, kit):
    url = f"/miniapp/packages/{kit.public_id}"
    answer = anas.post(f"{url}/press", place="main")
    assert "Te interesa ✓ · Quitar" in answer.text and 'hx-confirm="¿Lo quitamos de tus intereses?"' in answer.text
    assert 'hx-target="#mark"' in answer.text and "Te escribimos por Telegram." in answer.text
    page = anas.get(url).text
    assert "Te interesa. Te escribimos por Telegram." in page and f"{kit.public_id}/withdraw" in page
    gone = anas.post(f"{url}/withdraw", place="main")
    assert "hx-confirm" not in gone.text and 'id="mark" hidden' in gone.text and "Deshacer" in gone.text


def test_a_card_in_the_list_is_not_asked_about_since_it_can_be_undone(anas, kit):
    assert "hx-confirm" not in anas.post(f"/miniapp/packages/{kit.public_id}/press", place="card").text


def test_a_locked_page_says_that_one_wants_vip_and_takes_it_back(anas, ana):
    url = f"/miniapp/packages/{vip().public_id}"
    assert "Me interesa el VIP" in anas.get(url).text and "planes VIP" not in anas.get(url).text
    answer = anas.post("/miniapp/access/press", place="package")
    assert "Te interesa el VIP ✓ · Quitar" in answer.text and "hx-confirm" in answer.text
    assert mine(ana).package_id is None and "Te interesa el VIP ✓" in anas.get(url).text
    gone = anas.post("/miniapp/access/withdraw", place="package").text
    assert "Me interesa el VIP" in gone and 'hx-target="#want-vip"' in gone and mine(ana).state == "withdrawn"


def test_a_locked_page_tells_that_vip_was_attended(anas, ana):
    InterestFactory(user_id=ana.user_id, package_id=None, is_attended=True, attended_at=now())
    page = anas.get(f"/miniapp/packages/{vip().public_id}").text
    assert "Ya te atendimos por el VIP." in page and "Me interesa el VIP otra vez" in page


def test_the_history_of_access_speaks_to_members_not_of_enums(client, ana, by_dora):
    for role in (UserRole.VIP, UserRole.FREE):
        with transaction():
            roles.set_role(get_user(ana.user_id), role, by=by_dora, reason="ajuste interno")
    page = phone(client, ana).get("/miniapp/access").text
    assert page.count("El equipo cambió tu acceso") == 2 and "manual" not in page and "ajuste" not in page


def test_choosing_a_language_rewords_what_stands_around_too(anas):
    answer = anas.post("/miniapp/profile/locale", locale="en")
    assert "No connection" in answer.text[answer.text.index('hx-target="#around"') :]
