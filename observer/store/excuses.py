"""Overrides and mutes of single checks and monitors: the newest of each, which counts until its time is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

from observer.model import Excuse, Mute, Override
from observer.store import tables
from orchestration.model import Address, AssetKey

E = TypeVar("E", bound=Excuse)


@dataclass(frozen=True, slots=True)
class Excuses(Generic[E]):
    """Those of one kind."""

    table: Table
    kind: type[E]

    def save(self, connection: Connection, given: E) -> None:
        """Store one in place of that of the same subject, asset and partition."""
        self.remove(connection, Address(given.asset, given.partition), given.subject)
        row = {"asset": given.asset, "partition": given.partition or "", "subject": given.subject}
        connection.execute(insert(self.table).values(**row, until=given.until, by=given.by, reason=given.reason))

    def remove(self, connection: Connection, address: Address, subject: str) -> int:
        """Forget that of a subject; returns how many there were."""
        c = self.table.c
        here = (c.asset == address.asset, c.partition == (address.partition or ""), c.subject == subject)
        return connection.execute(delete(self.table).where(*here)).rowcount

    def in_force(self, connection: Connection, address: Address, now: datetime) -> Mapping[str, E]:
        """What counts for an address at ``now``, by subject; where one for all partitions does too, the longer one."""
        c = self.table.c
        places = c.partition.in_(("", address.partition or ""))
        rows = connection.execute(
            select(self.table).where(c.asset == address.asset, places, c.until > now).order_by(c.until)
        )
        return {row.subject: self._made(row) for row in rows}

    def of_asset(self, connection: Connection, asset: AssetKey, now: datetime) -> tuple[E, ...]:
        """Every one of an asset that counts at ``now``, by subject."""
        c = self.table.c
        rows = connection.execute(
            select(self.table).where(c.asset == asset, c.until > now).order_by(c.subject, c.partition)
        )
        return tuple(self._made(row) for row in rows)

    def _made(self, row: Any) -> E:
        return self.kind(
            asset=AssetKey(row.asset), partition=row.partition or None, subject=row.subject, until=row.until,
            by=row.by, reason=row.reason,
        )  # fmt: skip


overrides = Excuses(tables.overrides, Override)
mutes = Excuses(tables.mutes, Mute)
