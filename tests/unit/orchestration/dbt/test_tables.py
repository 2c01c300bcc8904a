"""Versions of dbt's nodes in a database: built aside and published, or built in place and judged after."""

from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from orchestration.dbt.invoke import Built, Dbt
from orchestration.dbt.model import Build, DbtRelation, Materialized, Node, Publication, Result, ResultStatus
from orchestration.dbt.settings import Place
from orchestration.errors import AssetError, CorruptData, LeaseLost
from orchestration.io.base import StagedData, StoredVersion
from orchestration.io.dbt_tables import DbtTables
from orchestration.io.duckdb_file import DuckDBWarehouse
from orchestration.model import Address, AssetKey

ORDERS = Address(AssetKey("orders"))


class Builds:
    """In dbt's place: makes the relation that it is told to, in the file that dbt's target names."""

    log = Path("dbt.log")

    def __init__(self, file: Path) -> None:
        self._file = file
        self.sql = "select 1 as id"
        self.fails = False

    def build(self, order: Build, place: tuple[str, str] | None, *, only_test: bool = False) -> Built:
        assert not only_test
        own = Place(database=None, schema="main", name="orders")
        schema, name = place or (own.schema, own.name)
        if not self.fails and not order.node.is_source:
            kind = "view" if order.node.materialized is Materialized.VIEW else "table"
            with duckdb.connect(self._file) as connection:
                connection.execute(f'create or replace {kind} "{schema}"."{name}" as {self.sql}')
        status = ResultStatus.ERROR if self.fails else ResultStatus.SUCCESS
        node = Result(id=order.node.id, status=status, message="no such thing" if self.fails else "", execute_s=0.5)
        return Built(place=own, results={node.id: node})


class Bench:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.duckdb"
        self.builds = Builds(self.file)
        self.tables = DbtTables(DuckDBWarehouse(self.file, 5.0), "main")

    def stage(self, version: str, sql: str, kind: Materialized = Materialized.TABLE) -> StagedData:
        self.builds.sql = sql
        publication = Publication.STAGED if kind is Materialized.TABLE else Publication.AFTER_BUILD
        node = Node(id="model.shop.orders", key=AssetKey("orders"), materialized=kind, publication=publication)
        return self.tables.stage_node(ORDERS, version, Build(project=Path(), node=node), cast(Dbt, self.builds))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def load(self, version: str, staged: StagedData) -> object:
        stored = StoredVersion(address=ORDERS, id=version, format=staged.format, data_version=staged.data_version)
        return self.tables.load([stored], "list", one=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_table_is_built_aside_and_seen_when_it_is_published(bench: Bench) -> None:
    staged = bench.stage("one", "select 1 as id, 'x' as name")
    assert isinstance(staged.data, DbtRelation)
    assert (staged.rows, staged.data.ask(f"select count(*) from {staged.data.table}", None)) == (1, [(1,)])
    assert bench.rows("select * from duckdb_tables() where table_name = 'orders'") == []
    bench.tables.publish(ORDERS, "one", 1)
    bench.tables.publish(ORDERS, "one", 1)
    assert bench.rows("select * from main.orders") == [(1, "x")]
    assert bench.load("one", staged) == [{"id": 1, "name": "x"}]
    assert dict(staged.metadata)["dbt_execute_s"] == 0.5


def test_a_held_version_is_not_seen_and_can_be_read_and_published_later(bench: Bench) -> None:
    bench.stage("one", "select 1 as id")
    bench.tables.publish(ORDERS, "one", 1)
    held = bench.stage("two", "select 2 as id")
    assert bench.rows("select id from orders") == [(1,)]
    assert bench.load("two", held) == [{"id": 2}]
    bench.tables.publish(ORDERS, "two", 2)
    assert bench.rows("select id from orders") == [(2,)]
    with pytest.raises(LeaseLost):
        bench.tables.publish(ORDERS, "one", 1)


def test_equal_content_is_an_equal_data_version(bench: Bench) -> None:
    one = bench.stage("one", "select * from range(3) t(id)")
    again = bench.stage("two", "select 2 - id as id from range(3) t(id)")
    other = bench.stage("three", "select id::integer as id from range(3) t(id)")
    assert one.data_version == again.data_version != other.data_version


@pytest.mark.parametrize(
    ("before", "sql"),
    [
        ("create view orders as select 0 as id", "select 1 as id"),
        ("create table orders as select 'x' as name", "select 1 as id"),
        ("create table orders as select 0 as id", "select 1 as id"),
    ],
)
def test_what_dbt_had_there_before_is_replaced(bench: Bench, before: str, sql: str) -> None:
    with duckdb.connect(bench.file) as connection:
        connection.execute(before)
    bench.stage("one", sql)
    bench.tables.publish(ORDERS, "one", 1)
    assert bench.rows("select * from orders") == [(1,)]


def test_a_view_is_built_in_place_and_is_there_until_the_next(bench: Bench) -> None:
    first = bench.stage("one", "select 1 as id", Materialized.VIEW)
    bench.tables.publish(ORDERS, "one", 1)
    assert bench.load("one", first) == [{"id": 1}]
    second = bench.stage("two", "select 2 as id", Materialized.VIEW)
    assert bench.rows("select * from orders") == [(2,)], "readers see it before it is judged"
    assert not bench.tables.has(ORDERS, "one")
    with pytest.raises(CorruptData):
        bench.load("one", first)
    pointer = bench.tables.pointer(ORDERS)
    assert pointer is not None
    assert pointer.version == "one", "it is not published before the gate opens"
    bench.tables.publish(ORDERS, "two", 2)
    assert bench.load("two", second) == [{"id": 2}]


@pytest.mark.parametrize("kind", [Materialized.TABLE, Materialized.VIEW])
def test_a_build_that_fails_leaves_what_was_there(bench: Bench, kind: Materialized) -> None:
    first = bench.stage("one", "select 1 as id", kind)
    bench.tables.publish(ORDERS, "one", 1)
    bench.builds.fails = True
    with pytest.raises(AssetError, match="no such thing; nothing was published and readers keep what they had"):
        bench.stage("two", "select 2 as id", kind)
    assert bench.tables.versions(ORDERS) == ("one",)
    assert bench.tables.has(ORDERS, "one")
    assert bench.load("one", first) == [{"id": 1}]


def test_what_somebody_altered_in_place_is_not_handed_out(bench: Bench) -> None:
    first = bench.stage("one", "select 1 as id", Materialized.INCREMENTAL)
    bench.tables.publish(ORDERS, "one", 1)
    with duckdb.connect(bench.file) as connection:
        connection.execute("insert into orders select 7")
    with pytest.raises(CorruptData, match="somebody altered"):
        bench.load("one", first)


def test_a_source_is_looked_at_where_it_is(bench: Bench) -> None:
    with duckdb.connect(bench.file) as connection:
        connection.execute("create table orders as select * from range(4) t(id)")
    node = Node(id="source.raw.orders", key=AssetKey("raw.orders"), materialized=Materialized.SOURCE)
    build = Build(project=Path(), node=node)
    seen = bench.tables.stage_node(Address(node.key), "v", build, cast(Dbt, bench.builds))
    assert (seen.format, seen.rows) == ("observed", 4)
    assert bench.tables.versions(Address(node.key)) == ()


def test_a_source_that_is_not_there_says_where_it_was_looked_for(bench: Bench) -> None:
    node = Node(id="source.raw.orders", key=AssetKey("raw.orders"), materialized=Materialized.SOURCE)
    with pytest.raises(AssetError, match=r'there is no relation "main"\."orders" in DuckDB'):
        bench.tables.stage_node(Address(node.key), "v", Build(project=Path(), node=node), cast(Dbt, bench.builds))
