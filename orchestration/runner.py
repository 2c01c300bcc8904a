"""Walking a plan: execute, stage, ask the gate, publish or hold, log.

Publishing spans two stores, so it is done in this order: the verdict and the intent to publish in one
transaction of the log, the pointer in storage, the confirmation in the log. Whoever comes after a crash
between them finishes the intent (``recover``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from orchestration import lease, log
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, LeaseLost, StateError
from orchestration.execute import Execution
from orchestration.model import Address, AssetKey, Run, RunStatus, StepRecord, StepStatus
from orchestration.plan import Plan, PlannedStep
from orchestration.recovery import recover
from orchestration.runtime import Runtime
from orchestration.staleness import Action
from orchestration.state import Snapshot, load
from orchestration.step import Step
from orchestration.work import Worker

_HEARTBEAT_S = 15.0

_log = logging.getLogger("tidegate.runner")


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

    A step that fails, is held or is blocked stops only what depends on it. ``listener`` hears each step when
    it begins and when it ends.

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
        self._done: list[StepRecord] = []
        self._outcomes: dict[Address, tuple[StepStatus, AssetKey | None]] = {}
        self._snapshot = Snapshot()
        self._worker = Worker(
            Execution(runtime.graph, runtime.io, runtime.root), runtime.gate.measure, runtime.clock.now,
            runtime.clock.monotonic,
        )  # fmt: skip

    def to_the_end(self) -> Run:
        runtime, run = self._runtime, self._run
        with writing(runtime.engine) as connection:
            log.start_run(connection, run, runtime.clock.wall())
        try:
            with self._heartbeat():
                with reading(runtime.engine) as connection:
                    self._snapshot = load(connection, self._assets())
                for planned, record in zip(self._plan.steps, run.steps, strict=True):
                    self._walk(planned, record)
            status, ended_at = _status(self._done), runtime.clock.now()
            with writing(runtime.engine) as connection:
                log.end_run(connection, run.id, status, ended_at)
        except BaseException:
            self._interrupt()
            raise
        return replace(run, status=status, ended_at=ended_at, steps=tuple(self._done))

    def _assets(self) -> set[AssetKey]:
        """Those of the plan and those that they read, which a plan made by hand may leave out."""
        chosen = {step.asset for step in self._run.steps}
        return chosen | self._runtime.graph.ancestors(chosen, 1)

    def _walk(self, planned: PlannedStep, record: StepRecord) -> None:
        runtime = self._runtime
        step = Step(runtime, self._worker, self._snapshot, self._outcomes, force=planned.forced)
        judgement = step.judge(planned.address)
        started = replace(
            record,
            status=StepStatus.RUNNING,
            reason=judgement.reason,
            note=judgement.note,
            started_at=runtime.clock.now(),
            offset_s=runtime.clock.monotonic() - self._began,
        )
        if judgement.action in (Action.RUN, Action.OBSERVE):
            self._listener(started)
            try:
                ended = step.make(started, judgement.action)
            except (LeaseHeld, LeaseLost) as error:
                ended = replace(started, status=StepStatus.FAILED, error=str(error))
        else:
            ended = _without_running(started, judgement.action, judgement.blocked_by)
        self._end(ended)

    def _end(self, step: StepRecord) -> None:
        runtime = self._runtime
        ended = replace(
            step,
            reason=_storable(step.reason),
            note=_storable(step.note),
            ended_at=runtime.clock.now(),
            duration_s=runtime.clock.monotonic() - self._began - (step.offset_s or 0.0),
            error=_storable(runtime.redact(step.error)) if step.error else None,
        )
        with writing(runtime.engine) as connection:
            log.save_step(connection, ended, ended.ended_at or runtime.clock.now())
        self._done.append(ended)
        self._outcomes[ended.address] = (ended.status, ended.blocked_by)
        self._listener(ended)

    def _interrupt(self) -> None:
        """Log where the walk broke off, as far as the state database lets us."""
        now = self._runtime.clock.now()
        try:
            with writing(self._runtime.engine) as connection:
                lease.release_all(connection, self._run.id)
                log.break_off(connection, self._run.id, RunStatus.INTERRUPTED, now, "the run was interrupted")
        except StateError:
            return  # the state can't be written: the next run finds our process gone and says the same

    def _heartbeat(self) -> _Heartbeat:
        return _Heartbeat(self._runtime.engine, self._run.id, self._runtime.clock.wall)


class _Heartbeat:
    """Renews the leases of a run while its steps take their time."""

    def __init__(self, engine: Engine, run_id: str, wall: Callable[[], datetime]) -> None:
        self._engine, self._run_id, self._wall = engine, run_id, wall
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="tidegate-heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(_HEARTBEAT_S):
            try:
                with writing(self._engine) as connection:
                    lease.renew(connection, (self._run_id,), self._wall())
            except Exception as error:  # tried again at the next beat; a lease that lapses is refused by its token
                _log.warning("the leases of run %s could not be renewed: %s", self._run_id, error)


def _without_running(step: StepRecord, action: Action, blocked_by: AssetKey | None) -> StepRecord:
    status = {
        Action.SKIP: StepStatus.SKIPPED,
        Action.STAY_HELD: StepStatus.HELD,
        Action.BLOCK: StepStatus.BLOCKED,
    }[action]
    return replace(step, status=status, blocked_by=blocked_by)


def _storable(text: str) -> str:
    """Text that every database keeps: what users' errors say may hold zero bytes and broken characters."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _status(steps: list[StepRecord]) -> RunStatus:
    found = {step.status for step in steps}
    if StepStatus.FAILED in found:
        return RunStatus.FAILED
    if StepStatus.HELD in found or StepStatus.BLOCKED in found:
        return RunStatus.HELD
    return RunStatus.SUCCEEDED
