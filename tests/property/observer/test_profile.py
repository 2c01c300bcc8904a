"""Laws of the profile: neither the order of rows nor how they are cut matters, and it counts like pandas."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.audit import measure
from observer.checks import accepted_values, in_range, not_null, unique
from observer.model import Audit
from orchestration.model import AssetKey, Materialization, Staged

NUMBERS = st.none() | st.integers(-5, 5).map(float) | st.floats(width=32)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, st.none() | st.booleans()), max_size=30)
APPROXIMATE = {"mean", "std", "mean_length"}  # sums of floats depend on their order


def frame(rows: list[tuple[float | None, str | None, bool | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": pd.Series([row[0] for row in rows], dtype="float64"),
            "s": pd.Series([row[1] for row in rows], dtype="str"),
            "b": pd.Series([row[2] for row in rows], dtype="boolean"),
        }
    )


def audit(data: object) -> Audit:
    made = Materialization(
        id="v1",
        asset=AssetKey("a"),
        partition=None,
        run_id="r",
        materialized_at=datetime(2013, 1, 1, tzinfo=UTC),
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=0.0,
    )
    checks = [not_null("x"), unique("s"), accepted_values("x", [0, 1, 2]), in_range("x", -2, 2)]
    return measure(Staged(materialization=made, data=data), checks)


def numbers(seen: Audit) -> dict[tuple[str | None, str], float | None]:
    return {(one.column, one.metric): one.value for one in seen.observations if one.metric != "profile_duration"}


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, data=st.data())
def test_the_order_of_rows_changes_nothing(
    rows: list[tuple[float | None, str | None, bool | None]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    first = audit(frame(rows))
    size = max((abs(row[0]) for row in rows if row[0] is not None and math.isfinite(row[0])), default=1.0)
    table = pa.concat_tables([pa.Table.from_pandas(frame(part)) for part in (shuffled[:cut], shuffled[cut:])])
    second = audit(table)
    after = numbers(second)
    for key, value in numbers(first).items():
        if key[1] in APPROXIMATE and value is not None:
            assert after[key] == pytest.approx(value, rel=1e-6, abs=1e-6 * size)
        else:
            assert after[key] == value, key
    assert [one.passed for one in first.outcomes] == [one.passed for one in second.outcomes]
    assert [one.failing_rows for one in first.outcomes] == [one.failing_rows for one in second.outcomes]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_counts_are_pandas_own(rows: list[tuple[float | None, str | None, bool | None]]) -> None:
    data = frame(rows)
    seen = audit(data)
    got = numbers(seen)
    assert got[None, "row_count"] == len(data)
    if data.empty:
        assert all(value is None for (column, _), value in got.items() if column)
        return
    for column in data.columns:
        assert got[column, "null_rate"] == data[column].isna().sum() / len(data)
    x = data.x.dropna()
    if len(x):
        assert got["x", "zero_rate"] == pytest.approx((x == 0).mean())
        assert got["x", "negative_rate"] == pytest.approx((x < 0).mean())
        assert got["x", "min"] == (x.min() if math.isfinite(x.min()) else None)
        assert got["x", "max"] == (x.max() if math.isfinite(x.max()) else None)
    lengths = data.s.dropna().map(len)
    if len(lengths):
        assert got["s", "max_length"] == lengths.max()
    truths = data.b.dropna()
    if len(truths):
        assert got["b", "true_rate"] == pytest.approx(truths.astype(bool).mean())
    null, unique_, accepted, ranged = seen.outcomes
    assert null.passed == (not data.x.isna().any())
    assert unique_.failing_rows == data.s.dropna().duplicated().sum()
    assert accepted.failing_rows == (~x.isin([0, 1, 2])).sum()
    assert ranged.failing_rows == ((x < -2) | (x > 2)).sum()
