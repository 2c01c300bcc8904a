"""Merged states are the full pass: exactly for counts and extremes, within what is stated for the sketches."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.collectors import opened
from observer.collectors.hyperloglog import estimate
from observer.collectors.profile import profile
from observer.collectors.states import RANK_ERROR, PartState, merged, state
from observer.model import Observation

NUMBERS = st.none() | st.integers(-5, 5).map(float) | st.floats(-1e6, 1e6, width=32)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
Row = tuple[float | None, str | None, bool | None]
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, st.none() | st.booleans()), max_size=40)
ROUNDED = {"mean", "std", "mean_length", "zero_rate", "negative_rate", "true_rate", "null_rate"}
QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def table(rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        {"x": pa.array(columns[0], pa.float64()), "s": pa.array(columns[1], pa.string()),
         "b": pa.array(columns[2], pa.bool_())}
    )  # fmt: skip


def state_of(data: pa.Table) -> PartState:
    with opened(data) as relation:
        assert relation is not None
        return state(relation)


def full(data: pa.Table) -> dict[tuple[str, str], Observation]:
    with opened(data) as relation:
        assert relation is not None
        return {(one.column or "", one.metric): one for one in profile(relation).observations}


def ranks(values: list[float], at: float) -> tuple[float, float]:
    return sum(x < at for x in values) / len(values), sum(x <= at for x in values) / len(values)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, data=st.data())
def test_parts_together_are_the_whole(rows: list[Row], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    shuffled = data.draw(st.permutations(rows))
    parts = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    got = {(one.column or "", one.metric): one for one in merged([state_of(table(part)) for part in parts])}
    assert got.pop(("", "row_count")).value == len(rows)
    expected = full(table(rows))
    assert set(got) == set(expected)
    known = [row[0] for row in rows if row[0] is not None]
    for key, one in expected.items():
        if key[1] in QUARTILES and one.value is not None:
            value, share = got[key].value, QUARTILES[key[1]]
            assert value is not None
            below, at_most = ranks(known, value)
            slack = len(parts) / len(known)  # where a part has few values, a rank is a step
            assert below - RANK_ERROR - slack <= share <= at_most + RANK_ERROR + slack
        elif key[1] in ROUNDED and one.value is not None:
            assert got[key].value == pytest.approx(one.value, rel=1e-7, abs=1e-3 if key[1] == "std" else 1e-9), key
        else:
            assert (got[key].value, got[key].reason) == (one.value, one.reason), key


def test_many_values_keep_their_quartiles_and_their_number() -> None:
    random = np.random.default_rng(3)
    whole = pa.table({"x": random.lognormal(0, 2, 60_000), "n": random.integers(0, 30_000, 60_000)})
    parts = [state_of(whole.slice(start, 12_000)) for start in range(0, 60_000, 12_000)]
    got = {(one.column, one.metric): one for one in merged(parts)}
    expected = full(whole)
    for column in ("x", "n"):
        assert got[column, "distinct_count"].value == expected[column, "distinct_count"].value
        values = whole[column].to_pylist()
        for metric, share in QUARTILES.items():
            value = got[column, metric].value
            assert value is not None
            below, at_most = ranks(values, value)
            assert below - RANK_ERROR <= share <= at_most + RANK_ERROR


def test_what_an_engine_does_not_export_has_a_reason() -> None:
    part = state_of(table([(1.0, "a", True), (2.0, "b", None)]))
    bare = PartState(part.rows, {name: one.__class__(one.values, one.seen) for name, one in part.columns.items()})
    got = {(one.column, one.metric): one for one in merged([bare, part])}
    assert got["x", "mean"].value == 1.5
    for metric in ("distinct_count", "median"):
        assert got["x", metric].value is None
        assert "no" in str(got["x", metric].reason)


def test_a_part_without_the_column_is_said() -> None:
    first, second = state_of(pa.table({"x": [1.0]})), state_of(pa.table({"y": [1.0]}))
    got = {(one.column, one.metric): one for one in merged([first, second])}
    assert got["x", "mean"].reason == "a part has no such column"


@pytest.mark.parametrize("size", [0, 1, 700, 50_000])
def test_the_estimate_is_within_what_it_promises(size: int) -> None:
    part = state_of(pa.table({"n": pa.array(range(size), pa.int64())}))
    registers = part.columns["n"].registers
    assert registers is not None
    assert len(registers) == 1024
    assert estimate(registers) == pytest.approx(size, rel=4 * 1.04 / math.sqrt(1024))
