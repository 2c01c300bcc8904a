"""Runs: the last ones with their counts, and one with its steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from observer.project import Project
from observer.quantities import quantity
from observer.reads.instants import timezone_of
from observer.reads.model import RunPage, RunRow, StepRow
from orchestration.model import RunStatus, StepStatus
from orchestration.runs import cancellation_of
from orchestration.tables import runs, steps

_ORDER = (
    StepStatus.PUBLISHED, StepStatus.OBSERVED, StepStatus.HELD, StepStatus.BLOCKED, StepStatus.FAILED,
    StepStatus.INTERRUPTED, StepStatus.CANCELLED, StepStatus.SKIPPED, StepStatus.RUNNING, StepStatus.PLANNED,
)  # fmt: skip


def last_runs(connection: Connection, limit: int = 10, *, before: str | None = None) -> tuple[RunRow, ...]:
    """The newest runs, or those before the run of an id, newest first: two statements."""
    wanted = select(runs).order_by(runs.c.seq.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(runs.c.seq < select(runs.c.seq).where(runs.c.id == before).scalar_subquery())
    found = connection.execute(wanted).all()
    counted = connection.execute(
        select(
            steps.c.run_id, steps.c.status, func.count().label("number"),
            func.max(steps.c.offset_s + steps.c.duration_s).label("until_s"),
        )
        .where(steps.c.run_id.in_([row.id for row in found]))
        .group_by(steps.c.run_id, steps.c.status)
    ).all()  # fmt: skip
    counts: dict[str, dict[str, int]] = {row.id: {} for row in found}
    until: dict[str, float | None] = {}
    for row in counted:
        counts[row.run_id][row.status] = row.number
        until[row.run_id] = _later(until.get(row.run_id), row.until_s)
    return tuple(_row(row, counts[row.id], until.get(row.id)) for row in found)


def run_page(connection: Connection, project: Project, run_id: str, now: datetime) -> RunPage | None:
    """One run with its steps in the order walked: two statements."""
    if "\0" in run_id:  # which PostgreSQL can't even be asked
        return None
    later = runs.alias()
    resumed_by = select(later.c.id).where(later.c.resumes == runs.c.id).limit(1).scalar_subquery()
    found = connection.execute(select(runs, resumed_by.label("resumed_by")).where(runs.c.id == run_id)).one_or_none()
    if found is None:
        return None
    walked = connection.execute(select(steps).where(steps.c.run_id == run_id).order_by(steps.c.position)).all()
    counts: dict[str, int] = {}
    until: float | None = None
    for step in walked:
        counts[step.status] = counts.get(step.status, 0) + 1
        if step.offset_s is not None and step.duration_s is not None:
            until = _later(until, step.offset_s + step.duration_s)
    row = _row(found, counts, until)
    return RunPage(
        at=now, project=project.config.root.name, environment=found.environment, timezone=timezone_of(project.graph),
        run=row, ended_at=found.ended_at, holder=found.holder, sentence=sentence(row),
        steps=tuple(_step(step) for step in walked), resumes=found.resumes,
        resumed_by=found.resumed_by, cancellation=cancellation_of(found),
    )  # fmt: skip


def sentence(run: RunRow) -> str:
    """``4 published, 1 held, 2 blocked in 1.2 s``."""
    said = ", ".join(f"{number} {status}" for status, number in run.counts) or "nothing to do"
    if run.status == RunStatus.RUNNING:
        return f"still running: {said}"
    if run.status == RunStatus.CANCELLED:
        return f"cancelled: {said}"
    if run.duration_s is not None and run.counts:
        said = f"{said} in {quantity(run.duration_s, 's')}"
    return f"interrupted: {said}" if run.status == RunStatus.INTERRUPTED else said


def _row(run: Any, counts: Mapping[str, int], until_s: float | None) -> RunRow:
    duration_s = None
    if run.ended_at is not None:  # the data's clock may stand still: what the steps took is measured
        duration_s = until_s if until_s is not None else (run.ended_at - run.started_at).total_seconds()
    return RunRow(
        id=run.id, status=run.status, selection=run.selection, partitions=run.partitions, trigger=run.trigger,
        started_at=run.started_at, duration_s=duration_s,
        counts=tuple((status.value, counts[status]) for status in _ORDER if counts.get(status)),
    )  # fmt: skip


def _step(step: Any) -> StepRow:
    ran = step.status not in (StepStatus.BLOCKED, StepStatus.SKIPPED, StepStatus.PLANNED, StepStatus.CANCELLED)
    return StepRow(
        asset=step.asset, partition=step.partition or None, status=step.status, reason=step.reason, note=step.note,
        error=step.error, blocked_by=step.blocked_by, start_s=step.offset_s if ran else None, execute_s=step.execute_s,
        gate_s=step.gate_s, duration_s=step.duration_s,
    )  # fmt: skip


def _later(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
