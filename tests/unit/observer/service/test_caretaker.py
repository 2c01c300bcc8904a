"""What is no longer kept goes once a day while the service runs, also where nothing is run."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from observer.project import Project, open_project
from observer.service.caretaker import Caretaker
from observer.service.current import Current
from observer.store.access_tables import audit, sessions
from orchestration.database import reading, writing
from orchestration.tables import EPOCH
from tests.unit.observer.shop import TOML, shop

PATIENCE_S = 60.0


@pytest.fixture
def current(tmp_path: Path, state_url: str) -> Iterator[Current]:
    toml = f'{TOML}\nstate = "{state_url}"\nrecords = {{ audit_days = 30 }}\n'
    found = Current(lambda: open_project(shop(tmp_path, toml=toml)))
    yield found
    found.work.close()


def ask(work: Project) -> None:
    line = {"token_id": "t", "name": "n", "method": "POST", "path": "/", "status": 200, "address": ""}
    with writing(work.engine) as connection:
        for ago in (timedelta(days=40), timedelta()):
            connection.execute(insert(audit).values(at=work.clock.wall() - ago, **line))
        connection.execute(insert(sessions).values(digest=str(time.monotonic()), made_at=EPOCH, expires_at=EPOCH))


def kept(work: Project) -> tuple[int, int]:
    with reading(work.engine) as connection:
        counts = [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in (audit, sessions)]
    return counts[0], counts[1]


def test_it_goes_once_a_day_whoever_looks(current: Current) -> None:
    ask(current.work)
    first, second = Caretaker(current), Caretaker(current)
    assert (first.once(), second.once()) == (True, False)
    assert kept(current.work) == (1, 0)
    ask(current.work)
    assert (first.once(), kept(current.work)) == (False, (3, 1))


def test_the_thread_looks_by_itself_and_ends(current: Current) -> None:
    ask(current.work)
    caretaker = Caretaker(current, look_s=0.05)
    caretaker.start()
    until = time.monotonic() + PATIENCE_S
    while kept(current.work) != (1, 0):
        assert time.monotonic() < until
        time.sleep(0.02)
    caretaker.stop()
