"""A run that is killed at any moment of its write, on every backend: old or new, and `doctor` clears what was left."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import update

from observer.doctor.examine import examine
from observer.doctor.model import Health
from observer.doctor.scratch import scratch
from observer.project import open_project
from orchestration import database
from orchestration.tables import EPOCH, leases
from tests.support import local_snowflake
from tests.support.backends import KINDS, seen, shop_on, writing

PATIENCE_S = 60.0


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return shop_on(kind, tmp_path / "shop", request.getfixturevalue)


@pytest.fixture
def bury(kind: str, request: pytest.FixtureRequest) -> Callable[[], None]:
    """What the backend does by itself after a while when a process is gone."""
    if kind != "snowflake":
        return lambda: None
    return partial(local_snowflake.abandon, request.getfixturevalue("snowflake_server"))


@pytest.mark.slow
def test_a_killed_run_leaves_the_old_or_the_new(kind: str, folder: Path, bury: Callable[[], None]) -> None:
    kill_at_random_moments(folder, 1 if kind == "snowflake" else 2, bury)


@pytest.mark.soak
def test_fifty_killed_runs_leave_the_old_or_the_new(folder: Path, bury: Callable[[], None]) -> None:
    kill_at_random_moments(folder, 50, bury)


def kill_at_random_moments(folder: Path, kills: int, bury: Callable[[], None]) -> None:
    """After each kill readers see a whole version, none older than before, and the doctor leaves nothing to clear."""
    chance = random.Random(20240201)
    number, last = 1, 0
    for _ in range(kills):
        began = time.monotonic()
        writer, said = writing(folder, number)
        try:
            while not said.exists() and writer.is_alive() and time.monotonic() < began + PATIENCE_S:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, min(1.5, time.monotonic() - began)))  # a run or so long
        finally:
            writer.kill()
            writer.join()
        bury()
        assert said.exists(), "the first run did not end"
        ended = said.read_text().splitlines()
        assert all(one.isdigit() for one in ended), said.read_text()
        number = int(ended[-1]) + 2  # the next one may be published already
        work = open_project(folder)
        try:
            now = seen(work)
            assert now >= last, f"{last} was published, and now {now} is"
            clear(folder)
            assert seen(work) >= now, "the doctor took away what readers see"
            last = seen(work)
        finally:
            work.close()
    assert last > kills / 2
    doctors_clear_up_after_each_other(folder)


def clear(folder: Path) -> None:
    """Examine and mend once, and find nothing the second time."""
    mended = examine(folder, None, fix=True, deep=False, send=False)
    bad = [one.said for one in mended if one.health in (Health.BROKEN, Health.UNKNOWN)]
    assert not bad, bad
    left = examine(folder, None, fix=False, deep=True, send=False)
    bad = [one.said for one in left if one.health is not Health.OK and one.part != "channels"]
    assert not bad, bad


def doctors_clear_up_after_each_other(folder: Path) -> None:
    """What one who was killed has left, the next removes, with its own."""
    work = open_project(folder)
    try:
        io = work.runtime.io
        with suppress(EOFError), scratch(work.engine, io, "default") as address:
            for version in ("doctor-1", "doctor-2"):
                io.stage(address, version, pa.table({"probe": [version]}))
            io.publish(address, "doctor-1", 7)
            raise EOFError
        with database.writing(work.engine) as connection:
            ours = leases.c.asset == address.asset
            connection.execute(update(leases).where(ours).values(holder="nowhere:1:1", acquired_at=EPOCH))
        clear(folder)
        assert (io.pointer(address), io.versions(address)) == (None, ())
    finally:
        work.close()
