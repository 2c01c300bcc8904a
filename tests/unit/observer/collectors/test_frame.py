"""What is measured of frames, Arrow tables and Parquet files."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.collectors import Collected, collect, opened
from observer.model import Column
from orchestration.io.base import ParquetFiles
from orchestration.model import AssetKey, Materialization, Scalar, Staged


def staged(data: object, *, metadata: Mapping[str, Scalar] | None = None, rows: int | None = None) -> Staged:
    made = Materialization(
        id="v1",
        asset=AssetKey("flights"),
        partition="2013-02-08",
        run_id="r1",
        materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=1.5,
        rows=rows,
        bytes=340_000,
        metadata=metadata or {},
    )
    return Staged(materialization=made, data=data)


def seen(data: object, *expressions: str, metadata: Mapping[str, Scalar] | None = None) -> Collected:
    with opened(data) as relation:
        return collect(staged(data, metadata=metadata), relation, expressions)


def values(found: Collected) -> dict[tuple[str | None, str], float | None]:
    assert len({(one.column, one.metric) for one in found.observations}) == len(found.observations)
    assert all((one.value is None) == (one.reason is not None) for one in found.observations)
    return {(one.column, one.metric): one.value for one in found.observations}


def reasons(found: Collected) -> dict[tuple[str | None, str], str | None]:
    return {(one.column, one.metric): one.reason for one in found.observations if one.reason}


FRAME = pd.DataFrame(
    {
        "n": [1.0, None, 0.0, -3.0],
        "i": [1, 2, 0, 4],
        "s": ["x", None, "yy", ""],
        "b": [True, False, True, True],
        "t": pd.to_datetime(["2013-01-01", None, "2013-01-03", "2013-01-02"]),
        "z": pd.to_datetime(["2013-01-01", None, "2013-01-03", "2013-01-02"], utc=True).tz_convert("America/New_York"),
        "c": pd.Categorical(["u", "v", None, "u"]),
    }
)


def test_every_kind_of_column_has_its_metrics() -> None:
    got = values(seen(FRAME))
    assert got[None, "row_count"] == 4
    assert got[None, "column_count"] == 7
    assert got[None, "bytes"] == 340_000
    assert got[None, "duration"] == 1.5
    assert got["n", "null_rate"] == 0.25
    assert got["n", "zero_rate"] == pytest.approx(1 / 3)
    assert got["n", "negative_rate"] == pytest.approx(1 / 3)
    assert (got["n", "min"], got["n", "max"]) == (-3, 1)
    assert got["n", "mean"] == pytest.approx(FRAME.n.mean())
    assert got["n", "std"] == pytest.approx(FRAME.n.std())
    assert got["i", "distinct_count"] == 4
    assert (got["s", "min_length"], got["s", "max_length"], got["s", "mean_length"]) == (0, 2, 1)
    assert got["b", "true_rate"] == 0.75
    latest = datetime(2013, 1, 3, tzinfo=UTC).timestamp()
    assert got["t", "latest"] == got["z", "latest"] == latest
    assert got["c", "distinct_count"] == 2


def test_the_same_data_measures_the_same_in_every_form(tmp_path: Path) -> None:
    path = str(tmp_path / "it's a file.parquet")
    FRAME.to_parquet(path)
    frame, table, files = seen(FRAME), seen(pa.Table.from_pandas(FRAME)), seen(ParquetFiles((path,)))
    assert frame == table == files
    twice = values(seen(ParquetFiles((path, path))))
    assert twice[None, "row_count"] == 8
    assert twice["n", "null_rate"] == 0.25


def test_the_schema_keeps_order_and_types() -> None:
    schema = seen(FRAME).schema
    assert schema is not None
    assert schema.columns == (
        Column("n", "double"),
        Column("i", "bigint"),
        Column("s", "varchar"),
        Column("b", "boolean"),
        Column("t", "timestamp"),
        Column("z", "timestamp with time zone"),
        Column("c", "varchar"),
    )


def test_nan_counts_as_null_everywhere() -> None:
    for data in (pa.table({"x": [1.0, float("nan"), None]}), pd.DataFrame({"x": [1.0, np.nan, None]})):
        got = values(seen(data))
        assert got["x", "null_rate"] == pytest.approx(2 / 3)
        assert (got["x", "min"], got["x", "max"], got["x", "mean"]) == (1, 1, 1)


def test_infinity_takes_only_what_it_touches() -> None:
    found = seen(pd.DataFrame({"x": [1.0, np.inf], "y": [1e308, 1e308]}))
    got = values(found)
    assert got["x", "min"] == 1
    assert got["x", "null_rate"] == 0
    assert reasons(found)["x", "max"] == "infinite values"
    assert got["x", "mean"] is None
    assert got["x", "std"] is None


def test_no_rows_are_missing_numbers_and_not_zeros() -> None:
    found = seen(FRAME.iloc[:0])
    got = values(found)
    assert got[None, "row_count"] == 0
    assert got[None, "column_count"] == 7
    assert {value for (column, _), value in got.items() if column} == {None}
    assert {why for (column, _), why in reasons(found).items() if column} == {"no rows"}


def test_tables_without_columns_still_have_rows() -> None:
    assert values(seen(pd.DataFrame()))[None, "row_count"] == 0
    assert values(seen(pd.DataFrame(index=range(3))))[None, "row_count"] == 3
    assert values(seen(pa.table({})))[None, "row_count"] == 0
    assert values(seen(ParquetFiles(())))[None, "row_count"] == 0


def test_an_all_null_column_has_no_values_but_a_null_rate() -> None:
    found = seen(pd.DataFrame({"x": [None, None], "y": [np.nan, np.nan]}))
    got = values(found)
    assert got["x", "null_rate"] == got["y", "null_rate"] == 1
    assert got["y", "distinct_count"] == 0
    assert reasons(found)["y", "mean"] == "no values"


def test_a_single_value_has_no_spread() -> None:
    assert reasons(seen(pd.DataFrame({"x": [5]})))["x", "std"] == "a single value"


def test_what_cannot_be_looked_into_is_told_and_takes_nothing_else_along() -> None:
    frame = pd.DataFrame(
        {
            "mixed": [1, "x", None, 2.5],
            "huge": [2**70, 1, None, 1],
            "things": [object(), None, None, None],
            "complex": [1j, 2j, 3j, 4j],
            "span": pd.interval_range(0, 4),
            "day": pd.period_range("2013-01-01", periods=4),
            "lists": [[1], [2], None, [3]],
            "good": [1, 2, 3, 4],
        }
    )
    found = seen(frame)
    got = values(found)
    assert got["mixed", "null_rate"] == 0.25
    assert got["things", "null_rate"] == 0.75
    assert got["complex", "null_rate"] == 0
    assert "str" in str(reasons(found)["mixed", "distinct_count"])
    assert got["lists", "null_rate"] == 0.25
    assert got["good", "mean"] == 2.5
    assert found.schema is not None
    assert [column.name for column in found.schema.columns] == list(frame.columns)


def test_arrow_types_that_the_engine_does_not_read_are_told() -> None:
    found = seen(pa.table({"half": pa.array([1.5, None], pa.float16()), "good": [1, 2]}))
    assert values(found)["half", "null_rate"] == 0.5
    assert values(found)["good", "max"] == 2
    assert "Arrow" in str(reasons(found)["half", "distinct_count"])


@pytest.mark.parametrize("name", ['a"b; drop table x --', "é☃", "select", "a b", "c0", "", "a'b", "tidegate_data"])
def test_hostile_column_names_are_only_names(name: str) -> None:
    got = values(seen(pd.DataFrame({"c1": [1, 2], name: [3, 4]})))
    clean = name.encode("utf-8", "replace").decode()
    assert got[clean, "min"] == 3
    assert got["c1", "min"] == 1


def test_names_that_differ_by_case_or_not_at_all_are_kept_apart(tmp_path: Path) -> None:
    path = str(tmp_path / "case.parquet")
    pq.write_table(pa.table({"a": [1], "A": [2]}), path)
    got = values(seen(ParquetFiles((path,))))
    assert (got["a", "min"], got["A", "min"]) == (1, 2)
    twins = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])
    got = values(seen(twins))
    assert (got["a", "min"], got["a#2", "min"], got["7", "min"]) == (1, 2, 3)


def test_a_very_wide_table_is_scanned_in_batches() -> None:
    got = values(seen(pd.DataFrame({f"x{i}": [i, None] for i in range(120)}), "count(*)"))
    assert got[None, "column_count"] == 120
    assert [got[f"x{i}", "max"] for i in range(120)] == list(range(120))


def test_extra_expressions_come_back_and_a_bad_one_takes_nothing_along() -> None:
    with opened(FRAME) as relation:
        assert relation is not None
        column = relation.field("s").sql
        found = collect(staged(FRAME), relation, ["count(*)", f"sum({column}::INTEGER)", "nonsense(1)", "max(42)"])
    assert [one.value for one in found.values] == [4, None, None, 42]
    assert "'x'" in str(found.values[1].reason)
    assert "nonsense" in str(found.values[2].reason)
    assert values(found) == values(seen(FRAME))


def test_what_is_no_table_has_the_numbers_of_its_materialization() -> None:
    found = seen({"a": "model"}, metadata={"rmse": 3.5, "converged": True, "note": "x", "n": 7, "bad": float("nan")})
    assert found.schema is None
    got = values(found)
    assert got == {
        (None, "bytes"): 340_000,
        (None, "duration"): 1.5,
        (None, "rmse"): 3.5,
        (None, "n"): 7,
        (None, "bad"): None,
    }


def test_a_metadata_entry_cannot_pass_for_a_metric_of_the_catalogue() -> None:
    assert values(seen(FRAME, metadata={"row_count": 99}))[None, "row_count"] == 4


@pytest.mark.parametrize(("name", "near"), [("N", "'n'"), ("nn", "'n'"), ("ii", "'i'")])
def test_an_unknown_column_is_told_with_the_nearest(name: str, near: str) -> None:
    with opened(FRAME) as relation:
        assert relation is not None
        with pytest.raises(LookupError, match=f"did you mean {near}"):
            relation.field(name)


def test_files_that_are_not_there_raise_when_opened() -> None:
    with pytest.raises(OSError, match="nowhere"), opened(ParquetFiles(("/nowhere/x.parquet",))):
        pass


def test_threads_scan_at_once() -> None:
    found: list[Collected] = []
    threads = [threading.Thread(target=lambda: found.append(seen(FRAME))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [seen(FRAME)] * 4


def test_nothing_is_left_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen(FRAME)
    assert os.listdir(tmp_path) == []
