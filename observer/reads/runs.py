"""Runs: the last ones with their counts, and one with its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from observer.project import Project
from observer.quantities import quantity
from observer.reads.instants import timezone_of
from observer.reads.model import RunPage, RunRow, StepRow
from observer.reads.run_model import OPEN, AskedFor, AttemptRow, LogRow, SpanRow
from observer.reads.step_logs import logs_in, spans_in
from orchestration.model import Cancellation, RunStatus, StepStatus
from orchestration.queue import Attempt, RequestStatus, attempts_of
from orchestration.queue_tables import run_queue
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
        until[row.run_id] = later(until.get(row.run_id), row.until_s)
    return tuple(_row(row, counts[row.id], until.get(row.id)) for row in found)


def run_page(connection: Connection, project: Project, run_id: str, now: datetime) -> RunPage | None:
    """One run with its steps in the order walked, or as it waits in the queue: seven statements."""
    if "\0" in run_id:  # which PostgreSQL can't even be asked
        return None
    newer = runs.alias()
    resumed_by = select(newer.c.id).where(newer.c.resumes == runs.c.id).limit(1).scalar_subquery()
    found = connection.execute(select(runs, resumed_by.label("resumed_by")).where(runs.c.id == run_id)).one_or_none()
    queued = connection.execute(select(run_queue).where(run_queue.c.id == run_id)).one_or_none()
    if found is None and queued is None:
        return None
    asked = None if queued is None else _asked(queued, attempts_of(connection, run_id))
    if found is None:
        return _waiting(project, queued, asked, now)
    walked = connection.execute(select(steps).where(steps.c.run_id == run_id).order_by(steps.c.position)).all()
    counts: dict[str, int] = {}
    until: float | None = None
    for step in walked:
        counts[step.status] = counts.get(step.status, 0) + 1
        if step.offset_s is not None and step.duration_s is not None:
            until = later(until, step.offset_s + step.duration_s)
    row = _row(found, counts, until)
    over = found.ended_at
    if queued is not None and queued.status in OPEN:  # an interrupted one that another process goes on with
        row, over = replace(row, status=queued.status, duration_s=None), None
    return RunPage(
        at=now, project=project.config.root.name, environment=found.environment, timezone=timezone_of(project.graph),
        run=row, ended_at=over, holder=found.holder, sentence=sentence(row),
        steps=_with_logs(connection, run_id, walked), resumes=found.resumes,
        resumed_by=found.resumed_by, cancellation=cancellation_of(found), asked=asked,
    )  # fmt: skip


def _waiting(project: Project, queued: Any, asked: AskedFor | None, now: datetime) -> RunPage:
    """A run that only the queue knows: it waits, begins just now, or ended before it could begin."""
    row = RunRow(
        id=queued.id, status=queued.status, selection=", ".join(queued.assets),
        partitions=", ".join(queued.partitions or ()), trigger=queued.reason, started_at=queued.asked_at,
        duration_s=None, counts=(),
    )  # fmt: skip
    cancellation = None
    if queued.cancel_by is not None:
        at = queued.ended_at or queued.asked_at
        cancellation = Cancellation(by=queued.cancel_by, reason=queued.cancel_reason or "", asked_at=at)
    return RunPage(
        at=now, project=project.config.root.name, environment=queued.environment, timezone=timezone_of(project.graph),
        run=row, ended_at=queued.ended_at, holder=queued.holder or "", sentence=_unbegun(queued), steps=(),
        cancellation=cancellation, asked=asked,
    )  # fmt: skip


def _unbegun(queued: Any) -> str:
    if queued.status == RequestStatus.QUEUED:
        return "Waits in the queue" + (f": {queued.note}" if queued.note else "")
    if queued.status == RequestStatus.RUNNING:
        return "Begins just now"
    how = "Was cancelled before it began" if queued.status == RequestStatus.CANCELLED else queued.status.capitalize()
    return f"{how}: {queued.note}" if queued.note else how


def _asked(queued: Any, attempts: Sequence[Attempt]) -> AskedFor:
    tries = tuple(
        AttemptRow(number=one.number, holder=one.holder, began_at=one.began_at, ended_at=one.ended_at, ended=one.ended)
        for one in attempts
    )
    return AskedFor(
        by=queued.asked_by, reason=queued.reason, at=queued.asked_at, due_at=queued.due_at, note=queued.note,
        attempts=tries,
    )  # fmt: skip


def sentence(run: RunRow) -> str:
    """``4 published, 1 held, 2 blocked in 1.2 s``."""
    said = ", ".join(f"{number} {status}" for status, number in run.counts) or "nothing to do"
    if run.status in OPEN:
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
        counts=in_order(counts),
    )  # fmt: skip


def _with_logs(connection: Connection, run_id: str, walked: Sequence[Any]) -> tuple[StepRow, ...]:
    logs, spans = logs_in(connection, run_id), spans_in(connection, run_id)
    return tuple(
        _step(step, spans.get(step.position, ()), logs.get((step.asset, step.partition or None), ())) for step in walked
    )


def _step(step: Any, spans: tuple[SpanRow, ...], logs: tuple[LogRow, ...]) -> StepRow:
    ran = step.status not in (StepStatus.BLOCKED, StepStatus.SKIPPED, StepStatus.PLANNED, StepStatus.CANCELLED)
    return StepRow(
        asset=step.asset, partition=step.partition or None, status=step.status, reason=step.reason, note=step.note,
        error=step.error, blocked_by=step.blocked_by, start_s=step.offset_s if ran else None, execute_s=step.execute_s,
        gate_s=step.gate_s, duration_s=step.duration_s, spans=spans, logs=logs,
    )  # fmt: skip


def in_order(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What became of steps, as sentences and lists say it; none of what there is none."""
    return tuple((status.value, counts[status]) for status in _ORDER if counts.get(status))


def later(one: float | None, other: float | None) -> float | None:
    """The greater of two lengths, either of which may not be known."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
