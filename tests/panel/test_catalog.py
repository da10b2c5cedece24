"""The panel's pages of packages: list, form, pictures, order; allowed, denied, htmx, plain."""

import io
import re
from datetime import UTC, datetime

import pytest
from PIL import Image
from sqlalchemy import event, select

from tests.conftest import count
from tests.factories import InterestFactory, PackageFactory, StaffFactory, helper
from webapp.base.db import db
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import packages
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageMedia
from webapp.domain.staff.models import StaffRole

LIST = "/panel/packages/"
DRAFT = {"name": "Noches", "category": "vip_content", "type": "standard", "currency": "MXN", "price": "12,50"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' hx-get='/panel/' x='",
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "\u202eabc",
    "مرحبا",
    "🌸\0🌸",
]


def photo(size=(640, 480), kind="JPEG") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    file.seek(0)
    return file


def fresh(package: ContentPackage) -> ContentPackage:
    db.session.rollback()
    return packages.get_package(package.id)


def shown(answer) -> str:
    return re.sub(r"<[^>]+>", "", answer.text)


def test_the_list_shows_packages_with_price_state_and_interests(panel, kit, ana):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    PackageFactory(name="Bajo llave", is_active=False)
    text = shown(panel.get(LIST))
    for words in ("Primavera, 24 fotos", "$120\u00a0MXN", "En la vitrina", "Bajo llave", "Sin publicar", "2 paquetes"):
        assert words in text, words


def test_filters_stand_in_the_address(panel, kit):
    PackageFactory(name="Bajo llave", category=ContentCategory.VIP_CONTENT, is_active=False)
    for query in ("state=inactive", "category=vip_content", "q=llave", "state=inactive&category=vip_content&sort=name"):
        text = shown(panel.get(f"{LIST}?{query}"))
        assert "Bajo llave" in text, query
        assert "Primavera" not in text, query


@pytest.mark.parametrize("query", ["state=x", "category=x", "sort=x", "after=x", "type=%00", "q=%22%25_", "after=W10"])
def test_filters_that_make_no_sense_do_not_break_the_list(panel, kit, query):
    assert panel.get(f"{LIST}?{query}").status_code == 200


def test_an_empty_showcase_teaches_how_to_begin(panel):
    assert "Tu vitrina está vacía" in panel.get(LIST).text
    assert "Ningún paquete coincide" in panel.get(f"{LIST}?q=nada").text


def test_making_a_package_with_a_picture(panel):
    answer = panel.post(LIST, {**DRAFT, "publish": "1", "images": (photo(), "../../etc/passwd.jpg")})
    package = db.session.scalars(select(ContentPackage)).one()
    assert (answer.status_code, answer.location) == (303, f"/panel/packages/{package.id}")
    assert (package.is_active, str(package.price)) == (True, "12.50")
    assert count(PackageMedia) == 1
    assert count(AuditLog, AuditLog.action == "create", AuditLog.actor_type == "staff") >= 2


def test_a_draft_is_not_shown(panel):
    panel.post(LIST, {**DRAFT, "is_active": "1", "position": "99", "version": "9", "public_id": "mine"})
    package = db.session.scalars(select(ContentPackage)).one()
    assert (package.is_active, package.position, package.version) == (False, 1, 1)


def test_what_does_not_fit_is_said_in_place_and_what_was_typed_stays(panel):
    answer = panel.post(LIST, {**DRAFT, "price": "mucho", "body": "Un texto largo"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'value="mucho"' in answer.text
    assert "Un texto largo" in answer.text
    assert count(ContentPackage) == 0


def test_a_picture_that_is_refused_makes_no_package(panel):
    answer = panel.post(LIST, {**DRAFT, "images": (io.BytesIO(b"<svg/>"), "a.png")})
    assert answer.status_code == 422
    assert "Solo aceptamos imágenes PNG, JPEG o WebP." in answer.text
    assert count(ContentPackage) == 0


def test_editing_with_htmx_and_without(panel, kit):
    url = f"{LIST}{kit.id}"
    for name, htmx in (("Uno", False), ("Dos", True)):
        version = fresh(kit).version
        answer = panel.post(url, {**DRAFT, "name": name, "version": version}, htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
        assert fresh(kit).name == name


def test_an_edit_that_does_not_fit_answers_the_form_alone_to_htmx(panel, kit):
    answer = panel.post(f"{LIST}{kit.id}", {**DRAFT, "name": "", "version": 1}, htmx=True)
    assert answer.status_code == 422
    assert answer.text.strip().startswith("<form")
    assert "Ponle un nombre." in answer.text


@pytest.mark.parametrize("htmx", [True, False])
def test_the_second_of_two_editors_keeps_what_was_typed_and_sees_the_other(panel, kit, htmx):
    url = f"{LIST}{kit.id}"
    panel.post(url, {**DRAFT, "name": "Lo de Dora", "version": 1})
    answer = panel.post(url, {**DRAFT, "name": "Lo de Caio", "version": 1}, htmx=htmx)
    assert answer.status_code == 409
    assert 'value="Lo de Caio"' in answer.text
    assert "Lo de Dora" in answer.text
    assert fresh(kit).name == "Lo de Dora"
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    panel.post(url, {**DRAFT, "name": "Lo de Caio", "version": version})
    assert fresh(kit).name == "Lo de Caio"


def test_publishing_and_taking_down_offer_to_undo(panel, kit):
    answer = panel.post(f"{LIST}{kit.id}/deactivate", htmx=True)
    assert f"{LIST}{kit.id}/publish" in answer.headers["HX-Trigger"]
    assert 'id="package-standing"' in answer.text
    assert not fresh(kit).is_active
    assert panel.post(f"{LIST}{kit.id}/publish").status_code == 303
    assert fresh(kit).is_active


def test_the_history_tells_at_once_of_what_was_just_done(panel, kit):
    for deed, words in (("deactivate", "Lo despublicó"), ("publish", "Lo publicó")):
        answer = panel.post(f"{LIST}{kit.id}/{deed}", htmx=True).text
        told = answer.partition('id="package-history"')[2]
        assert 'hx-target="#package-history"' in answer and words in told.partition("</li>")[0]
    assert 'id="package-history"' in panel.get(f"{LIST}{kit.id}").text


def test_a_copy_opens(panel, kit):
    answer = panel.post(f"{LIST}{kit.id}/duplicate")
    assert "(copia)" in panel.get(answer.location).text


def test_order_by_dragging_and_by_buttons(panel):
    low, high = PackageFactory(name="low"), PackageFactory(name="high")
    assert panel.post(f"{LIST}arrange", {"ids": f"{low.id},{high.id}"}, htmx=True).status_code == 204
    assert fresh(low).position > fresh(high).position
    answer = panel.post(f"{LIST}arrange", {"ids": [high.id, low.id], "next": f"{LIST}?state=active"})
    assert answer.location == f"{LIST}?state=active"
    assert fresh(high).position > fresh(low).position


def test_going_back_never_leaves_the_panel(panel, kit):
    answer = panel.post(f"{LIST}{kit.id}/first", {"next": "https://evil.example/"})
    assert "evil" not in answer.location


def test_pictures_are_added_described_moved_and_taken_out(panel, kit):
    base = f"{LIST}{kit.id}/media"
    answer = panel.post(base, {"images": [(photo(), "a.jpg"), (photo((500, 500)), "b.jpg")]}, htmx=True)
    assert answer.text.count("<figure>") == 2
    first, second = fresh(kit).media
    panel.post(f"{base}/{second.id}/describe", {"alt": "Un jardín"}, htmx=True)
    panel.post(f"{base}/{second.id}/cover")
    assert [one.alt for one in fresh(kit).media] == ["Un jardín", ""]
    panel.post(f"{base}/arrange", {"ids": [first.id, second.id]})
    panel.post(f"{base}/{first.id}/remove", htmx=True)
    assert [one.id for one in fresh(kit).media] == [second.id]


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\nnonsense"])
def test_a_refused_picture_is_said_in_place(panel, kit, content, htmx):
    answer = panel.post(f"{LIST}{kit.id}/media", {"images": (io.BytesIO(content), "x.png")}, htmx=htmx)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert count(PackageMedia) == 0


def test_one_refused_picture_keeps_the_others_out_too(panel, kit):
    files = [(photo(), "a.jpg"), (io.BytesIO(b"<svg/>"), "b.svg")]
    assert panel.post(f"{LIST}{kit.id}/media", {"images": files}).status_code == 422
    assert count(PackageMedia) == 0


def test_pictures_are_served_to_staff_only(panel, as_staff, kit):
    panel.post(f"{LIST}{kit.id}/media", {"images": (photo(), "a.jpg")})
    url = re.search(r'src="(/panel/packages/media/[^"]+)"', panel.get(f"{LIST}{kit.id}").text)[1]
    answer = panel.get(url)
    assert (answer.status_code, answer.mimetype, answer.headers["X-Content-Type-Options"]) == (
        200,
        "image/webp",
        "nosniff",
    )
    answer.close()
    assert as_staff(None).get(url).status_code == 303


@pytest.mark.parametrize(
    "key", ["../../vitrina.db", "..%2f..%2fsecret.key", "ab/x.webp", "ab/" + "0" * 30 + ".webp", "%00"]
)
def test_other_files_are_not_served(panel, key):
    assert panel.get(f"{LIST}media/{key}").status_code in (404, 400, 308)


def test_the_card_is_drawn_from_what_is_typed(panel, kit):
    answer = panel.get(
        f"{LIST}preview", query_string={"name": "Nuevo", "price": "9,50", "price_stars": "x", "category": "vip_premium"}
    )
    text = shown(answer)
    assert "Nuevo" in text
    assert "$9.50\u00a0MXN" in text
    assert "Premium" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_everywhere(panel, ana, text):
    fields = {**DRAFT, "name": text, "description": text, "body": text, "provider": text}
    assert panel.post(LIST, fields).status_code == 303
    package = db.session.scalars(select(ContentPackage)).one()
    pages = [panel.get(LIST), panel.get(f"{LIST}{package.id}"), panel.get(LIST, query_string={"q": text})]
    pages.append(panel.get(f"{LIST}preview", query_string=fields))
    pages.append(panel.post(LIST, {**fields, "price": text}))
    for answer in pages:
        assert answer.status_code in (200, 422)
        for harm in ("<script>alert", "<img src=x", "' hx-get='", ">49<", "\u202e", "\0"):
            assert harm not in answer.text, harm


def test_sixty_four_kilobytes_are_refused_in_every_field(panel):
    for field in ("name", "description", "body", "provider", "price", "category", "currency", "published_from"):
        answer = panel.post(LIST, {**DRAFT, field: "x" * 65_536})
        assert answer.status_code == 422, field
    assert count(ContentPackage) == 0


EVERY_POST = [
    "",
    "{id}",
    "{id}/publish",
    "{id}/deactivate",
    "{id}/duplicate",
    "{id}/first",
    "arrange",
    "{id}/media",
    "{id}/media/arrange",
    "{id}/media/1/cover",
    "{id}/media/1/describe",
    "{id}/media/1/remove",
]


@pytest.mark.parametrize("path", EVERY_POST)
def test_nobody_without_the_right_changes_anything(as_staff, kit, path):
    url = LIST + path.format(id=kit.id)
    helper = as_staff(StaffFactory(role=StaffRole.USER))
    done = AuditLog.action != "denied"
    seen = count(AuditLog, done)
    assert helper.post(url, DRAFT).status_code == 403
    assert helper.post(url, DRAFT, htmx=True).status_code == 403
    assert as_staff(None).post(url, DRAFT).status_code in (303, 401, 403)
    assert count(AuditLog, done) == seen


def test_whoever_may_only_look_is_offered_no_editor(as_staff, panel, kit):
    looker = as_staff(helper("read", "packages"))
    page = looker.get(f"{LIST}{kit.id}").text
    assert kit.name in page and "Puedes verlo, no cambiarlo." in page and "<fieldset disabled>" in page
    assert "Guardar<" not in page and "Añadir imágenes" not in page
    mine = panel.get(f"{LIST}{kit.id}").text
    assert "Guardar<" in mine and "Añadir imágenes" in mine and "<fieldset disabled>" not in mine


@pytest.mark.parametrize("path", ["", "new", "preview", "{id}"])
def test_nobody_without_the_right_sees_anything(as_staff, kit, path):
    url = LIST + path.format(id=kit.id)
    assert as_staff(StaffFactory(role=StaffRole.USER)).get(url).status_code == 403
    assert as_staff(None).get(url).status_code == 303


def test_posts_from_elsewhere_are_refused(panel, kit):
    answer = panel.post(f"{LIST}{kit.id}/deactivate", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert fresh(kit).is_active


@pytest.mark.parametrize("path", ["999999", "999999/publish", "999999/media"])
def test_what_is_not_there_is_not_found(panel, path):
    answer = panel.post(LIST + path, DRAFT)
    assert answer.status_code == 404


def test_dates_are_shown_and_read_in_the_creators_zone(panel, kit):
    panel.post(f"{LIST}{kit.id}", {**DRAFT, "version": 1, "published_from": "2030-03-01T10:00"})
    assert fresh(kit).published_from == datetime(2030, 3, 1, 16, tzinfo=UTC)
    text = panel.get(f"{LIST}{kit.id}").text
    assert 'value="2030-03-01T10:00"' in text
    assert "Programado" in text


def test_the_list_costs_the_same_whatever_its_length(panel, kit):
    def queries() -> int:
        said: list[str] = []
        hear = lambda _c, _cursor, statement, *_rest: said.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", hear)
        panel.get(LIST)
        event.remove(db.engine, "before_cursor_execute", hear)
        return sum(1 for one in said if one.lstrip().startswith(("SELECT", "UPDATE", "INSERT")))

    few = queries()
    for _ in range(30):
        PackageFactory()
    assert queries() == few


def kept_in(answer) -> list[str]:
    return re.findall(r'name="kept" value="([^"]+)" checked', answer.text)


def test_pictures_are_kept_while_another_field_is_wrong_and_none_is_asked_for_again(panel):
    files = [(photo(), "a.jpg"), (photo((500, 500)), "b.jpg")]
    first = panel.post(LIST, {**DRAFT, "price": "mucho", "images": files})
    kept = kept_in(first)
    assert (first.status_code, len(kept), count(PackageMedia)) == (422, 2, 0)
    again = panel.post(LIST, {**DRAFT, "name": "", "kept": kept, "images": (photo((400, 300)), "c.jpg")})
    assert len(kept_in(again)) == 3
    panel.post(LIST, {**DRAFT, "kept": kept_in(again)[:2]})
    package = db.session.scalars(select(ContentPackage)).one()
    assert [(one.width, one.height) for one in fresh(package).media] == [(640, 480), (500, 500)]


def test_of_several_pictures_the_refused_one_is_named_and_the_others_are_kept(panel):
    files = [(photo(), "a.jpg"), (io.BytesIO(b"<svg/>"), "\u202eplano.svg")]
    answer = panel.post(LIST, {**DRAFT, "name": "", "images": files})
    assert "\u202e" not in answer.text
    assert "plano.svg: Solo aceptamos imágenes" in answer.text and "Ponle un nombre." in answer.text
    assert len(kept_in(answer)) == 1


@pytest.mark.parametrize("note", ["x", "", "WyIuLi8uLi92aXRyaW5hLmRiIiwxLDFd.x.y"])
def test_a_kept_picture_that_we_did_not_sign_counts_for_nothing(panel, note):
    assert panel.post(LIST, {**DRAFT, "kept": note}).status_code == 303
    assert count(PackageMedia) == 0


def test_more_pictures_than_a_package_takes_are_refused_with_those_kept_counted(panel):
    kept = kept_in(panel.post(LIST, {**DRAFT, "name": "", "images": (photo(), "a.jpg")}))
    answer = panel.post(LIST, {**DRAFT, "kept": kept * 20, "images": (photo(), "b.jpg")})
    assert answer.status_code == 422 and "como máximo 20 imágenes" in answer.text


def test_the_card_shows_a_kept_picture(panel):
    kept = kept_in(panel.post(LIST, {**DRAFT, "name": "", "images": (photo(), "a.jpg")}))
    assert "-card.webp" in panel.get(f"{LIST}preview", query_string={**DRAFT, "kept": kept}).text


def test_what_is_wrong_is_summed_up_above_the_form_with_ways_to_it(panel, kit):
    for url, more in ((LIST, {}), (f"{LIST}{kit.id}", {"version": 1})):
        text = panel.post(url, {**DRAFT, **more, "name": "", "price_stars": "-1"}).text
        summary = text[text.index("summary") : text.index('id="f-name"')]
        assert 'href="#f-name"' in summary and 'href="#f-price_stars"' in summary and "Ponle un nombre." in summary


@pytest.mark.parametrize("price", ["mucho", "-1", "100000000", "9" * 15, "1,234"])
def test_a_refused_price_is_told_how_high_it_may_be(panel, price):
    assert "99.999.999,99" in panel.post(LIST, {**DRAFT, "price": price}).text.replace("99,999,999.99", "99.999.999,99")


def test_the_first_package_is_not_offered_the_first_place(panel):
    low, high = PackageFactory(name="low"), PackageFactory(name="high")
    assert "Poner el primero" not in panel.get(f"{LIST}{high.id}").text
    assert "Poner el primero" in panel.get(f"{LIST}{low.id}").text
    assert "Poner el primero" not in panel.post(f"{LIST}{high.id}/deactivate", htmx=True).text
