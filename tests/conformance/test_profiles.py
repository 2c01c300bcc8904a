"""The same data through every engine gives the same profile, within the error that each number states."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.collectors import Collected, collect, compiled, opened
from observer.model import Accuracy, AccuracyKind, Observation, ProfilePolicy
from orchestration.io.base import ParquetFiles
from orchestration.model import AssetKey, Materialization, Staged
from tests.conformance.conftest import Form

MADE = Materialization(
    id="v1", asset=AssetKey("made"), partition=None, run_id="r", materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
    data_version="d", code_version="c", fingerprint="f", duration_s=1.0, bytes=1,
)  # fmt: skip
NAN, INF = float("nan"), float("inf")
_ABROAD = pa.timestamp("us", "America/New_York")


def profiled(data: object, policy: ProfilePolicy | None = None) -> dict[tuple[str, str], Observation]:
    return {(one.column or "", one.metric): one for one in measured(data, policy).observations}


def measured(data: object, policy: ProfilePolicy | None = None) -> Collected:
    with opened(data) as relation:
        assert relation is not None
        return collect(Staged(materialization=MADE, data=data), relation, policy=policy or ProfilePolicy())


NUMBERS: Mapping[str, tuple[pa.DataType, list[Any]]] = {
    "whole": (pa.int64(), [3, -1, 0, None, 7, 7, 0, 12]),
    "small": (pa.int16(), [3, -1, 0, None, 7, 7, 0, 12]),
    "huge": (pa.int64(), [2**62, -(2**62), 2**62 + 1, 0, 1, None, None, 2]),
    "real": (pa.float64(), [0.5, -2.25, NAN, None, 0.0, 1e6, 1e-6, 3.5]),
    "single": (pa.float32(), [0.5, -2.25, NAN, None, 0.0, 1e6, 0.25, 3.5]),
    "price": (pa.decimal128(12, 2), [Decimal(x) if x else None for x in "9.50 -10.00 0.00 . 3.25 9.50 1.00 2.00"
                                     .replace(" . ", "  ").split(" ")]),
}  # fmt: skip
TEXTS: Mapping[str, tuple[pa.DataType, list[Any]]] = {
    "text": (pa.string(), ["a", "ö'\"", None, "", "日本語", "a", "🙂🙂", "x\ty"]),
    "said": (pa.bool_(), [True, False, None, True, True, False, None, True]),
    "day": (pa.date32(), [date(2013, 2, 8), None, date(1969, 12, 31), *[date(2013, 1, 1)] * 5]),
    "instant": (_ABROAD, [datetime(2013, 2, 8, 12, tzinfo=UTC), None, *[datetime(2012, 1, 1, tzinfo=UTC)] * 6]),
    "list": (pa.list_(pa.int64()), [[1, 2], [1, 2], None, [], [3], [3], None, [1, 2]]),
    "no numbers": (pa.float64(), [None] * 8),
    "no texts": (pa.string(), [None] * 8),
}
TABLE = pa.table({name: pa.array(values, type_) for name, (type_, values) in {**NUMBERS, **TEXTS}.items()})


def known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None and value == value]


@pytest.mark.parametrize("exact", [False, True])
def test_every_engine_gives_the_same_numbers(form: Form, exact: bool) -> None:
    seen = profiled(form(TABLE), ProfilePolicy(exact=exact))
    got = {key: one.value for key, one in seen.items()}
    assert got["", "row_count"] == 8
    for name, (_, values) in {**NUMBERS, **TEXTS}.items():
        some = known(values)
        assert got[name, "null_rate"] == 1 - len(some) / 8, name
        assert got[name, "distinct_count"] == len({str(value) for value in some}), name
    for name, (_, values) in NUMBERS.items():
        some = [float(value) for value in known(values)]
        quartiles = np.percentile(some, [25, 50, 75])
        expected = {
            "zero_rate": some.count(0) / len(some), "negative_rate": sum(x < 0 for x in some) / len(some),
            "min": min(some), "max": max(some), "mean": statistics.fmean(some), "std": statistics.stdev(some),
            "q25": quartiles[0], "median": quartiles[1], "q75": quartiles[2],
        }  # fmt: skip
        for metric, value in expected.items():
            assert got[name, metric] == pytest.approx(value, rel=1e-6), (name, metric)
    assert (got["text", "min_length"], got["text", "max_length"], got["text", "mean_length"]) == (0, 3, 13 / 7)
    assert got["said", "true_rate"] == 4 / 6
    assert got["day", "latest"] == datetime(2013, 2, 8, tzinfo=UTC).timestamp()
    assert got["instant", "latest"] == datetime(2013, 2, 8, 12, tzinfo=UTC).timestamp()
    assert seen["no numbers", "mean"].reason == seen["no texts", "max_length"].reason == "no values"
    inexact = {key for key, one in seen.items() if one.accuracy.kind is not AccuracyKind.EXACT}
    assert not exact or not inexact
    assert {metric for _, metric in inexact} <= {"distinct_count"}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_length_of_time_is_measured_in_seconds(form: Form, unit: str) -> None:
    whole = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    lasted = pa.array([90 * whole, None, 0, -30 * whole], pa.duration(unit))
    found = measured(form(pa.table({"lasted": lasted})))
    assert found.schema is not None
    assert found.schema.columns[0].type == "interval"
    got = {one.metric: one.value for one in found.observations if one.column}
    expected = {"min": -30, "max": 90, "mean": 20, "median": 0, "q25": -15, "null_rate": 0.25, "distinct_count": 3}
    assert {name: got[name] for name in expected} == pytest.approx(expected)


def test_infinity_takes_only_what_it_touches(form: Form) -> None:
    table = pa.table({"x": [1.0, INF, 2.0, 3.0, 4.0], "y": [1, 2, 3, 4, 5]})
    seen = profiled(form(table))
    assert seen["x", "max"].reason == seen["x", "mean"].reason == "infinite values"
    assert (seen["x", "min"].value, seen["x", "median"].value, seen["y", "mean"].value) == (1, 3, 3)


def test_a_deviation_that_no_number_can_hold_is_not_called_infinite_values(form: Form) -> None:
    seen = profiled(form(pa.table({"x": [1e300, -1e300, 3.0]})))
    assert (seen["x", "min"].value, seen["x", "max"].value, seen["x", "std"].value) == (-1e300, 1e300, None)
    assert seen["x", "std"].reason != "infinite values"


def test_a_sum_that_no_number_can_hold_takes_only_what_it_touches(form: Form) -> None:
    largest = 1.7976931348623157e308
    seen = profiled(form(pa.table({"x": [largest, largest, 0.0, 1.0], "y": [1, 2, 3, 4]})))
    assert (seen["x", "max"].value, seen["x", "zero_rate"].value, seen["y", "mean"].value) == (largest, 0.25, 2.5)
    mean, std = seen["x", "mean"], seen["x", "std"]
    assert mean.value in (None, pytest.approx(largest / 2)), mean
    assert std.value is None
    for reason in (mean.reason or "", std.reason or ""):  # not how to go on with a publication, nor where
        assert "published" not in reason
        assert "://" not in reason


def test_an_empty_table_has_no_values_and_says_so(form: Form) -> None:
    seen = profiled(form(TABLE.slice(0, 0)))
    assert seen["", "row_count"].value == 0
    for (column, metric), one in seen.items():
        assert not column or (one.value is None and one.reason == "no rows"), (column, metric)


def test_a_table_without_columns_still_has_rows(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pq.write_table(pa.table({"x": [1, 2]}).select([]), path)
    assert profiled(ParquetFiles((str(path),)))["", "column_count"].value == 0


@pytest.fixture
def few_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A big table is one of more than 4,000 rows."""
    monkeypatch.setattr(compiled, "SAMPLE_ROWS", 4_000)
    return 4_000


def test_a_big_table_is_right_within_what_it_states(form: Form, few_are_looked_at: int) -> None:
    rows = 24_000
    random = np.random.default_rng(7)
    columns = {
        "id": random.permutation(rows), "often": random.integers(0, 40, rows),
        "skew": random.lognormal(0, 2, rows), "half": np.where(random.random(rows) < 0.5, np.nan, random.random(rows)),
        "word": np.array([f"w{n}" for n in range(3000)])[random.integers(0, 3000, rows)],
    }  # fmt: skip
    seen = profiled(form(pa.table({name: pa.array(values) for name, values in columns.items()})))
    for name, values in columns.items():
        some = [x for x in values.tolist() if x == x]
        assert seen[name, "null_rate"].value == pytest.approx(1 - len(some) / rows), name
        distinct = seen[name, "distinct_count"]
        assert distinct.value == pytest.approx(len(set(some)), rel=4 * error_of(distinct.accuracy)), name
        if name == "word":
            continue
        for metric, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75)):
            one = seen[name, metric]
            assert one.accuracy == Accuracy(AccuracyKind.SAMPLED, pytest.approx(few_are_looked_at / rows, rel=1e-3))
            assert one.value is not None
            at_most = sum(x <= one.value for x in some) / len(some)
            below = sum(x < one.value for x in some) / len(some)
            allowed = 4 * math.sqrt(share * (1 - share) / (few_are_looked_at * len(some) / rows))
            assert below - allowed <= share <= at_most + allowed, (name, metric, one.value)


def test_a_big_table_is_measured_exactly_where_asked(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MANY_ROWS", 2_000)
    rows = 2_400
    random = np.random.default_rng(11)
    columns: Mapping[str, list[Any]] = {
        "id": random.permutation(rows).tolist(), "sparse": random.integers(-(2**60), 2**60, rows).tolist(),
        "often": random.integers(-20, 20, rows).tolist(), "real": random.normal(size=rows).tolist(),
        "price": [None if n % 7 == 0 else NAN if n % 5 == 0 else n % 90 / 4 for n in range(rows)],
        "word": [f"w{n}" for n in random.integers(0, 300, rows)], "said": (random.random(rows) < 0.5).tolist(),
        "same": [3] * rows, "none": [None if n else 0.5 for n in range(rows)],
    }  # fmt: skip
    seen = profiled(form(pa.table(columns)), ProfilePolicy(exact=True))
    assert {one.accuracy.kind for one in seen.values()} == {AccuracyKind.EXACT}
    for name, values in columns.items():
        some = known(values)
        assert seen[name, "null_rate"].value == pytest.approx(1 - len(some) / rows), name
        assert seen[name, "distinct_count"].value == len(set(some)), name
        if name in ("word", "said"):
            continue
        expected = {
            "zero_rate": some.count(0) / len(some), "negative_rate": sum(x < 0 for x in some) / len(some),
            "min": min(some), "max": max(some), "mean": statistics.fmean(some),
            **dict(zip(("q25", "median", "q75"), np.percentile(some, [25, 50, 75]), strict=True)),
        }  # fmt: skip
        for metric, value in expected.items():
            assert seen[name, metric].value == pytest.approx(value, rel=1e-6, abs=1e-9), (name, metric)


def test_a_spread_that_is_small_beside_the_mean_is_not_lost_in_a_big_table(form: Form) -> None:
    random = np.random.default_rng(3)
    far = 1e9 + random.normal(size=24_000)
    table = {"far": far, "same": np.full(24_000, 0.1), "whole": 2**30 + random.integers(0, 9, 24_000)}
    table["outlier"] = np.append(random.normal(size=23_999), 1e12)
    seen = profiled(form(pa.table(table)))
    for name, values in table.items():
        assert seen[name, "mean"].value == pytest.approx(np.mean(values), rel=1e-9), name
        assert seen[name, "std"].value == pytest.approx(np.std(values, ddof=1), rel=1e-5, abs=1e-9), name


def error_of(accuracy: Accuracy) -> float:
    """What a distinct count may be off by; of a sample it is only taken where that has met nearly all."""
    return {AccuracyKind.EXACT: 0.0, AccuracyKind.SAMPLED: 0.01}.get(accuracy.kind, accuracy.amount)


def test_neither_repetition_nor_exactness_changes_anything(form: Form, few_are_looked_at: int) -> None:
    table = pa.table({"x": np.random.default_rng(1).normal(size=9_000)})
    data = form(table)
    first, second, exact = measured(data), measured(data), profiled(data, ProfilePolicy(exact=True))
    assert first.observations == second.observations
    assert exact["x", "distinct_count"].value == 9_000
    assert exact["x", "median"].value == pytest.approx(np.median(table["x"].to_numpy()))


def test_a_part_of_the_rows_is_measured_where_the_policy_says_so(form: Form) -> None:
    rows, wanted = 24_000, 6_000
    random = np.random.default_rng(11)
    half = random.random(rows)
    half[random.random(rows) < 0.5] = np.nan
    data = {
        "id": np.arange(rows), "often": random.integers(0, 40, rows), "half": half,
        "word": np.array(["a", "bbb", "cc"])[random.integers(0, 3, rows)],
    }  # fmt: skip
    seen = profiled(form(pa.table({name: pa.array(values) for name, values in data.items()})), SAMPLED)
    assert seen["", "row_count"] == Observation(metric="row_count", value=rows)
    columns = {key: one for key, one in seen.items() if key[0]}
    assert {one.accuracy.kind for one in columns.values()} == {AccuracyKind.SAMPLED}
    assert all(one.accuracy.amount == pytest.approx(wanted / rows, rel=1e-3) for one in columns.values())
    assert seen["half", "null_rate"].value == pytest.approx(np.isnan(half).mean(), abs=5 * 0.5 / math.sqrt(wanted))
    some = half[~np.isnan(half)]
    error = 5 * some.std() / math.sqrt(wanted / 2)
    assert seen["half", "mean"].value == pytest.approx(some.mean(), abs=error)
    assert seen["half", "median"].value == pytest.approx(np.median(some), abs=5 * 0.5 / math.sqrt(wanted / 2))
    assert 0 <= seen["id", "min"].value < 60  # type: ignore[operator]
    assert seen["word", "max_length"].value == 3
    assert seen["often", "distinct_count"].value == pytest.approx(40, rel=0.1)
    assert seen["word", "distinct_count"].value == 3
    untold = seen["id", "distinct_count"]
    assert (untold.value, untold.reason) == (None, "a sample can't tell how many distinct values there are")


SAMPLED = ProfilePolicy(sample=6_000)


def test_quartiles_of_a_big_part_come_from_a_sample_of_all_rows(form: Form, few_are_looked_at: int) -> None:
    data = pa.table({"x": np.random.default_rng(5).random(24_000)})
    median = profiled(form(data), SAMPLED)["x", "median"]
    assert median.accuracy.kind is AccuracyKind.SAMPLED
    assert median.accuracy.amount == pytest.approx(few_are_looked_at / 24_000, rel=1e-3)
    assert median.value == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(few_are_looked_at))


def test_a_table_that_is_no_larger_is_measured_whole(form: Form) -> None:
    data = form(pa.table({"x": list(range(2_000))}))
    for policy in (SAMPLED, ProfilePolicy(sample=0.1)):
        assert profiled(data, policy) == profiled(data)


def test_checks_and_metrics_of_ones_own_are_of_all_rows_whatever_the_sample(form: Form) -> None:
    data = form(pa.table({"id": list(range(12_000)), "amount": [1] * 12_000}))
    with opened(data) as relation:
        assert relation is not None
        expressions = [f"sum({relation.field('amount').sql})"]
        found = collect(Staged(materialization=MADE, data=data), relation, expressions, policy=SAMPLED)
    assert [float(str(one.value)) for one in found.values] == [12_000]
    assert found.observations[0].value == 12_000
