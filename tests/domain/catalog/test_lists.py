"""Staff's lists: what each filter finds, how counts and pages behave, and what they cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Select, event, insert, text

from tests.factories import InterestFactory, PackageFactory, ProviderFactory
from webapp.base.db import Page, db, transaction
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import interests, lists
from webapp.domain.catalog.lists import InterestFilter, PackageFilter
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageMedia, PackageType, UserInterest
from webapp.domain.users.models import User

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY_PACKAGE_FILTER = [
    PackageFilter(),
    PackageFilter(state="active"),
    PackageFilter(state="inactive"),
    PackageFilter(state="scheduled"),
    PackageFilter(state="active", category=ContentCategory.FREE_CONTENT),
    PackageFilter(category=ContentCategory.VIP_PREMIUM),
    PackageFilter(type=PackageType.BUNDLE, state="active"),
    PackageFilter(sort="updated"),
    PackageFilter(words="primavera 19"),
]
EVERY_INTEREST_FILTER = [
    InterestFilter(),
    InterestFilter(oldest_first=True),
    InterestFilter(state="pending"),
    InterestFilter(state="pending", oldest_first=True, older_than=DAY),
    InterestFilter(state="attended"),
    InterestFilter(state="withdrawn"),
    InterestFilter(package=3),
    InterestFilter(package=3, state="pending"),
    InterestFilter(package="vip"),
    InterestFilter(package="vip", state="pending"),
    InterestFilter(user_id=7),
    InterestFilter(user_id=7, state="pending"),
    InterestFilter(category=ContentCategory.FREE_CONTENT),
    InterestFilter(category=ContentCategory.FREE_CONTENT, state="pending"),
    InterestFilter(older_than=DAY),
]


def names(**wanted: object) -> list[str]:
    return [row.name for row in lists.packages(PackageFilter(**wanted)).rows]


def ids(**wanted: object) -> list[int]:
    return [row.id for row in lists.interests(InterestFilter(**wanted)).rows]


@contextmanager
def counted() -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_rest) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    yield said
    event.remove(db.engine, "before_cursor_execute", hear)


def fill(rows: int) -> None:
    """`rows` packages, people and interests, written at once."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = [{"user_id": n, "first_name": f"P{n}", "role": "free", "reach": "ok"} for n in range(1, rows + 1)]
    db.session.execute(insert(User), told)
    shown = [
        {"id": n, "name": f"Primavera {n}", "category": "free_content", "search_text": f"primavera {n}", "position": n}
        for n in range(1, rows + 1)
    ]
    db.session.execute(insert(ContentPackage), [{**row, "category": ContentCategory.FREE_CONTENT} for row in shown])
    wants = [
        {
            "user_id": n,
            "package_id": n % min(rows, 50) + 1,
            "created_at": moment + n * DAY / 100,
            "is_attended": n % 5 > 0,
        }
        for n in range(1, rows + 1)
    ]
    db.session.execute(insert(UserInterest), wants)
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def plan(query: Select) -> str:
    compiled = query.compile(db.engine, compile_kwargs={"render_postcompile": True})
    word = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    connection = db.session.connection()
    if word == "EXPLAIN":
        connection.execute(text("SET LOCAL enable_seqscan = off"))
    parameters = compiled.construct_params()
    processed = {
        name: (compiled._bind_processors[name](value) if name in compiled._bind_processors else value)
        for name, value in parameters.items()
    }
    given = tuple(processed[name] for name in compiled.positiontup) if compiled.positional else processed
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{word} {compiled}", given))


def test_packages_come_in_the_order_of_the_showcase(app):
    for name, place in (("b", 2), ("a", 1), ("c", 3)):
        PackageFactory(name=name, position=place)
    assert names() == ["c", "b", "a"]
    assert names(sort="nonsense") == ["c", "b", "a"]


def test_packages_sort_by_when_they_were_changed(app):
    for name, days in (("b", 1), ("c", 3), ("a", 2)):
        PackageFactory(name=name, updated_at=TODAY - timedelta(days=days))
    assert names(sort="updated") == ["b", "a", "c"]


def test_packages_sort_by_name_whatever_the_accents(app):
    for name in ("Zoo", "álbum", "Árbol", "bosque"):
        PackageFactory(name=name)
    assert names(sort="name") == ["álbum", "Árbol", "bosque", "Zoo"]


def test_packages_sort_by_how_many_want_them(ana, bea):
    least, most = PackageFactory(name="least"), PackageFactory(name="most")
    for user, package in ((ana, most), (bea, most), (ana, least)):
        InterestFactory(user_id=user.user_id, package_id=package.id)
    assert [(row.name, row.interests) for row in lists.packages(PackageFilter(sort="interests")).rows] == [
        ("most", 2),
        ("least", 1),
    ]


@pytest.mark.parametrize("sort", ["position", "updated", "name", "interests"])
def test_pages_meet_without_gap_or_overlap(app, sort):
    made = [PackageFactory(name=f"n{n % 3}") for n in range(7)]
    found, after = [], None
    for _ in range(4):
        one = lists.packages(PackageFilter(sort=sort), after=after, size=2)
        found += [row.id for row in one.rows]
        after = one.after
    assert sorted(found) == sorted(package.id for package in made)
    assert after is None


def test_packages_are_told_apart_by_whether_they_show(app, time_machine):
    time_machine.move_to(TODAY, tick=False)
    PackageFactory(name="shown")
    PackageFactory(name="down", is_active=False)
    PackageFactory(name="soon", published_from=TODAY + DAY)
    PackageFactory(name="past", published_until=TODAY)
    assert [names(state=state) for state in ("active", "inactive", "scheduled", "over")] == [
        ["shown"],
        ["down"],
        ["soon"],
        ["past"],
    ]
    states = {row.name: lists.package_state(row) for row in lists.packages(PackageFilter()).rows}
    assert states == {"shown": "active", "down": "inactive", "soon": "scheduled", "past": "over"}


def test_packages_are_found_by_words_category_and_type(app):
    PackageFactory(name="Primavera", search_text="primavera", type=PackageType.BUNDLE)
    PackageFactory(name="Verano", search_text="verano", category=ContentCategory.VIP_CONTENT)
    assert names(words="PRIMA") == ["Primavera"]
    assert names(category=ContentCategory.VIP_CONTENT) == ["Verano"]
    assert names(type=PackageType.BUNDLE, words="verano") == []
    assert lists.count_packages(PackageFilter(words="era")) == 2


def test_a_row_shows_cover_provider_and_living_interests(ana, bea):
    package = PackageFactory(provider_id=ProviderFactory(display_name="Estudio Luz").id)
    for place, sign in ((1, "1"), (0, "0")):
        db.session.add(PackageMedia(package_id=package.id, position=place, storage_key=f"ab/{sign * 30}.webp"))
    InterestFactory(user_id=ana.user_id, package_id=package.id)
    InterestFactory(user_id=bea.user_id, package_id=package.id, withdrawn_at=TODAY)
    row = lists.packages(PackageFilter()).rows[0]
    assert (row.cover, row.provider, row.interests) == (f"ab/{'0' * 30}.webp", "Estudio Luz", 1)


def test_interests_by_state(ana):
    pending = InterestFactory(user_id=ana.user_id, created_at=TODAY)
    attended = InterestFactory(user_id=ana.user_id, is_attended=True, created_at=TODAY + DAY)
    gone = InterestFactory(user_id=ana.user_id, withdrawn_at=TODAY, created_at=TODAY + 2 * DAY)
    assert [ids(state=state) for state in ("pending", "attended", "withdrawn")] == [
        [pending.id],
        [attended.id],
        [gone.id],
    ]
    assert ids() == [gone.id, attended.id, pending.id]
    assert ids(oldest_first=True) == [pending.id, attended.id, gone.id]


def test_interests_by_category_package_person_and_age(ana, bea, kit, time_machine):
    time_machine.move_to(TODAY, tick=False)
    one = InterestFactory(user_id=ana.user_id, package_id=kit.id, created_at=TODAY - 2 * DAY)
    two = InterestFactory(user_id=bea.user_id, package_id=kit.id, created_at=TODAY)
    vip = InterestFactory(user_id=ana.user_id, package_id=None, created_at=TODAY)
    assert ids(package=kit.id) == [two.id, one.id]
    assert ids(package="vip") == [vip.id]
    assert ids(user_id=bea.user_id) == [two.id]
    assert ids(older_than=DAY) == [one.id]
    assert ids(category=ContentCategory.FREE_CONTENT) == [two.id, one.id]
    assert ids(category=ContentCategory.VIP_PREMIUM) == []


def test_an_interest_tells_its_story_in_one_row(ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    with transaction():
        interests.add_note(interest, "Llamar el lunes", by=CAIO)
    row = lists.interest_row(interest.id)
    assert (row.first_name, row.package, row.price, row.notes) == ("Ana", kit.name, kit.price, 1)
    assert lists.interest_row(interest.id + 1) is None


def test_counts_stop_where_the_asker_says(app):
    for _ in range(5):
        InterestFactory(package_id=None)
    assert lists.count_interests(InterestFilter()) == 5
    assert lists.count_interests(InterestFilter(), most=3) == 3
    assert lists.count_interests(InterestFilter(category=ContentCategory.FREE_CONTENT), most=3) == 0


def test_figures_of_a_package_and_of_the_subscription(ana, bea, dora, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id, created_at=TODAY)
    InterestFactory(user_id=bea.user_id, package_id=kit.id, is_attended=True, created_at=TODAY - DAY)
    InterestFactory(user_id=dora.user_id, package_id=kit.id, withdrawn_at=TODAY, created_at=TODAY - DAY)
    assert lists.figures(kit.id) == lists.Figures(2, 1, 1, 1, TODAY)
    assert lists.figures(None) == lists.Figures(0, 0, 0, 0, None)


def test_history_is_the_audit_of_one_thing_newest_first(ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    with transaction():
        interests.attend(interest, by=CAIO)
    with transaction():
        interests.reopen(interest, by=CAIO)
    rows = lists.history("user_interests", interest.id)
    assert [row.new_values["is_attended"] for row in rows] == [False, True]


def test_a_category_that_few_want_is_found_all_the_same(ana, bea, kit):
    rare = PackageFactory(category=ContentCategory.VIP_PREMIUM)
    InterestFactory(user_id=ana.user_id, package_id=kit.id, created_at=TODAY)
    found = [InterestFactory(package_id=rare.id, created_at=TODAY + n * DAY).id for n in range(5)]
    seen, after = [], None
    for _ in range(3):
        one = lists.interests(InterestFilter(category=ContentCategory.VIP_PREMIUM), after=after, size=2)
        seen, after = [*seen, *(row.id for row in one.rows)], one.after
    assert seen == found[::-1]


def test_a_category_that_many_want_is_walked_by_time(ana, bea, kit, monkeypatch):
    monkeypatch.setattr(lists, "CAP", 2)
    made = [InterestFactory(package_id=kit.id, created_at=TODAY + n * DAY).id for n in range(4)]
    assert ids(category=ContentCategory.FREE_CONTENT) == made[::-1]


@pytest.mark.parametrize("rows", [20, 2000])
def test_a_list_is_as_many_queries_whatever_its_size(app, rows):
    fill(rows)
    with counted() as said:
        assert len(lists.packages(PackageFilter()).rows) == min(rows, 25)
        assert len(lists.interests(InterestFilter()).rows) == min(rows, 25)
    assert len([one for one in said if one.lstrip().startswith("SELECT")]) == 4


def test_no_filter_reads_a_whole_table(app, monkeypatch):
    fill(2000)
    asked: list[Select] = []

    def note(query, *keys, descending=True, size=0, after=None) -> Page:
        asked.append(query.order_by(*(key.desc() if descending else key.asc() for key in keys)).limit(26))
        return Page([], None)

    monkeypatch.setattr(lists, "page", note)
    for wanted in EVERY_PACKAGE_FILTER:
        lists.packages(wanted)
    for wanted in EVERY_INTEREST_FILTER:
        lists.interests(wanted)
    for wanted, query in zip([*EVERY_PACKAGE_FILTER, *EVERY_INTEREST_FILTER], asked, strict=True):
        found = plan(query)
        assert "Seq Scan on user_interests" not in found, (wanted, found)
        assert "SCAN user_interests\n" not in found + "\n", (wanted, found)
        if not getattr(wanted, "words", "") and "LIMIT" not in str(query.whereclause):  # what is few is sorted
            assert "TEMP B-TREE" not in found, (wanted, found)
