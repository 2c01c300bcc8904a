"""Overrides of single checks and monitors: the newest of each, which counts until its time is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from observer.model import Override
from observer.store.tables import overrides
from orchestration.model import Address, AssetKey


def save(connection: Connection, given: Override) -> None:
    """Store an override in place of the one of the same subject, asset and partition."""
    here = {"asset": given.asset, "partition": given.partition or "", "subject": given.subject}
    connection.execute(delete(overrides).where(*(overrides.c[name] == value for name, value in here.items())))
    connection.execute(insert(overrides).values(**here, until=given.until, by=given.by, reason=given.reason))


def in_force(connection: Connection, address: Address, now: datetime) -> Mapping[str, Override]:
    """What counts for an address at ``now``, by subject; where one for all partitions does too, the longer one."""
    c = overrides.c
    rows = connection.execute(
        select(overrides)
        .where(c.asset == address.asset, c.partition.in_(("", address.partition or "")), c.until > now)
        .order_by(c.until)
    )
    return {
        row.subject: Override(
            asset=AssetKey(row.asset), partition=row.partition or None, subject=row.subject, until=row.until,
            by=row.by, reason=row.reason,
        )
        for row in rows
    }  # fmt: skip
