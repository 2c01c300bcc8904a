"""What goes wrong with a backend, through an environment: the run and the doctor say it, and readers keep what they had.

One test a trouble, over every backend that can have it.
"""

import json
import os
import re
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pandas as pd
import pytest
from sqlalchemy import make_url

from observer.doctor.examine import examine
from observer.doctor.model import Finding, Health
from observer.project import Project, open_project
from tests.support import backends, local_snowflake, s3
from tests.support.backends import KINDS, inline, options_of
from tests.support.line import Line, line_to
from tests.unit.observer.shop import TOML

OTHER_DAY, DAY = "2024-02-01", "2024-02-02"
SECRET = "hunter2-secret"
KEPT = "readers keep what they had"

PIPELINE = """
import json
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import observer as ob

HERE = Path(__file__).parent
days = ob.daily(start="2024-01-01")


@ob.asset(partitions=days)
def orders(context: ob.Context) -> Iterator[pd.DataFrame]:
    for part in json.loads((HERE / f"{context.partition}.json").read_text()):
        if part == "wait":
            (HERE / "waiting").touch()
            while (HERE / "waiting").exists():
                time.sleep(0.01)
        elif part == "large":
            for n in range(12):
                yield pd.DataFrame({"n": np.random.default_rng(n).integers(0, 2**60, 500_000)})
        else:
            yield pd.DataFrame(part)
"""

Fixture = Callable[[str], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    (made / "pipeline.py").write_text(PIPELINE)
    return made


def environment(folder: Path, options: object) -> Path:
    (folder / "tidegate.toml").write_text(f"{TOML}io.default = {inline(options)}\n")
    return folder


def put(folder: Path, day: str, *parts: object) -> None:
    (folder / f"{day}.json").write_text(json.dumps(parts))


def run(work: Project, day: str = DAY) -> tuple[str, str]:
    """How the step of `orders` ended, and what it says."""
    step = work.run(work.plan("orders", day, force=True), trigger="test").steps[-1]
    return step.status.value, step.error or ""


def storage(folder: Path, *, fix: bool = False) -> Finding:
    """What the doctor says of the IO manager; nothing that it says shows the secret."""
    found = examine(folder, None, fix=fix, deep=True, send=False)
    assert SECRET not in repr(found)
    return next(one for one in found if one.part == "io.default")


def rows(work: Project, day: str) -> list[object]:
    found = work.load("orders", day, wants="pd.DataFrame")
    assert isinstance(found, pd.DataFrame)
    return list(found["n"])


# ------------------------------------------------------------------------------------------- credentials


@contextmanager
def refused(kind: str, fixture: Fixture, folder: Path) -> Iterator[object]:
    """The options of a backend that refuses the user."""
    if kind == "objects":
        with s3.running_server(refuses=True) as server:
            given = {**s3.storage(server), "secret_key": SECRET}
            yield {"kind": "files", "path": "s3://bucket/data", "storage": given}
    elif kind == "snowflake":
        yield {"kind": kind, **local_snowflake.new_options(fixture("snowflake_server")), "password": SECRET}  # type: ignore[arg-type]
    else:
        url = make_url(fixture("new_database")()).set(username="nobody-here", password=SECRET)  # type: ignore[operator]
        text = url.render_as_string(hide_password=False)
        catalog = {"type": "sql", "uri": text, "warehouse": folder.as_uri()}
        yield {"kind": kind, "url": text} if kind == "postgres" else {"kind": kind, "catalog": catalog}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("objects", r"(?i)access.?denied|invalid.?access|forbidden"),
        pytest.param("postgres", 'role "nobody-here" does not exist', marks=pytest.mark.postgres),
        pytest.param("iceberg", 'role "nobody-here" does not exist', marks=pytest.mark.postgres),
        pytest.param("snowflake", "Incorrect username or password", marks=pytest.mark.snowflake),
    ],
)
def test_wrong_credentials(kind: str, said: str, folder: Path, request: pytest.FixtureRequest) -> None:
    put(folder, DAY, {"n": [1]})
    with refused(kind, request.getfixturevalue, folder) as options:
        found = storage(environment(folder, options))
        assert found.health is Health.BROKEN
        with closing(open_project(folder)) as work:
            status, error = run(work)
        assert status == "failed"
        for text in (found.said, error):
            assert re.search(said, text), text
            assert KEPT in text
            assert re.search("user and password|address and rights|address, its rights", text), text
        assert SECRET not in error


# ------------------------------------------------------------------------------------------- connections


@contextmanager
def lined(kind: str, fixture: Fixture) -> Iterator[tuple[Line, object]]:
    """A backend behind a line that can be cut."""
    options = dict(options_of(kind, fixture))
    if kind == "objects":
        given: dict[str, object] = options["storage"]  # type: ignore[assignment]
        host, _, port = str(given["endpoint_override"]).partition(":")
        with line_to((host, int(port))) as line:
            yield line, {**options, "storage": {**given, "endpoint_override": f"{host}:{line.port}"}}
    elif kind == "snowflake":
        with line_to(("127.0.0.1", int(str(options["port"])))) as line:
            yield line, {**options, "port": line.port}
    else:
        url = make_url(str(options["url"]))
        socket_folder = str(url.query.get("host") or url.host)
        (socket,) = Path(socket_folder).glob(".s.PGSQL.*[0-9]")
        with line_to(str(socket)) as line:
            plain = url.set(host="127.0.0.1", port=line.port, query={})
            yield line, {**options, "url": plain.render_as_string(hide_password=False)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "objects", pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("snowflake", marks=pytest.mark.snowflake),
    ],
)  # fmt: skip
def test_a_connection_that_drops_in_mid_write(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    put(folder, OTHER_DAY, {"n": [1]})
    put(folder, DAY, {"n": [2]})
    with lined(kind, request.getfixturevalue) as (line, options):
        with closing(open_project(environment(folder, options))) as work:
            assert [run(work, day) for day in (OTHER_DAY, DAY)] == [("published", "")] * 2
            put(folder, DAY, {"n": [3] * 1000}, "wait", {"n": [4] * 1000})
            threading.Thread(target=cut_when_waiting, args=(line, folder), daemon=True).start()
            status, error = run(work)
            assert status == "failed"
            assert KEPT in error
            line.mend()
            assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], [2])
            assert storage(folder, fix=True).health is Health.OK
            left = examine(folder, None, fix=False, deep=True, send=False)
            assert [one for one in left if one.health is not Health.OK and one.part != "channels"] == []
            put(folder, DAY, {"n": [5]})
            assert run(work) == ("published", "")
            assert rows(work, DAY) == [5]


def cut_when_waiting(line: Line, folder: Path) -> None:
    while not (folder / "waiting").exists():
        time.sleep(0.01)
    line.cut()
    (folder / "waiting").unlink()


# ------------------------------------------------------------------------------------------- a full disk


LIMIT = 32 * 2**20
"""Of a file, in bytes: what PostgreSQL keeps beside its tables, in files of 16 MiB, must fit."""


def limited(work: Callable[[], bool]) -> bool:
    """Whether `work()` is true in a child whose files can't grow past the limit: EFBIG, as ENOSPC for any file."""
    if (pid := os.fork()) == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
            os._exit(0 if work() else 1)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "objects", "sqlite", "duckdb", "iceberg"])
def test_a_full_disk(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    environment(folder, options_of(kind, request.getfixturevalue))
    with closing(open_project(folder)) as work:
        put(folder, DAY, {"n": [1]})
        assert run(work) == ("published", "")
    put(folder, DAY, "large")

    def fails() -> bool:
        with closing(open_project(folder)) as work:
            status, error = run(work)
            print(error, file=sys.stderr)
            says = re.search("(?i)file too large|disk I/O|full", error) and KEPT in error and "room" in error
            return bool(status == "failed" and says and rows(work, DAY) == [1])

    assert limited(fails)
    assert storage(folder, fix=True).health is Health.OK
    left = examine(folder, None, fix=False, deep=True, send=False)
    assert [one for one in left if one.health is not Health.OK and one.part != "channels"] == []
    with closing(open_project(folder)) as work:
        assert rows(work, DAY) == [1]
