"""The tables that readers see: one an asset, changed in the transaction that moves the pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, bindparam, column, delete, insert, literal, select
from sqlalchemy.schema import CreateTable, DropTable

from orchestration.errors import DoesNotFit
from orchestration.io.registry import Registry, table_name
from orchestration.io.warehouse import Raw, Session, Warehouse
from orchestration.model import Address, Declared

_EXACT = 2**53
_READERS_KEEP = "nothing was published and readers keep what they had"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Puts versions into the tables that readers see."""

    warehouse: Warehouse
    registry: Registry
    schema: str | None
    partition_column: str

    def prepare(self, session: Session, address: Address, version: Table) -> Table:
        """The readers' table with every column that the version has; made, widened or made anew.

        One that is missing is made again with what the pointers name. Raises DoesNotFit where it belongs to
        somebody else, or a column's type has changed.
        """
        partitioned = address.partition is not None
        name, was_partitioned = self._claimed(session, address)
        table = self._table(name)
        new, there = session.catalogue(version), session.catalogue(table)
        if there and (was_partitioned != partitioned or (not partitioned and there != new)):
            session.run(DropTable(table))
            there = {}
        if was_partitioned != partitioned:
            self.registry.claim_again(session, address.asset, partitioned=partitioned)
        if not there:
            self._create(session, table, new, partitioned=partitioned)
            if partitioned:
                self._fill(session, address, table)
        elif partitioned:
            self._align(session, address, version, table, there)
        return table

    def declared(self, session: Session, address: Address) -> Mapping[str, Declared]:
        """What people have said of the columns of the table that readers see: whether they may be null, comments."""
        found = self.registry.shown(session, address.asset)
        return {} if found is None else session.declared(self._table(found[0]))

    def _fill(self, session: Session, address: Address, table: Table) -> None:
        """Put the other partitions that readers saw into a table that was made anew."""
        for partition, version in self.registry.others(session, address):
            other = Address(address.asset, partition)
            source = Table(table_name(other, version), MetaData(), schema=self.registry.versions.schema)
            if session.catalogue(source):
                self._align(session, other, source, table, session.catalogue(table))
                self.replace(session, other, source, self._table(table.name))

    def replace(self, session: Session, address: Address, version: Table, table: Table) -> None:
        """Put the version's rows in place of those of its partition."""
        names = list(session.catalogue(version))
        source: Any = select(*(column(name) for name in names)).select_from(version)
        if address.partition is None:
            session.run(delete(table))
        else:
            self._empty(session, address, table)
            source = source.add_columns(bindparam("key", address.partition, Text))
            names.append(self.partition_column)
        for name in names:
            if name not in table.c:
                table.append_column(Column(name))
        session.run(insert(table).from_select(names, source))

    def _empty(self, session: Session, address: Address, table: Table) -> None:
        part: Column[str] = Column(self.partition_column, Text)
        table.append_column(part)
        session.run(delete(table).where(part == bindparam("here", address.partition)))

    def withdraw(self, session: Session, address: Address) -> None:
        """Show readers nothing of an address any more; the table goes with the last one."""
        self.registry.unpoint(session, address)
        partitioned = address.partition is not None
        found = self.registry.shown(session, address.asset)
        if found is None or found[1] != partitioned:  # it shows partitions, or the whole, and this is neither
            return
        table = self._table(found[0])
        there = session.catalogue(table)
        if not partitioned or not self.registry.others(session, address):
            if there:
                session.run(DropTable(table))
            self.registry.disclaim(session, address.asset)
        elif there:
            self._empty(session, address, table)

    def _table(self, name: str) -> Table:
        return Table(name, MetaData(), schema=self.schema)

    def _claimed(self, session: Session, address: Address) -> tuple[str, bool]:
        """The table's name and whether it is partitioned: the asset's own name, or where that is taken, with a hash."""
        partitioned = address.partition is not None
        found = self.registry.shown(session, address.asset)
        if found is not None:
            return found
        longest = self.warehouse.able.keeping.longest_name or 255
        signs = self.warehouse.able.keeping.refused_signs
        fits = len(address.asset.encode()) <= longest and not any(sign in address.asset for sign in signs)
        hashed = _hashed(address.asset, longest, signs)
        for name in (address.asset, hashed) if fits else (hashed,):
            folded = self.warehouse.fold(name)
            if self.registry.owner(session, folded) is None and not self._is_ours(name):
                if session.catalogue(self._table(name)):
                    raise DoesNotFit(
                        f"{address}: {self.warehouse.name} has a table or view {name!r} that Tidegate did not make; it "
                        f"was left as it is, and nothing was published; rename it or the asset"
                    )
                self.registry.claim(session, address.asset, name, folded, partitioned=partitioned)
                return name, partitioned
        raise DoesNotFit(f"{address}: its table's name in {self.warehouse.name} is taken; rename the asset")

    def _is_ours(self, name: str) -> bool:
        """Whether a name is of the tables that Tidegate keeps beside the readers', where they share a schema."""
        versions = self.registry.versions
        prefix = versions.name.removesuffix("versions")
        return versions.schema == self.schema and self.warehouse.fold(name).startswith(self.warehouse.fold(prefix))

    def _create(self, session: Session, table: Table, new: Mapping[str, str], *, partitioned: bool) -> None:
        made = self._table(table.name)
        for name, type_ in new.items():
            made.append_column(Column(name, Raw(type_)))
        if partitioned:
            made.append_column(Column(self.partition_column, Text))
        session.run(CreateTable(made))
        if partitioned and self.warehouse.able.has_indexes:
            quote = self.warehouse.quote
            name, columns = quote(_hashed(table.name, 40)), quote(self.partition_column)
            session.change(f"CREATE INDEX {name} ON {self._place(table)} ({columns})")

    def _align(
        self, session: Session, address: Address, version: Table, table: Table, there: Mapping[str, str]
    ) -> None:
        if self.partition_column not in there:
            raise DoesNotFit(
                f"{address}: the table {table.name} in {self.warehouse.name} has lost its column "
                f"{self.partition_column!r}; {_READERS_KEEP}; put it back, or drop the table and its row in "
                f"{self.registry.tables.name} and materialize every partition again"
            )
        place, quote = self._place(table), self.warehouse.quote
        folded = {self.warehouse.fold(name): name for name in there}
        for name, type_ in session.catalogue(version).items():
            if name not in there and (same := folded.get(self.warehouse.fold(name))) is not None:
                raise DoesNotFit(
                    f"{address}: the column {name!r} is called {same!r} in the table {table.name} of "
                    f"{self.warehouse.name}, which holds other partitions and takes the two for one; {_READERS_KEEP}; "
                    "give the column one name in every partition"
                )
            if name not in there:
                session.change(f"ALTER TABLE {place} ADD COLUMN {quote(name)} {type_}")
            elif there[name] != type_ and not self._fits(session, version, table, name, there[name], type_):
                raise DoesNotFit(
                    f"{address}: the column {name!r} is {type_ or 'of no type'} now, and {there[name]} in the table "
                    f"{table.name} of {self.warehouse.name}, which holds other partitions; {_READERS_KEEP}; give the "
                    f"column one type in every partition, or change the table's: ALTER TABLE {place} ..."
                )

    def _fits(self, session: Session, version: Table, table: Table, name: str, old: str, new: str) -> bool:
        """Whether the values of a new type lose nothing in the column, which is changed where that helps."""
        able, quote, place = self.warehouse.able, self.warehouse.quote, self._place(table)
        if new in able.holds.get(old, ()) or self._is_empty(session, version, name):
            return True
        if self._is_empty(session, table, name):  # so far it held only nulls, and its type meant nothing
            session.change(f"ALTER TABLE {place} DROP COLUMN {quote(name)}")
            session.change(f"ALTER TABLE {place} ADD COLUMN {quote(name)} {new}")
            return True
        if old in able.floats and new in able.integers:
            return self._is_exact(session, version, name)
        if able.alters_types and old in able.integers and new in able.floats and self._is_exact(session, table, name):
            session.change(f"ALTER TABLE {place} ALTER COLUMN {quote(name)} TYPE {new}")
            return True
        return False

    def _is_empty(self, session: Session, table: Table, name: str) -> bool:
        return not session.run(select(literal(1)).select_from(table).where(column(name).is_not(None)).limit(1))

    def _is_exact(self, session: Session, table: Table, name: str) -> bool:
        """Whether a double can hold every integer of a column."""
        inexact = (column(name) > _EXACT) | (column(name) < -_EXACT)
        return not session.run(select(literal(1)).select_from(table).where(inexact).limit(1))

    def _place(self, table: Table) -> str:
        return ".".join(self.warehouse.quote(part) for part in (self.schema, table.name) if part)


def _hashed(name: str, longest: int, signs: str = "") -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    head = name.translate({ord(sign): "_" for sign in signs}).encode()[: max(longest - 13, 0)].decode("utf-8", "ignore")
    return f"{head}_{digest}"
