"""What goes wrong with a backend, through an environment: run and doctor say it, and readers keep what they had.

One test a trouble, over every backend that can have it; see also `test_full_disk` and `test_lost_connections`.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from observer.doctor.examine import examine
from observer.doctor.model import Health
from observer.project import open_project
from orchestration.errors import CorruptData, DoesNotFit
from orchestration.io.registry import table_name
from orchestration.model import Address, AssetKey
from tests.support import local_snowflake, s3
from tests.support.backends import KINDS, options_of
from tests.support.trouble import (
    DAY,
    KEPT,
    OTHER_DAY,
    SECRET,
    Fixture,
    environment,
    left_behind,
    project,
    put,
    rows,
    run,
    storage,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "shop")


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
    assert left_behind(folder) == []
