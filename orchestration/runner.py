"""Walking a plan: execute, stage, ask the gate, publish or hold, log.

Publishing spans two stores, so it is done in this order: the verdict and the intent to publish in one transaction of
the log, the pointer in storage, the confirmation in the log. Whoever comes after a crash between them finishes the
intent (``recover``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestration import lease, log
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StateError, TidegateError
from orchestration.execute import Execution
from orchestration.keeper import Keeper
from orchestration.leasebook import LeaseBook
from orchestration.model import Address, AssetKey, Run, RunStatus, StepRecord, StepStatus
from orchestration.plan import Plan, PlannedStep
from orchestration.recovery import recover
from orchestration.runtime import Runtime
from orchestration.settlement import Judged, Settlement
from orchestration.staleness import Action, Judgement
from orchestration.state import Snapshot, load
from orchestration.step import QUIET, judge_step, rule, state_after, storable, task_of
from orchestration.work import Failure, Worker


def _silent(step: StepRecord) -> None:
    """Tell nobody."""


def run_plan(
    runtime: Runtime,
    plan: Plan,
    *,
    trigger: str,
    listener: Callable[[StepRecord], None] = _silent,
) -> Run:
    """Walk ``plan`` to its end and return the run with what became of each step.

    A step that fails, is held or is blocked stops only what depends on it. ``listener`` hears each step when it
    begins and when it has ended and is settled, perhaps from another thread, never from two at once.

    Raises
    ------
    StateError
        The state database can't be read or written; what was published stays published.
    KeyboardInterrupt
        Passed on after the run was logged as interrupted.
    """
    recover(runtime.engine, runtime.io, runtime.clock)
    return _Walk(runtime, plan, trigger, listener).to_the_end()


class _Walk:
    """One run in progress."""

    def __init__(self, runtime: Runtime, plan: Plan, trigger: str, listener: Callable[[StepRecord], None]) -> None:
        self._runtime, self._plan, self._listener = runtime, plan, listener
        self._began = runtime.clock.monotonic()
        run_id = runtime.new_id()
        records = tuple(
            StepRecord(
                run_id=run_id, position=n, asset=step.address.asset, partition=step.address.partition,
                status=StepStatus.PLANNED, reason=step.reason, note=step.note,
            )
            for n, step in enumerate(plan.steps)
        )  # fmt: skip
        self._run = Run(
            id=run_id, selection=plan.selection, partitions=plan.partitions, status=RunStatus.RUNNING,
            trigger=trigger, environment=runtime.environment, started_at=runtime.clock.now(), ended_at=None,
            holder=lease.this_process(), steps=records,
        )  # fmt: skip
        self._done: dict[int, StepRecord] = {}
        self._outcomes: dict[Address, tuple[StepStatus, AssetKey | None]] = {}
        self._snapshot = Snapshot()
        self._book = LeaseBook(runtime, run_id, self._snapshot)
        self._settlement = Settlement(runtime, self._book, self._settled)
        self._worker = Worker(
            Execution(runtime.graph, runtime.io, runtime.root), runtime.gate.measure, runtime.clock.now,
            runtime.clock.monotonic,
        )  # fmt: skip

    def to_the_end(self) -> Run:
        runtime, run = self._runtime, self._run
        with writing(runtime.engine) as connection:
            log.start_run(connection, run, runtime.clock.wall())
        try:
            with Keeper(runtime, run.id, self._settlement):
                with reading(runtime.engine) as connection:
                    self._snapshot.add(load(connection, self._assets()))
                for planned, record in zip(self._plan.steps, run.steps, strict=True):
                    self._walk(planned, record)
                self._settlement.flush()
            steps = tuple(self._done[step.position] for step in run.steps)
            status, ended_at = _status(steps), runtime.clock.now()
            with writing(runtime.engine) as connection:
                log.end_run(connection, run.id, status, ended_at)
        except BaseException:
            self._interrupt()
            raise
        return replace(run, status=status, ended_at=ended_at, steps=steps)

    def _assets(self) -> set[AssetKey]:
        """Those of the plan and those that they read, which a plan made by hand may leave out."""
        chosen = {step.asset for step in self._run.steps}
        return chosen | self._runtime.graph.ancestors(chosen, 1)

    def _walk(self, planned: PlannedStep, record: StepRecord) -> None:
        self._settlement.flush_if_due()
        try:
            judgement = self._judge(planned)
        except TidegateError as error:  # a mapping of the user's own, say, that names what isn't a partition
            failed = Judgement(action=Action.BLOCK, reason=planned.reason)
            self._end(replace(self._started(record, failed), status=StepStatus.FAILED, error=str(error)))
            return
        step = self._started(record, judgement)
        if judgement.action not in (Action.RUN, Action.OBSERVE):
            self._end(replace(step, status=QUIET[judgement.action], blocked_by=judgement.blocked_by))
            return
        self._listener(step)
        self._settlement.runs(step)
        try:
            self._book.take(
                planned.address, lambda n: self._ahead(record, n), patient=judgement.action is Action.OBSERVE
            )
        except StateError as error:
            if not isinstance(error, LeaseHeld):
                raise
            self._end(replace(step, status=StepStatus.FAILED, error=str(error)))
            return
        except TidegateError as error:
            self._end(replace(step, status=StepStatus.FAILED, error=str(error)))
            return
        self._make(planned, step, judgement)

    def _make(self, planned: PlannedStep, step: StepRecord, judgement: Judgement) -> None:
        action = judgement.action
        judgement = self._judge(planned)  # once more under the lease, from what the log says now
        if judgement.action is not action:  # another process has made it in the meantime
            status = QUIET.get(judgement.action, StepStatus.FAILED)
            self._end(replace(step, status=status, reason=judgement.reason, blocked_by=judgement.blocked_by))
            return
        product = self._worker.perform(task_of(self._runtime, step, judgement))
        if isinstance(product, Failure):
            self._end(replace(step, status=StepStatus.FAILED, error=product.error, execute_s=product.execute_s))
            return
        began = self._runtime.clock.monotonic()
        self._settlement.flush_asset(planned.address.asset)  # the gate compares a version with those before it
        ruling = rule(self._runtime, product)
        gate_s = product.gate_s + self._runtime.clock.monotonic() - began
        step = self._timed(replace(step, execute_s=product.execute_s, gate_s=gate_s))
        read = tuple((edge.upstream, version.id) for edge, versions in judgement.inputs for version in versions)
        judged = Judged(step=storable(step), product=product, ruling=ruling, read=read)
        before = self._snapshot.of(planned.address)
        self._snapshot.put(planned.address, state_after(before, product, ruling.decision))
        self._outcomes[planned.address] = (judged.ended().status, None)
        self._settlement.add(judged)

    def _judge(self, planned: PlannedStep) -> Judgement:
        return judge_step(self._runtime, planned.address, self._snapshot, self._outcomes, force=planned.forced)

    def _ahead(self, record: StepRecord, count: int) -> Sequence[Address]:
        """The next addresses that are planned to be made."""
        coming = self._plan.steps[record.position + 1 : record.position + 1 + count]
        return [step.address for step in coming if step.action is Action.RUN]

    def _started(self, record: StepRecord, judgement: Judgement) -> StepRecord:
        return replace(
            record,
            status=StepStatus.RUNNING,
            reason=judgement.reason,
            note=judgement.note,
            started_at=self._runtime.clock.now(),
            offset_s=self._runtime.clock.monotonic() - self._began,
        )

    def _timed(self, step: StepRecord) -> StepRecord:
        return replace(step, duration_s=self._runtime.clock.monotonic() - self._began - (step.offset_s or 0.0))

    def _end(self, step: StepRecord) -> None:
        """A step has ended without a version."""
        error = self._runtime.redact(step.error) if step.error else None
        ended = storable(self._timed(replace(step, error=error)))
        self._outcomes[ended.address] = (ended.status, ended.blocked_by)
        self._settlement.add_quiet(ended)

    def _settled(self, step: StepRecord) -> None:
        self._done[step.position] = step
        if step.status in (StepStatus.FAILED, StepStatus.BLOCKED):  # also where a version could not be published
            self._outcomes[step.address] = (step.status, step.blocked_by)
        self._listener(step)

    def _interrupt(self) -> None:
        """Settle what was judged and log where the walk broke off, as far as the state database lets us."""
        now = self._runtime.clock.now()
        with contextlib.suppress(Exception):  # what broke the walk matters more; what is not settled is made again
            self._settlement.flush()
        try:
            with writing(self._runtime.engine) as connection:
                lease.release_all(connection, self._run.id)
                log.break_off(connection, self._run.id, RunStatus.INTERRUPTED, now, "the run was interrupted")
        except StateError:
            return  # the state can't be written: the next run finds our process gone and says the same


def _status(steps: Sequence[StepRecord]) -> RunStatus:
    found = {step.status for step in steps}
    if StepStatus.FAILED in found:
        return RunStatus.FAILED
    if StepStatus.HELD in found or StepStatus.BLOCKED in found:
        return RunStatus.HELD
    return RunStatus.SUCCEEDED
