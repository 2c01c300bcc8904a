"""PostgreSQL: a million rows, one statement a person would write, and one statement a metric."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks.figures import Figure, at_most, times_less
from benchmarks.profile import taxis
from benchmarks.server import POSTMASTER, cpu_s
from observer.collectors.opening import opened
from observer.collectors.profile import profile
from observer.metrics import ColumnKind
from orchestration.io.base import SqlRelation
from orchestration.io.postgres import open_postgres
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey
from tests.support import postgres

_ROWS = 1_000_000
_TIMES = 3


def measure() -> list[Figure]:
    """The server's CPU and wall time; in turn, medians of three."""
    with postgres.running_server() as server, postgres.database(server) as address:
        data = _staged(open_postgres(address))
        asked: list[str] = []

        def ask(sql: str, limit_s: float | None) -> Sequence[Sequence[Any]]:
            asked.append(sql)
            return data.ask(sql, limit_s)

        counted = replace(data, ask=ask)
        hand = _plain_metrics(data)
        ours, bare = [], []
        for _ in range(_TIMES):
            asked.clear()
            ours.append(_cost(data, lambda: _profile(counted)))
            bare.append(_cost(data, lambda: _select(data, hand)))
        one_each = _cost(data, lambda: _one_by_one(data, hand))
    return [
        at_most(f"PostgreSQL, {_ROWS:,} rows: statements", float(len(asked)), "", 3),
        *_figures("s CPU", [one[0] for one in ours], [one[0] for one in bare], one_each[0]),
        *_figures("s wall", [one[1] for one in ours], [one[1] for one in bare], one_each[1]),
    ]


def _figures(unit: str, ours: Sequence[float], bare: Sequence[float], one_each: float) -> list[Figure]:
    found, by_hand = median(ours), median(bare)
    return [
        Figure(
            name=f"PostgreSQL, {_ROWS:,} rows: one statement without distinct counts and quartiles", ours=found,
            peer=by_hand, unit=unit, ratio=by_hand / found, goal="<= 1.2 times", met=found <= 1.2 * by_hand,
        ),
        times_less(f"PostgreSQL, {_ROWS:,} rows: one statement for each of its metrics", found, one_each, unit, 5),
    ]  # fmt: skip


def _staged(io: SqlIOManager) -> SqlRelation:
    address = Address(AssetKey("trips"))
    io.stage(address, "v1", taxis.trips(_ROWS, 0))
    data = io._staged(address, "v1").data
    assert isinstance(data, SqlRelation)
    return data


def _profile(data: SqlRelation) -> None:
    with opened(data) as relation:
        assert relation is not None
        profile(relation)


def _plain_metrics(data: SqlRelation) -> list[str]:
    """What a person would ask of all rows in one statement, over the columns' aliases; nothing that has to sort."""
    with opened(data) as relation:
        assert relation is not None
        asked = ["count(*)"]
        for field in relation.fields:
            c = field.sql
            asked.append(f"count({c})")
            if field.kind is ColumnKind.NUMBER:
                asked += [f"count(CASE WHEN {c} {test} 0 THEN 1 END)" for test in ("=", "<")]
                asked += [f"{function}({c})" for function in ("min", "max", "avg", "stddev_samp")]
            elif field.kind is ColumnKind.TEXT:
                asked += [f"{function}(length({c}))" for function in ("min", "max", "avg")]
            elif field.kind is ColumnKind.BOOLEAN:
                asked.append(f"count(CASE WHEN {c} THEN 1 END)")
            else:
                asked.append(f"max({c})")
        return asked


def _select(data: SqlRelation, expressions: Sequence[str]) -> None:
    with opened(data) as relation:
        assert relation is not None
        relation.select(expressions)


def _one_by_one(data: SqlRelation, expressions: Sequence[str]) -> None:
    for one in expressions:
        _select(data, [one])


def _cost(data: SqlRelation, work: Callable[[], object]) -> tuple[float, float]:
    """The server's CPU seconds, those of its parallel workers too, and the wall time."""
    ((postmaster,),) = data.ask(POSTMASTER, None)
    cpu, wall = cpu_s(postmaster), time.perf_counter()
    work()
    took = time.perf_counter() - wall
    time.sleep(0.2)  # until the workers that have ended are counted as their parent's
    return cpu_s(postmaster) - cpu, took
