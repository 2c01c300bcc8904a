"""Removing from storage the earlier versions that retention no longer asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, Engine, func, select

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StorageError
from orchestration.events import Event, EventKind
from orchestration.io.base import IOManager
from orchestration.model import Address, AssetKey, RunStatus, Scalar
from orchestration.retention import Retention, removable
from orchestration.state import VersionRecord, known_versions
from orchestration.tables import events, runs, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed of one address, or would be; ``left`` says why nothing was."""

    address: Address
    versions: tuple[str, ...]
    bytes: int
    left: str | None = None


def prune(
    engine: Engine, io: IOManager, clock: Clock, asset: AssetKey, retention: Retention, *, dry: bool = False
) -> Iterator[Pruned]:
    """Remove what ``retention`` lets go of an asset, an address at a time and under its lease.

    The log keeps every version's record; only its data goes. Addresses that a run is making, or that storage refuses,
    are left for the next time and say so. ``dry``: remove nothing.
    """
    with reading(engine) as connection:
        addresses = _addresses(connection, asset)
    for address in addresses:
        with reading(engine) as connection:
            found = _removable(connection, io, clock, address, retention)
        if not found:
            continue
        if dry:
            yield _pruned(engine, address, found)
            continue
        try:
            removed = _remove(engine, io, clock, address, retention)
        except (LeaseHeld, StorageError) as error:
            yield Pruned(address=address, versions=(), bytes=0, left=str(error))
        else:
            yield _pruned(engine, address, removed)


def _remove(
    engine: Engine, io: IOManager, clock: Clock, address: Address, retention: Retention
) -> tuple[VersionRecord, ...]:
    with writing(engine) as connection:
        known = known_versions(connection, address)
        token = lease.acquire(connection, address, known[-1].run_id, clock.wall())
        found = _removable(connection, io, clock, address, retention)  # again, under the lease
        if found:  # said before it is done: what a crash leaves is removed, and said, once more
            detail: dict[str, Scalar] = {"versions": ", ".join(v.id for v in found), "number": len(found)}
            event = Event(at=clock.now(), kind=EventKind.VERSIONS_REMOVED, address=address, detail=detail)
            log.append(connection, event)
    try:
        io.sweep(address, {v.id for v in known} - {v.id for v in found})
    finally:
        with writing(engine) as connection:
            lease.release(connection, address, token)
    return found


def _addresses(connection: Connection, asset: AssetKey) -> tuple[Address, ...]:
    where = select(versions.c.partition).where(versions.c.asset == asset).distinct().order_by(versions.c.partition)
    return tuple(Address(asset, partition or None) for partition in connection.execute(where).scalars())


def _removable(
    connection: Connection, io: IOManager, clock: Clock, address: Address, retention: Retention
) -> tuple[VersionRecord, ...]:
    """What may go and still lies in storage."""
    known = known_versions(connection, address)
    began: datetime | None = connection.execute(
        select(func.min(runs.c.started_at)).where(runs.c.status == RunStatus.RUNNING)
    ).scalar_one()
    found = removable(retention, known, _replaced_at(connection, address), clock.now(), began)
    if not found:
        return ()
    there: Collection[str] = set(io.versions(address))
    return tuple(version for version in found if version.id in there)


def _replaced_at(connection: Connection, address: Address) -> dict[str, datetime]:
    """When each version that was ever published made way for another."""
    rows = connection.execute(
        select(events.c.at, events.c.detail)
        .where(
            events.c.asset == address.asset,
            events.c.partition == (address.partition or ""),
            events.c.kind == EventKind.VERSION_PUBLISHED,
        )
        .order_by(events.c.id)
    ).all()
    shown = [(row.at, str(row.detail["version"])) for row in rows]
    return {before: at for (_, before), (at, _) in pairwise(shown)}


def _pruned(engine: Engine, address: Address, found: tuple[VersionRecord, ...]) -> Pruned:
    ids = tuple(version.id for version in found)
    with reading(engine) as connection:
        size = connection.execute(select(func.sum(versions.c.bytes)).where(versions.c.id.in_(ids))).scalar_one()
    return Pruned(address=address, versions=ids, bytes=int(size or 0))
