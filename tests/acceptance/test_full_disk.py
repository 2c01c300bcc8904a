"""A disk that is full while a run writes: it says so, readers keep what they had, and nothing is left behind."""

import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from observer.doctor.model import Health
from observer.project import Project, open_project
from tests.support import postgres
from tests.support.backends import options_of
from tests.support.trouble import DAY, KEPT, environment, left_behind, project, put, rows, run, storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "shop")


LIMIT = 16 * 2**20
"""Of a file, in bytes: what PostgreSQL's log is made of just fits."""


def limited(work: Callable[[], bool]) -> bool:
    """Whether `work()` is true in a child whose files can't grow past the limit: EFBIG, as ENOSPC for any file."""

    def within() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
        return work()

    return in_a_child(within)


def in_a_child(work: Callable[[], bool]) -> bool:
    """Whether `work()` is true in a process that it can do to what it likes."""
    if (pid := os.fork()) == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "objects", "sqlite", "duckdb", "iceberg"])
def test_a_full_disk(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    publish_one(environment(folder, options_of(kind, request.getfixturevalue)))

    def fails() -> bool:
        with closing(open_project(folder)) as work:
            return says_so(work)

    assert limited(fails)
    recovers(folder)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_full_disk_of_a_server(folder: Path) -> None:
    """The disk is the server's: the run's own process has room."""
    with postgres.running_server() as server, postgres.database(server) as url:
        publish_one(environment(folder, {"kind": "postgres", "url": url}))
        with limited_server(server), closing(open_project(folder)) as work:
            assert says_so(work)
        recovers(folder)


@contextmanager
def limited_server(server: URL) -> Iterator[None]:
    """Files can't grow past the limit in whatever process serves a connection that is made meanwhile."""
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid', 0, 20)").fetchone()
    assert row is not None
    postmaster = int(row[0].split()[0])
    limit_files_of(postmaster, LIMIT)
    try:
        yield
    finally:
        limit_files_of(postmaster, resource.RLIM_INFINITY)


def limit_files_of(process: int, most: int) -> None:
    """Limit a process's files; only one of the same user may."""
    owner = os.stat(f"/proc/{process}")

    def as_its_user() -> bool:
        if os.getuid() != owner.st_uid:
            os.setgroups([])
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)
        _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (hard if most == resource.RLIM_INFINITY else most, hard))
        return True

    assert in_a_child(as_its_user)


def publish_one(folder: Path) -> None:
    put(folder, DAY, {"n": [1]})
    with closing(open_project(folder)) as work:
        assert run(work) == ("published", "")
    put(folder, DAY, "large")


def says_so(work: Project) -> bool:
    status, error = run(work)
    print(error, file=sys.stderr)
    says = re.search("(?i)file too large|disk I/O|full", error) and KEPT in error and "room" in error
    return bool(status == "failed" and says and rows(work, DAY) == [1])


def recovers(folder: Path) -> None:
    """Nothing is left behind, and once there is room the next run is published."""
    assert storage(folder, fix=True).health is Health.OK
    assert left_behind(folder) == []
    with closing(open_project(folder)) as work:
        assert rows(work, DAY) == [1]
        put(folder, DAY, {"n": [2, 3]})
        assert run(work) == ("published", "")
        assert rows(work, DAY) == [2, 3]
