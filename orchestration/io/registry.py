"""What a database knows of its versions: three small tables beside the data.

tidegate_versions   each version with its table; ``whole`` is set last, so that what a crash left is not one
tidegate_pointers   what readers of an address see, and the fencing token under which it was published
tidegate_tables     which asset owns which of the tables that readers see
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text, delete, insert, select, update
from sqlalchemy.schema import CreateTable

from orchestration.errors import LeaseLost
from orchestration.io.base import Pointer
from orchestration.io.warehouse import Session
from orchestration.model import Address, AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version as it was recorded."""

    version: str
    table: str
    data_version: str
    rows: int
    arrow: str  # columns and types, as ``columns.remember`` writes them
    whole: bool


class Registry:
    """Reads and writes the three tables, within a session of the caller's."""

    def __init__(self, schema: str | None, prefix: str) -> None:
        metadata = MetaData(schema=schema)
        self.versions = Table(
            f"{prefix}versions", metadata,
            Column("table_name", Text, primary_key=True), Column("address_id", Text, nullable=False),
            Column("asset", Text, nullable=False), Column("part", Text), Column("version", Text, nullable=False),
            Column("data_version", Text), Column("row_total", BigInteger), Column("arrow", Text),
            Column("whole", Boolean, nullable=False),
        )  # fmt: skip
        self.pointers = Table(
            f"{prefix}pointers", metadata,
            Column("address_id", Text, primary_key=True), Column("asset", Text, nullable=False), Column("part", Text),
            Column("version", Text, nullable=False), Column("token", BigInteger, nullable=False),
        )  # fmt: skip
        self.tables = Table(
            f"{prefix}tables", metadata,
            Column("folded_name", Text, primary_key=True), Column("name", Text, nullable=False),
            Column("asset", Text, nullable=False), Column("is_partitioned", Boolean, nullable=False),
        )  # fmt: skip

    def create(self, session: Session) -> None:
        for table in (self.versions, self.pointers, self.tables):
            session.run(CreateTable(table, if_not_exists=True))

    def announce(self, session: Session, address: Address, version: str) -> None:
        """Write down that a version is being written, so that what a crash leaves is found."""
        session.run(
            insert(self.versions).values(
                table_name=table_name(address, version), address_id=address_id(address), asset=address.asset,
                part=address.partition, version=version, whole=False,
            )
        )  # fmt: skip

    def seal(self, session: Session, address: Address, kept: Kept) -> None:
        """Write down that a version is whole."""
        session.run(
            update(self.versions)
            .where(self.versions.c.table_name == kept.table)
            .values(data_version=kept.data_version, row_total=kept.rows, arrow=kept.arrow, whole=True)
        )

    def find(self, session: Session, address: Address, version: str) -> Kept | None:
        """One version, also one that was not written to its end."""
        c = self.versions.c
        found = session.run(
            select(c.version, c.table_name, c.data_version, c.row_total, c.arrow, c.whole).where(
                c.table_name == table_name(address, version)
            )
        )
        if not found:
            return None
        name, table, data_version, rows, arrow, whole = found[0]
        return Kept(
            version=name, table=table, data_version=data_version or "", rows=int(rows or 0), arrow=arrow or "",
            whole=bool(whole),
        )  # fmt: skip

    def known(self, session: Session, address: Address) -> tuple[str, ...]:
        c = self.versions.c
        found = session.run(select(c.version).where(c.address_id == address_id(address)))
        return tuple(sorted(row[0] for row in found))

    def forget(self, session: Session, address: Address, version: str) -> None:
        session.run(delete(self.versions).where(self.versions.c.table_name == table_name(address, version)))

    def pointer(self, session: Session, address: Address) -> Pointer | None:
        c = self.pointers.c
        found = session.run(select(c.version, c.token).where(c.address_id == address_id(address)))
        return Pointer(found[0][0], int(found[0][1])) if found else None

    def lock(self, session: Session, address: Address) -> Pointer | None:
        """The pointer, which no other transaction can move before this one ends."""
        c = self.pointers.c
        session.run(update(self.pointers).where(c.address_id == address_id(address)).values(token=c.token))
        return self.pointer(session, address)

    def point(self, session: Session, address: Address, version: str, token: int, seen: Pointer | None) -> None:
        """Move the pointer; the caller has locked it and compared its token."""
        c = self.pointers.c
        if seen is not None and seen.token > token:
            raise LeaseLost(str(address))
        if seen is None:
            session.run(
                insert(self.pointers).values(
                    address_id=address_id(address), asset=address.asset, part=address.partition, version=version,
                    token=token,
                )
            )  # fmt: skip
            return
        session.run(
            update(self.pointers).where(c.address_id == address_id(address)).values(version=version, token=token)
        )

    def unpoint(self, session: Session, address: Address) -> None:
        session.run(delete(self.pointers).where(self.pointers.c.address_id == address_id(address)))

    def owner(self, session: Session, folded: str) -> str | None:
        """The asset to which a name of a table belongs."""
        found = session.run(select(self.tables.c.asset).where(self.tables.c.folded_name == folded))
        return str(found[0][0]) if found else None

    def shown(self, session: Session, asset: AssetKey) -> tuple[str, bool] | None:
        """The table that readers of an asset see, and whether it is partitioned."""
        c = self.tables.c
        found = session.run(select(c.name, c.is_partitioned).where(c.asset == asset))
        return (str(found[0][0]), bool(found[0][1])) if found else None

    def claim(self, session: Session, asset: AssetKey, name: str, folded: str, *, partitioned: bool) -> None:
        session.run(insert(self.tables).values(folded_name=folded, name=name, asset=asset, is_partitioned=partitioned))

    def claim_again(self, session: Session, asset: AssetKey, *, partitioned: bool) -> None:
        session.run(update(self.tables).where(self.tables.c.asset == asset).values(is_partitioned=partitioned))

    def disclaim(self, session: Session, asset: AssetKey) -> None:
        session.run(delete(self.tables).where(self.tables.c.asset == asset))

    def others(self, session: Session, address: Address) -> Sequence[tuple[str, str]]:
        """The other partitions of an asset that readers see, with their versions."""
        c = self.pointers.c
        other = (c.asset == address.asset) & (c.address_id != address_id(address)) & c.part.is_not(None)
        return [(row[0], row[1]) for row in session.run(select(c.part, c.version).where(other).order_by(c.part))]


def address_id(address: Address) -> str:
    """A short name for an address, whatever is in its own."""
    return _hash(address.asset, address.partition)


def table_name(address: Address, version: str) -> str:
    """The name of a version's table: plain, short, and another for each version."""
    return "v_" + _hash(address.asset, address.partition, version)


def _hash(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
