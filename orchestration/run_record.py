"""The record of a run: as it begins, how a cancelled step ends, and what its steps make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from orchestration import lease
from orchestration.model import Cancellation, Run, RunStatus, StepRecord, StepStatus
from orchestration.plan import Plan
from orchestration.runtime import Runtime
from orchestration.state import VersionRecord


def agreed(connection: Connection) -> None:
    """Nothing speaks against it."""


def silent(step: StepRecord) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is walked. ``fail_fast``: after a failure nothing more begins; otherwise all that can goes on.

    ``resumes``: the run whose work it goes on with. ``run_id``: the id that it has; None: a new one. ``again``: the
    record of this very run, whose process died. ``confirm`` is called in the transaction that logs its beginning, and
    raises where it must not begin. ``patience_s``: how long a step waits for another run that makes the same.
    """

    trigger: str
    listener: Callable[[StepRecord], None] = silent
    fail_fast: bool = False
    resumes: str | None = None
    run_id: str | None = None
    again: Run | None = None
    confirm: Callable[[Connection], None] = agreed
    patience_s: float = 0.0


def planned_run(runtime: Runtime, plan: Plan, options: RunOptions) -> Run:
    """The run as it begins, every step planned."""
    run_id = options.run_id or runtime.new_id()
    records = tuple(
        StepRecord(
            run_id=run_id, position=n, asset=step.address.asset, partition=step.address.partition,
            status=StepStatus.PLANNED, reason=step.reason, note=step.note, forced=step.forced,
        )
        for n, step in enumerate(plan.steps)
    )  # fmt: skip
    if options.again is not None:
        here = lease.this_process()
        return replace(options.again, status=RunStatus.RUNNING, ended_at=None, holder=here, steps=records)
    return Run(
        id=run_id, selection=plan.selection, partitions=plan.partitions, status=RunStatus.RUNNING,
        trigger=options.trigger, environment=runtime.environment, started_at=runtime.clock.now(), ended_at=None,
        holder=lease.this_process(), fail_fast=options.fail_fast, resumes=options.resumes, steps=records,
    )  # fmt: skip


def as_before(step: StepRecord, again: Run | None, published: VersionRecord | None) -> StepRecord:
    """A step that had nothing left to do, as the attempt whose process died has made it."""
    if again is None or step.status not in (StepStatus.SKIPPED, StepStatus.HELD):
        return step
    well = (StepStatus.HELD,) if step.status is StepStatus.HELD else (StepStatus.PUBLISHED, StepStatus.SKIPPED)
    for one in again.steps:
        if one.address == step.address and one.status in well:
            return one._replace(position=step.position)
    if step.status is StepStatus.SKIPPED and published is not None and published.run_id == again.id:
        return step._replace(status=StepStatus.PUBLISHED, materialization_id=published.id)  # it died before it said so
    return step


def cancelled(step: StepRecord, asked: Cancellation) -> StepRecord:
    """A step that had not begun."""
    return step._replace(status=StepStatus.CANCELLED, reason=f"not begun: the run was {asked}")


def status_of(steps: Sequence[StepRecord]) -> RunStatus:
    """How a run ends whose steps have ended like this."""
    found = {step.status for step in steps}
    if found & {StepStatus.CANCELLED, StepStatus.INTERRUPTED}:
        return RunStatus.CANCELLED
    if StepStatus.FAILED in found:
        return RunStatus.FAILED
    if StepStatus.HELD in found or StepStatus.BLOCKED in found:
        return RunStatus.HELD
    return RunStatus.SUCCEEDED
