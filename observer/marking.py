"""A person says of a version whether it is right and whether it is an example; what that would change comes before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from observer.assets import quality_of
from observer.data_time import data_time, part_of
from observer.errors import FeedbackError, UnknownName
from observer.feedback import in_force
from observer.foresight import Foresight, foresee
from observer.metrics import SCHEMA
from observer.model import EvaluationStatus, Every, Feedback, FeedbackKind, SubjectKind
from observer.project import Project
from observer.store import feedback as feedback_store
from observer.store.tables import evaluations
from observer.versions import reason_of
from orchestration import log
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.model import Address, AssetKey, PartitionKey, Scalar, VersionStatus
from orchestration.tables import versions

_STANDING = (VersionStatus.HELD, VersionStatus.PUBLISHED)
_ALARMED = (EvaluationStatus.WARNED.value, EvaluationStatus.FAILED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What was said, or would be, and what it changes; ``held``: the version is."""

    feedback: tuple[Feedback, ...]
    changes: tuple[Foresight, ...]
    held: bool


def mark(
    work: Project,
    asset: str,
    partition: PartitionKey,
    kind: FeedbackKind,
    *,
    subject: str | None = None,
    every: Every | None = None,
    reason: str,
    by: str,
    preview: bool = False,
) -> Marked:
    """Say something of the newest version of an asset, or of a partition: the one that is held, else the published.

    Parameters
    ----------
    kind:
        Whether it is right, and whether it is learned from.
    subject:
        A monitor; None: all of them, of bad data; else those that alarmed.
    every:
        How often what is recurring comes again; of nothing else.
    preview:
        Say what it would change; write nothing.

    Raises
    ------
    UnknownName, PartitionError, ProjectError
        There is no such asset, partition or monitor.
    FeedbackError
        There is no version, no monitor of it alarmed, or it isn't said how often it comes again.
    ReleaseError
        There is no reason.
    """
    address, why = work.address(asset, partition), "preview" if preview else reason_of(reason)
    _check_every(kind, every)
    now = work.clock.now()
    with reading(work.engine) as connection:
        version = _version(connection, address)
        subjects = _subjects(connection, work, address, version.id, kind, subject)
        before = feedback_store.all_of(connection, address.asset)
    given = tuple(_feedback(work, address, version, name, kind, every, now, by, why) for name in subjects)
    after = [*before, *(replace(one, id=_next(before) + n) for n, one in enumerate(given))]
    changes = foresee(
        work, address.asset, before, after, _monitors(work, address.asset, subjects), part=_part(work, address)
    )
    if not preview:
        given = _write(work, given)
    return Marked(feedback=given, changes=changes, held=version.status == VersionStatus.HELD)


def undo(
    work: Project,
    asset: str,
    partition: PartitionKey,
    *,
    number: int | None = None,
    reason: str,
    by: str,
    preview: bool = False,
) -> Marked:
    """Take a word on an asset (or on one of its partitions) back: what it said counts no more.

    Parameters
    ----------
    number:
        Of the word; None: the last one. What was said with it goes too.

    Raises
    ------
    FeedbackError
        Nothing was said that counts, or not this.
    UnknownName, PartitionError, ReleaseError
        As for :func:`mark`.
    """
    key = work.graph.asset(asset).key
    where = None if partition is None else work.address(asset, partition).partition
    why = "preview" if preview else reason_of(reason)
    with reading(work.engine) as connection:
        before = feedback_store.all_of(connection, key)
    counting = [one for one in in_force(before) if partition is None or one.partition == where]
    if not counting:
        raise FeedbackError(f"nothing that was said of {Address(key, where)} counts; nothing was changed")
    last = next((one for one in counting if one.id == number), None) if number is not None else counting[-1]
    if last is None:
        there = ", ".join(str(one.id) for one in counting[-3:])
        raise FeedbackError(
            f"no word {number} on {Address(key, where)} counts (the last that do: {there}); nothing was changed"
        )
    together = [one for one in counting if (one.at, one.version_seq) == (last.at, last.version_seq)]
    now = work.clock.now()
    given = tuple(
        replace(one, id=0, kind=None, every=None, day=None, at=now, by=by, reason=why, undoes=one.id)
        for one in together
    )
    after = [*before, *(replace(one, id=_next(before) + n) for n, one in enumerate(given))]
    subjects = [one.subject for one in together]
    part = _part(work, Address(key, last.partition))
    changes = foresee(work, key, before, after, _monitors(work, key, subjects), part=part)
    if not preview:
        given = _write(work, given)
    return Marked(feedback=given, changes=changes, held=False)


def said_of(work: Project, asset: str) -> tuple[Feedback, ...]:
    """Everything that was ever said of an asset, oldest first; raises UnknownName."""
    key = work.graph.asset(asset).key
    with reading(work.engine) as connection:
        return feedback_store.all_of(connection, key)


def _write(work: Project, given: Sequence[Feedback]) -> tuple[Feedback, ...]:
    with writing(work.engine) as connection:
        said = tuple(replace(one, id=feedback_store.add(connection, one)) for one in given)
        log.append(connection, *map(_event, said))
    return said


def _event(one: Feedback) -> Event:
    """What was said, for whoever follows the log; ``feedback`` is its number, and that of what is taken back."""
    detail: dict[str, Scalar] = {
        "version": one.materialization_id, "subject": one.subject, "by": one.by, "reason": one.reason,
    }  # fmt: skip
    if one.kind is None:
        kind, detail["feedback"] = EventKind.FEEDBACK_TAKEN_BACK, one.undoes
    else:
        kind, detail["feedback"], detail["as"] = EventKind.FEEDBACK_GIVEN, one.id, one.kind.value
        detail["every"] = None if one.every is None else one.every.value
    return Event(at=one.at, kind=kind, address=Address(one.asset, one.partition), detail=detail)


def _next(before: Sequence[Feedback]) -> int:
    return max((one.id for one in before), default=0) + 1


def _version(connection: Connection, address: Address) -> Any:
    found = connection.execute(
        select(versions)
        .where(versions.c.asset == address.asset, versions.c.partition == (address.partition or ""))
        .where(versions.c.status.in_(_STANDING))
        .order_by(versions.c.status != VersionStatus.HELD, versions.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise FeedbackError(f"{address} has no version that is held or published; nothing was changed")
    return found


def _subjects(
    connection: Connection, work: Project, address: Address, version: str, kind: FeedbackKind, subject: str | None
) -> tuple[str, ...]:
    c = evaluations.c
    rows = connection.execute(
        select(c.subject, c.status).where(c.materialization_id == version, c.kind == SubjectKind.MONITOR.value)
    ).all()
    judged = {row.subject for row in rows if row.subject != SCHEMA}
    alarmed = {row.subject for row in rows if row.status in _ALARMED and row.subject != SCHEMA}
    if subject is not None:
        if subject not in judged:
            raise UnknownName("monitor of a number", subject, sorted(judged), where=str(address))
        return (subject,)
    if kind is FeedbackKind.BAD_DATA:
        return ("", *sorted(alarmed))
    if not alarmed:
        raise FeedbackError(
            f"no monitor of a number alarmed at {address}; nothing was changed; say which one is meant (--subject), "
            f"such as {next(iter(sorted(judged)), 'row_count')!r}"
        )
    return tuple(sorted(alarmed))


def _feedback(
    work: Project, address: Address, version: Any, subject: str, kind: FeedbackKind, every: Every | None, now: datetime,
    by: str, why: str,
) -> Feedback:  # fmt: skip
    asset = work.graph.asset(address.asset)
    data_at = data_time(asset, address.partition, version.materialized_at)
    zone = ZoneInfo("UTC" if asset.partitions is None else asset.partitions.timezone)
    return Feedback(
        id=0, asset=address.asset, partition=address.partition, materialization_id=version.id, version_seq=version.seq,
        subject=subject, kind=kind, data_at=data_at, made_at=version.materialized_at, at=now, by=by, reason=why,
        every=every, day=None if every is None else data_at.astimezone(zone).date(),
    )  # fmt: skip


def _check_every(kind: FeedbackKind, every: Every | None) -> None:
    ways = ", ".join(f"--every {one.value}" for one in Every)
    if kind is FeedbackKind.RECURRING and every is None:
        raise FeedbackError(f"what is recurring comes again, so say how often: {ways}; nothing was changed")
    if kind is not FeedbackKind.RECURRING and every is not None:
        raise FeedbackError(f"only what is recurring comes again every {every.value}; nothing was changed")


def _monitors(work: Project, asset: AssetKey, subjects: Sequence[str]) -> tuple[str, ...]:
    """The monitors that some subjects mean; of a segment by its own name."""
    if "" not in subjects:
        return tuple(subjects)
    return tuple(m.id for m in quality_of(work.graph.asset(asset)).watched if m.metric != SCHEMA and m.segment is None)


def _part(work: Project, address: Address) -> str:
    return part_of(work.graph.asset(address.asset), address.partition)
