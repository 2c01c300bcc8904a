"""Expectations over every form that data lies in: frames, files, and databases, where the library asks them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

from observer.checks import CheckData, expect
from observer.checks.gx.request import Ask, Table
from observer.checks.gx.worker import ask, source_of
from observer.collectors.opening import opened
from observer.errors import ExpectationError
from observer.model import Way
from orchestration.io.base import ParquetFiles, SqlRelation
from orchestration.io.postgres import open_postgres
from orchestration.io.sql import SqlIOManager
from orchestration.io.sqlite import open_sqlite
from orchestration.model import Address, AssetKey
from tests.support.checked import outcomes

pytestmark = pytest.mark.slow  # the library's process takes seconds to start

Form = Callable[[pa.Table], object]
ADDRESS = Address(AssetKey("shop/Orders"))
NAN = float("nan")
TABLE = pa.table({
    "id": pa.array([1, 2, 2, 4, 5, 6], pa.int64()),
    "amount": pa.array([1.5, 2.5, NAN, None, 300.0, 0.0], pa.float64()),
    "Quantity": pa.array([1, None, 3, 3, -1, 7], pa.int64()),
    "code": pa.array(["a1", "b2", "", None, "é'", "日本語"], pa.string()),
})  # fmt: skip
KINDS = ("pandas", "arrow", "parquet", "sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres))
IN_DATABASES = ("sqlite", "postgres")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def io(kind: str, new_io: Callable[[str], SqlIOManager]) -> SqlIOManager | None:
    """What keeps tables in a database of the kind, if it is one."""
    return None if kind in ("pandas", "arrow", "parquet") else new_io(kind)


@pytest.fixture
def form(kind: str, tmp_path: Path, io: SqlIOManager | None) -> Form:
    """How an engine gets an Arrow table."""

    def parquet(table: pa.Table) -> object:
        pq.write_table(table, tmp_path / "it's.parquet")
        return ParquetFiles((str(tmp_path / "it's.parquet"),))

    forms: Mapping[str, Form] = {"pandas": lambda table: table.to_pandas(), "arrow": lambda t: t, "parquet": parquet}
    if io is None:
        return forms[kind]

    def database(table: pa.Table) -> object:
        at = table.schema.get_field_index("amount")
        if kind == "sqlite":  # which refuses NaN
            amounts = [None if value is None or value != value else value for value in table["amount"].to_pylist()]
            table = table.set_column(at, "amount", pa.array(amounts, pa.float64()))
        io.stage(ADDRESS, "v1", table)
        data = io._staged(ADDRESS, "v1").data
        assert isinstance(data, SqlRelation)
        return data

    return database


SCANNED = [
    expect("ExpectColumnValuesToNotBeNull", column="amount"),
    expect("ExpectColumnValuesToNotBeNull", column="code", mostly=0.8),
    expect("ExpectColumnValuesToBeNull", column="Quantity"),
    expect("ExpectColumnValuesToBeBetween", column="amount", min_value=0, max_value=10),
    expect("ExpectColumnValuesToBeBetween", column="amount", min_value=0.0, strict_min=True, mostly=0.5),
    expect("ExpectColumnValuesToBeBetween", column="Quantity", min_value=0.5, max_value=3, strict_max=True),
    expect("ExpectColumnValuesToBeInSet", column="code", value_set=["a1", "é'"]),
    expect("ExpectColumnValuesToBeInSet", column="amount", value_set=[1.5, 2.5, 0]),
    expect("ExpectColumnValuesToNotBeInSet", column="Quantity", value_set=[3]),
    expect("ExpectColumnValuesToBeUnique", column="id"),
    expect("ExpectColumnValuesToBeUnique", column="Quantity", mostly=0.5),
    expect("ExpectColumnValuesToBeUnique", column="code"),
    expect("ExpectColumnValueLengthsToBeBetween", column="code", min_value=1, max_value=2),
    expect("ExpectColumnValueLengthsToEqual", column="code", value=2),
    expect("ExpectTableRowCountToEqual", value=6),
    expect("ExpectTableRowCountToBeBetween", min_value=7),
    expect("ExpectColumnMinToBeBetween", column="Quantity", min_value=0),
    expect("ExpectColumnMaxToBeBetween", column="id", max_value=6),
    expect("ExpectColumnUniqueValueCountToBeBetween", column="code", max_value=3),
    expect("ExpectColumnProportionOfUniqueValuesToBeBetween", column="id", min_value=0.9),
]
"""What a scan tells in each of the engines."""


@pytest.mark.parametrize("rows", [6, 0])
def test_a_scan_and_the_library_agree_in_every_engine(kind: str, form: Form, rows: int) -> None:
    data = form(TABLE.slice(0, rows))
    with opened(data) as relation:
        held = CheckData(asset=ADDRESS.asset, partition=None, value=data, relation=relation)
        for check, mine in zip(SCANNED, outcomes(SCANNED, data), strict=True):
            assert mine.way is Way.SCAN, f"{check.name}: {mine.message}"
            theirs = check.run(held)
            assert (mine.passed, mine.failing_rows, mine.observed) == (
                theirs.passed, theirs.failing_rows, theirs.observed,
            ), f"{mine.message} / {theirs.message}"  # fmt: skip
            if kind not in IN_DATABASES:
                assert mine.evidence == theirs.evidence
            else:  # whose rows have no order
                assert Counter(mine.evidence.values()) == Counter(theirs.evidence.values())


def test_the_library_asks_a_database_and_sees_all_else_as_a_frame(
    kind: str, form: Form, io: SqlIOManager | None
) -> None:
    data = form(TABLE)
    with opened(data) as relation:
        held = CheckData(asset=ADDRESS.asset, partition=None, value=data, relation=relation)
        assert isinstance(source_of(held), Table) is (kind in IN_DATABASES)
        deviation = expect("ExpectColumnStdevToBeBetween", column="id", max_value=10).run(held)
        assert deviation.passed is True
        assert deviation.observed == pytest.approx(1.9663841605003503)
    if io is not None:
        io.drop(ADDRESS)  # which waits for whoever still has the table open


def test_the_rows_that_the_library_finds_have_their_keys(kind: str, form: Form) -> None:
    check = expect("ExpectColumnPairValuesToBeInSet", column_A="id", column_B="Quantity", keys=["code"],
                   value_pairs_set=[[2, 3], [5, -1]])  # fmt: skip
    (found,) = outcomes([check], form(TABLE.slice(2, 4)))
    assert (found.way, found.passed) == (Way.LIBRARY, False)
    assert found.sample is not None
    assert found.sample.columns == ("id", "Quantity", "code")
    assert set(found.sample.rows) == {(4, 3, None), (6, 7, "日本語")}


def test_an_address_is_taken_as_it_is_written(tmp_path: Path) -> None:
    """The library would look up what follows a dollar in the environment."""
    with closing(open_sqlite(tmp_path / "a$HOME ${b}.sqlite")) as io:
        io.stage(ADDRESS, "v1", TABLE.select(["id"]))
        (found,) = outcomes([expect("ExpectColumnStdevToBeBetween", column="id", max_value=1)],
                            io._staged(ADDRESS, "v1").data)  # fmt: skip
    assert found.passed is False, found.message


@pytest.mark.postgres
def test_a_password_is_not_in_what_the_library_says(new_database: Callable[[], str]) -> None:
    with closing(open_postgres(new_database())) as io:
        io.stage(ADDRESS, "v1", TABLE)
        data = io._staged(ADDRESS, "v1").data
    assert isinstance(data, SqlRelation)
    assert data.login is not None
    url = make_url(data.login.url).set(username="open-sesame", password="open-sesame")  # which the server quotes
    login = replace(data.login, url=url.render_as_string(hide_password=False))
    assert "open-sesame" not in repr(login)
    data = replace(data, login=login)
    held = CheckData(asset=ADDRESS.asset, partition=None, value=data, relation=None)
    with pytest.raises(ExpectationError, match=r'role "\*\*\*" does not exist') as refused:
        ask(held, lambda number: Ask(data=number, expectation="ExpectColumnStdevToBeBetween", arguments={}, module=None,
                                     keys=(), examples=1))  # fmt: skip
    assert "open-sesame" not in str(refused.value)
