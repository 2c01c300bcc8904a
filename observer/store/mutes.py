"""Mutes of single checks and monitors: the newest of each, which counts until its time is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from observer.model import Mute
from observer.store.tables import mutes
from orchestration.model import Address, AssetKey


def save(connection: Connection, given: Mute) -> None:
    """Store a mute in place of the one of the same subject, asset and partition."""
    remove(connection, Address(given.asset, given.partition), given.subject)
    connection.execute(
        insert(mutes).values(
            asset=given.asset, partition=given.partition or "", subject=given.subject, until=given.until, by=given.by,
            reason=given.reason,
        )
    )  # fmt: skip


def remove(connection: Connection, address: Address, subject: str) -> int:
    """Forget the mute of a subject; returns how many there were."""
    here = (mutes.c.asset == address.asset, mutes.c.partition == (address.partition or ""), mutes.c.subject == subject)
    return connection.execute(delete(mutes).where(*here)).rowcount


def in_force(connection: Connection, address: Address, now: datetime) -> Mapping[str, Mute]:
    """What counts for an address at ``now``, by subject; where one for all partitions does too, the longer one."""
    places = mutes.c.partition.in_(("", address.partition or ""))
    rows = connection.execute(
        select(mutes).where(mutes.c.asset == address.asset, places, mutes.c.until > now).order_by(mutes.c.until)
    )
    return {row.subject: _mute(row) for row in rows}


def of_asset(connection: Connection, asset: AssetKey, now: datetime) -> tuple[Mute, ...]:
    """Every mute of an asset that counts at ``now``, by subject."""
    rows = connection.execute(
        select(mutes).where(mutes.c.asset == asset, mutes.c.until > now).order_by(mutes.c.subject, mutes.c.partition)
    )
    return tuple(_mute(row) for row in rows)


def _mute(row: Any) -> Mute:
    return Mute(
        asset=AssetKey(row.asset), partition=row.partition or None, subject=row.subject, until=row.until, by=row.by,
        reason=row.reason,
    )  # fmt: skip
