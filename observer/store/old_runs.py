"""Runs that nobody needs any more go, with their steps, what these said, and their place in the queue.

What they made stays. A run is needed while it goes on, while one of its steps says what is wrong with an address now,
and while a version that it made is held, waits to be published, is the last one that readers have of its asset, or is
what an unresolved incident is about. Older runs go first: a step that is over never says again how an address is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, or_, select

from observer.model import IncidentStatus
from observer.store.tables import incident_versions, incidents
from orchestration.model import TROUBLE, RunStatus, StepStatus, VersionStatus
from orchestration.queue_tables import run_attempts, run_queue
from orchestration.tables import runs, steps, versions


class OldRun(NamedTuple):
    """A run that has ended; ``seq`` is its place among all, by which pages of them follow each other."""

    seq: int
    id: str
    resumes: str | None


def ended_before(
    connection: Connection, environment: str, before: datetime, after: int, limit: int
) -> tuple[OldRun, ...]:
    """The next runs of an environment, the oldest first, that ended before an instant."""
    c = runs.c
    found = connection.execute(
        select(c.seq, c.id, c.resumes)
        .where(c.environment == environment, c.seq > after, c.ended_at < before, c.status != RunStatus.RUNNING)
        .order_by(c.seq)
        .limit(limit)
    )
    return tuple(OldRun(*row) for row in found)


def needed(connection: Connection) -> set[str]:
    """The runs of versions that are still to be looked at, or that readers have."""
    v = versions.c
    newest = select(func.max(v.seq)).where(v.status == VersionStatus.PUBLISHED).group_by(v.asset)
    open_ones = (
        select(incident_versions.c.materialization_id)
        .join(incidents, incidents.c.id == incident_versions.c.incident_id)
        .where(incidents.c.status != IncidentStatus.RESOLVED.value)
    )
    waits = v.status.in_((VersionStatus.HELD, VersionStatus.PUBLISHING))
    asked = select(v.run_id).where(or_(waits, v.seq.in_(newest), v.id.in_(open_ones))).distinct()
    return set(connection.execute(asked).scalars())


def remove(connection: Connection, old: Collection[OldRun], kept: Collection[str]) -> int:
    """Remove those of some runs, the oldest first, that are not in ``kept`` and that nothing of theirs needs."""
    gone = 0
    for run in old:
        if run.id in kept or connection.execute(_SAYS_SOMETHING, {"b_run": run.id, "b_resumes": run.resumes}).first():
            continue
        connection.execute(delete(steps).where(steps.c.run_id == run.id))
        connection.execute(delete(run_attempts).where(run_attempts.c.run_id == run.id))
        connection.execute(delete(run_queue).where(run_queue.c.id == run.id))
        connection.execute(delete(runs).where(runs.c.id == run.id))
        gone += 1
    return gone


def remove_unbegun(connection: Connection, environment: str, before: datetime) -> int:
    """Remove what was asked for, and ended before an instant without having begun."""
    q, began = run_queue.c, exists().where(runs.c.id == run_queue.c.id)
    over = select(q.id).where(q.environment == environment, q.ended_at < before, ~began)
    connection.execute(delete(run_attempts).where(run_attempts.c.run_id.in_(over)))
    return connection.execute(delete(run_queue).where(q.id.in_(over))).rowcount


_mine, _other = steps.alias("mine"), steps.alias("other")
_NOT_OVER = (StepStatus.PLANNED, StepStatus.RUNNING, StepStatus.CANCELLED)


def _another(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether another run has a step of the same address, which has ended and of which that is so."""
    return exists().where(
        _other.c.asset == _mine.c.asset, _other.c.partition == _mine.c.partition, _other.c.run_id != _mine.c.run_id,
        _other.c.status.not_in(_NOT_OVER), *where,
    )  # fmt: skip


_is_last_word = _mine.c.status.in_(TROUBLE) & ~_another(_other.c.ended_at > _mine.c.ended_at)
_hides_another = _another(_other.c.ended_at <= _mine.c.ended_at, or_(_other.c.status.in_(TROUBLE), _other.c.note != ""))
_resumed = exists().where(runs.c.id == bindparam("b_resumes"))  # which would seem to wait for somebody to resume it
_SAYS_SOMETHING = (
    select(_mine.c.run_id)
    .where(_mine.c.run_id == bindparam("b_run"), or_(_is_last_word, _hides_another))
    .union_all(select(runs.c.id).where(runs.c.id == bindparam("b_run"), _resumed))
    .limit(1)
)
