"""Frames of every library in and out of the stores that keep any object."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import AssetError, StorageError
from orchestration.io import frames
from orchestration.io.base import IOManager, ParquetFiles, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.every_type import every_type
from orchestration.io.files import FilesIOManager, from_options
from orchestration.io.memory import MemoryIOManager
from orchestration.model import Address, AssetKey
from tests.support.require import require

HERE = Address(AssetKey("asset"))
ROWS = pd.DataFrame({"n": [1, 2], "s": ["a", None]})


@pytest.fixture(params=["parquet", "arrow", "memory"])
def io(request: pytest.FixtureRequest, tmp_path: Path) -> IOManager:
    if request.param == "memory":
        return MemoryIOManager()
    return from_options({"frames": request.param, "path": "data"}, tmp_path)


def stored(io: IOManager, value: object, version: str = "v1") -> StoredVersion:
    staged = io.stage(HERE, version, value)
    return StoredVersion(address=HERE, id=version, format=staged.format, data_version=staged.data_version)


@pytest.mark.parametrize("name", every_type())
def test_the_type_itself_comes_back(io: IOManager, name: str) -> None:
    table = every_type()[name]
    found = io.load([stored(io, table)], "pa.Table", one=True)
    assert isinstance(found, pa.Table)
    assert found.schema == table.schema
    assert repr(found.to_pylist()) == repr(table.to_pylist())


def test_pandas_own_types_come_back(io: IOManager) -> None:
    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None], "Int64"), "flag": pd.array([True, None], "boolean"),
            "kind": pd.Categorical(["b", "a"], categories=["a", "b", "c"], ordered=True),
            "at": pd.to_datetime(["2013-03-10T03:00", "2013-11-03T05:30"], utc=True).tz_convert("America/New_York"),
            "ns": pd.to_datetime(["2013-01-01T00:00:00.123456789", None]).astype("datetime64[ns]"),
        },
        index=pd.Index(["x", "y"], name="key"),
    )  # fmt: skip
    pd.testing.assert_frame_equal(io.load([stored(io, frame)], "", one=True), frame)  # type: ignore[arg-type]


def test_polars_goes_in_and_comes_out(io: IOManager) -> None:
    require("Polars", None if importlib.util.find_spec("polars") else "it isn't installed")
    import polars as pl

    frame = pl.DataFrame({"n": [1, 2], "s": ["a", None], "l": [[1], []]})
    for n, value in enumerate((frame, frame.lazy())):
        version = stored(io, value, f"v{n}")
        assert frame.equals(io.load([version], "pl.DataFrame", one=True))  # type: ignore[arg-type]
        lazy = io.load([version], "polars.lazyframe.frame.LazyFrame", one=True)
        assert isinstance(lazy, pl.LazyFrame)
        assert frame.equals(lazy.collect())


def test_a_relation_goes_in_and_comes_out(io: IOManager) -> None:
    version = stored(io, duckdb.connect().sql("select range as n, 'a' as s from range(3)"))
    found = io.load([version], "duckdb.DuckDBPyRelation", one=True)
    assert isinstance(found, duckdb.DuckDBPyRelation)
    assert found.filter("n > 1").fetchall() == [(2, "a")]
    again = io.load([version, version], "DuckDBPyRelation", one=False)
    assert isinstance(again, duckdb.DuckDBPyRelation)
    assert len(again.fetchall()) == 6
    with pytest.raises(AssetError, match="Conversion"):
        io.stage(HERE, "bad", duckdb.connect().sql("select (range::varchar || 'x')::int from range(3)"))
    assert not io.has(HERE, "bad")


def test_a_reader_gives_batches(io: IOManager) -> None:
    reader = io.load([stored(io, ROWS)], "pa.RecordBatchReader", one=True)
    assert isinstance(reader, pa.RecordBatchReader)
    assert [row for batch in reader for row in batch.to_pylist()] == [{"n": 1, "s": "a"}, {"n": 2, "s": None}]


def test_a_list_of_dicts_is_a_frame_where_one_is_asked_for(tmp_path: Path) -> None:
    io = FilesIOManager(tmp_path)
    version = stored(io, [{"n": 1}, {"n": 2, "s": "a"}])
    assert version.format == "json"
    assert io.load([version], "list[dict]", one=True) == [{"n": 1}, {"n": 2, "s": "a"}]
    frame = io.load([version], "pd.DataFrame", one=True)
    assert isinstance(frame, pd.DataFrame)
    assert frame["n"].tolist() == [1, 2]
    assert frame["s"].isna().tolist() == [True, False]


def test_the_format_can_be_chosen(tmp_path: Path) -> None:
    io = from_options({"frames": "arrow", "objects": "joblib"}, tmp_path)
    require("joblib", None if importlib.util.find_spec("joblib") else "it isn't installed")
    assert stored(io, ROWS, "frame").format == "arrow"
    model = stored(io, {1: "model"}, "model")
    assert model.format == "joblib"
    assert io.load([model], "", one=True) == {1: "model"}
    assert {path.name for path in tmp_path.rglob("data.*")} == {"data.arrow", "data.joblib"}
    old = stored(from_options({}, tmp_path), ROWS, "old")
    new = StoredVersion(address=HERE, id="frame", format="arrow", data_version=stored(io, ROWS, "x").data_version)
    both = io.stage_query(HERE, "both", f"select count(*) as n, sum(n) as s from {io.relation([old, new])}", {})
    assert both.rows == 1


def test_joblib_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "joblib", None)
    with pytest.raises(StorageError, match="pip install joblib"):
        from_options({"objects": "joblib"}, tmp_path).stage(HERE, "v1", {1: "model"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frames": "parket"}, "did you mean 'parquet'"),
        ({"objects": "dill"}, "'joblib', 'pickle'"),
        ({"pat": "x"}, "did you mean 'path'"),
    ],
)
def test_options_that_are_none_are_refused(tmp_path: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(LookupError, match=said):
        from_options(options, tmp_path)


def test_chunks_are_asked_for_one_at_a_time_and_written_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_GROUP_ROWS", 1000)
    most = 0

    def many() -> Iterator[pa.Table]:
        nonlocal most
        before = pa.total_allocated_bytes()
        for n in range(200):
            yield pa.table({"n": pa.array([n] * 100), "x": pa.array(["x" * 1000] * 100)})
            most = max(most, pa.total_allocated_bytes() - before)

    staged = FilesIOManager(tmp_path).stage(HERE, "v1", Chunks(many()))
    assert staged.rows == 20_000
    assert isinstance(staged.data, ParquetFiles)
    footer = pq.read_metadata(staged.data.paths[0])
    assert footer.num_row_groups == 20
    assert most < 6_000_000  # of 20 MB in all


def test_chunks_of_filtered_frames_have_no_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": range(10)})
    io = FilesIOManager(tmp_path)
    version = stored(io, Chunks(iter([frame[:4], frame[frame["n"] > 7]])))
    found = io.load([version], "", one=True)
    assert isinstance(found, pd.DataFrame)
    assert found.to_dict("list") == {"n": [0, 1, 2, 3, 8, 9]}


def test_a_column_that_turned_to_float_says_in_which_chunk(tmp_path: Path) -> None:
    chunks = Chunks(iter([pd.DataFrame({"n": [1]}), pd.DataFrame({"n": [None, 2.0]})]))
    with pytest.raises(StorageError, match="column 'n' is double in chunk 2 and int64 in the first one"):
        FilesIOManager(tmp_path).stage(HERE, "v1", chunks)


def test_a_column_that_is_all_null_in_a_later_chunk_fits(tmp_path: Path) -> None:
    io = FilesIOManager(tmp_path)
    version = stored(io, Chunks(iter([ROWS, pd.DataFrame({"n": [3], "s": [None]})])))
    assert io.load([version], "list", one=True) == [{"n": 1, "s": "a"}, {"n": 2, "s": None}, {"n": 3, "s": None}]
