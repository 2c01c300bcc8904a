"""The record of a run: as it begins, how a cancelled step ends, and what its steps make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestration import lease
from orchestration.model import Cancellation, Run, RunStatus, StepRecord, StepStatus
from orchestration.plan import Plan
from orchestration.runtime import Runtime


def silent(step: StepRecord) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is walked. ``fail_fast``: after a failure nothing more begins; otherwise all that can goes on.

    ``resumes``: the run whose work it goes on with.
    """

    trigger: str
    listener: Callable[[StepRecord], None] = silent
    fail_fast: bool = False
    resumes: str | None = None


def planned_run(runtime: Runtime, plan: Plan, options: RunOptions) -> Run:
    """The run as it begins, every step planned."""
    run_id = runtime.new_id()
    records = tuple(
        StepRecord(
            run_id=run_id, position=n, asset=step.address.asset, partition=step.address.partition,
            status=StepStatus.PLANNED, reason=step.reason, note=step.note, forced=step.forced,
        )
        for n, step in enumerate(plan.steps)
    )  # fmt: skip
    return Run(
        id=run_id, selection=plan.selection, partitions=plan.partitions, status=RunStatus.RUNNING,
        trigger=options.trigger, environment=runtime.environment, started_at=runtime.clock.now(), ended_at=None,
        holder=lease.this_process(), fail_fast=options.fail_fast, resumes=options.resumes, steps=records,
    )  # fmt: skip


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
