"""Who reads some columns isn't held up by a fault in others: in the same run, in a later one, and said in the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import observer as ob
from observer.project import open_project
from orchestration.errors import DefinitionError
from orchestration.io.base import IOManager
from orchestration.io.duckdb_file import open_duckdb
from orchestration.io.files import FilesIOManager
from orchestration.io.memory import MemoryIOManager
from orchestration.io.sqlite import open_sqlite
from orchestration.plan import explain
from tests.unit.observer.shop import shop

PIPELINE = """
import json
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent
days = ob.daily(start="2024-01-01")


@ob.asset(partitions=days, checks=[ob.not_null("name"), ob.unique("id"), ob.row_count(1)])
def orders(context: ob.Context) -> pd.DataFrame:
    return pd.DataFrame(json.loads((HERE / "orders.json").read_text()), columns=["id", "name", "amount"])


@ob.asset(partitions=days, reads={"orders": ob.columns("id", "amount")})
def revenue(orders: pd.DataFrame) -> pd.DataFrame:
    assert list(orders.columns) == ["id", "amount"]
    return pd.DataFrame({"revenue": [orders["amount"].sum()]})


@ob.asset(partitions=days, reads={"orders": ob.columns("name")})
def names(orders: pd.DataFrame) -> pd.DataFrame:
    return orders


@ob.asset(partitions=days)
def whole(orders: pd.DataFrame) -> pd.DataFrame:
    return orders


totals = ob.sql_asset("totals", partitions=days, sql="select sum(amount) as n from {{ orders }}",
                      reads={"orders": ob.columns("amount")})
"""
DAY = "2024-02-01"
GOOD, NULL, TWICE = (
    [[1, "ada", 2.5], [2, "bob", 1.0]],
    [[1, "ada", 2.5], [2, None, 1.0]],
    [[1, "a", 1.0], [1, "b", 2.0]],
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[list[object]] | None], dict[str, str]]:
    folder = shop(tmp_path / "columns_read", pipeline=PIPELINE)
    monkeypatch.chdir(folder)

    def go(rows: list[list[object]] | None) -> dict[str, str]:
        if rows is not None:
            (folder / "orders.json").write_text(json.dumps(rows))
        work = open_project(folder)
        try:
            if rows is not None:
                work.run(work.plan("orders", DAY, force=True), trigger="test")
            done = work.run(work.plan("*", DAY), trigger="test")  # a later one
            return {step.asset: step.status.value for step in done.steps}
        finally:
            work.close()

    return go


def test_a_fault_elsewhere_holds_only_those_that_read_it(
    run: Callable[[list[list[object]] | None], dict[str, str]], tmp_path: Path
) -> None:
    found = run(NULL)
    assert found == {
        "orders": "held", "revenue": "published", "names": "blocked", "whole": "blocked", "totals": "published"
    }  # fmt: skip
    work = open_project(tmp_path / "columns_read")
    said = explain(work.plan("revenue", DAY, force=True))
    page = work.reads().asset("orders")
    waiting = work.reads().now()
    work.close()
    note = "read orders 2024-02-01 while held: the fault lies in name, and it reads only id, amount"
    assert note in said
    assert page is not None
    by_state = {row.key: row.state.value for row in waiting.assets}
    assert (by_state["revenue"], by_state["whole"]) == ("learning", "blocked")
    assert run(None)["revenue"] == "skipped", "it is up to date with what is held"
    assert set(run(GOOD).values()) <= {"published", "skipped"}


def test_a_fault_in_what_it_reads_or_in_no_column_blocks(
    run: Callable[[list[list[object]] | None], dict[str, str]],
) -> None:
    found = run(TWICE)
    assert (found["revenue"], found["totals"], found["names"]) == ("blocked", "published", "published")
    found = run([])
    assert {found[name] for name in ("revenue", "totals", "names", "whole")} == {"blocked"}


IOS: dict[str, Callable[[Path], IOManager]] = {
    "memory": lambda folder: MemoryIOManager(),
    "files": lambda folder: FilesIOManager(folder / "data"),
    "duckdb": lambda folder: open_duckdb(folder / "d.duckdb"),
    "sqlite": lambda folder: open_sqlite(folder / "d.sqlite"),
}


@pytest.mark.parametrize("kind", IOS)
def test_every_kind_of_frame_and_query_comes_with_these_columns_alone(kind: str, tmp_path: Path) -> None:
    @ob.asset
    def table() -> pd.DataFrame:
        return pd.DataFrame({"a": [1], 'b"': [2], "c": [3]})

    only = {"table": ob.columns("c", 'b"')}

    @ob.asset(reads=only)
    def by_pandas(table: pd.DataFrame) -> list[str]:
        return list(table.columns)

    @ob.asset(reads=only)
    def by_arrow(table: pa.Table) -> list[str]:
        return list(table.column_names)

    @ob.asset(reads=only)
    def by_polars(table: pl.DataFrame) -> list[str]:
        return list(table.columns)

    by_sql = ob.sql_asset("by_sql", "select * from {{ table }}", reads=only)
    frames = [by_sql] if kind in ("duckdb", "sqlite") else [by_pandas, by_arrow, by_polars, by_sql]
    made = ob.materialize([table, *frames], io=IOS[kind](tmp_path))
    for one in frames[:-1]:
        assert made[one.key].value == ["c", 'b"']
    assert list(made["by_sql"].value.columns) == ["c", 'b"']  # type: ignore[attr-defined]


def test_what_is_not_there_or_no_frame_fails_with_words() -> None:
    @ob.asset
    def table() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    @ob.asset(reads={"table": ob.columns("b")})
    def wrong(table: pd.DataFrame) -> int:
        return 1

    @ob.asset
    def words() -> list[str]:
        return ["a"]

    @ob.asset(reads={"words": ob.columns("b")})
    def of_words(words: list[str]) -> int:
        return 1

    made = ob.materialize([table, wrong, words, of_words])
    assert (made["wrong"].outcome, made["of_words"].outcome) == ("failed", "failed")
    assert "column" in (made["wrong"].error or "")
    assert "no columns can be taken" in (made["of_words"].error or "")
    with pytest.raises(DefinitionError):
        ob.columns()
