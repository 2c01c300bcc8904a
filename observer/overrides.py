"""A person overrides one check or monitor: until a stated time it doesn't hold, whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from observer.errors import OverrideError, UnknownName
from observer.model import Override, Severity
from observer.pipeline import monitors_of
from observer.project import Project
from observer.store import overrides
from observer.versions import reason_of
from orchestration import log
from orchestration.database import writing
from orchestration.events import Event, EventKind
from orchestration.model import Address, AssetKey, PartitionKey


def override_subject(
    work: Project, asset: str, subject: str, partition: PartitionKey, *, for_s: float, reason: str, by: str
) -> Override:
    """Let a check or monitor of an asset (or of one partition) not hold; a later override of it takes the place.

    It counts for versions that are judged meanwhile: they are evaluated as ever, people are warned, and what is
    published stays so. What is held already stays held.

    Raises
    ------
    UnknownName, PartitionError
        There is no such asset, check, monitor or partition.
    OverrideError
        The subject never holds, or the time is over already.
    """
    found = work.graph.asset(asset)
    if partition is not None:
        partition = work.address(asset, partition).partition
    severities = _severities(work, found.key)
    if subject not in severities:
        raise UnknownName("check or monitor", subject, severities, where=asset)
    if severities[subject] is Severity.WARN:
        raise OverrideError(f"{subject} of {asset} is of severity warn and holds nothing; nothing was changed")
    now = work.clock.now()
    given = Override(
        asset=found.key, partition=partition, subject=subject, until=now + timedelta(seconds=for_s), by=by,
        reason=reason_of(reason),
    )  # fmt: skip
    if given.until <= now:
        raise OverrideError(f"an override of {subject} would have ended at {given.until:%Y-%m-%d %H:%M} UTC already")
    with writing(work.engine) as connection:
        overrides.save(connection, given)
        detail = {"hold": subject, "by": by, "reason": given.reason, "until": given.until.isoformat()}
        address = Address(found.key, partition)
        log.append(connection, Event(at=now, kind=EventKind.HOLD_OVERRIDDEN, address=address, detail=detail))
    return given


def _severities(work: Project, asset: AssetKey) -> Mapping[str, Severity]:
    """Of the checks and monitors of an asset, by subject."""
    found = {monitor.id: monitor.severity for monitor in monitors_of(work.graph.asset(asset))}
    return found | {check.name: check.severity for check in work.observer.checks.get(asset, ())}
