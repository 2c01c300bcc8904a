"""What is kept of the parts says what a full pass would: exactly of counts and extremes, within what is stated else."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.audit import measure
from observer.collectors.hyperloglog import error, estimate
from observer.collectors.sketches import unpacked
from observer.merging import MERGEABLE, Part, merged, merged_distribution
from observer.metrics import METRICS, RANKS, Level
from observer.model import AccuracyKind, Observation, ProfilePolicy
from orchestration.model import AssetKey, Materialization, Staged

NUMBERS = st.none() | st.integers(-5, 5).map(float) | st.floats(-1e6, 1e6, width=32)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
Row = tuple[float | None, str | None, bool | None]
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, st.none() | st.booleans()), max_size=40)
ROUNDED = {"mean", "std", "mean_length", "zero_rate", "negative_rate", "true_rate", "null_rate"}
KEPT = ProfilePolicy(distributions=True)


def table(rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        {"x": pa.array(columns[0], pa.float64()), "s": pa.array(columns[1], pa.string()),
         "b": pa.array(columns[2], pa.bool_())}
    )  # fmt: skip


def parts_of(data: pa.Table, name: str = "p", policy: ProfilePolicy = KEPT) -> dict[str, Part]:
    """What is kept of one part, by column; "" for the table."""
    made = Materialization(
        id="v", asset=AssetKey("a"), partition=name, run_id="r", materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=1.0, bytes=1,
    )  # fmt: skip
    seen = measure(Staged(materialization=made, data=data), policy=policy)
    sketches = {} if seen.sketches is None else unpacked(seen.sketches)
    spread = {one.column: one for one in seen.distributions}
    return {
        column: Part(
            name=name, seen={one.metric: one for one in seen.observations if one.column in (None, column)},
            sketch=sketches.get(column), spread=spread.get(column),
        )
        for column in ["", *data.column_names]
    }  # fmt: skip


def together(tables: list[pa.Table], policy: ProfilePolicy = KEPT) -> dict[tuple[str, str], Observation]:
    parts = [parts_of(one, f"p{at}", policy) for at, one in enumerate(tables)]
    names = dict.fromkeys(name for part in parts for name in part)
    nothing = Part(name="q", seen={"row_count": Observation(metric="row_count", value=1.0)})
    return {
        (name, metric): merged(metric, name or None, [part.get(name, nothing) for part in parts])
        for name in names
        for metric in MERGEABLE
        if (METRICS[metric].level is Level.TABLE) == (name == "")
    }


def full(data: pa.Table) -> dict[tuple[str, str], Observation]:
    return {
        (column, metric): one
        for column, part in parts_of(data).items()
        for metric, one in part.seen.items()
        if metric in MERGEABLE and metric != "bytes" and (one.column or "") == column
    }


def ranks(values: list[float], at: float) -> tuple[float, float]:
    return sum(x < at for x in values) / len(values), sum(x <= at for x in values) / len(values)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, data=st.data())
def test_parts_together_are_the_whole(rows: list[Row], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    shuffled = data.draw(st.permutations(rows))
    pieces = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    got = together([table(piece) for piece in pieces])
    expected = full(table(rows))
    assert set(expected) <= set(got)
    known = [row[0] for row in rows if row[0] is not None]
    for key, one in expected.items():
        found = got[key]
        if one.value is None:
            assert found.value is None
            assert str(found.reason).endswith(str(one.reason)), key
        elif key[1] in RANKS:
            assert found.value is not None
            below, at_most = ranks(known, found.value)
            slack = found.accuracy.amount or 1 / len(known)  # of one part alone it is exact, and between two values
            assert below - slack <= RANKS[key[1]] <= at_most + slack
        elif key[1] in ROUNDED:
            assert found.value == pytest.approx(one.value, rel=1e-7, abs=1e-3 if key[1] == "std" else 1e-9), key
        else:
            assert found.value == one.value, key


def test_many_values_keep_their_quartiles_and_their_number() -> None:
    random = np.random.default_rng(3)
    whole = pa.table({"x": random.lognormal(0, 2, 60_000), "n": random.integers(0, 30_000, 60_000)})
    got = together([whole.slice(start, 12_000) for start in range(0, 60_000, 12_000)])
    expected = full(whole)
    for column in ("x", "n"):
        assert got[column, "distinct_count"].value == expected[column, "distinct_count"].value
        values = whole[column].to_pylist()
        for metric, share in RANKS.items():
            found = got[column, metric]
            assert found.value is not None
            assert found.accuracy.amount < 0.04
            below, at_most = ranks(values, found.value)
            assert below - found.accuracy.amount <= share <= at_most + found.accuracy.amount


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEF"), min_size=1, max_size=200), cut=st.integers(0))
def test_the_most_frequent_of_parts_are_those_of_the_whole(rows: list[str], cut: int) -> None:
    at = cut % (len(rows) + 1)
    tables = [pa.table({"s": pa.array(piece, pa.string())}) for piece in (rows[:at], rows[at:])]
    found = merged_distribution("s", [parts_of(one)["s"] for one in tables])
    if found.distribution is None:
        assert "no most frequent" in str(found.reason)
        return
    assert found.distribution.values == len(rows)
    assert sum(n for _, n in found.distribution.top) + found.distribution.other == len(rows)
    for value, n in found.distribution.top:
        low, true = n / len(rows), rows.count(value) / len(rows)
        assert low - 1e-9 <= true <= low + found.error + 1e-9


def test_the_points_of_parts_are_those_of_the_whole() -> None:
    random = np.random.default_rng(5)
    pieces = [random.normal(level, 1, 4_000) for level in (0, 1, 5)]
    found = merged_distribution("x", [parts_of(pa.table({"x": piece}))["x"] for piece in pieces])
    assert found.distribution is not None
    values = np.sort(np.concatenate(pieces))
    shares = np.searchsorted(values, found.distribution.points) / len(values)
    off = np.abs(shares - np.linspace(0, 1, len(shares)))
    assert off.max() <= found.error < 0.05
    assert found.distribution.rate < 1


def test_parts_of_which_a_sample_was_looked_at_make_no_exact_numbers() -> None:
    whole = pa.table({"x": np.random.default_rng(4).normal(5, 1, 60_000)})
    tables = [whole.slice(0, 40_000), whole.slice(40_000)]
    got = together(tables, ProfilePolicy(sample=20_000))
    assert got["", "row_count"] == Observation(metric="row_count", value=60_000.0)
    for metric in ("mean", "null_rate", "max", "std"):
        accuracy = got["x", metric].accuracy
        assert accuracy.kind is AccuracyKind.SAMPLED, metric
        assert accuracy.amount == pytest.approx(2 / 3), "half of the first part, and all of the second"
    assert got["x", "mean"].value == pytest.approx(5, abs=5 / math.sqrt(40_000))
    assert got["x", "distinct_count"].value is None


def test_what_is_not_kept_has_a_reason() -> None:
    tables = [table([(1.0, "a", True), (2.0, "b", None)]), table([(3.0, "b", False)])]
    got = together(tables, ProfilePolicy(distributions=False, sketches=False))
    assert got["x", "mean"].value == 2
    assert str(got["x", "median"].reason) == (
        "how the values of p0 are spread is not kept; ProfilePolicy(distributions=True)"
    )
    assert str(got["x", "distinct_count"].reason).startswith("no sketch of p0 is kept")
    secret = together(tables, ProfilePolicy(distributions=True, sensitive=("s",)))
    assert secret["s", "mean_length"].value == 1
    assert secret["s", "distinct_count"].value is None
    assert secret["x", "distinct_count"].value == 3


def test_a_part_without_the_column_or_of_another_type_is_said() -> None:
    got = together([pa.table({"x": [1.0]}), pa.table({"y": [1.0]})])
    assert got["x", "mean"].reason == "q has no column x"
    got = together([pa.table({"x": [1.0]}), pa.table({"x": [1]})])
    assert got["x", "distinct_count"].reason == "it is double in p0 and bigint in p1"
    assert got["x", "mean"].value == 1


@pytest.mark.parametrize("size", [0, 1, 700, 50_000])
def test_the_estimate_is_within_what_it_promises(size: int) -> None:
    sketch = parts_of(pa.table({"n": pa.array(range(size), pa.int64())}))["n"].sketch
    assert sketch is not None
    assert error(sketch.registers) == round(1.04 / math.sqrt(1024), 4)
    assert estimate(sketch.registers) == pytest.approx(size, rel=4 * error(sketch.registers))
