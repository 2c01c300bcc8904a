"""A person mutes one check or monitor: until a stated time it is evaluated, and neither holds nor tells."""

from __future__ import annotations

from datetime import timedelta

from observer.errors import OverrideError, UnknownName
from observer.model import Mute
from observer.overrides import severities_of
from observer.project import Project
from observer.store.excuses import mutes
from observer.versions import reason_of
from orchestration import log
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.model import Address, PartitionKey


def mute(
    work: Project, asset: str, subject: str, partition: PartitionKey, *, for_s: float, reason: str, by: str
) -> Mute:
    """Mute a check or monitor of an asset (or of one partition); a later mute of it takes the place.

    It counts for versions that are judged meanwhile. What is held already stays held.

    Raises
    ------
    UnknownName, PartitionError
        There is no such asset, check, monitor or partition.
    OverrideError
        The time is over already.
    """
    address = _address(work, asset, subject, partition)
    now = work.clock.now()
    given = Mute(
        asset=address.asset, partition=address.partition, subject=subject, until=now + timedelta(seconds=for_s), by=by,
        reason=reason_of(reason),
    )  # fmt: skip
    if given.until <= now:
        raise OverrideError(f"a mute of {subject} would have ended at {given.until:%Y-%m-%d %H:%M} UTC already")
    with writing(work.engine) as connection:
        mutes.save(connection, given)
        detail = {"subject": subject, "by": by, "reason": given.reason, "until": given.until.isoformat()}
        log.append(connection, Event(at=now, kind=EventKind.CHECK_MUTED, address=address, detail=detail))
    return given


def unmute(work: Project, asset: str, subject: str, partition: PartitionKey, *, by: str) -> None:
    """End a mute before its time.

    Raises
    ------
    UnknownName, PartitionError
        There is no such asset, check, monitor or partition.
    OverrideError
        The subject isn't muted there.
    """
    address = _address(work, asset, subject, partition)
    with writing(work.engine) as connection:
        if not mutes.remove(connection, address, subject):
            raise OverrideError(f"{subject} of {address} isn't muted; nothing was changed")
        event = Event(
            at=work.clock.now(), kind=EventKind.CHECK_UNMUTED, address=address, detail={"subject": subject, "by": by}
        )  # fmt: skip
        log.append(connection, event)


def muted(work: Project, asset: str) -> tuple[Mute, ...]:
    """The checks and monitors of an asset that are muted now; raises UnknownName."""
    with reading(work.engine) as connection:
        return mutes.of_asset(connection, work.graph.asset(asset).key, work.clock.now())


def _address(work: Project, asset: str, subject: str, partition: PartitionKey) -> Address:
    found = work.graph.asset(asset)
    known = severities_of(work, found.key, subject)
    if subject not in known:
        raise UnknownName("check or monitor", subject, known, where=asset)
    return Address(found.key, None if partition is None else work.address(asset, partition).partition)
