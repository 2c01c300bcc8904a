"""The past of an asset, a page at a time: what was measured, what was said of it, and what ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from observer.history import SeriesKey, StoredPoint
from observer.model import Evaluation, EvaluationStatus
from observer.project import Project
from observer.reads.model import RunRow
from observer.reads.runs import last_runs
from observer.store import observations as observation_store
from observer.store import series as series_store
from observer.store.evaluations import evaluation
from observer.store.tables import evaluations
from orchestration.database import reading
from orchestration.model import PartitionKey
from orchestration.runs import find


@dataclass(frozen=True, slots=True)
class Numbered:
    """An evaluation with its number in the store, which orders them."""

    number: int
    evaluation: Evaluation


def measured(work: Project, asset: str) -> tuple[SeriesKey, ...]:
    """The series of an asset, whatever the part of its partitions; raises UnknownName."""
    with reading(work.engine) as connection:
        return series_store.measured(connection, work.graph.asset(asset).key)


def points(
    work: Project, asset: str, key: SeriesKey, part: str, *, before: datetime | None, limit: int
) -> tuple[StoredPoint, ...]:
    """The newest points of a series before an instant of its own time, oldest first; raises UnknownName."""
    found = work.graph.asset(asset)
    timed = found.partitions is not None and found.partitions.has_time
    with reading(work.engine) as connection:
        series_store.ensure_measured(connection, found.key, key)
        stored = observation_store.load(
            connection, found.key, {key}, before=before, partitioned=timed, part=part, limit=limit
        )
    return stored[key]


def evaluated(
    work: Project,
    asset: str,
    *,
    partition: PartitionKey,
    subject: str | None,
    status: EvaluationStatus | None,
    before: int | None,
    limit: int,
) -> tuple[Numbered, ...]:
    """The newest evaluations of an asset, newest first; raises UnknownName."""
    c = evaluations.c
    wanted = select(evaluations).where(c.asset == work.graph.asset(asset).key).order_by(c.id.desc()).limit(limit)
    for column, value in ((c.partition, partition), (c.subject, subject), (c.status, status and status.value)):
        if value is not None:
            wanted = wanted.where(column == value)
    if before is not None:
        wanted = wanted.where(c.id < before)
    with reading(work.engine) as connection:
        return tuple(Numbered(row.id, evaluation(row)) for row in connection.execute(wanted))


def ran(work: Project, *, before: str | None, limit: int) -> tuple[RunRow, ...]:
    """The newest runs, newest first; raises UnknownName where ``before`` is no run."""
    with reading(work.engine) as connection:
        if before is not None:
            find(connection, before)
        return last_runs(connection, limit, before=before)
