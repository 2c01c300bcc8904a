"""Several IO managers as one."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from orchestration.errors import AssetError, StorageError
from orchestration.io.base import StoredVersion
from orchestration.io.files import FilesIOManager
from orchestration.io.memory import MemoryIOManager
from orchestration.io.routed import RoutedIOManager, copy_address
from orchestration.model import Address, AssetKey
from tests.conftest import NewIO

MARTS, RAW = Address(AssetKey("marts"), "d1"), Address(AssetKey("raw"), "d1")


@pytest.fixture
def io(tmp_path: Path) -> RoutedIOManager:
    return RoutedIOManager(FilesIOManager(tmp_path), {RAW.asset: MemoryIOManager()})


def staged(io: RoutedIOManager, address: Address, version: str, value: object) -> StoredVersion:
    made = io.stage(address, version, value)
    return StoredVersion(address=address, id=version, format=made.format, data_version=made.data_version)


def test_each_asset_lies_with_its_own(io: RoutedIOManager) -> None:
    staged(io, RAW, "v1", "raw")
    staged(io, MARTS, "v1", "marts")
    io.publish(RAW, "v1", 1)
    assert io.default.pointer(RAW) is None
    assert io.default.versions(MARTS) == ("v1",)
    assert io.keeper(RAW.asset).versions(MARTS) == ()


def test_a_query_reads_what_lies_elsewhere_beside_its_own_and_leaves_no_copy(io: RoutedIOManager) -> None:
    raw = staged(io, RAW, "v1", pd.DataFrame({"n": [1, 2], "made": pd.to_datetime(["2020-01-01"] * 2, utc=True)}))
    own = staged(io, Address(AssetKey("own")), "v1", pd.DataFrame({"n": [2, 3]}))
    there, here = io.relation([raw]), io.relation([own])
    sql = f"select a.n, b.made from {here} a join {there} b using (n) union all select n, made from {there} where n = 1"
    found = io.stage_query(MARTS, "v2", sql, {"partition": "d1"})
    stored = StoredVersion(address=MARTS, id="v2", format=found.format, data_version=found.data_version)
    rows = io.load([stored], "pd.DataFrame", one=True)
    assert isinstance(rows, pd.DataFrame)
    assert sorted(rows["n"]) == [1, 2]
    assert rows["made"].dt.tz is not None
    assert io.default.versions(copy_address(RAW.asset, MARTS)) == ()


def test_a_query_that_fails_leaves_no_copy_either(io: RoutedIOManager) -> None:
    there = io.relation([staged(io, RAW, "v1", pd.DataFrame({"n": [1]}))])
    with pytest.raises(AssetError, match="nonsense"):
        io.stage_query(MARTS, "v2", f"select nonsense from {there}", {})
    assert io.default.versions(copy_address(RAW.asset, MARTS)) == ()


def test_a_copy_that_a_crash_left_is_replaced(io: RoutedIOManager) -> None:
    io.default.stage(copy_address(RAW.asset, MARTS), "old", pd.DataFrame({"n": [9]}))
    there = io.relation([staged(io, RAW, "v1", pd.DataFrame({"n": [1]}))])
    assert io.stage_query(MARTS, "v2", f"select n from {there}", {}).rows == 1
    assert io.default.versions(copy_address(RAW.asset, MARTS)) == ()


def test_what_is_no_table_is_refused_where_the_query_names_it(io: RoutedIOManager) -> None:
    with pytest.raises(StorageError, match="which a query can't read"):
        io.relation([staged(io, RAW, "v1", {"a": 1})])


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_query_in_a_database_reads_what_lies_in_files(tmp_path: Path, new_io: NewIO, kind: str) -> None:
    database = new_io(kind)
    io = RoutedIOManager(database, {RAW.asset: FilesIOManager(tmp_path / "files")})
    raw = staged(io, RAW, "v1", pd.DataFrame({"n": [1, 2, 3], "name": ["a", "b", None]}))
    own = staged(io, Address(AssetKey("own")), "v1", pd.DataFrame({"n": [2, 3]}))
    sql = f"select a.n, a.name from {io.relation([raw])} a join {io.relation([own])} b on a.n = b.n"
    found = io.stage_query(MARTS, "v2", sql, {"partition": "d1"})
    stored = StoredVersion(address=MARTS, id="v2", format=found.format, data_version=found.data_version)
    table = io.load([stored], "pyarrow.Table", one=True)
    assert isinstance(table, pa.Table)
    assert sorted(table.to_pydict()["n"]) == [2, 3]
    assert set(table.to_pydict()["name"]) == {"b", None}
    assert database.versions(copy_address(RAW.asset, MARTS)) == ()
