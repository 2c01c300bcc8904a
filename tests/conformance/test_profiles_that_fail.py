"""What an engine can't say is None with its reason, and the rest is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from observer.collectors import compiled, opened
from observer.collectors.budget import Budget, BudgetSpent
from observer.collectors.pushed import PushedRelation
from orchestration.io.base import ParquetFiles, SqlRelation
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey
from tests.conformance.test_profiles import profiled

ROWS = 3_000
LIKE = pa.schema({"good": pa.int64(), "bad": pa.float64(), "word": pa.string()}).empty_table()
TIMEOUT_MS = 400


@pytest.fixture
def database(new_database: Callable[[], str]) -> Iterator[Connection]:
    engine = create_engine(new_database(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE made AS SELECT n AS good, n::float8 AS bad, CASE WHEN n % 3 > 0 THEN"
                                f" (n % 2)::text END AS word FROM generate_series(0, {ROWS - 1}) n"))  # fmt: skip
        connection.execute(text(f"SET statement_timeout = {TIMEOUT_MS}"))
        yield connection
    engine.dispose()


class Asked:
    """A table or query as a version, and the statements that were asked; ``then`` is run after the first of them."""

    def __init__(self, connection: Connection, table: str, then: str | None = None) -> None:
        self.statements: list[str] = []
        self._connection = connection
        self._then = then
        self.relation = SqlRelation(
            dialect="postgresql", table=table, like=LIKE, rows=ROWS, quote=lambda name: f'"{name}"', ask=self._ask,
            arrow=lambda: pytest.fail("the rows were fetched"),
        )  # fmt: skip

    def _ask(self, sql: str, limit_s: float | None) -> Sequence[Sequence[Any]]:
        self.statements.append(sql)
        rows = self._connection.exec_driver_sql(sql.replace("%", "%%")).all()
        if self._then is not None:
            self._connection.execute(text(self._then))
            self._then = None
        return rows


@pytest.mark.postgres
def test_a_view_that_errors_loses_only_the_column_that_does(database: Connection) -> None:
    database.execute(text("CREATE VIEW broken AS SELECT good, 1 / bad AS bad, word FROM made"))
    asked = Asked(database, "broken")
    seen = profiled(asked.relation)
    assert seen["", "row_count"].value == ROWS
    assert (seen["good", "max"].value, seen["good", "median"].value) == (ROWS - 1, (ROWS - 1) / 2)
    assert seen["word", "distinct_count"].value == 2
    bad = {metric: one for (column, metric), one in seen.items() if column == "bad"}
    assert set(bad) >= {"null_rate", "mean", "median", "distinct_count"}
    assert all(one.value is None and "division by zero" in str(one.reason) for one in bad.values()), bad


@pytest.mark.postgres
def test_a_table_that_is_dropped_between_two_statements(database: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "SAMPLE_ROWS", 500)
    asked = Asked(database, "made", then="DROP TABLE made")
    seen = profiled(asked.relation)
    assert (seen["", "row_count"].value, seen["good", "max"].value) == (ROWS, ROWS - 1)
    lost = {key for key, one in seen.items() if one.value is None}
    assert lost == {
        ("good", "distinct_count"), ("bad", "distinct_count"), ("word", "distinct_count"),
        *((name, metric) for name in ("good", "bad") for metric in ("q25", "median", "q75")),
    }  # fmt: skip
    assert all("does not exist" in str(seen[key].reason) for key in lost)
    assert len(asked.statements) == 3, "what is gone isn't asked for again and again"


@pytest.mark.postgres
def test_a_statement_that_takes_too_long_loses_only_what_is_slow(database: Connection) -> None:
    body = "BEGIN PERFORM pg_sleep(0.01); RETURN word; END"
    slowly = f"CREATE FUNCTION slowly(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS '{body}'"
    database.execute(text(slowly))
    database.execute(text("CREATE VIEW slow AS SELECT good, bad, slowly(word) AS word FROM made"))
    seen = profiled(Asked(database, "slow").relation)
    assert (seen["", "row_count"].value, seen["bad", "mean"].value) == (ROWS, (ROWS - 1) / 2)
    for (column, metric), one in seen.items():
        assert (one.value is None) == (column == "word"), (column, metric, one.reason)
        assert column != "word" or "statement timeout" in str(one.reason)


def test_a_file_that_is_cut_off_has_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"x": list(range(ROWS))}), path, compression="none", use_dictionary=False)
    body = bytearray(path.read_bytes())
    body[4:64] = b"\xff" * 60  # the first page's header; the footer still promises rows
    path.write_bytes(body)
    seen = profiled(ParquetFiles((str(path),)))
    assert seen["x", "mean"].value is None
    assert seen["x", "mean"].reason


FOREVER = {
    "sqlite": "SELECT sum(n) FROM (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r) d",
    "duckdb": "SELECT count(*) FROM range(100000000) a(x), range(100000000) b(y) WHERE x + y > 0",
    "postgres": "SELECT pg_sleep(600)",
}
LIMITED = ("sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.mark.parametrize("kind", LIMITED)
def test_a_statement_that_a_database_has_begun_is_ended_with_the_budget(
    kind: str, new_io: Callable[[str], SqlIOManager]
) -> None:
    io = new_io(kind)
    data = io.stage_query(Address(AssetKey("made")), "v1", "SELECT 1 AS n", {}).data
    assert isinstance(data, SqlRelation)
    begun = time.perf_counter()
    with Budget(0.5), opened(data) as relation:
        assert isinstance(relation, PushedRelation)
        with pytest.raises(BudgetSpent, match=r"the budget of 0.5 s was spent"):
            relation._fetch(FOREVER[kind])
    assert time.perf_counter() - begun < 30
    with Budget(60.0), opened(data) as relation:
        assert isinstance(relation, PushedRelation)
        assert relation._fetch("SELECT 1") == [(1,)]  # the connection is as it was


@pytest.mark.snowflake
def test_snowflake_is_told_how_long_a_statement_may_take(new_io: Callable[[str], SqlIOManager]) -> None:
    """The local one takes the setting and ends nothing by it."""
    data = new_io("snowflake").stage_query(Address(AssetKey("made")), "v1", "SELECT 1 AS n", {}).data
    assert isinstance(data, SqlRelation)
    asked: list[str] = []
    with Budget(60.0), opened(data) as relation:
        assert relation is not None
        event.listen(Engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert relation.select(["count(*)"]) == [(1,)]
    settings = [sql for sql in asked if "SESSION" in sql]
    assert settings == [
        "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 60", "ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS",
    ]  # fmt: skip
