"""What an engine can't say is None with its reason, and the rest is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, create_engine, text

from observer.collectors import compiled
from orchestration.io.base import ParquetFiles, SqlRelation
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

    def _ask(self, sql: str) -> Sequence[Sequence[Any]]:
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
