"""Runs as the log has them: which there are, what became of their steps, who resumes whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from orchestration.errors import RunError, UnknownName
from orchestration.model import AssetKey, Cancellation, Run, RunStatus, StepRecord, StepStatus
from orchestration.tables import runs, steps

_NAMED = 50  # of the newest runs, in an error about a name that is none of them

_CANCELLATION = select(runs.c.cancel_by, runs.c.cancel_reason, runs.c.cancel_asked_at).where(
    runs.c.id == bindparam("b_id")
)


def find(connection: Connection, run_id: str) -> Run:
    """A run with its steps; raises UnknownName."""
    row = None
    if "\0" not in run_id:  # which PostgreSQL can't even be asked
        row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        newest = select(runs.c.id).order_by(runs.c.seq.desc()).limit(_NAMED)
        raise UnknownName("run", run_id, connection.execute(newest).scalars())
    walked = connection.execute(select(steps).where(steps.c.run_id == run_id).order_by(steps.c.position))
    return _run(row, tuple(_step(step) for step in walked))


def running(connection: Connection, environment: str) -> tuple[Run, ...]:
    """The runs that have not ended, oldest first, without their steps."""
    c = runs.c
    rows = connection.execute(
        select(runs).where(c.status == RunStatus.RUNNING.value, c.environment == environment).order_by(c.seq)
    )
    return tuple(_run(row) for row in rows)


def unfinished(connection: Connection, environment: str) -> str | None:
    """The id of the newest run that has ended, did not succeed, and that no other run has resumed."""
    c, later = runs.c, runs.alias()
    over = c.status.not_in((RunStatus.RUNNING.value, RunStatus.SUCCEEDED.value))
    resumed = select(later.c.id).where(later.c.resumes == c.id).exists()
    statement = select(c.id).where(over, c.environment == environment, ~resumed).order_by(c.seq.desc()).limit(1)
    found: str | None = connection.execute(statement).scalar_one_or_none()
    return found


def last_statuses(connection: Connection) -> dict[AssetKey, set[StepStatus]]:
    """By asset, what became of its steps in the newest run that planned it."""
    newest = (
        select(steps.c.asset, func.max(runs.c.seq).label("seq"))
        .join(runs, runs.c.id == steps.c.run_id)
        .group_by(steps.c.asset)
        .subquery()
    )
    rows = connection.execute(
        select(steps.c.asset, steps.c.status)
        .join(runs, runs.c.id == steps.c.run_id)
        .join(newest, (newest.c.asset == steps.c.asset) & (newest.c.seq == runs.c.seq))
        .distinct()
    )
    found: dict[AssetKey, set[StepStatus]] = {}
    for row in rows:
        found.setdefault(AssetKey(row.asset), set()).add(StepStatus(row.status))
    return found


def resumed_by(connection: Connection, run_id: str) -> tuple[str, RunStatus] | None:
    """The run that resumes this one, with how it stands."""
    row = connection.execute(select(runs.c.id, runs.c.status).where(runs.c.resumes == run_id)).first()
    return None if row is None else (row.id, RunStatus(row.status))


def claim(connection: Connection, run_id: str) -> None:
    """Refuse a second resumption of a run; call it in the transaction that logs the first.

    Raises
    ------
    RunError
        Another run resumes it already.
    """
    connection.execute(select(runs.c.id).where(runs.c.id == run_id).with_for_update()).one()
    if (other := resumed_by(connection, run_id)) is not None:
        raise RunError(already_resumed(run_id, *other))


def already_resumed(run_id: str, by: str, status: RunStatus) -> str:
    """Why a run can't be resumed a second time, and what can be done instead."""
    said = f"run {run_id} was resumed by run {by} already"
    if status is RunStatus.RUNNING:
        return f"{said}, which still runs; nothing was begun; wait for its end, or stop it: tidegate cancel {by}"
    return f"{said}, which ended as {status}; nothing was begun; go on from that one: tidegate resume {by}"


def cancellation(connection: Connection, run_id: str) -> Cancellation | None:
    """Whether a run was asked to end, and by whom."""
    row = connection.execute(_CANCELLATION, {"b_id": run_id}).one_or_none()
    return None if row is None else cancellation_of(row)


def cancellation_of(row: Any) -> Cancellation | None:
    """What a row of ``runs`` says of a request to end."""
    if row.cancel_asked_at is None:
        return None
    return Cancellation(by=row.cancel_by, reason=row.cancel_reason, asked_at=row.cancel_asked_at)


def _run(row: Any, walked: Sequence[StepRecord] = ()) -> Run:
    return Run(
        id=row.id, selection=row.selection, partitions=row.partitions, status=RunStatus(row.status),
        trigger=row.trigger, environment=row.environment, started_at=row.started_at, ended_at=row.ended_at,
        holder=row.holder, fail_fast=row.fail_fast, resumes=row.resumes, cancellation=cancellation_of(row),
        steps=tuple(walked),
    )  # fmt: skip


def _step(row: Any) -> StepRecord:
    return StepRecord(
        run_id=row.run_id, position=row.position, asset=AssetKey(row.asset), partition=row.partition or None,
        status=StepStatus(row.status), reason=row.reason, note=row.note, started_at=row.started_at,
        ended_at=row.ended_at, offset_s=row.offset_s, duration_s=row.duration_s, execute_s=row.execute_s,
        gate_s=row.gate_s, materialization_id=row.materialization_id,
        blocked_by=None if row.blocked_by is None else AssetKey(row.blocked_by), error=row.error, forced=row.forced,
    )  # fmt: skip
