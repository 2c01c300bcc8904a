"""Walking a plan: execute, stage, ask the gate, publish or hold, log.

Publishing spans two stores, so it is done in this order: the verdict and the intent to publish in one transaction of
the log, the pointer in storage, the confirmation in the log. Whoever comes after a crash between them finishes the
intent (``recover``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from orchestration import log, runs
from orchestration.agenda import Agenda
from orchestration.breaking_off import give_up, interrupt
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StateError, TidegateError
from orchestration.executors.base import Finished
from orchestration.flight import Flight, Made, Making, not_tried_again, stop, thrown_away, worked_s
from orchestration.heap import quiet_heap, swept_after
from orchestration.keeper import Keeper
from orchestration.leasebook import LeaseBook
from orchestration.model import Address, AssetKey, AssetKind, Cancellation, Run, StepRecord, StepStatus
from orchestration.plan import Plan, PlannedStep
from orchestration.recovery import recover
from orchestration.retries import Retries
from orchestration.run_record import RunOptions, as_before, planned_run, silent, status_of
from orchestration.runtime import Runtime
from orchestration.scribe import Scribe
from orchestration.settlement import Judged, Settlement
from orchestration.spans import SpanKind
from orchestration.staleness import Action, Judgement
from orchestration.state import Snapshot, load
from orchestration.step import QUIET, judge_step, judged_together, limits_of, rule, state_after, storable, task_of
from orchestration.work import Failure, Products

_LONGEST_NAP_S = 0.25
"""How long the walk looks at nothing else while work is under way: a request to end is noticed then."""

_log = logging.getLogger("tidegate.runner")


def run_plan(
    runtime: Runtime,
    plan: Plan,
    *,
    trigger: str,
    listener: Callable[[StepRecord], None] = silent,
    fail_fast: bool = False,
    resumes: str | None = None,
) -> Run:
    """Walk ``plan`` to its end and return the run with what became of each step.

    A step that fails, is held or is blocked stops only what depends on it, unless ``fail_fast``. ``listener`` hears
    each step when it begins and when it has ended and is settled, perhaps from another thread, never from two at once.
    ``resumes`` is the id of the run that this one goes on with (``orchestration.resume``). A run that is cancelled
    (``orchestration.cancel``) stops what is under way, publishes nothing more and is returned as cancelled.

    Raises
    ------
    RunError
        Another run resumes ``resumes`` already.
    StateError
        The state database can't be read or written; what was published stays published.
    KeyboardInterrupt
        Passed on after the run was logged as interrupted, with everything that was under way stopped.
    """
    return walk(runtime, plan, RunOptions(trigger=trigger, listener=listener, fail_fast=fail_fast, resumes=resumes))


def walk(runtime: Runtime, plan: Plan, options: RunOptions) -> Run:
    """``run_plan`` with every option; raises what ``options.confirm`` does, too."""
    recover(runtime.engine, runtime.io, runtime.clock)
    with quiet_heap():
        return _Walk(runtime, plan, options).to_the_end()


class _Walk:
    """One run in progress."""

    def __init__(self, runtime: Runtime, plan: Plan, options: RunOptions) -> None:
        self._runtime, self._plan, self._options = runtime, plan, options
        self._began = runtime.clock.monotonic()
        self._run = planned_run(runtime, plan, options)
        self._done: dict[int, StepRecord] = {}
        self._outcomes: dict[Address, tuple[StepStatus, AssetKey | None]] = {}
        self._snapshot = Snapshot()
        self._book = LeaseBook(runtime, self._run.id, self._snapshot)
        self._scribe = Scribe(runtime, self._run.id, self._offset_s)
        self._settlement = Settlement(runtime, self._book, self._scribe, self._settled)
        self._under_way: dict[str, Flight] = {}  # by the id of the task
        self._made: dict[int, Made] = {}  # waiting for their turn to be judged
        self._retries = Retries()
        self._unheard: Sequence[Finished] = ()  # answers that came when the run was to end
        self._stopped_by: AssetKey | None = None
        self._telling = threading.Lock()

    def to_the_end(self) -> Run:
        runtime, run = self._runtime, self._run
        self._keeper = Keeper(runtime, run.id, self._settlement)
        with writing(runtime.engine) as connection:
            if run.resumes is not None:
                runs.claim(connection, run.resumes)
            self._options.confirm(connection)
            if self._options.again is None:
                log.start_run(connection, run, runtime.clock.wall())
            else:
                log.go_on(connection, run, runtime.clock.wall())
                self._scribe.goes_on(connection)
        try:
            with self._keeper, closing(runtime.begin_executor()) as executor:
                with reading(runtime.engine) as connection:
                    self._snapshot.add(load(connection, self._assets(), self._runtime.clock.now()))
                self._executor = executor
                self._agenda = Agenda(
                    runtime.graph, [step.address for step in self._plan.steps], self._snapshot.keys_of, runtime.pools
                )
                self._walk()
                if self._agenda.open and (asked := self._keeper.cancellation) is not None:
                    self._give_up(asked)
                    run = replace(run, cancellation=asked)
                self._settlement.finish()
            steps = tuple(self._done[step.position] for step in run.steps)
            status, ended_at = status_of(steps), runtime.clock.now()
            with writing(runtime.engine) as connection:
                log.end_run(connection, run.id, status, ended_at)
        except BaseException:
            self._interrupt()
            raise
        return replace(run, status=status, ended_at=ended_at, steps=steps)

    def _assets(self) -> set[AssetKey]:
        """Those of the plan, those that they read, which a plan made by hand may leave out, and those of the gate."""
        chosen = {step.asset for step in self._run.steps}
        compared = {other for key in chosen for other in self._runtime.compared.get(key, ())}
        return chosen | self._runtime.graph.ancestors(chosen, 1) | compared

    def _walk(self) -> None:
        """Begin what can begin, wait for what is under way, until every step has ended or the run is to end."""
        while self._agenda.open and self._goes_on():
            self._come_back()
            while self._has_room() and (position := self._agenda.begin()) is not None:
                self._settlement.flush_if_due()
                self._begin(position)
            self._settlement.flush_if_due()
            if self._under_way:
                finished = self._executor.wait(self._nap_s())
                if not self._goes_on():
                    self._unheard = finished
                    return
                for one in finished:
                    self._finish(self._under_way.pop(one.task.id), one.result)
            elif self._retries.wait_s() is not None:
                time.sleep(self._nap_s())
            elif self._agenda.open and self._goes_on():
                raise AssertionError(f"{self._agenda.open} steps of run {self._run.id} wait for each other")

    def _goes_on(self) -> bool:
        return self._keeper.cancellation is None

    def _has_room(self) -> bool:
        return self._goes_on() and len(self._under_way) < self._executor.slots

    def _come_back(self) -> None:
        """Steps whose wait is over may begin again; all of them to be blocked, once the run stops."""
        for position in self._retries.due(at_once=self._stopped_by is not None):
            self._agenda.again(position)

    def _nap_s(self) -> float:
        left = self._retries.wait_s()
        return _LONGEST_NAP_S if left is None else min(_LONGEST_NAP_S, left)

    def _begin(self, position: int) -> None:
        """Judge a step and those that are made in one call with it, and begin what is to be made."""
        if (waited := self._agenda.waited(position)) is not None:
            self._scribe.had_to_wait(self._run.steps[position], self._retries.tries(position) + 1, *waited)
        judged: dict[Address, Judgement] = {}
        positions: dict[Address, int] = {}
        for one in (position, *self._agenda.company(position)):
            planned = self._plan.steps[one]
            positions[planned.address] = one
            try:
                judged[planned.address] = self._judge(planned)
            except TidegateError as error:  # a mapping of the user's own, say, that names what isn't a partition
                self._fail(self._started(self._run.steps[one], planned.reason, ""), str(error))
        makings = []
        for address, judgement in judged_together(self._runtime, judged).items():
            one = positions[address]
            step = self._started(self._run.steps[one], judgement.reason, judgement.note)
            if judgement.action not in (Action.RUN, Action.OBSERVE):
                self._end(step._replace(status=QUIET[judgement.action], blocked_by=judgement.blocked_by))
            elif self._stopped_by is not None:
                self._stay_away(step, self._stopped_by)
            else:
                makings.append(Making(self._plan.steps[one], step, judgement))
        if makings:
            self._make(makings)

    def _stay_away(self, step: StepRecord, first: AssetKey) -> None:
        """It does not begin after the first failure of the run; what was tried before has failed itself."""
        reason = f"the run stops at its first failure, of {first}"
        if (tried := self._retries.last(step)) is not None:
            self._fail(tried, f"{tried.error} (not tried again: {reason})")
        else:
            self._end(step._replace(status=StepStatus.BLOCKED, blocked_by=first, reason=reason))

    def _make(self, makings: Sequence[Making]) -> None:
        tries = {making.step.position: self._retries.begin(making.step) for making in makings}
        for making in makings:
            if tries[making.step.position] == 1:
                self._tell(making.step)
            self._scribe.waited(making.step, SpanKind.RETRY, tries[making.step.position])
            self._settlement.runs(making.step)
        before = [self._snapshot.of(making.planned.address) for making in makings]
        mine = [making for making in makings if self._is_taken(making)]
        if before != [self._snapshot.of(making.planned.address) for making in makings]:
            mine = self._still_to_make(mine)
        if not mine:
            return
        task = task_of(self._runtime, [(making.step, making.judgement) for making in mine], self._snapshot)
        first = mine[0].step
        if self._runtime.graph.asset(first.asset).kind is AssetKind.DBT:
            self._settlement.flush()  # dbt reads what readers see
        self._under_way[task.id] = Flight(tuple(mine), task, tries[first.position])
        self._scribe.begins(task.id, [making.step for making in mine], tries[first.position])
        self._executor.submit(task, limits_of(self._runtime.graph.asset(first.asset)))

    def _is_taken(self, making: Making) -> bool:
        """Take the step's lease; where that fails, so does the step."""
        step, action = making.step, making.judgement.action
        try:
            self._book.take(
                step.address, lambda n: self._ahead(step, n),
                patient=lambda: action is Action.OBSERVE and self._goes_on() and self._is_another_s(step),
            )  # fmt: skip
        except TidegateError as error:
            if isinstance(error, StateError) and not isinstance(error, LeaseHeld):
                raise
            if isinstance(error, LeaseHeld) and self._took_s(step) < self._options.patience_s - (step.offset_s or 0.0):
                self._is_another_s(step)
                self._agenda.leave(step.position)
                self._retries.put_off(step, _LONGEST_NAP_S)
            else:
                self._fail(step, str(error))
            return False
        self._scribe.waited(step, SpanKind.LEASE, self._retries.tries(step.position))
        return True

    def _is_another_s(self, step: StepRecord) -> bool:
        """Another run makes the same, for whose end the step waits."""
        self._scribe.waits(step, SpanKind.LEASE, "another run made it")
        return True

    def _still_to_make(self, makings: Sequence[Making]) -> list[Making]:
        """Judge once more from what the log says under the leases: another process has made it meanwhile."""
        judged, mine = {}, []
        for making in makings:
            try:
                judged[making.step.address] = self._judge(making.planned)
            except TidegateError as error:
                self._fail(making.step, str(error))
        found = judged_together(self._runtime, judged)
        for making in makings:
            judgement = found.get(making.step.address)
            if judgement is None:
                continue
            if judgement.action is making.judgement.action:
                mine.append(replace(making, judgement=judgement))
                continue
            status = QUIET.get(judgement.action, StepStatus.FAILED)
            self._end(making.step._replace(status=status, reason=judgement.reason, blocked_by=judgement.blocked_by))
        return mine

    def _finish(self, flight: Flight, result: Products | Failure) -> None:
        first = result if isinstance(result, Failure) else result[0]
        swept_after(first.execute_s or 0.0)
        self._scribe.ends(flight.task.id, first.said, worked_s(result))
        if isinstance(result, Failure):
            self._finish_failed(flight, result)
            return
        for making, product in zip(flight.makings, result, strict=True):
            self._agenda.leave(making.step.position)
            self._made[making.step.position] = Made(making, product, flight.attempt, self._offset_s())
        for asset in dict.fromkeys(making.step.asset for making in flight.makings):
            self._decide(asset)

    def _finish_failed(self, flight: Flight, failure: Failure) -> None:
        first = flight.makings[0].step
        policy = self._runtime.graph.asset(first.asset).run
        error = failure.error
        for making in flight.makings:
            self._settlement.sweep(making.step.address)
            error = self._runtime.withhold(making.step.asset, error)
        error = self._runtime.redact(error)
        if policy.tries_again(flight.attempt, failure.kinds):
            wait_s = policy.wait_s(flight.attempt, self._runtime.chance)
            _log.warning(
                "%s: try %d failed and is repeated in %.1f s: %s", first.address, flight.attempt, wait_s, error
            )
            for making in flight.makings:
                self._agenda.leave(making.step.position)
                self._scribe.tried(making.step, flight.attempt, error, wait_s)
                self._retries.wait(making.step._replace(error=error), wait_s)
            return
        tries = f" (tried {flight.attempt} times)" if flight.attempt > 1 else ""
        for making in flight.makings:
            self._fail(making.step._replace(execute_s=failure.execute_s), error + tries)

    def _decide(self, asset: AssetKey) -> None:
        """Judge what an asset's steps have made, in the order of the plan, as far as it is there."""
        while (position := self._agenda.in_turn(asset, self._made.__contains__)) is not None:
            self._judge_product(self._made.pop(position))
            self._agenda.ended(position)

    def _judge_product(self, made: Made) -> None:
        making, product = made.making, made.product
        clock, address = self._runtime.clock, making.planned.address
        began = clock.monotonic()
        self._scribe.had_its_turn(making.step, made.number, made.at_s)
        self._settlement.flush_asset(address.asset)  # the gate compares a version with those before it
        ruling = rule(self._runtime, product, self._book.recalled(address))
        gate_s = product.gate_s + clock.monotonic() - began
        read = tuple((edge.upstream, version.id) for edge, versions in making.judgement.inputs for version in versions)
        judged = Judged(
            step=storable(making.step), product=product, ruling=ruling, read=read, gate_s=gate_s,
            duration_s=self._took_s(making.step),
        )  # fmt: skip
        before = self._snapshot.of(address)
        self._snapshot.put(address, state_after(before, product, ruling.decision))
        self._outcomes[address] = (judged.status, None)
        self._settlement.add(judged)

    def _judge(self, planned: PlannedStep) -> Judgement:
        return judge_step(self._runtime, planned.address, self._snapshot, self._outcomes, force=planned.forced)

    def _ahead(self, step: StepRecord, count: int) -> Sequence[Address]:
        """The next addresses that are planned to be made; not those that were, before their turn in the plan."""
        coming = self._plan.steps[step.position + 1 : step.position + 1 + count]
        return [one.address for one in coming if one.action is Action.RUN and one.address not in self._outcomes]

    def _started(self, record: StepRecord, reason: str, note: str) -> StepRecord:
        return record._replace(
            status=StepStatus.RUNNING, reason=reason, note=note, started_at=self._runtime.clock.now(),
            offset_s=self._offset_s(),
        )  # fmt: skip

    def _offset_s(self) -> float:
        return self._runtime.clock.monotonic() - self._began

    def _took_s(self, step: StepRecord) -> float:
        return self._offset_s() - (step.offset_s or 0.0)

    def _fail(self, step: StepRecord, error: str) -> None:
        self._first_failure(step)
        self._end(step._replace(status=StepStatus.FAILED, error=self._runtime.redact(error)))

    def _first_failure(self, step: StepRecord) -> None:
        if self._options.fail_fast and self._stopped_by is None:
            self._stopped_by = step.asset

    def _end(self, step: StepRecord) -> None:
        """A step has ended without a version."""
        took = step._replace(duration_s=self._took_s(step))
        ended = storable(as_before(took, self._options.again, self._snapshot.of(step.address).published))
        self._outcomes[ended.address] = (ended.status, ended.blocked_by)
        self._settlement.add_quiet(ended)
        self._agenda.leave(step.position)
        self._agenda.ended(step.position)
        self._decide(step.asset)

    def _settled(self, step: StepRecord) -> None:
        self._done[step.position] = step
        if step.status in (StepStatus.FAILED, StepStatus.BLOCKED):  # also where a version could not be published
            self._outcomes[step.address] = (step.status, step.blocked_by)
        if step.status is StepStatus.FAILED:
            self._first_failure(step)
        self._tell(step)

    def _tell(self, step: StepRecord) -> None:
        with self._telling:  # the keeper may settle one step while the walk begins another
            self._options.listener(step)

    def _give_up(self, asked: Cancellation) -> None:
        """Stop what is under way and settle what was judged; no other step begins, and nothing else is published."""
        for flight in self._under_way.values():
            self._executor.cancel(flight.task)
        self._settlement.flush()
        ends = not_tried_again(self._retries.all_failed())
        ends += thrown_away(self._made.values())
        ends += stop(self._executor, self._under_way, self._unheard, self._scribe)
        left = [step for step in self._run.steps if step.position not in self._done]
        give_up(self._runtime, self._settlement, asked, left, ends, self._took_s)

    def _interrupt(self) -> None:
        interrupt(self._runtime, self._run.id, self._settlement)
