"""A month put together of its days says what a look at the whole month does, on every engine, within what is stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

import observer as ob
from observer.audit import measure
from observer.metrics import RANKS
from observer.model import EXACT, AccuracyKind
from observer.project import Project
from observer.reads.windows import WindowPoint
from orchestration.io.base import ParquetFiles
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey, Materialization, Staged
from tests.support import postgres
from tests.unit.observer.shop import shop

PIPELINE = """
from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl

import observer as ob

ROWS = 3_000
DAYS = ob.daily(start="2024-01-30")


@ob.asset(partitions=DAYS)
def days(context: ob.Context):
    day = context.partition
    random = np.random.default_rng(datetime.fromisoformat(day).toordinal())
    frame = pd.DataFrame({
        "n": random.integers(-40, 4_000, ROWS),
        "x": np.where(random.random(ROWS) < 0.1, np.nan, random.lognormal(int(day[-1]) % 2, 1, ROWS)),
        "s": np.array(["oak", "elm", "ash", "beech"])[np.minimum(random.geometric(0.5, ROWS) - 1, 3)],
        "b": random.random(ROWS) < 0.3,
        "at": pd.Timestamp(day) + pd.to_timedelta(random.integers(0, 86_400, ROWS), unit="s"),
    })
    return FORM(frame)


copies = ob.sql_asset("copies", partitions=DAYS, sql="select * from {{ days }}")
"""
JANUARY, FEBRUARY = ["2024-01-30", "2024-01-31"], [f"2024-02-0{n}" for n in range(1, 6)]
NO_TYPE_OF_SQLITE = {"b", "at"}  # a query of its own has numbers and texts
COUNTS_DISTINCT = {"pandas", "polars", "parquet", "duckdb"}


class Made:
    """Seven days of an asset whose data one engine looks at."""

    def __init__(self, kind: str, project: Project) -> None:
        self.kind, self.project = kind, project
        self.asset = "days" if kind in ("pandas", "polars") else "copies"
        project.run(project.plan(self.asset, f"{JANUARY[0]}..{FEBRUARY[-1]}"), trigger="test")

    def together(self, metric: str, column: str | None, over: str = "month") -> tuple[WindowPoint, ...]:
        return self.project.reads().merged(self.asset, metric, column=column, over=over)

    def whole(self, days: list[str]) -> pd.DataFrame:
        frames: list[pd.DataFrame] = []
        for day in days:
            frame = self.project.load(self.asset, day, wants="pandas")
            assert isinstance(frame, pd.DataFrame)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


@pytest.fixture(
    scope="module",
    params=["pandas", "polars", "parquet", "sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The state lies in PostgreSQL too where the data does."""
    kind, folder = str(request.param), tmp_path_factory.mktemp("windows")
    toml = '[env.local]\nclock = "2024-02-06 06:00 UTC"\nprofile = { distributions = true }\n'
    with ExitStack() as stack:
        if kind == "postgres":
            server = make_url(request.getfixturevalue("postgres_url"))
            state, data = (stack.enter_context(postgres.database(server)) for _ in range(2))
            toml += f'state = "{state}"\nio.default = {{ kind = "postgres", url = "{data}" }}\n'
        elif kind in ("sqlite", "duckdb"):
            toml += f'io.default = {{ kind = "{kind}", path = "data.{kind}" }}\n'
        stack.enter_context(pytest.MonkeyPatch.context()).syspath_prepend(str(folder))
        form = "pl.from_pandas" if kind == "polars" else "pd.DataFrame"
        project = ob.open_project(shop(folder / "made", pipeline=PIPELINE.replace("FORM", form), toml=toml))
        stack.enter_context(closing(project))
        yield Made(kind, project)


def test_counts_extremes_and_moments_are_those_of_the_whole(made: Made) -> None:
    for at, days in enumerate((JANUARY, FEBRUARY)):
        whole = made.whole(days)
        n, x, text = whole["n"], whole["x"].astype("float64"), whole["s"].astype(str)
        expected = {
            ("row_count", None): len(whole), ("null_rate", "x"): x.isna().mean(), ("mean", "x"): x.mean(),
            ("std", "x"): x.std(), ("min", "x"): x.min(), ("max", "n"): n.max(), ("zero_rate", "n"): (n == 0).mean(),
            ("negative_rate", "n"): (n < 0).mean(), ("true_rate", "b"): whole["b"].astype(bool).mean(),
            ("mean_length", "s"): text.str.len().mean(), ("max_length", "s"): text.str.len().max(),
            ("latest", "at"): pd.Timestamp(whole["at"].max()).timestamp(),
        }  # fmt: skip
        for (metric, column), value in expected.items():
            if made.kind == "sqlite" and column in NO_TYPE_OF_SQLITE:
                continue
            point = made.together(metric, column)[at]
            assert point.value == pytest.approx(float(value), rel=1e-9), (metric, column, point.reason)
            assert (point.accuracy, point.missing, point.partitions) == (EXACT, (), len(days))


def test_quartiles_are_right_to_within_their_stated_rank(made: Made) -> None:
    for at, days in enumerate((JANUARY, FEBRUARY)):
        values = np.sort(made.whole(days)["x"].astype("float64").dropna().to_numpy())
        for metric, share in RANKS.items():
            point = made.together(metric, "x")[at]
            assert point.value is not None, point.reason
            assert 0 < point.accuracy.amount < 0.06
            rank = np.searchsorted(values, point.value) / len(values)
            assert rank == pytest.approx(share, abs=point.accuracy.amount)


def test_distinct_values_are_counted_or_the_reason_is_said(made: Made) -> None:
    for at, days in enumerate((JANUARY, FEBRUARY)):
        point = made.together("distinct_count", "n")[at]
        if made.kind not in COUNTS_DISTINCT:
            assert point.value is None
            assert "no sketch of" in str(point.reason)
            continue
        assert point.accuracy.kind is AccuracyKind.APPROXIMATE
        assert point.value == pytest.approx(made.whole(days)["n"].nunique(), rel=4 * point.accuracy.amount)


def test_the_most_frequent_values_are_those_of_the_whole(made: Made) -> None:
    for one, days in zip(made.project.reads().merged_distribution(made.asset, "s"), (JANUARY, FEBRUARY), strict=True):
        shares = made.whole(days)["s"].value_counts(normalize=True)
        spread = one.found.distribution
        assert spread is not None, one.found.reason
        assert {value for value, _ in spread.top} == set(shares.index)
        for value, n in spread.top:
            assert n / spread.values == pytest.approx(shares[value], abs=one.found.error + 1 / spread.values)


def test_a_window_of_some_days_ends_with_each(made: Made) -> None:
    points = made.together("max", "n", over="3")
    assert [point.window for point in points] == [*JANUARY, *FEBRUARY]
    assert [point.partitions for point in points] == [1, 2, 3, 3, 3, 3, 3]
    assert points[-1].value == made.whole(FEBRUARY[-3:])["n"].max()
    (everything,) = made.together("row_count", None, over="all")
    assert (everything.value, everything.partitions) == (7 * 3_000, 7)


@pytest.mark.parametrize("kind", ["parquet", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_points_of_big_tables_come_with_their_quartiles(
    kind: str, tmp_path: Path, new_io: Callable[[str], SqlIOManager]
) -> None:
    """No statement is made for them, and the quartiles stay what they are."""
    random = np.random.default_rng(8)
    values = random.lognormal(0, 1, 60_000)
    table = pa.table(
        {"x": pa.array(values, mask=random.random(60_000) < 0.2), "n": np.arange(60_000),
         "none": pa.nulls(60_000, pa.float64()),
         "wide": np.where(np.arange(60_000) == 7, np.inf, values)}
    )  # fmt: skip
    data: object
    if kind == "parquet":
        pq.write_table(table, tmp_path / "t.parquet")
        data = ParquetFiles((str(tmp_path / "t.parquet"),))
    else:
        io = new_io(kind)
        io.stage(Address(AssetKey("a"), "p"), "v", table)
        data = io._staged(Address(AssetKey("a"), "p"), "v").data
    part, whole = (measure(Staged(materialization=version(partition), data=data)) for partition in ("p", None))
    spread = {one.column: one for one in part.distributions}
    assert whole.distributions == part.distributions
    assert set(spread) == {"x", "n", "none", "wide"}
    assert spread["none"].values == 0
    there = np.sort(table["x"].drop_null().to_numpy())
    ranks = np.searchsorted(there, spread["x"].points) / len(there)
    assert np.abs(ranks - np.linspace(0, 1, 65)).max() < 4 * np.sqrt(1 / 4 / spread["x"].values)
    assert spread["x"].rate == pytest.approx(spread["x"].values / len(there), rel=0.01)
    before, after = (
        {(one.column, one.metric): one for one in seen.observations if one.metric not in ("profile_duration",)}
        for seen in (whole, part)
    )
    assert after == before


def version(partition: str | None) -> Materialization:
    return Materialization(
        id="v", asset=AssetKey("a"), partition=partition, run_id="r", materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=1.0, bytes=1,
    )  # fmt: skip
