"""Finishing what a process left when it died."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld
from orchestration.events import Event, EventKind
from orchestration.io.base import IOManager
from orchestration.model import RunStatus, VersionStatus
from orchestration.state import VersionRecord, unconfirmed
from orchestration.tables import runs


def recover(engine: Engine, io: IOManager, clock: Clock) -> tuple[str, ...]:
    """Finish the publications that were decided and not confirmed, and close the runs of dead processes.

    Returns the ids of the versions that were published. Addresses whose lease is held are left to their holder.
    """
    with reading(engine) as connection:
        left = unconfirmed(connection)
        running = connection.execute(
            select(func.count()).select_from(runs).where(runs.c.status == RunStatus.RUNNING)
        ).scalar_one()
    if running:
        with writing(engine) as connection:
            log.abandon_dead_runs(connection, clock.now())
    return tuple(version.id for version in left if _finish(engine, io, clock, version))


def _finish(engine: Engine, io: IOManager, clock: Clock, version: VersionRecord) -> bool:
    try:
        with writing(engine) as connection:
            token = lease.acquire(connection, version.address, version.run_id, clock.wall())
    except LeaseHeld:
        return False
    return confirm(engine, io, clock, version, token)


def confirm(engine: Engine, io: IOManager, clock: Clock, version: VersionRecord, token: int) -> bool:
    """Publish a version whose gate is open and confirm it in the log; the lease is given back.

    A version that is no longer in storage is discarded; returns whether it was published.
    """
    whole = version.format == OBSERVED or io.has(version.address, version.id)
    if whole and version.format != OBSERVED:
        io.publish(version.address, version.id, token)
    with writing(engine) as connection:
        lease.confirm(connection, version.address, token)
        if whole:
            log.set_status(connection, version.id, VersionStatus.PUBLISHED)
            log.retire(connection, version.address, keep=version.id)
            log.append(
                connection,
                Event(
                    at=clock.now(), kind=EventKind.VERSION_PUBLISHED, run_id=version.run_id,
                    address=version.address, detail={"version": version.id},
                ),
            )  # fmt: skip
        else:
            log.set_status(connection, version.id, VersionStatus.DISCARDED)
        lease.release(connection, version.address, token)
    return whole


OBSERVED = "observed"
"""The format of a source's versions: there is nothing of ours in storage."""
