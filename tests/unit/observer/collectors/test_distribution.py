"""How values are spread: the same from every kind of data, bounded, and nothing of what is sensitive."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.audit import measure
from observer.collectors.compiled import SAMPLE_ROWS
from observer.collectors.distribution import PIECES, ROWS, TOP
from observer.model import Distribution, ProfilePolicy
from orchestration.io.base import ParquetFiles
from orchestration.model import Address, AssetKey
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
    written = new_io(kind).stage(Address(AssetKey("flights")), "v1", mixed())
    found, plain = of(written.data), of(mixed())
    assert {name: (one.points, one.values) for name, one in found.items() if name in ("n", "at")} == {
        name: (one.points, one.values) for name, one in plain.items() if name in ("n", "at")
    }
    assert found["carrier"] == plain["carrier"]
    assert found["late"].values == 86


def test_a_big_frame_is_sampled_and_says_so() -> None:
    rows = 200_000
    found = of(
        pd.DataFrame({"n": np.random.default_rng(3).permutation(rows).astype(float), "word": ["a", "b"] * (rows // 2)})
    )
    assert found["n"].rate == SAMPLE_ROWS / rows
    assert abs(found["n"].values - SAMPLE_ROWS) < 5 * SAMPLE_ROWS**0.5
    ranks = np.array(found["n"].points) / rows
    assert np.abs(ranks - np.linspace(0, 1, PIECES + 1)).max() < 5 * 0.5 / SAMPLE_ROWS**0.5
    assert found["word"].rate == ROWS / rows
    assert abs(found["word"].values - ROWS) < 5 * ROWS**0.5


@pytest.mark.parametrize(
    "kind",
    ["pandas", "polars", "arrow", "parquet", "sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def test_big_data_of_every_kind_keeps_all_columns_by_default(kind: str, tmp_path: Path, new_io: NewIO) -> None:
    rows = 60_000
    random = np.random.default_rng(5)
    table = pa.table({
        "n": pa.array(random.normal(100, 5, rows), mask=random.random(rows) < 0.1),
        "whole": random.integers(-50, 1_000, rows),
        "at": np.datetime64("2024-01-01", "us") + random.integers(0, 86_400, rows).astype("timedelta64[s]"),
        "word": pa.array(random.choice(["oak", "elm", "x" * 80], rows, p=[0.6, 0.3, 0.1])),
        "key": [f"k{n}" for n in range(rows)],
        "said": pa.array(random.random(rows) < 0.3, mask=random.random(rows) < 0.5),
        "nothing": pa.array([None] * rows, pa.float64()),
    })  # fmt: skip
    found = of(_as(kind, table, tmp_path, new_io), ProfilePolicy())
    assert set(found) == set(table.column_names)
    whole = {name: np.sort(_numbers(table, name)) for name in ("n", "whole", "at")}
    for name, values in whole.items():
        assert 0 < found[name].rate <= 1
        assert found[name].values == pytest.approx(len(values) * found[name].rate, rel=0.1)
        ranks = np.searchsorted(values, np.array(found[name].points)) / len(values)
        assert np.abs(ranks - np.linspace(0, 1, PIECES + 1)).max() < 5 * 0.5 / found[name].values ** 0.5
    words, said = found["word"], found["said"]
    assert [text for text, _ in words.top] == ["oak", "elm", "x" * 59 + "…"]
    assert words.top[0][1] / words.values == pytest.approx(0.6, abs=0.05)
    assert sum(count for _, count in words.top) == words.values
    assert dict(said.top)["true"] / said.values == pytest.approx(0.3, abs=0.07)
    assert (found["key"].top, found["key"].other) == ((), found["key"].values)
    assert (found["nothing"].values, found["nothing"].points) == (0, ())


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    values = table.column(name).drop_null()
    return values.cast("int64").to_numpy() / 1e6 if name == "at" else values.to_numpy()


def _as(kind: str, table: pa.Table, folder: Path, new_io: NewIO) -> object:
    if kind == "pandas":
        return table.to_pandas()
    if kind == "polars":
        import polars

        return polars.from_arrow(table)
    if kind == "arrow":
        return table
    if kind == "parquet":
        pq.write_table(table, folder / "a.parquet", row_group_size=10_000)
        return ParquetFiles((str(folder / "a.parquet"),))
    return new_io(kind).stage(Address(AssetKey("big")), "v1", table).data


@pytest.mark.parametrize("kind", ["pandas", "parquet", "duckdb"])
def test_the_same_data_has_the_same_sample(kind: str, tmp_path: Path, new_io: NewIO) -> None:
    table = pa.table({"n": np.random.default_rng(2).random(70_000), "word": ["a", "b", "c", "d", "e"] * 14_000})
    data = _as(kind, table, tmp_path, new_io)
    first = measure(staged(data)).distributions
    assert {one.rate < 1 for one in first} == {True}
    assert [measure(staged(data)).distributions for _ in range(3)] == [first] * 3


def test_exact_numbers_come_with_distributions_too(tmp_path: Path) -> None:
    data = _as(
        "parquet", pa.table({"n": np.arange(60_000), "s": ["a", "b", "c"] * 20_000}), tmp_path, lambda kind: None
    )
    found = of(data, ProfilePolicy(exact=True))
    assert found["n"].rate == found["s"].rate == round(ROWS / 60_000, 6)


def test_none_are_kept_where_the_policy_says_so(tmp_path: Path) -> None:
    data = _as(
        "parquet", pa.table({"n": np.arange(60_000), "s": ["a", "b", "c"] * 20_000}), tmp_path, lambda kind: None
    )
    for each in (data, mixed()):
        assert of(each, ProfilePolicy(distributions=False)) == {}
    assert of(data, ProfilePolicy(sensitive=("*",))) == {}
    assert set(of(data, ProfilePolicy(sensitive=("S",)))) == {"n"}


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
