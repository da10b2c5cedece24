"""kill -9 in the middle of a long list: the next worker goes on, and the file is whole."""

import csv
import io
import random
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from tests.conftest import count
from tests.factories import StaffFactory
from tests.faults.conftest import until
from tests.faults.test_killed import nursery as nursery
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.files import Files
from webapp.domain.insights import exports
from webapp.domain.insights.models import Export, ExportState
from webapp.domain.insights.people_listings import PeopleFilter
from webapp.domain.staff import accounts
from webapp.domain.users.models import User

pytestmark = pytest.mark.processes
PEOPLE, KILLS = 40_000, 5


@pytest.fixture
def asked(house):
    """Somebody asks for everybody."""
    born = {"role": "free", "reach": "ok", "is_blocked": False, "created_at": now(), "updated_at": now()}
    rows = [{"user_id": 800_000_000 + one, "first_name": f"P{one}", "search_text": "", **born} for one in range(PEOPLE)]
    by = accounts.as_actor(StaffFactory())
    with transaction():
        db.session.execute(insert(User.__table__), rows)
    with transaction():
        return exports.ask("users", PeopleFilter(), "csv", by=by, zone="UTC", filters={})


def done() -> int:
    db.session.rollback()
    return db.session.scalar(db.select(Export.done)) or 0


def test_a_list_whose_worker_is_killed_again_and_again_is_whole(house, nursery, asked):
    chance = random.Random(5)
    for _kill in range(KILLS):
        before, more = done(), chance.randrange(1, 4000)
        worker = nursery.start("worker")
        until(lambda: done() >= min(before + more, PEOPLE), "it is in the middle of it", 120)  # noqa: B023
        nursery.kill(worker)
        with transaction():
            db.session.execute(update(Export).values(lease_until=now() - timedelta(seconds=1)))
    nursery.start("worker")
    until(lambda: count(Export, Export.state == ExportState.DONE), "it is written", 120)
    files = list((house.folder / "home" / "exports").iterdir())
    assert len(files) == 1
    whole = b"".join(Files(files[0].parent).read(files[0].name)).decode("utf-8-sig")
    ids = [line[0] for line in csv.reader(io.StringIO(whole))]
    assert len(ids) == len(set(ids)) == PEOPLE + 1
