"""A person overrides one check or monitor: until a stated time it doesn't hold, whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from observer.assets import quality_of
from observer.errors import OverrideError, UnknownName
from observer.history import SeriesKey
from observer.metrics import SCHEMA
from observer.model import Override, Severity
from observer.project import Project
from observer.schema_changes import policy
from observer.store.excuses import overrides
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
    severities = severities_of(work, found.key, subject)
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


def severities_of(work: Project, asset: AssetKey, subject: str) -> Mapping[str, Severity]:
    """How bad each check and monitor of an asset can get, by subject; that of ``subject`` too, if it is a segment's.

    A monitor of each value of a column isn't a subject itself: each value is one.
    """
    found: dict[str, Severity] = {}
    for monitor in quality_of(work.graph.asset(asset)).watched:
        worst = policy(monitor.severity, monitor.parameters).values() if monitor.metric == SCHEMA else ()
        segment = subject.removeprefix(monitor.id.removesuffix(f"{monitor.segment}]")).removesuffix("]")
        asked = SeriesKey(monitor.metric, monitor.column, segment)
        for one in monitor.of_each([] if segment == monitor.segment else [asked]):
            found[one.id] = Severity.ERROR if Severity.ERROR in worst else monitor.severity
    return found | {check.name: check.severity for check in work.observer.checks.get(asset, ())}
