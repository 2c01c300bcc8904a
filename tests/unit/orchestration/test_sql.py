"""What goes wrong with a database, and what lies in its tables: on real files and servers."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import make_url

from orchestration.errors import AssetError, CorruptData, DoesNotFit, StorageError, UnknownName
from orchestration.io import duckdb_file
from orchestration.io.base import Pointer, SqlRelation, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.duckdb_file import open_duckdb
from orchestration.io.kinds import open_kind
from orchestration.io.parameters import respelled, used
from orchestration.io.postgres import open_postgres
from orchestration.io.sql import SqlIOManager
from orchestration.io.sqlite import open_sqlite
from orchestration.model import Address, AssetKey
from tests.support.databases import KINDS

DAYS = [Address(AssetKey("orders"), f"2013-02-0{n}") for n in (7, 8)]
WHOLE = Address(AssetKey("carriers"))
HOSTILE = 'x"; drop table orders; -- :a ü'


@pytest.fixture(params=KINDS)
def io(request: pytest.FixtureRequest, new_io: Callable[[str], SqlIOManager]) -> SqlIOManager:
    return new_io(request.param)


def put(io: SqlIOManager, address: Address, version: str, token: int, **columns: object) -> StoredVersion:
    """Stage and publish."""
    staged = io.stage(address, version, pa.table(columns))
    io.publish(address, version, token)
    return StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)


def seen(io: SqlIOManager, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in io._ask(sql)]


def test_readers_see_one_table_an_asset_and_a_partition_is_replaced(io: SqlIOManager) -> None:
    for token, day in enumerate(DAYS):
        put(io, day, "v1", token, n=[1, 2])
    put(io, DAYS[1], "v2", 3, n=[30])
    io.stage(DAYS[0], "held", pa.table({"n": [-1]}))
    rows = seen(io, "SELECT tidegate_partition, n FROM orders ORDER BY tidegate_partition, n")
    assert rows == [("2013-02-07", 1), ("2013-02-07", 2), ("2013-02-08", 30)]
    put(io, WHOLE, "v1", 1, name=["UA"])
    put(io, WHOLE, "v2", 2, name=["AA", "B6"], hub=["DFW", "JFK"])
    assert seen(io, "SELECT name, hub FROM carriers ORDER BY name") == [("AA", "DFW"), ("B6", "JFK")]
    io.publish(WHOLE, "v1", 3)  # released, or rolled back
    assert seen(io, "SELECT * FROM carriers") == [("UA",)]


def test_a_relation_over_large_versions_reads_them_in_parts(io: SqlIOManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.io.sql._MOST_VALUES", 3999)
    days = [put(io, day, "v1", 1, n=list(range(1000)), s=["a", None] * 500) for day in DAYS]

    def whole(_: object, version: StoredVersion) -> pa.Table:
        raise AssertionError(f"{version} was read whole")

    monkeypatch.setattr("orchestration.io.version_reads.VersionReads.whole", whole)
    found = io.load(days, "duckdb.DuckDBPyRelation", one=False)
    assert isinstance(found, duckdb.DuckDBPyRelation)
    assert found.columns == ["n", "s"]
    for _ in range(2):  # asked twice, read twice
        assert found.aggregate("count(*), sum(n), count(s)").fetchall() == [(2000, 999000, 1000)]
    assert found.filter("n = 7").project("s").fetchall() == [(None,)] * 2
    assert found.limit(1).fetchall() == [(0, "a")]
    staged = io.stage(WHOLE, "v1", found.filter("n < 900"))  # read and written at once
    assert staged.rows == 1800
    table = io.relation(days[:1])
    with io._warehouse.writing() as session:
        session.change(f"DELETE FROM {table} WHERE n = 5")
    with pytest.raises(duckdb.Error, match=r"it has 999 rows, 1,000 were written"):
        found.fetchall()
    with pytest.raises(AssetError, match=r"it has 999 rows, 1,000 were written; somebody altered"):
        io.stage(WHOLE, "v2", found)
    assert not io.has(WHOLE, "v2")


def test_a_column_that_is_new_is_added_and_one_that_changed_is_refused(io: SqlIOManager) -> None:
    put(io, DAYS[0], "v1", 1, n=[1], gone=["a"], empty=pa.nulls(1))
    put(io, DAYS[1], "v1", 1, n=[2], new=["b"], empty=[2.5])
    rows = seen(io, "SELECT n, gone, new, empty FROM orders ORDER BY n")
    assert rows == [(1, "a", None, None), (2, None, "b", 2.5)]
    io.stage(DAYS[1], "v2", pa.table({"n": ["two"]}))
    with pytest.raises(StorageError, match=r"'n' is .* now, and .* in the table orders .*ALTER TABLE"):
        io.publish(DAYS[1], "v2", 2)
    assert io.pointer(DAYS[1]) == Pointer("v1", 1)
    assert seen(io, "SELECT n FROM orders ORDER BY n") == [(1,), (2,)]


def test_a_column_that_differs_in_case_from_another_partitions_is_refused(
    new_io: Callable[[str], SqlIOManager],
) -> None:
    for kind in ("sqlite", "duckdb"):
        io = new_io(kind)
        put(io, DAYS[0], "v1", 1, n=[1])
        io.stage(DAYS[1], "v1", pa.table({"N": [2]}))
        with pytest.raises(DoesNotFit, match=r"'N' is called 'n' in the table orders .*readers keep"):
            io.publish(DAYS[1], "v1", 1)
        assert seen(io, "SELECT n FROM orders") == [(1,)]


def test_whole_numbers_and_floats_are_one_kind_while_no_digit_is_lost(io: SqlIOManager) -> None:
    put(io, DAYS[0], "v1", 1, x=[1.5])
    put(io, DAYS[1], "v1", 1, x=[2])
    assert seen(io, "SELECT x FROM orders ORDER BY x") == [(1.5,), (2.0,)]
    io.stage(DAYS[1], "v2", pa.table({"x": [2**53 + 1]}))
    with pytest.raises(StorageError, match="'x'"):
        io.publish(DAYS[1], "v2", 2)


def test_hostile_names_are_names_and_nothing_else(io: SqlIOManager) -> None:
    plain = io._warehouse.able.dialect == "snowflake"
    column = "x; drop table orders; -- :a ü" if plain else HOSTILE
    put(io, DAYS[0], "v1", 1, n=[1])
    address = Address(AssetKey(HOSTILE), f"it's {HOSTILE}")
    stored = put(io, address, "v1", 1, **{column: ["a"]})
    assert io.load([stored], "list[dict]", one=True) == [{column: "a"}]
    made = Address(AssetKey(f"made {HOSTILE}"), address.partition)
    sql = f"select {io._warehouse.quote(column)} as a, $partition as p from {io.relation([stored, stored])} v"
    staged = io.stage_query(made, "v1", sql, {"partition": made.partition})
    io.publish(made, "v1", 1)
    again = StoredVersion(address=made, id="v1", format=staged.format, data_version=staged.data_version)
    assert io.load([again], "list[dict]", one=True) == [{"a": "a", "p": made.partition}] * 2
    assert seen(io, "SELECT n FROM orders") == [(1,)]


def test_a_table_of_somebody_else_is_left_alone(io: SqlIOManager) -> None:
    io.stage(WHOLE, "v1", pa.table({"name": ["UA"]}))
    with io._warehouse.writing() as session:
        session.change("CREATE TABLE carriers (mine integer)")
    with pytest.raises(StorageError, match=r"'carriers' that Tidegate did not make.*left as it is"):
        io.publish(WHOLE, "v1", 1)
    assert io.pointer(WHOLE) is None
    assert seen(io, "SELECT mine FROM carriers") == []


def test_tables_that_somebody_altered_are_noticed_and_mended(io: SqlIOManager) -> None:
    stored = [put(io, day, "v1", 1, n=[1, 2]) for day in DAYS]
    place = io.relation(stored[:1])
    with io._warehouse.writing() as session:
        session.change("DROP TABLE orders")
        session.change(f"DELETE FROM {place} WHERE n = 1")
    with pytest.raises(CorruptData, match=r"it has 1 rows, 2 were written; somebody altered"):
        io.load(stored[:1], "", one=True)
    put(io, DAYS[0], "v2", 2, n=[7])
    rows = seen(io, "SELECT tidegate_partition, n FROM orders ORDER BY 1, 2")
    assert rows == [("2013-02-07", 7), ("2013-02-08", 1), ("2013-02-08", 2)], "the other partition is filled in again"
    with io._warehouse.writing() as session:
        session.change(f"DROP TABLE {place}")
    assert not io.has(DAYS[0], "v1")
    with pytest.raises(CorruptData, match="its table is gone"):
        io.load(stored[:1], "", one=True)


def test_a_select_of_sqlalchemys_is_made_inside(io: SqlIOManager) -> None:
    from sqlalchemy import column, func

    stored = put(io, WHOLE, "v1", 1, name=["UA", "AA", "UA"], n=[1, 2, 3])
    rows = io.load([stored], "Select", one=True)
    query = rows.with_only_columns(column("name"), func.sum(column("n")).label("n")).where(column("name") == "UA")  # type: ignore[attr-defined]
    address = Address(AssetKey("sums"))
    staged = io.stage(address, "v1", query.group_by(column("name")))
    assert isinstance(staged.data, SqlRelation)
    again = StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)
    assert io.load([again], "list[dict]", one=True) == [{"name": "UA", "n": 4}]


def test_equal_results_of_queries_have_equal_data_versions(io: SqlIOManager) -> None:
    stored = put(io, WHOLE, "v1", 1, n=[1, 2, 3])
    versions = [
        io.stage_query(WHOLE, f"q{n}", f"select n from {io.relation([stored])} where n <> {left} order by n {way}", {})
        for n, (left, way) in enumerate(((1, "asc"), (1, "desc"), (2, "asc")))
    ]
    same, again, other = (one.data_version for one in versions)
    assert same == again
    assert same != other
    with pytest.raises(AssetError, match="nothing was published"):
        io.stage_query(WHOLE, "bad", f"select nonsense from {io.relation([stored])}", {})
    assert "bad" not in io.versions(WHOLE)


def test_a_connection_that_breaks_between_chunks_leaves_nothing_and_the_next_one_works(
    postgres_url: str, new_database: Callable[[], str]
) -> None:
    import psycopg

    url = new_database()
    with contextlib.closing(open_postgres(url)) as io:
        put(io, WHOLE, "v1", 1, n=[1])

        def breaking() -> object:
            yield pa.table({"n": [1]})
            with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
                name = make_url(url).database
                admin.execute('ALTER DATABASE "%s" ALLOW_CONNECTIONS false' % name)  # noqa: UP031
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            yield pa.table({"n": [2]})

        with pytest.raises(StorageError, match=r"readers keep what they had"):
            io.stage(WHOLE, "v2", Chunks(iter(breaking())))  # type: ignore[call-overload]
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{make_url(url).database}" ALLOW_CONNECTIONS true'.encode())
        assert not io.has(WHOLE, "v2")
        assert io.sweep(WHOLE, {"v1"}) == ("v2",), "what could not be removed then is swept"
        put(io, WHOLE, "v3", 3, n=[3])
        assert seen(io, "SELECT n FROM carriers") == [(3,)]


@pytest.mark.postgres
def test_wrong_credentials_are_said_and_not_shown(new_database: Callable[[], str]) -> None:
    url = make_url(new_database()).set(username="nobody-here", password="hunter2-secret")
    io = open_postgres(url.render_as_string(hide_password=False))
    with pytest.raises(StorageError, match="nobody-here") as caught:
        io.pointer(WHOLE)
    assert "hunter2" not in str(caught.value)
    nowhere = open_postgres("postgresql://u:hunter2-secret@127.0.0.1:1/none")
    with pytest.raises(StorageError, match="see whether the server is up") as caught:
        nowhere.stage(WHOLE, "v1", pa.table({"n": [1]}))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "kind", "options", "extra"),
    [
        ("psycopg", "postgres", {"url": "postgresql+psycopg://u@h/d"}, "postgres"),
        ("snowflake.sqlalchemy", "snowflake", {"account": "a", "user": "u", "database": "d"}, "snowflake"),
    ],
)
def test_a_missing_driver_names_its_extra(
    module: str, kind: str, options: dict[str, object], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in [name for name in sys.modules if name == module or name.startswith(module + ".")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(StorageError, match=rf"pip install 'tidegate\[{extra}\]'"):
        open_kind(kind, options, tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgres", "snowflake", "files", "memory"])
def test_an_option_that_a_kind_does_not_have_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="option of kind"):
        open_kind(kind, {"pth": "x"}, tmp_path)
    with pytest.raises(UnknownName, match="'duckdb'"):
        open_kind("duckbd", {}, tmp_path)


@pytest.mark.parametrize("name", ["port", "login_timeout", "query_timeout", "retry_max_attempts"])
def test_a_number_may_come_from_a_variable_and_must_be_one(name: str, tmp_path: Path) -> None:
    pytest.importorskip("snowflake.sqlalchemy")
    options = {"account": "a", "user": "u", "database": "d"}
    for given in (30, "30"):
        open_kind("snowflake", {**options, name: given}, tmp_path)
    for given in ("soon", "", 1.5, -1, True):
        with pytest.raises(StorageError, match=f"'snowflake': {name} is no whole number; write {name} = 10"):
            open_kind("snowflake", {**options, name: given}, tmp_path)


def test_paths_are_counted_from_the_root(tmp_path: Path) -> None:
    for kind, made in (("sqlite", "a.db"), ("duckdb", "deep/b.db")):
        io = open_kind(kind, {"path": made}, tmp_path)
        io.stage(WHOLE, "v1", pa.table({"n": [1]}))
        assert (tmp_path / made).is_file()
        io.close()  # type: ignore[attr-defined]


def test_a_duckdb_file_that_is_taken_is_waited_for_and_then_named(tmp_path: Path) -> None:
    import subprocess
    import sys

    file = tmp_path / "data.duckdb"
    put(open_duckdb(file), WHOLE, "v1", 1, n=[1])
    hold = f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StorageError, match=r"another process has had the file open for 0.2 s.*PostgreSQL"):
            open_duckdb(file, patience_s=0.2).pointer(WHOLE)
        holder.communicate("")
    assert open_duckdb(file, patience_s=0.2).pointer(WHOLE) == Pointer("v1", 1)


def test_a_measurement_that_needs_more_memory_than_others_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb
    import numpy as np

    monkeypatch.setattr(duckdb_file, "_ENOUGH", "SET memory_limit = '60MB'")
    io, numbers = open_duckdb(tmp_path / "data.duckdb"), np.random.default_rng(0)
    stored = put(io, WHOLE, "v1", 1, **{name: numbers.random(2_000_000) for name in "abcd"})
    sql = f"SELECT {', '.join(f'quantile_cont({name}, 0.5)' for name in 'abcd')} FROM {io.relation([stored])}"
    ((*medians,),) = io._ask(sql)
    assert medians == pytest.approx([0.5] * 4, abs=0.01)
    with duckdb.connect(tmp_path / "data.duckdb", read_only=True) as plain, pytest.raises(duckdb.OutOfMemoryException):
        plain.execute(duckdb_file._ENOUGH).execute(sql)


def test_damaged_and_unwritable_files_are_left_as_they_are(tmp_path: Path) -> None:
    for make, name in ((open_sqlite, "a.sqlite"), (open_duckdb, "a.duckdb")):
        file = tmp_path / name
        file.write_bytes(b"this is no database at all" * 100)
        with pytest.raises(StorageError, match=r"readers keep what they had|can't be opened"):
            make(file).stage(WHOLE, "v1", pa.table({"n": [1]}))
        assert file.read_bytes().startswith(b"this is no database")
        (tmp_path / "file").touch()
        with pytest.raises(StorageError):
            make(tmp_path / "file" / name).stage(WHOLE, "v1", pa.table({"n": [1]}))


def test_a_full_disk_leaves_the_old_version(tmp_path: Path) -> None:
    """SQLite refuses more pages than it may have, as a disk does that is full."""
    with contextlib.closing(open_sqlite(tmp_path / "a.sqlite")) as io:
        put(io, WHOLE, "v1", 1, n=[1])
        with io._warehouse.reading() as session:
            ((pages,),) = session.ask("PRAGMA page_count")
        from sqlalchemy import event

        limit = f"PRAGMA max_page_count = {int(pages) + 20}"
        event.listen(io._warehouse._engine, "checkout", lambda c, *_: c.execute(limit))  # type: ignore[attr-defined]
        with pytest.raises(StorageError, match=r"full.*readers keep what they had; make room"):
            io.stage(WHOLE, "v2", pa.table({"n": list(range(100_000))}))
        assert io.versions(WHOLE) == ("v1",)
        assert seen(io, "SELECT n FROM carriers") == [(1,)]


def test_names_that_a_database_takes_for_one_are_two_tables(new_io: Callable[[str], SqlIOManager]) -> None:
    io = new_io("sqlite")
    put(io, Address(AssetKey("Orders")), "v1", 1, n=[1])
    put(io, Address(AssetKey("orders")), "v1", 1, n=[2])
    assert seen(io, 'SELECT n FROM "Orders"') == [(1,)]
    ((other,),) = seen(io, "SELECT name FROM tidegate_tables WHERE asset = 'orders'")
    assert str(other).startswith("orders_")
    assert seen(io, f'SELECT n FROM "{other}"') == [(2,)]
    with pytest.raises(StorageError, match="for one"):
        io.stage(WHOLE, "v1", pa.table({"a": [1], "A": [2]}))
    with pytest.raises(StorageError, match="partition_column="):
        io.stage(WHOLE, "v1", pa.table({"tidegate_partition": [1]}))


def test_parameters_are_found_outside_of_texts() -> None:
    sql = "select '$day' a, \"$day\" b, -- $day\n $day, /* $day */ $tag$ $day $tag$, 5 % 2, $other, $1"
    assert used(sql, {"day": 1, "unused": 2}) == {"day": 1}
    told = respelled(sql, {"day": 1}, "%({})s".format, lambda text: text.replace("%", "%%"))
    assert told == sql.replace("%", "%%").replace("\n $day,", "\n %(day)s,")
