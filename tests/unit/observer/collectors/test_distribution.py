"""How values are spread: the same from every kind of data, bounded, and nothing of what is sensitive."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.audit import measure
from observer.collectors.distribution import PIECES, ROWS, TOP
from observer.model import Distribution, ProfilePolicy
from orchestration.io.base import ParquetFiles
from tests.conftest import NewIO
from tests.unit.observer.test_audit import staged

KEPT = ProfilePolicy(distributions=True)


def of(data: object, policy: ProfilePolicy = KEPT) -> dict[str, Distribution]:
    return {one.column: one for one in measure(staged(data), policy=policy).distributions}


def mixed(rows: int = 129) -> pd.DataFrame:
    return pd.DataFrame({
        "n": np.arange(rows, dtype=float),
        "at": pd.date_range("2013-01-01", periods=rows, freq="h", tz="UTC"),
        "carrier": ["UA", "AA", "UA"] * (rows // 3),
        "late": [True, None, False] * (rows // 3),
    })  # fmt: skip


def test_numbers_and_instants_have_points_of_equal_probability() -> None:
    found = of(mixed())
    assert found["n"].points == tuple(float(2 * n) for n in range(PIECES + 1))
    assert found["n"].values == 129
    first = datetime(2013, 1, 1, tzinfo=UTC).timestamp()
    assert found["at"].points == tuple(first + 7200 * n for n in range(PIECES + 1))


def test_texts_and_truths_have_the_most_frequent_and_the_others() -> None:
    found = of(mixed())
    assert found["carrier"].top == (("UA", 86), ("AA", 43))
    assert found["late"] == Distribution(
        column="late", values=86, rate=1.0, top=(("false", 43), ("true", 43)), other=0
    )  # fmt: skip
    many = of(pd.DataFrame({"word": [f"w{n % 30}" for n in range(90)]}))["word"]
    assert len(many.top) == TOP
    assert many.other == 30
    assert of(pd.DataFrame({"name": [f"n{n}" for n in range(90)]}))["name"].top == ()


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_files_and_tables_give_what_frames_give(kind: str, tmp_path: Path) -> None:
    table = pa.Table.from_pandas(mixed(), preserve_index=False)
    pq.write_table(table, tmp_path / "a.parquet")
    data = table if kind == "arrow" else ParquetFiles((str(tmp_path / "a.parquet"),))
    assert of(data) == of(mixed())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_databases_give_what_frames_give(kind: str, new_io: NewIO) -> None:
    from orchestration.model import Address, AssetKey

    written = new_io(kind).stage(Address(AssetKey("flights")), "v1", mixed())
    found, plain = of(written.data), of(mixed())
    assert {name: (one.points, one.values) for name, one in found.items() if name in ("n", "at")} == {
        name: (one.points, one.values) for name, one in plain.items() if name in ("n", "at")
    }
    assert found["carrier"] == plain["carrier"]
    assert found["late"].values == 86


def test_a_big_frame_is_sampled_and_says_so() -> None:
    rows = 200_000
    found = of(pd.DataFrame({"n": np.random.default_rng(3).permutation(rows).astype(float)}))["n"]
    assert found.rate == ROWS / rows
    assert abs(found.values - ROWS) < 5 * ROWS**0.5
    ranks = np.array(found.points) / rows
    assert np.abs(ranks - np.linspace(0, 1, PIECES + 1)).max() < 5 * 0.5 / ROWS**0.5


def test_big_files_are_left_alone_unless_asked_but_for_the_numbers_of_partitions(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": np.arange(60_000), "s": ["a", "b", "c"] * 20_000}), file)
    data = ParquetFiles((str(file),))
    whole = staged(data)
    whole = replace(whole, materialization=replace(whole.materialization, partition=None))
    assert measure(whole).distributions == ()
    assert set(of(data, ProfilePolicy())) == {"n"}, "they come with the sample of the quartiles"
    assert set(of(data)) == {"n", "s"}
    for each in (data, mixed()):
        assert of(each, ProfilePolicy(distributions=False)) == {}
    assert of(data, ProfilePolicy(sensitive=("*",))) == {}


def test_nothing_is_kept_of_a_sensitive_column() -> None:
    assert set(of(mixed(), ProfilePolicy(sensitive=("carrier", "AT")))) == {"n", "late"}
    assert of(mixed(), ProfilePolicy(sensitive=("*",))) == {}


def test_what_has_no_finite_values_has_no_points() -> None:
    found = of(pd.DataFrame({"n": [np.inf, np.nan], "nothing": pd.Series([None, None], dtype="float64")}))
    assert (found["n"].points, found["n"].values) == ((), 1)
    assert (found["nothing"].points, found["nothing"].values) == ((), 0)
    assert of(pd.DataFrame({"n": pd.Series([], dtype="float64")})) == {}


def test_a_big_polars_frame_keeps_texts_too() -> None:
    import polars

    found = of(polars.DataFrame({"n": range(9_000), "word": ["a", "b", "a"] * 3_000}))
    assert found["word"].rate == found["n"].rate < 1
    assert [value for value, _ in found["word"].top] == ["a", "b"]
