"""Finishing what a process left when it died."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sqlalchemy import Connection, Engine, func, select

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import DoesNotFit, LeaseHeld, LeaseLost, StorageError
from orchestration.events import Event, EventKind
from orchestration.io.base import OBSERVED, IOManager
from orchestration.model import Address, RunStatus, Scalar, VersionStatus
from orchestration.state import VersionRecord, known_versions, status_of, unconfirmed
from orchestration.tables import runs

_log = logging.getLogger("tidegate.recovery")


def recover(engine: Engine, io: IOManager, clock: Clock) -> tuple[str, ...]:
    """Finish the publications that were decided and not confirmed, and close the runs of dead processes.

    Returns the ids of the versions that were published. Addresses whose lease is held are left to their
    holder, and what storage refuses is left to the step that needs it, which says so.
    """
    with reading(engine) as connection:
        left = unconfirmed(connection)
        running = connection.execute(
            select(func.count()).select_from(runs).where(runs.c.status == RunStatus.RUNNING)
        ).scalar_one()
    if running:
        with writing(engine) as connection:
            log.abandon_dead_runs(connection, clock.now(), clock.wall())
    published: list[str] = []
    for address, run_id in {version.address: version.run_id for version in left}.items():
        published += _finish(engine, io, clock, address, run_id)
    return tuple(published)


def _finish(engine: Engine, io: IOManager, clock: Clock, address: Address, run_id: str) -> list[str]:
    try:
        with writing(engine) as connection:
            token = lease.acquire(connection, address, run_id, clock.wall())
            # Asked again under the lease: another process may have finished it, and gone on, since.
            left = unfinished(known_versions(connection, address))
    except LeaseHeld:
        return []
    try:
        token = above_storage(engine, io, address, token)
        return [v.id for v in left if finish(engine, io, clock, v, token)]
    except (StorageError, LeaseLost) as error:
        _log.warning("the publication of %s is still open: %s", address, error)
        return []
    finally:
        with writing(engine) as connection:
            lease.release(connection, address, token)


def finish(engine: Engine, io: IOManager, clock: Clock, version: VersionRecord, token: int) -> bool:
    """Publish what was left open, under a lease that stays ours; what doesn't fit is discarded, not tried for ever."""
    try:
        return confirm(engine, io, clock, version, token, keep_lease=True)
    except DoesNotFit as error:
        _log.warning("%s was discarded: %s", version.id, error)
        return False


def carry_out(
    engine: Engine, io: IOManager, clock: Clock, version: VersionRecord, token: int, *, otherwise: VersionStatus
) -> None:
    """Publish what a person has decided and the log intends; ``otherwise`` is what the version is if it doesn't fit.

    Where it fails the intent stays in the log and is finished by ``recover``; the lease must not stay.
    """
    try:
        token = above_storage(engine, io, version.address, token)
        confirm(engine, io, clock, version, token, refused=otherwise)
    except BaseException:
        with writing(engine) as connection:
            lease.release(connection, version.address, token)
        raise


def unfinished(known: Iterable[VersionRecord]) -> tuple[VersionRecord, ...]:
    """Those whose publication was begun and not confirmed, oldest first."""
    return tuple(version for version in known if version.status is VersionStatus.PUBLISHING)


def above_storage(engine: Engine, io: IOManager, address: Address, token: int) -> int:
    """Our token, lifted above what storage has seen: a state database put back from a copy starts too low."""
    seen = io.pointer(address)
    if seen is None or seen.token < token:
        return token
    with writing(engine) as connection:
        return lease.raise_token(connection, address, token, seen.token)


def confirm(
    engine: Engine,
    io: IOManager,
    clock: Clock,
    version: VersionRecord,
    token: int,
    *,
    keep_lease: bool = False,
    refused: VersionStatus = VersionStatus.DISCARDED,
) -> bool:
    """Publish a version whose gate is open, confirm it in the log, give the lease back unless ``keep_lease``.

    A version that is no longer in storage is discarded, and one that does not fit becomes ``refused``; returns whether
    it was published.

    Raises
    ------
    LeaseLost
        Another process took over, and did not publish this version.
    StorageError
        The pointer could not be written: the intent stays in the log, and the lease with its holder.
    DoesNotFit
        It never will be: there is no intent any more.
    """
    observed = version.format == OBSERVED
    whole = observed or io.has(version.address, version.id)
    try:
        if whole and not observed:
            io.publish(version.address, version.id, token)
        with writing(engine) as connection:
            lease.confirm(connection, version.address, token)
            if whole:
                _log_published(connection, version, clock)
            else:
                _log_kept_back(connection, version, clock, VersionStatus.DISCARDED, "its data was never whole")
            if not keep_lease:
                lease.release(connection, version.address, token)
    except DoesNotFit:
        with writing(engine) as connection:
            _log_kept_back(connection, version, clock, refused, "it doesn't fit what readers have")
        raise
    except LeaseLost:
        with reading(engine) as connection:
            status = status_of(connection, version.id)
        if status not in (VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK):
            raise
        return True  # whoever took over has published it for us
    return whole


def _log_kept_back(
    connection: Connection, version: VersionRecord, clock: Clock, status: VersionStatus, reason: str
) -> None:  # fmt: skip
    """What was to be published isn't: it is discarded, or held as it was before."""
    kind = EventKind.VERSION_HELD if status is VersionStatus.HELD else EventKind.VERSION_DISCARDED
    detail: dict[str, Scalar] = {"version": version.id, "by": "tidegate", "reason": reason}
    log.set_status(connection, version.id, status)
    log.append(
        connection, Event(at=clock.now(), kind=kind, run_id=version.run_id, address=version.address, detail=detail)
    )


def _log_published(connection: Connection, version: VersionRecord, clock: Clock) -> None:
    log.set_status(connection, version.id, VersionStatus.PUBLISHED)
    log.retire(connection, version.address, keep=version.id)
    detail: dict[str, Scalar] = {"version": version.id}
    event = Event(
        at=clock.now(),
        kind=EventKind.VERSION_PUBLISHED,
        run_id=version.run_id,
        address=version.address,
        detail=detail,
    )
    log.append(connection, event)
