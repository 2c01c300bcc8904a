"""The IO managers that keep tables in a database obey the laws, on real servers."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from observer.collectors.notes import noted
from observer.model import Column, Schema
from orchestration.errors import StorageError
from orchestration.io.base import IOManager, StoredVersion
from orchestration.io.every_type import every_type, lost
from orchestration.io.laws import TABLE_LAWS, TABLES_ONLY_LAWS
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey, Declared
from tests.support.databases import KINDS

REFUSED = {
    "sqlite": {"float64 with NaN", "uint64"},
    "duckdb": set[str](),
    "postgres": {"string with NUL"},
    "snowflake": {"string with NUL"},
}
"""What a database can't keep; everything else comes back."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def io(kind: str, new_io: Callable[[str], SqlIOManager]) -> SqlIOManager:
    return new_io(kind)


@pytest.mark.parametrize("law", TABLE_LAWS + TABLES_ONLY_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[IOManager], None], io: SqlIOManager) -> None:
    law(io)


def test_every_type_comes_back_but_what_is_refused(kind: str, io: SqlIOManager) -> None:
    for name, table in every_type().items():
        address = Address(AssetKey(f"type {name}"))
        if name in REFUSED[kind]:
            with pytest.raises(StorageError, match="nothing was published"):
                io.stage(address, "v1", table)
            continue
        staged = io.stage(address, "v1", table)
        io.publish(address, "v1", 1)
        stored = StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)
        read = io.load([stored], "pa.Table", one=True)
        assert lost(table, read) is None  # type: ignore[arg-type]
        assert read.schema.equals(table.schema), name  # type: ignore[attr-defined]


STRICT = {
    "sqlite": ["DROP TABLE {t}", "CREATE TABLE {t} (id INTEGER NOT NULL, name TEXT)"],  # which can't alter a column
    "duckdb": ["ALTER TABLE {t} ALTER COLUMN id SET NOT NULL", "COMMENT ON COLUMN {t}.id IS 'the key'"],
    "postgres": ["ALTER TABLE {t} ALTER COLUMN id SET NOT NULL", "COMMENT ON COLUMN {t}.id IS 'the key'"],
    "snowflake": ["ALTER TABLE {t} ALTER COLUMN id SET NOT NULL"],
}
"""What a person does to the table that readers see."""


def test_what_people_say_of_the_readers_columns_is_in_the_schema_of_the_next_version(
    kind: str, io: SqlIOManager
) -> None:
    address = Address(AssetKey("orders"))
    first = io.stage(address, "v1", pa.table({"id": [1, 2], "name": ["a", None]}))
    assert first.declared == {}
    io.publish(address, "v1", 1)
    comment = "the key" if kind in ("duckdb", "postgres") else None  # SQLite has none, the local Snowflake keeps none
    place = f"{io._published.schema}.orders" if io._published.schema else "orders"
    with io._writing() as session:
        for statement in STRICT[kind]:
            session.change(statement.format(t=place))
    query = f"SELECT 1 AS id, 'a' AS name, 2 AS more FROM {place}"
    for version, staged in (
        ("v2", io.stage(address, "v2", pa.table({"id": [3], "name": ["c"], "more": [1]}))),
        ("v3", io.stage_query(address, "v3", query, {})),
    ):
        assert staged.declared == {"id": Declared(False, comment), "name": Declared(True, None)}, version
        schema = noted(Schema(tuple(Column(n, "t") for n in ("id", "name", "more"))), staged.data, staged.declared)
        assert schema is not None
        assert schema.columns[0] == Column("id", "t", nullable=False, comment=comment)
        assert [column.nullable for column in schema.columns[1:]] == [True, True]


def test_a_query_may_give_no_rows(io: SqlIOManager) -> None:
    address = Address(AssetKey("orders"))
    staged = io.stage_query(address, "v1", "SELECT * FROM (SELECT 1 AS id, 'a' AS name) s WHERE id > 1", {})
    io.publish(address, "v1", 1)
    assert staged.rows == 0
    again = io.stage_query(address, "v2", "SELECT * FROM (SELECT 1 AS id, 'a' AS name) s WHERE id > 2", {})
    assert again.data_version == staged.data_version
