"""What footers and arrays say without a statement, and that a profile is the same without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.collectors import opened
from observer.collectors.known import UNKNOWN, Known, OfTable, of_files
from observer.collectors.profile import profile
from observer.model import ProfilePolicy
from orchestration.io.base import ParquetFiles

TABLE = pa.table(
    {
        "whole": [3, None, -1, 8], "real": [0.5, float("nan"), None, -0.0], "text": ["a", None, None, ""],
        "none": pa.array([None] * 4, pa.int64()), "far": [1.0, float("inf"), 2.0, 3.0],
        "said": [True, None, False, True],
    }
)  # fmt: skip


def said(path: Path, *tables: pa.Table) -> list[Known]:
    files = [path / f"{at}.parquet" for at, _ in enumerate(tables)]
    for file, table in zip(files, tables, strict=True):
        pq.write_table(table, file)
    return of_files([pq.read_metadata(file) for file in files])


def test_footers_and_arrays_say_the_same(tmp_path: Path) -> None:
    found = said(tmp_path, TABLE.slice(0, 2), TABLE.slice(2))
    assert found == list(OfTable(TABLE))
    assert found[0] == Known(3, -1.0, 8.0)
    assert found[1] == Known(3, 0.0, 0.5)  # NaN is a value here: the moments tell of it
    assert found[2:] == [Known(2), Known(0), Known(4), Known(3)]


def test_zero_and_negative_values_are_ruled_out_by_the_extremes() -> None:
    assert Known(4, 1.0, 9.0).metrics() == {"values": 4, "min": 1, "max": 9, "zero_rate": 0, "negative_rate": 0}
    assert Known(4, -3.0, -1.0).metrics() == {"values": 4, "min": -3, "max": -1, "zero_rate": 0}
    assert Known(4, 0.0, 9.0).metrics() == {"values": 4, "min": 0, "max": 9, "negative_rate": 0}


@pytest.mark.parametrize("type_", ["int8", "int64", "uint64", "float32", "float64"])
def test_arrays_without_nulls_say_what_numpy_says(type_: str) -> None:
    values = np.random.default_rng(4).integers(-90 if type_[0] != "u" else 0, 100, 200_001).astype(type_)
    (found,) = OfTable(pa.table({"n": values}))
    there = values.astype(float)
    assert (found.values, found.low, found.high) == (len(values), there.min(), there.max())
    assert (found.zeros, found.negatives) == ((there == 0).sum(), (there < 0).sum())
    assert found.mean == pytest.approx(there.mean(), rel=1e-12)
    assert found.std == pytest.approx(there.std(ddof=1), rel=1e-12)


def test_moments_that_arrays_cannot_tell_exactly_are_left_to_a_statement() -> None:
    apart = np.concatenate([np.zeros(65_536), 1e9 + np.arange(30_000.0)])
    for values in (np.array([1e308, 1e308]), np.array([np.inf, 1.0]), np.array([np.nan, 1.0]), np.array([5.0])):
        (found,) = OfTable(pa.table({"n": values}))
        assert (found.values, found.mean, found.std) == (len(values), None, None)
    (found,) = OfTable(pa.table({"n": apart}))
    assert found.std == pytest.approx(apart.std(ddof=1), rel=1e-9)
    (near,) = OfTable(pa.table({"n": 1e9 + np.random.default_rng(1).random(100_000)}))
    assert near.std == pytest.approx(12**-0.5, rel=0.01)


def test_files_that_differ_and_nested_columns_say_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, TABLE.select(["whole"]), TABLE.select(["real"])) == [UNKNOWN]
    assert said(tmp_path, pa.table({"x": [[1, 2], [3]], "y": [1, 2]})) == [UNKNOWN, UNKNOWN]
    assert list(OfTable(pa.table({"kind": pa.array(["a", None]).dictionary_encode()}))) == [UNKNOWN]


@pytest.mark.parametrize("rows", [4, 60_000])
def test_the_profile_of_files_without_statistics_is_the_same(tmp_path: Path, rows: int) -> None:
    table = TABLE.take(np.arange(rows) % 4)
    found = []
    for statistics in (True, False):
        pq.write_table(table, tmp_path / f"{statistics}.parquet", write_statistics=statistics)
        with opened(ParquetFiles((str(tmp_path / f"{statistics}.parquet"),))) as relation:
            assert relation is not None
            found.append(profile(relation, (), ProfilePolicy()).observations)
    assert found[0] == found[1]


def test_a_column_that_is_broken_takes_no_others_quartiles_with_it(tmp_path: Path) -> None:
    path, rows = tmp_path / "broken.parquet", 60_000
    columns = {name: np.random.default_rng(1).random(rows) for name in ("good", "bad", "fine")}
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    place = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    body = bytearray(path.read_bytes())
    body[place : place + 32] = b"\xff" * 32
    path.write_bytes(body)
    with opened(ParquetFiles((str(path),))) as relation:
        assert relation is not None
        seen = {(one.column, one.metric): one for one in profile(relation).observations}
    assert seen["good", "median"].value == pytest.approx(0.5, abs=0.02)
    assert seen["fine", "q75"].value == pytest.approx(0.75, abs=0.02)
    for metric in ("median", "mean"):
        assert seen["bad", metric].value is None
        assert seen["bad", metric].reason not in (None, "no values")


def test_a_nan_that_is_no_null_is_known_of_arrays() -> None:
    columns = {"nan": [1.0, float("nan")], "null": [None, 2.0], "whole": [1, None]}
    found = OfTable(pa.table(columns))
    assert [found.may_be_nan(at) for at in range(3)] == [True, False, False]
