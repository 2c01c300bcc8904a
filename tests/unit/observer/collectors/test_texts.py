"""Texts that repeat are asked about once each; those that don't, row by row."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.checks import matches, text_length
from observer.collectors import opened
from orchestration.io.base import ParquetFiles
from tests.support.checked import outcomes

ROWS = 60_000
FEW = pa.table({"n": range(ROWS), "x": [f"TLC{at % 977:03d}" if at % 7 else None for at in range(ROWS)]})
MANY = FEW.set_column(1, "x", pa.array([f"TLC{at:06d}" for at in range(ROWS)]))
LATE = FEW.set_column(1, "x", pa.array(["same"] * 20_000 + [f"TLC{at:06d}" for at in range(ROWS - 20_000)]))
FORM = matches("x", "^TLC[0-9]{3}$")


def files(table: pa.Table, folder: Path) -> ParquetFiles:
    path = folder / "data.parquet"
    pq.write_table(table, path)
    return ParquetFiles((str(path),))


@pytest.mark.parametrize("is_file", [False, True])
@pytest.mark.parametrize(("table", "do"), [(FEW, True), (MANY, False), (LATE, False), (FEW.slice(0, 500), False)])
def test_only_of_texts_that_repeat_each_is_asked_once(table: pa.Table, do: bool, is_file: bool, tmp_path: Path) -> None:
    with opened(files(table, tmp_path) if is_file else table) as relation:
        assert relation is not None
        *_, bad = FORM.expressions(relation)
        assert (bad == 0 or "sum(n)" in str(bad)) is do


def test_what_was_found_for_one_check_is_there_for_another() -> None:
    with opened(FEW) as relation:
        assert relation is not None
        length = text_length("x", 6, 6)
        assert length.expressions(relation)[-1] != 0
        FORM.expressions(relation)
        assert length.expressions(relation)[-1] == 0


@pytest.mark.parametrize("form", ["arrow", "large", "pandas", "polars", "files"])
def test_counts_and_rows_are_those_of_all_rows(form: str, tmp_path: Path) -> None:
    large = FEW.cast(pa.schema([("n", pa.int64()), ("x", pa.large_string())]))
    polars = pytest.importorskip("polars")
    data = {
        "arrow": FEW, "large": large, "pandas": FEW.to_pandas(), "polars": polars.from_arrow(FEW),
        "files": files(FEW, tmp_path),
    }[form]  # fmt: skip
    texts = [text for text in FEW.column("x").to_pylist() if text is not None]
    odd = [text for text in texts if not text.startswith("TLC1")]
    checks = [matches("x", "^TLC1"), text_length("x", 6, 6), matches("x", "^TLC1", max_rate=0.95, name="mostly")]
    told, length, mostly = outcomes(checks, data)
    assert (told.passed, told.failing_rows) == (False, len(odd))
    assert told.evidence["example"] == min(odd)
    assert told.sample is not None
    assert {row[-1] for row in told.sample.rows} <= set(odd)
    assert (length.passed, length.failing_rows) == (True, 0)
    assert (mostly.passed, mostly.failing_rows) == (True, len(odd))


def test_nested_columns_before_it_are_no_trouble(tmp_path: Path) -> None:
    table = FEW.add_column(0, "many", pa.array([{"a": 1, "b": 2}] * ROWS))
    (told,) = outcomes([FORM], files(table, tmp_path))
    assert (told.passed, told.failing_rows) == (True, 0)
