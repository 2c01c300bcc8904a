"""Iceberg tables obey the laws of what keeps tables only, and readers of main see published rows alone."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog

import observer as ob
from observer.collectors.notes import noted
from observer.model import Column, Schema
from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import iceberg_tables, laws
from orchestration.io.base import IOManager, Pointer, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.every_type import every_type, lost
from orchestration.io.iceberg import from_options
from orchestration.io.laws import TABLE_LAWS, TABLES_ONLY_LAWS
from orchestration.model import Address, AssetKey, Declared
from tests.support import s3

ASSET = AssetKey("flights")
REMOTE_LAWS = (
    laws.gives_back_frames,
    laws.publishes_whole_versions,
    laws.leaves_nothing_of_what_failed,
    laws.sweeps_only_the_unknown,
    laws.answers_queries,
    laws.writes_chunks,
)
WHOLE = Address(ASSET)


def day(n: int) -> Address:
    return Address(ASSET, f"2013-02-{n:02}")


def rows(*numbers: int) -> pd.DataFrame:
    return pd.DataFrame({"n": pd.Series(numbers, dtype="int64")})


def table(folder: Path, asset: str = ASSET) -> Any:
    """The table as somebody without Tidegate opens it."""
    path = folder / ".tidegate" / "iceberg"
    catalog = load_catalog("tidegate", type="sql", uri=f"sqlite:///{path / 'catalog.db'}", warehouse=path.as_uri())
    return catalog.load_table(("tidegate", asset))


def seen(folder: Path, asset: str = ASSET) -> list[dict[str, object]]:
    found = table(folder, asset).scan().to_arrow().to_pylist()
    return sorted(found, key=lambda row: sorted((name, str(value)) for name, value in row.items()))


@pytest.mark.parametrize("law", TABLE_LAWS + TABLES_ONLY_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[IOManager], None], tmp_path: Path) -> None:
    law(from_options({}, tmp_path))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3.running_server() as address:
        yield address


@pytest.mark.parametrize("law", REMOTE_LAWS, ids=lambda law: law.__name__)
def test_obeys_with_its_files_in_an_object_store(law: Callable[[IOManager], None], server: str, tmp_path: Path) -> None:
    given = s3.storage(server)
    catalog = {
        "type": "sql", "uri": f"sqlite:///{tmp_path / 'catalog.db'}", "warehouse": f"s3://{s3.bucket(server)}/tables",
        "s3.endpoint": f"http://{server}", "s3.access-key-id": given["access_key"],
        "s3.secret-access-key": given["secret_key"], "s3.region": given["region"],
    }  # fmt: skip
    law(from_options({"catalog": catalog}, tmp_path))


def test_main_shows_what_is_published_and_nothing_else(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(day(1), "v1", rows(1, 2))
    io.stage(day(2), "v2", Chunks(iter([rows(3), rows(4)])))
    assert seen(tmp_path) == []
    io.publish(day(2), "v2", 1)
    assert seen(tmp_path) == [{"n": n, "tidegate_partition": "2013-02-02"} for n in (3, 4)]
    io.publish(day(1), "v1", 1)
    io.stage(day(1), "v3", rows(9))
    io.publish(day(1), "v3", 2)
    assert seen(tmp_path) == [{"n": n, "tidegate_partition": f"2013-02-0{day}"} for n, day in ((3, 2), (4, 2), (9, 1))]
    io.publish(day(1), "v1", 3)
    assert [row["n"] for row in seen(tmp_path)] == [1, 2, 3, 4]
    io.stage(day(2), "empty", rows())
    io.publish(day(2), "empty", 4)
    assert [row["n"] for row in seen(tmp_path)] == [1, 2]


def test_a_version_can_be_audited_on_its_branch(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(day(1), "v1", rows(1))
    found = table(tmp_path)
    (branch,) = (name for name in found.metadata.refs if name.startswith("tidegate.v."))
    assert branch.endswith(".v1")
    snapshot = found.snapshot_by_name(branch)
    assert found.scan(snapshot_id=snapshot.snapshot_id).to_arrow().to_pylist() == [
        {"n": 1, "tidegate_partition": "2013-02-01"}
    ]


def test_an_asset_without_partitions_has_no_column_of_them(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    for token, numbers in enumerate(((1, 2), (3,)), start=1):
        io.stage(WHOLE, f"v{token}", rows(*numbers))
        io.publish(WHOLE, f"v{token}", token)
    assert seen(tmp_path) == [{"n": 3}]


def test_hostile_names_reach_neither_paths_nor_expressions(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    keys = ["' or true --", "a'b", "ä\n", "x" * 300, "1/2", "..", "%2F", "null", ""]
    frame = pd.DataFrame({"a.b": [1], "'": ["x"], 'q"': [2], "ä ö": [None]}).astype({"ä ö": "str"})
    asset = AssetKey("we'ird \"/../ name.")
    for key in keys:
        address = Address(asset, key)
        staged = io.stage(address, "v1", frame)
        io.publish(address, "v1", 1)
        stored = StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)
        pd.testing.assert_frame_equal(io.load([stored], "", one=True), frame)  # type: ignore[arg-type]
    found = table(tmp_path, iceberg_tables.table_name(asset)).scan().to_arrow().to_pylist()
    assert sorted(row["tidegate_partition"] for row in found) == sorted(keys)
    assert {row["a.b"] for row in found} == {1}


def publish_days(folder: str, days: list[int]) -> None:
    io = from_options({}, Path(folder))
    for n in days:
        io.stage(day(n), f"v{n}", rows(n))
        io.publish(day(n), f"v{n}", 1)


def test_publishers_of_different_partitions_lose_nothing(tmp_path: Path) -> None:
    """In processes of their own, each with threads of its own: whoever comes late publishes onto what came first."""
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=publish_days, args=(str(tmp_path), list(range(first, 13, 3)))) for first in (1, 2, 3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert sorted(row["n"] for row in table(tmp_path).scan().to_arrow().to_pylist()) == list(range(1, 13))


def test_one_of_two_publishers_of_one_partition_wins_by_its_token(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    for n in range(8):
        io.stage(day(1), f"v{n}", rows(n))

    def publish(n: int) -> bool:
        try:
            from_options({}, tmp_path).publish(day(1), f"v{n}", n)
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(publish, reversed(range(8))))
    assert won[0]
    assert io.pointer(day(1)) == Pointer("v7", 7)
    assert [row["n"] for row in seen(tmp_path)] == [7]


def test_a_new_column_is_added_and_one_of_another_type_refused(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(day(1), "v1", rows(1))
    io.publish(day(1), "v1", 1)
    io.stage(day(2), "v1", pd.DataFrame({"n": [2], "new": ["x"]}))
    io.publish(day(2), "v1", 1)
    assert [(row["n"], row["new"]) for row in seen(tmp_path)] == [(1, None), (2, "x")]
    with pytest.raises(StorageError, match=r"flights 2013-02-03: .*flights.*n: long -> string.*cast the column"):
        io.stage(day(3), "v1", pd.DataFrame({"n": ["text"]}))
    assert io.versions(day(3)) == ()
    assert len(seen(tmp_path)) == 2


def test_what_the_table_says_of_its_columns_is_in_the_schema_of_the_next_version(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(day(1), "v1", rows(1))
    io.publish(day(1), "v1", 1)
    with table(tmp_path).update_schema(allow_incompatible_changes=True) as change:
        change.update_column("n", required=True, doc="how many")
    staged = io.stage(day(2), "v1", rows(2))
    assert staged.declared["n"] == Declared(False, "how many")
    schema = noted(Schema((Column("n", "bigint"),)), staged.data, staged.declared)
    assert schema == Schema((Column("n", "bigint", nullable=False, comment="how many"),))


def test_what_an_arrow_table_said_of_its_columns_is_still_known(tmp_path: Path) -> None:
    key = pa.field("n", pa.int64(), nullable=False, metadata={"doc": "the key"})
    staged = from_options({}, tmp_path).stage(day(1), "v1", pa.table({"n": [1]}, schema=pa.schema([key])))
    schema = noted(Schema((Column("n", "bigint"),)), staged.data, staged.declared)
    assert schema == Schema((Column("n", "bigint", nullable=False, comment="the key"),))


def test_rows_that_somebody_else_put_there_are_replaced_with_their_partition(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    for n in (1, 2):
        io.stage(day(n), "v1", rows(n))
        io.publish(day(n), "v1", 1)
    foreign = [{"n": 10, "tidegate_partition": "2013-02-01"}, {"n": 20, "tidegate_partition": "2013-02-02"}]
    table(tmp_path).append(pa.Table.from_pylist(foreign))
    io.stage(day(1), "v2", rows(100))
    io.publish(day(1), "v2", 2)
    assert sorted(str(row["n"]) for row in seen(tmp_path)) == ["100", "2", "20"]


def test_files_of_somebody_else_that_mix_partitions_are_written_anew(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(WHOLE, "v1", rows(0))  # a table without partitions, into which somebody writes
    found = table(tmp_path)
    with found.update_schema() as columns:
        columns.union_by_name(pa.schema([("n", pa.int64()), ("tidegate_partition", pa.string())]))
    foreign = [{"n": n, "tidegate_partition": f"2013-02-0{n}"} for n in (1, 2)]
    table(tmp_path).append(pa.Table.from_pylist(foreign))
    io.stage(day(1), "v1", rows(100))
    io.publish(day(1), "v1", 1)
    assert sorted(str(row["n"]) for row in seen(tmp_path)) == ["100", "2"]


def test_a_dropped_table_is_said_and_made_again(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    staged = io.stage(day(1), "v1", rows(1))
    table(tmp_path).catalog.drop_table(("tidegate", "flights"))
    stored = StoredVersion(address=day(1), id="v1", format=staged.format, data_version=staged.data_version)
    with pytest.raises(CorruptData, match=r"v1 is missing.*tidegate run flights --force"):
        io.load([stored], "", one=True)
    with pytest.raises(StorageError, match="not there whole"):
        io.publish(day(1), "v1", 1)
    io.stage(day(1), "v2", rows(2))
    io.publish(day(1), "v2", 2)
    assert [row["n"] for row in seen(tmp_path)] == [2]


def test_a_file_that_its_writer_left_without_a_branch_is_swept(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    io.stage(day(1), "v1", rows(1))
    io.publish(day(1), "v1", 1)
    (file,) = tmp_path.rglob("v1.parquet")
    file.with_name("left.parquet").write_bytes(b"half")
    io.stage(day(1), "unknown", rows(2))
    assert io.versions(day(1)) == ("left", "unknown", "v1")
    assert io.sweep(day(1), set()) == ("left", "unknown")
    assert [path.name for path in file.parent.iterdir()] == ["v1.parquet"]
    assert io.versions(day(1)) == ("v1",)
    assert {s.summary["tidegate.version"] for s in table(tmp_path).snapshots() if s.summary} == {None, "v1"}


def test_a_version_that_main_has_shown_leaves_its_file_to_those_who_look_back(tmp_path: Path) -> None:
    io = from_options({}, tmp_path)
    for token in (1, 2):
        io.stage(day(1), f"v{token}", rows(token))
        io.publish(day(1), f"v{token}", token)
    first, *_ = (s for s in table(tmp_path).snapshots() if s.summary and s.summary["tidegate.token"] == "1")
    assert io.sweep(day(1), ()) == ("v1",)
    assert io.sweep(day(1), ()) == ()
    assert io.versions(day(1)) == ("v2",)
    assert not io.has(day(1), "v1")
    assert table(tmp_path).scan(snapshot_id=first.snapshot_id).to_arrow().column("n").to_pylist() == [1]
    assert [row["n"] for row in seen(tmp_path)] == [2]


def test_a_missing_driver_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyiceberg.catalog", None)
    with pytest.raises(StorageError, match=r"pip install 'tidegate\[iceberg\]'"):
        from_options({}, tmp_path).pointer(WHOLE)


def test_a_catalog_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    uri = "postgresql+psycopg://user:s3cr3t@127.0.0.1:1/catalog"
    io = from_options({"catalog": {"type": "sql", "uri": uri, "warehouse": tmp_path.as_uri()}}, tmp_path)
    with pytest.raises(StorageError, match="reading the pointer of flights: OperationalError") as caught:
        io.pointer(WHOLE)
    assert "s3cr3t" not in str(caught.value)


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    """The system refuses to write past a limit, as a full disk does: EFBIG for ENOSPC."""
    io = from_options({}, tmp_path)
    io.stage(day(1), "good", rows(1))
    io.publish(day(1), "good", 1)
    table(tmp_path)  # all that is imported late is imported now
    large = pd.DataFrame({"n": np.random.default_rng(4).integers(0, 2**60, 500_000)})
    if (pid := os.fork()) == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
            io.stage(day(1), "big", large)
        except StorageError as error:
            os._exit(0 if "File too large" in str(error) and "readers keep what they had" in str(error) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    after = from_options({}, tmp_path)
    assert after.versions(day(1)) == ("good",)
    assert [row["n"] for row in seen(tmp_path)] == [1]


def test_a_held_day_stays_off_main_and_a_query_reads_what_is_published(tmp_path: Path) -> None:
    """The whole way: functions, a query, a check that holds, and what another engine sees."""
    days = ob.daily(start="2013-02-01", end="2013-02-03")

    @ob.asset(partitions=days, checks=[ob.row_count(min_rows=2)])
    def departures(context: ob.Context) -> pd.DataFrame:
        return rows(*range(1 if context.partition == "2013-02-02" else 3))

    totals = ob.sql_asset("totals", "select sum(n) as total, $partition as day from {{ departures }}", partitions=days)
    made = ob.materialize([departures, totals], partition="2013-02-01..2013-02-02", io=from_options({}, tmp_path))
    assert [one.outcome for one in made.all_of("departures")] == ["published", "held"]
    assert [one.outcome for one in made.all_of("totals")] == ["published", "blocked"]
    assert [row["tidegate_partition"] for row in seen(tmp_path, "departures")] == ["2013-02-01"] * 3
    assert seen(tmp_path, "totals") == [{"total": 3, "day": "2013-02-01", "tidegate_partition": "2013-02-01"}]


def test_every_type_comes_back_as_it_was(tmp_path: Path) -> None:
    io = from_options({"path": "lake"}, tmp_path)
    for number, (name, table) in enumerate(every_type().items()):
        address = Address(AssetKey(f"type_{number}"))
        staged = io.stage(address, "v1", table)
        io.publish(address, "v1", 1)
        stored = StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)
        read = io.load([stored], "pa.Table", one=True)
        assert isinstance(read, pa.Table)
        assert lost(table, read) is None, name
        assert read.schema.equals(table.schema), name
    io.close()
