"""What goes wrong with a backend, through an environment: run and doctor say it, and readers keep what they had.

One test a trouble, over every backend that can have it.
"""

import json
import os
import re
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import make_url

from observer.doctor.examine import examine
from observer.doctor.model import Finding, Health
from observer.project import Project, open_project
from orchestration.errors import CorruptData, DoesNotFit
from orchestration.io.registry import table_name
from orchestration.model import Address, AssetKey
from tests.support import local_snowflake, s3
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
            for n in range(6):
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


def rows(work: Project, day: str, asset: str = "orders") -> list[object]:
    found = work.load(asset, day, wants="pd.DataFrame")
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
        pytest.param("snowflake", marks=[pytest.mark.snowflake, pytest.mark.soak]),  # its driver tries on for a minute
    ],
)  # fmt: skip
def test_a_connection_that_drops_in_mid_write(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    put(folder, OTHER_DAY, {"n": [1]})
    put(folder, DAY, {"n": [2]})
    with (
        lined(kind, request.getfixturevalue) as (line, options),
        closing(open_project(environment(folder, options))) as work,
    ):
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


LIMIT = 16 * 2**20
"""Of a file, in bytes."""


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


# ------------------------------------------------------------------------------------------- tables


TABLES = tuple(one for one in KINDS if one not in ("files", "objects"))


@pytest.mark.parametrize("kind", TABLES)
def test_a_column_whose_type_changed(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    put(folder, OTHER_DAY, {"n": [1]})
    put(folder, DAY, {"n": ["two"]})
    environment(folder, options_of(kind, request.getfixturevalue))
    with closing(open_project(folder)) as work:
        assert run(work, OTHER_DAY) == ("published", "")
        status, error = run(work)
        assert status == "failed"
        assert re.search(r"column 'n'|field: n|: n:|\bn\b", error), error
        assert re.search("type|promote|cast", error), error
        assert KEPT in error
        assert rows(work, OTHER_DAY) == [1]
        put(folder, DAY, {"n": [2]})
        assert run(work) == ("published", "")
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], [2])


@pytest.mark.parametrize("kind", [one for one in TABLES if one != "iceberg"])
def test_a_table_that_somebody_altered(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """Their table is put right by the next publication; a version that was altered is handed to nobody."""
    put(folder, DAY, {"n": [1]})
    environment(folder, options_of(kind, request.getfixturevalue))
    with closing(open_project(folder)) as work:
        assert run(work) == ("published", "")
        io: Any = work.runtime.io
        (version,) = io.versions(Address(AssetKey("orders"), DAY))
        table = table_name(Address(AssetKey("orders"), DAY), version)
        with io._warehouse.writing() as session:
            place = ".".join(io._warehouse.quote(part) for part in (io._versions_schema, table) if part)
            session.change(f"DELETE FROM {place}")
        found = examine(folder, None, fix=True, deep=True, send=False)
        said = next(one.said for one in found if one.part == f"asset orders {DAY}")
        assert "it has 0 rows, 1 were written; somebody altered" in said
        with pytest.raises(CorruptData, match="tidegate run orders --force"):
            rows(work, DAY)
        with io._warehouse.writing() as session:
            session.change("DROP TABLE orders")
        assert run(work) == ("published", "")
        assert rows(work, DAY) == [1]
        assert [list(row) for row in io._ask("SELECT n FROM orders")] == [[1]]


# ------------------------------------------------------------------------------------------- drivers


@pytest.mark.parametrize(
    ("module", "options", "extra"),
    [
        ("psycopg", {"kind": "postgres", "url": "postgresql+psycopg://u@h/d"}, "postgres"),
        (
            "snowflake.sqlalchemy",
            {"kind": "snowflake", "account": "a", "user": "u", "database": "d", "password": "p"}, "snowflake",
        ),
        ("pyiceberg.catalog", {"kind": "iceberg", "path": "tables"}, "iceberg"),
        ("fsspec", {"kind": "files", "path": "s3://bucket/data"}, "objects"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_a_missing_driver(
    module: str, options: object, extra: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(module + ".")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    found = storage(environment(folder, options))
    assert found.health is Health.BROKEN
    assert f"pip install 'tidegate[{extra}]'" in found.said


CHECKED = """

@ob.asset(partitions=days, checks=[ob.row_count(max_rows=1)])
def names(context: ob.Context) -> pd.DataFrame:
    return pd.DataFrame({"n": json.loads((HERE / f"{context.partition}.json").read_text())})
"""


def test_a_held_version_that_does_not_fit_stays_held(folder: Path) -> None:
    file = folder / "pipeline.py"
    file.write_text(file.read_text() + CHECKED)
    put(folder, OTHER_DAY, 1)
    put(folder, DAY, "one", "two")
    environment(folder, options_of("sqlite", str))
    with closing(open_project(folder)) as work:
        for day, ended in ((OTHER_DAY, "published"), (DAY, "held")):
            assert work.run(work.plan("names", day), trigger="test").steps[-1].status == ended
        for _ in range(2):
            with pytest.raises(DoesNotFit, match=KEPT):
                work.release("names", DAY, reason="it is right", by="test")
        assert rows(work, OTHER_DAY, "names") == [1]
    left = examine(folder, None, fix=False, deep=True, send=False)
    assert [one for one in left if one.health is not Health.OK and one.part != "channels"] == []
