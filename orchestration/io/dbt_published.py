"""The relations that readers of dbt's nodes see: those that dbt would have made, where it would have made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    MetaData,
    Table,
    Text,
    column,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import table as named
from sqlalchemy.schema import CreateSchema, CreateTable

from orchestration.dbt.settings import Place
from orchestration.io.published import Published
from orchestration.io.registry import address_id
from orchestration.io.warehouse import Session
from orchestration.model import Address, AssetKey, Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtPublished(Published):
    """As :class:`Published`, in the schema and under the name that dbt's project says.

    A table whose columns have not changed keeps its views and grants; any other relation of that name is replaced with
    what hangs on it, as dbt itself does.
    """

    places: Table

    def create(self, session: Session) -> None:
        session.run(CreateTable(self.places, if_not_exists=True))

    def put(self, session: Session, asset: AssetKey, place: Place) -> None:
        """Write down where the relation of an asset lies."""
        session.run(delete(self.places).where(self.places.c.asset == asset))
        session.run(insert(self.places).values(asset=asset, schema_name=place.schema, relation_name=place.name))

    def at(self, session: Session, asset: AssetKey) -> Table | None:
        """The relation of an asset; None where none was ever made."""
        c = self.places.c
        found = session.run(select(c.schema_name, c.relation_name).where(c.asset == asset))
        return Table(found[0][1], MetaData(), schema=found[0][0]) if found else None

    def prepare(self, session: Session, address: Address, version: Table) -> Table:
        table = self.at(session, address.asset)
        assert table is not None, f"{address} is published before it was staged"
        session.run(CreateSchema(str(table.schema), if_not_exists=True))
        place, there = self._placed(table), session.catalogue(table)
        kind = self._kind(session, table) if there else ""
        if there and kind != "BASE TABLE":
            session.change(f"DROP VIEW {place} CASCADE")
        elif there and list(there.items()) != list(session.catalogue(version).items()):
            session.change(f"DROP TABLE {place} CASCADE")
        if not session.catalogue(table):
            session.change(f"CREATE TABLE {place} AS SELECT * FROM {self._placed(version)} WHERE 1 = 0")
        return table

    def declared(self, session: Session, address: Address) -> Mapping[str, Declared]:
        table = self.at(session, address.asset)
        return {} if table is None else session.declared(table)

    def withdraw(self, session: Session, address: Address) -> None:
        """Forget the pointer; the relation is dbt's project's own."""
        self.registry.unpoint(session, address)
        session.run(delete(self.places).where(self.places.c.asset == address.asset))

    def overwrite(self, session: Session, address: Address, mark: str) -> tuple[str, ...]:
        """Say of the versions that lie in the relation itself that they are there no more; returns them."""
        c = self.registry.versions.c
        mine = (c.address_id == address_id(address)) & c.data_version.startswith(mark) & c.whole
        gone = tuple(str(row[0]) for row in session.run(select(c.version).where(mine)))
        if gone:
            session.run(update(self.registry.versions).where(mine).values(whole=False))
        return gone

    def put_back(self, session: Session, address: Address, gone: tuple[str, ...]) -> None:
        """Take back what ``overwrite`` said: nothing was built."""
        c = self.registry.versions.c
        mine = (c.address_id == address_id(address)) & c.version.in_(gone)
        session.run(update(self.registry.versions).where(mine).values(whole=True))

    def _kind(self, session: Session, table: Table) -> str:
        """``BASE TABLE`` or ``VIEW``."""
        fold, kinds = self.warehouse.fold, named("tables", schema="information_schema")
        here = (column("table_schema") == table.schema) & (column("table_catalog") == func.current_database())
        found = session.run(select(column("table_name"), column("table_type")).select_from(kinds).where(here))
        return next((str(kind) for name, kind in found if fold(name) == fold(table.name)), "")

    def _placed(self, table: Table) -> str:
        return ".".join(self.warehouse.quote(part) for part in (table.schema, table.name) if part)


def places_table(schema: str) -> Table:
    """Where the relations of dbt's nodes lie, beside the registry's tables."""
    return Table(
        "tidegate_relations", MetaData(schema=schema), Column("asset", Text, primary_key=True),
        Column("schema_name", Text, nullable=False), Column("relation_name", Text, nullable=False),
    )  # fmt: skip
