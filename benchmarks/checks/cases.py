"""One way of checking one file's rows, in memory, in one process; the last line of the output is its cost as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import observer as ob
from benchmarks.checks.rules import RULES
from observer.audit import check
from observer.checks import Check
from observer.collectors import engine
from orchestration.model import AssetKey, Materialization, Staged

Prepared = Callable[[], object]


def main() -> None:
    """Run ``METHOD FILE``: once for what is only made once a process, then for the figure."""
    method, path = sys.argv[1], Path(sys.argv[2])
    table = pq.read_table(path)
    METHODS[method](table.slice(0, 1000))()
    work = METHODS[method](table)
    before, wall = time.process_time(), time.perf_counter()
    work()
    print(json.dumps({"cpu_s": time.process_time() - before, "wall_s": time.perf_counter() - wall}))


def declared() -> list[Check]:
    """The rules as checks of ours."""
    makers: dict[str, Callable[..., Check]] = {
        "not_null": lambda column, rate: ob.not_null(column, max_rate=rate),
        "range": ob.in_range, "values": ob.accepted_values, "regex": ob.matches, "length": ob.text_length,
        "unique": ob.unique, "rows": ob.row_count,
    }  # fmt: skip
    return [makers[kind](*arguments) for kind, *arguments in RULES]


def _ours(data: object) -> Prepared:
    checks = declared()
    made = Materialization(
        id="v1", asset=AssetKey("trips"), partition=None, run_id="r", materialized_at=datetime(2024, 1, 2, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=1.0,
    )  # fmt: skip
    engine.cursor().close()  # makes the process's own DuckDB, once

    def work() -> object:
        outcomes = check(Staged(materialization=made, data=data), checks).outcomes
        failed = [one.message for one in outcomes if one.passed is not True]
        assert not failed, failed
        return outcomes

    return work


def ours_arrow(table: pa.Table) -> Prepared:
    return _ours(table)


def ours_pandas(table: pa.Table) -> Prepared:
    return _ours(table.to_pandas())


def statement() -> str:
    """The one statement that a person would write for the rules."""
    asked: list[str] = ["count(*)"]
    for kind, *given in RULES:
        if kind == "rows":
            continue
        column, *more = given
        if kind == "not_null":
            asked.append(f"count({column})")
        elif kind == "range":
            asked.append(f"count(*) filter (where {column} < {more[0]} or {column} > {more[1]})")
        elif kind == "values":
            asked.append(f"count(*) filter (where {column} not in ({', '.join(map(repr, more[0]))}))")
        elif kind == "regex":
            asked.append(f"count(*) filter (where not regexp_matches({column}, '{more[0]}'))")
        elif kind == "length":
            asked.append(f"count(*) filter (where length({column}) not between {more[0]} and {more[1]})")
        else:
            asked.append(f"count(distinct {column})")
    return f"select {', '.join(asked)} from trips"


def _bare(data: object) -> Prepared:
    connection = duckdb.connect(config={"threads": "2"})
    connection.register("trips", data)
    sql = statement()
    return lambda: connection.execute(sql).fetchall()


def bare_arrow(table: pa.Table) -> Prepared:
    """That statement by DuckDB, with as many threads."""
    return _bare(table)


def bare_pandas(table: pa.Table) -> Prepared:
    return _bare(table.to_pandas())


METHODS: dict[str, Callable[[pa.Table], Prepared]] = {
    one.__name__: one for one in (ours_arrow, ours_pandas, bare_arrow, bare_pandas)
}

if __name__ == "__main__":
    main()
