"""An Iceberg catalog that goes away or is locked while a run commits to it: a real one, in PostgreSQL and in SQLite."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from observer.doctor.model import Health
from observer.project import Project, open_project
from orchestration.io import iceberg
from tests.conftest import NewDatabase
from tests.support.line import Line, line_to
from tests.support.trouble import DAY, KEPT, OTHER_DAY, environment, left_behind, project, put, rows, run, storage

LOOKS = """

@ob.check(orders)
def looked_at(orders: pd.DataFrame) -> bool:
    if (HERE / "look").exists():
        (HERE / "look").rename(HERE / "waiting")
        while (HERE / "waiting").exists():
            time.sleep(0.01)
    return True
"""
OLD, NEW = [2], [3] * 10 + [4] * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "shop", LOOKS)


class Trouble:
    """What a catalog in PostgreSQL can meet: a line to cut, a row that somebody locks, a server that hangs up."""

    def __init__(self, server: "psycopg.Connection[tuple[int, bool]]", line: Line) -> None:
        self._server = server
        self.line = line

    def lock(self) -> None:
        """Let the next commit hang in the middle."""
        self._server.execute("SELECT 1 FROM iceberg_tables WHERE table_name = 'orders' FOR UPDATE")

    def delay(self) -> None:
        """Let the next COMMIT hang: nothing of it can go wrong any more, but for its answer."""
        self._server.execute("SELECT pg_advisory_xact_lock(1)")

    def unlock(self) -> None:
        self._server.rollback()

    def wait_for_a_commit(self) -> None:
        until = time.monotonic() + 60
        while not any(waits for _, waits in self._others()):
            assert time.monotonic() < until, "nobody commits"
            time.sleep(0.01)

    def cut(self) -> None:
        self.line.cut()

    def hang_up(self) -> None:
        for process, _ in self._others():
            self._server.execute("SELECT pg_terminate_backend(%s)", [process])

    def _others(self) -> list[tuple[int, bool]]:
        return self._server.execute(
            "SELECT pid, wait_event_type = 'Lock' FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()


@contextmanager
def catalog(folder: Path, url: str) -> Iterator[Trouble]:
    address = make_url(url)
    (socket,) = Path(str(address.query["host"])).glob(".s.PGSQL.*[0-9]")
    with (
        line_to(str(socket)) as line,
        psycopg.connect(address.set(drivername="postgresql").render_as_string(hide_password=False)) as server,
    ):
        through = address.set(host="127.0.0.1", port=line.port, query={}).render_as_string(hide_password=False)
        environment(folder, {"kind": "iceberg", "catalog": {"uri": through, "warehouse": f"{folder.as_uri()}/lake"}})
        yield Trouble(server, line)


def start(folder: Path, trouble: Callable[[], None]) -> None:
    """Do it once the run has come to where it waits, and let it go on."""

    def wait() -> None:
        while not (folder / "waiting").exists():
            time.sleep(0.01)
        trouble()

    threading.Thread(target=wait, daemon=True).start()


def published_twice(folder: Path, work: Project) -> None:
    put(folder, OTHER_DAY, {"n": [1]})
    put(folder, DAY, {"n": OLD})
    assert [run(work, day) for day in (OTHER_DAY, DAY)] == [("published", "")] * 2


def make_new(folder: Path, when: str) -> None:
    """What the next run makes, and where it waits: with half of it written, or before it is published."""
    if when == "staging":
        put(folder, DAY, {"n": NEW[:10]}, "wait", {"n": NEW[10:]})
    else:
        put(folder, DAY, {"n": NEW})
        (folder / "look").touch()


def goes_on(folder: Path, work: Project, finished: list[int]) -> None:
    """The doctor finishes what the log says the gate let through, nothing is left, and the next run is published."""
    assert storage(folder, fix=True).health is Health.OK
    assert left_behind(folder) == []
    assert rows(work, DAY) == finished
    put(folder, DAY, {"n": [5]})
    assert run(work) == ("published", "")
    assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], [5])


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("how", ["cut", "hang_up"])
@pytest.mark.parametrize("when", ["staging", "publishing"])
def test_a_catalog_that_goes_away_in_mid_commit(when: str, how: str, folder: Path, new_database: NewDatabase) -> None:
    with catalog(folder, new_database()) as met, closing(open_project(folder)) as work:
        published_twice(folder, work)
        make_new(folder, when)

        def trouble() -> None:
            met.lock()
            (folder / "waiting").unlink()
            met.wait_for_a_commit()
            getattr(met, how)()

        start(folder, trouble)
        status, error = run(work)
        met.unlock()
        assert status == "failed"
        assert f"{when} orders {DAY}" in error
        assert KEPT in error
        assert "catalog's address" in error
        met.line.mend()
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], OLD)
        goes_on(folder, work, OLD if when == "staging" else NEW)


DELAYED = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER waits AFTER UPDATE ON iceberg_tables DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait();
"""


@pytest.mark.slow
@pytest.mark.postgres
def test_a_commit_whose_answer_is_lost(folder: Path, new_database: NewDatabase) -> None:
    url = new_database()
    with catalog(folder, url) as met, closing(open_project(folder)) as work:
        published_twice(folder, work)
        with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as own:
            own.execute(DELAYED)
        make_new(folder, "publishing")

        def trouble() -> None:
            met.delay()
            (folder / "waiting").unlink()
            met.wait_for_a_commit()
            met.cut()

        start(folder, trouble)
        status, error = run(work)
        assert status == "failed"
        assert "whether that is so can't be asked just now: tidegate doctor --fix finishes what was begun" in error
        met.line.mend()
        assert rows(work, DAY) == OLD  # it still hangs
        met.unlock()
        goes_on(folder, work, NEW)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_catalog_that_goes_away_between_two_commits(folder: Path, new_database: NewDatabase) -> None:
    with catalog(folder, new_database()) as met, closing(open_project(folder)) as work:
        published_twice(folder, work)
        make_new(folder, "publishing")

        def trouble() -> None:
            met.cut()
            (folder / "waiting").unlink()

        start(folder, trouble)
        status, error = run(work)
        assert status == "failed"
        assert KEPT in error
        met.line.mend()
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], OLD)
        goes_on(folder, work, NEW)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_catalog_that_was_restarted_between_two_commits(folder: Path, new_database: NewDatabase) -> None:
    """Its connections are found dead before they are used."""
    with catalog(folder, new_database()) as met, closing(open_project(folder)) as work:
        published_twice(folder, work)
        make_new(folder, "publishing")

        def trouble() -> None:
            met.hang_up()
            (folder / "waiting").unlink()

        start(folder, trouble)
        assert run(work) == ("published", "")
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], NEW)


HOLDS = """
import sqlite3, sys
catalog = sqlite3.connect(sys.argv[1], isolation_level=None)
catalog.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process writes to it and doesn't end."""
    command = [sys.executable, "-c", HOLDS, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize("when", ["staging", "publishing"])
def test_a_catalog_that_another_process_locks(when: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iceberg, "_PATIENCE_S", 1.0)
    environment(folder, {"kind": "iceberg", "path": "lake"})
    with closing(open_project(folder)) as work, ExitStack() as until:
        published_twice(folder, work)
        make_new(folder, when)

        def trouble() -> None:
            until.enter_context(locked(folder / "lake" / "catalog.db"))
            (folder / "waiting").unlink()

        start(folder, trouble)
        status, error = run(work)
        assert status == "failed"
        assert "the catalog was locked (OperationalError: (sqlite3.OperationalError) database is locked)" in error
        assert KEPT in error
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], OLD)
        until.close()
        goes_on(folder, work, OLD if when == "staging" else NEW)
