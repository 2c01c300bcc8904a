"""Removing from storage the earlier versions that retention no longer asks for."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, Engine, and_, case, exists, func, select, update

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StorageError
from orchestration.events import Event, EventKind
from orchestration.io.base import OBSERVED, IOManager
from orchestration.model import Address, AssetKey, RunStatus, Scalar
from orchestration.retention import EARLIER, GRACE, NEEDED, Retention, removable
from orchestration.state import VersionRecord, kept_versions
from orchestration.tables import events, runs, versions

MOST_S = 5.0
"""How long old versions are removed after a run."""
_ASKEW = timedelta(days=1)
"""How far the clocks of hosts that publish may differ."""
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

    Where nothing is due it costs one statement for each retention that differs, however many addresses there are, which
    looks at what is kept: what was ever removed costs nothing.
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
        yield from ((address, retention) for address in many)


def _too_many(
    connection: Connection, assets: Sequence[AssetKey], retention: Retention, now: datetime
) -> tuple[Address, ...]:
    """The addresses of which retention lets a version go that is still kept."""
    c = versions.c
    is_earlier = c.status.in_(EARLIER)
    is_old = c.materialized_at <= now - max(retention.age, GRACE)
    earlier, old = (func.sum(case((holds, 1), else_=0)) for holds in (is_earlier, is_old))
    counted = (
        select(c.asset, c.partition, func.count().label("number"), earlier.label("earlier"), old.label("old"))
        .where(c.asset.in_(assets), c.removed_at.is_(None), c.status.not_in(NEEDED), c.format != OBSERVED)
        .group_by(c.asset, c.partition)
    )
    return tuple(
        Address(row.asset, row.partition or None)
        for row in connection.execute(counted)
        if min(int(row.old), row.number - min(retention.keep, int(row.earlier))) > 0
    )


def _remove(
    engine: Engine, io: IOManager, clock: Clock, address: Address, retention: Retention
) -> tuple[VersionRecord, ...]:
    with writing(engine) as connection:
        stored = set(io.versions(address))
        known = kept_versions(connection, address, stored)
        token = lease.acquire(connection, address, known[-1].run_id, clock.wall())
        found = _removable(connection, io, clock, address, retention)  # again, under the lease
        if found:  # said before it is done: what a crash leaves is removed, and said, once more
            ids = [version.id for version in found]
            connection.execute(update(versions).where(versions.c.id.in_(ids)).values(removed_at=clock.now()))
            detail: dict[str, Scalar] = {"versions": ", ".join(ids), "number": len(found)}
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
    c = versions.c
    was_any = exists().where(
        c.asset == address.asset, c.partition == (address.partition or ""), c.removed_at.is_not(None)
    )
    there: Collection[str] = ()
    if connection.execute(select(was_any)).scalar_one():  # what a crash has left lies there, and isn't kept
        there = set(io.versions(address))
    known = kept_versions(connection, address, there)
    began: datetime | None = connection.execute(
        select(func.min(runs.c.started_at)).where(runs.c.status == RunStatus.RUNNING)
    ).scalar_one()
    found = removable(retention, known, _replaced_at(connection, address, known), clock.now(), began)
    if not found:
        return ()
    there = there or set(io.versions(address))
    return tuple(version for version in found if version.id in there)


def _replaced_at(connection: Connection, address: Address, known: Sequence[VersionRecord]) -> dict[str, datetime]:
    """When each of some versions that were published made way for another; read back to the oldest of them."""
    if not known:
        return {}
    c, since = events.c, min(version.materialized_at for version in known) - _ASKEW
    published = and_(c.asset == address.asset, c.kind == EventKind.VERSION_PUBLISHED)
    before = select(c.id).where(published, c.at < since).order_by(c.id.desc()).limit(1).scalar_subquery()
    rows = connection.execute(
        select(c.at, c.detail)
        .where(published, c.partition == (address.partition or ""), c.id > func.coalesce(before, 0))
        .order_by(c.id)
    ).all()
    shown = [(row.at, str(row.detail["version"])) for row in rows]
    return {before: at for (_, before), (at, _) in pairwise(shown)}


def _pruned(engine: Engine, address: Address, found: tuple[VersionRecord, ...]) -> Pruned:
    ids = tuple(version.id for version in found)
    with reading(engine) as connection:
        size = connection.execute(select(func.sum(versions.c.bytes)).where(versions.c.id.in_(ids))).scalar_one()
    return Pruned(address=address, versions=ids, bytes=int(size or 0))
