"""Removing from storage the earlier versions that retention no longer asks for."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, Engine, case, func, select

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StorageError
from orchestration.events import Event, EventKind
from orchestration.io.base import OBSERVED, IOManager
from orchestration.model import Address, AssetKey, RunStatus, Scalar
from orchestration.retention import EARLIER, GRACE, NEEDED, Retention, removable
from orchestration.state import VersionRecord, known_versions
from orchestration.tables import events, runs, versions

MOST_S = 5.0
"""How long old versions are removed after a run."""
_log = logging.getLogger("tidegate.prune")


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
        pruned = _prune(engine, io, clock, address, retention, dry=dry)
        if pruned is not None:
            yield pruned


def prune_after_run(
    engine: Engine, io: IOManager, clock: Clock, retentions: Mapping[AssetKey, Retention]
) -> tuple[Pruned, ...]:
    """Remove what is due, for a few seconds at most: what is left then is removed after the next run.

    Where nothing is due it costs two statements for each retention that differs, however many addresses there are.
    """
    until = clock.monotonic() + MOST_S
    done: list[Pruned] = []
    for address, retention in _due(engine, clock, retentions):
        if clock.monotonic() >= until:
            _log.info("old versions are left for the next run: removing them took %g s already", MOST_S)
            break
        pruned = _prune(engine, io, clock, address, retention, dry=False)
        if pruned is not None:
            done.append(pruned)
    return tuple(done)


def _prune(
    engine: Engine, io: IOManager, clock: Clock, address: Address, retention: Retention, *, dry: bool
) -> Pruned | None:
    with reading(engine) as connection:
        found = _removable(connection, io, clock, address, retention)
    if not found:
        return None
    if dry:
        return _pruned(engine, address, found)
    try:
        removed = _remove(engine, io, clock, address, retention)
    except (LeaseHeld, StorageError) as error:
        return Pruned(address=address, versions=(), bytes=0, left=str(error))
    return _pruned(engine, address, removed)


def _due(engine: Engine, clock: Clock, retentions: Mapping[AssetKey, Retention]) -> Iterator[tuple[Address, Retention]]:
    """The addresses that have a version too many by number and age, as far as the log says."""
    for retention in dict.fromkeys(retentions.values()):
        assets = [asset for asset, own in retentions.items() if own == retention]
        with reading(engine) as connection:
            many = _too_many(connection, assets, retention, clock.now())
            gone = _removed(connection, {address.asset for address in many})
        yield from ((address, retention) for address, count in many.items() if count > gone[address])


def _too_many(
    connection: Connection, assets: Sequence[AssetKey], retention: Retention, now: datetime
) -> dict[Address, int]:
    """How many versions of each address retention lets go of, those that were removed before included."""
    c = versions.c
    is_earlier = c.status.in_(EARLIER)
    is_old = c.materialized_at <= now - max(retention.age, GRACE)
    earlier, old = (func.sum(case((holds, 1), else_=0)) for holds in (is_earlier, is_old))
    counted = (
        select(c.asset, c.partition, func.count().label("number"), earlier.label("earlier"), old.label("old"))
        .where(c.asset.in_(assets), c.status.not_in(NEEDED), c.format != OBSERVED)
        .group_by(c.asset, c.partition)
    )
    many = {}
    for row in connection.execute(counted):
        number = min(int(row.old), row.number - min(retention.keep, int(row.earlier)))
        if number > 0:
            many[Address(row.asset, row.partition or None)] = number
    return many


def _removed(connection: Connection, assets: Collection[AssetKey]) -> Counter[Address]:
    """How many versions of each address were removed before."""
    if not assets:
        return Counter()
    c = events.c
    said = select(c.asset, c.partition, c.detail).where(c.asset.in_(assets), c.kind == EventKind.VERSIONS_REMOVED)
    gone = {
        (Address(row.asset, row.partition or None), version)
        for row in connection.execute(said)
        for version in str(row.detail["versions"]).split(", ")
    }
    return Counter(address for address, _ in gone)


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
