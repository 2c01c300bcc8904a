"""One step: from the lease to the pointer."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestration import lease, log
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, LeaseLost, StateError, TidegateError
from orchestration.events import Event, EventKind
from orchestration.gate import Ruling
from orchestration.graph import Edge
from orchestration.model import (
    Address,
    AssetKey,
    AssetKind,
    GateDecision,
    GateOutcome,
    Scalar,
    StepRecord,
    StepStatus,
    VersionStatus,
)
from orchestration.recovery import above_storage, confirm, unfinished
from orchestration.runtime import Runtime
from orchestration.staleness import Action, Judgement, judge
from orchestration.state import AddressState, GateRecord, Snapshot, VersionRecord, known_versions, load_one
from orchestration.work import OBSERVED, Failure, Input, Product, Task, Worker

_SOURCE_WAIT_S = 30.0
_SOURCE_POLL_S = 0.05

_log = logging.getLogger("tidegate.step")


@dataclass(frozen=True, slots=True)
class _Taken:
    """A lease, and what the log said in the transaction that took it."""

    token: int
    known: tuple[VersionRecord, ...]
    state: AddressState


class Step:
    """Makes one address: lease, execute, stage, measure, decide, publish or hold."""

    def __init__(
        self,
        runtime: Runtime,
        worker: Worker,
        snapshot: Snapshot,
        outcomes: Mapping[Address, tuple[StepStatus, AssetKey | None]],
        *,
        force: bool,
    ) -> None:
        self._runtime, self._worker, self._snapshot = runtime, worker, snapshot
        self._outcomes, self._force = outcomes, force

    def judge(self, address: Address) -> Judgement:
        """What becomes of ``address`` now that everything before it has ended."""
        return judge(
            self._runtime.graph, address, self._snapshot, self._runtime.code_versions[address.asset],
            force=self._force, outcomes=self._outcomes,
        )  # fmt: skip

    def make(self, step: StepRecord, action: Action) -> StepRecord:
        """Do it; returns what became of the step. Raises LeaseHeld, LeaseLost and StateError."""
        taken = self._take(step, wait=action is Action.OBSERVE)
        token = taken.token
        try:
            token = self._tidy(step.address, taken)
            judgement = self.judge(step.address)  # once more under the lease, from what the log says now
            if judgement.action is not action:  # another process has made it in the meantime
                self._release(step.address, token)
                status = _QUIET.get(judgement.action, StepStatus.FAILED)
                return replace(step, status=status, reason=judgement.reason, blocked_by=judgement.blocked_by)
            return self._produce(step, action, judgement, token)
        except (StateError, LeaseLost):
            raise
        except TidegateError as error:
            self._release(step.address, token)
            return replace(step, status=StepStatus.FAILED, error=str(error))
        except Exception as error:  # ours or a library's: one step fails by it, not the run
            _log.exception("%s failed outside the user's function", step.address)
            self._release(step.address, token)
            said = f"{step.address}: {type(error).__name__}: {' '.join(str(error).split())}"
            return replace(step, status=StepStatus.FAILED, error=f"{said}; readers keep what they had")

    def _take(self, step: StepRecord, *, wait: bool) -> _Taken:
        """Take the lease and say that the step runs; ``wait``: observing a source harms nobody."""
        clock, address = self._runtime.clock, step.address
        patience_s = _SOURCE_WAIT_S if wait else 0.0
        while True:
            try:
                with writing(self._runtime.engine) as connection:
                    token = lease.acquire(connection, address, step.run_id, clock.wall())
                    log.save_step(connection, step, clock.now())
                    known = known_versions(connection, address)
                    return _Taken(token, known, load_one(connection, address, known))
            except LeaseHeld:
                if patience_s <= 0:
                    raise
            time.sleep(_SOURCE_POLL_S)
            patience_s -= _SOURCE_POLL_S

    def _tidy(self, address: Address, taken: _Taken) -> int:
        """Finish or remove what a dead holder left; returns the token, which may have grown."""
        runtime = self._runtime
        token = above_storage(runtime.engine, runtime.io, address, taken.token)
        state = taken.state
        if left := unfinished(taken.known):
            for version in left:
                confirm(runtime.engine, runtime.io, runtime.clock, version, token, keep_lease=True)
            with reading(runtime.engine) as connection:
                state = load_one(connection, address)
        runtime.io.sweep(address, {version.id for version in taken.known})
        self._snapshot.put(address, state)
        return token

    def _produce(self, step: StepRecord, action: Action, judgement: Judgement, token: int) -> StepRecord:
        product = self._worker.perform(self._task(step, action, judgement))
        if isinstance(product, Failure):
            self._release(step.address, token)
            return replace(step, status=StepStatus.FAILED, error=product.error, execute_s=product.execute_s)
        began = self._runtime.clock.monotonic()
        ruling = self._rule(product)
        gate_s = product.gate_s + self._runtime.clock.monotonic() - began
        measured = replace(step, execute_s=product.execute_s, gate_s=gate_s)
        return self._settle(measured, token, product, ruling, judgement)

    def _task(self, step: StepRecord, action: Action, judgement: Judgement) -> Task:
        return Task(
            address=step.address, version=self._runtime.new_id(), run_id=step.run_id,
            observes=action is Action.OBSERVE, code_version=self._runtime.code_versions[step.asset],
            fingerprint=judgement.fingerprint,
            inputs=tuple(self._input(step, edge, versions) for edge, versions in judgement.inputs),
        )  # fmt: skip

    def _input(self, step: StepRecord, edge: Edge, versions: tuple[VersionRecord, ...]) -> Input:
        upstream = self._runtime.graph.asset(edge.upstream)
        return Input(
            upstream=edge.upstream, parameter=edge.parameter, wants=edge.wants,
            is_source=upstream.kind is AssetKind.SOURCE,
            is_single=upstream.partitions is None or step.partition is not None,
            versions=tuple(version.stored() for version in versions),
        )  # fmt: skip

    def _release(self, address: Address, token: int) -> None:
        with writing(self._runtime.engine) as connection:
            lease.release(connection, address, token)

    def _rule(self, product: Product) -> Ruling:
        """Ask the gate; a gate that breaks keeps the version back."""
        why = product.gate_error
        if why is None:
            try:
                return self._runtime.gate.decide(product.audit)
            except StateError:
                raise
            except Exception as error:
                why = f"the gate could not judge it: {type(error).__name__}: {error}"
        made = product.materialization
        decision = GateDecision(
            asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.HELD,
            reasons=(self._runtime.redact(why),), holds=("gate",), decided_at=self._runtime.clock.now(), by="gate",
            unknown=True,
        )  # fmt: skip
        return Ruling(decision, lambda connection, version_seq: None)

    def _settle(self, step: StepRecord, token: int, made: Product, ruling: Ruling, judgement: Judgement) -> StepRecord:
        """Log the verdict, then publish or hold."""
        runtime, decision, address = self._runtime, ruling.decision, step.address
        held = decision.outcome is GateOutcome.HELD
        status = VersionStatus.HELD if held else VersionStatus.PUBLISHING
        read = [version for _, versions in judgement.inputs for version in versions]
        with writing(runtime.engine) as connection:
            lease.confirm(connection, address, token)
            record = log.add_version(connection, made.materialization, status, made.format, read)
            log.save_decision(connection, decision, step.run_id)
            ruling.record(connection, record.seq)
            if held:
                log.discard_held(connection, address, keep=record.id)
                detail: dict[str, Scalar] = {"version": record.id}
                kind = EventKind.VERSION_HELD
                log.append(
                    connection,
                    Event(at=decision.decided_at, kind=kind, run_id=step.run_id, address=address, detail=detail),
                )
                lease.release(connection, address, token)
        if not held and not confirm(runtime.engine, runtime.io, runtime.clock, record, token):
            gone = f"{address}: the staged version {record.id} is no longer in storage, so it was not published"
            return replace(step, status=StepStatus.FAILED, error=f"{gone}; run it again")
        self._remember(address, record, decision)
        outcome = StepStatus.OBSERVED if made.format == OBSERVED else StepStatus.PUBLISHED
        return replace(
            step,
            status=StepStatus.HELD if held else outcome,
            reason=decision.reasons[0] if held else step.reason,
            materialization_id=record.id,
        )

    def _remember(self, address: Address, record: VersionRecord, decision: GateDecision) -> None:
        held = decision.outcome is GateOutcome.HELD
        old = self._snapshot.of(address)
        gate = GateRecord(
            materialization_id=record.id, outcome=decision.outcome, reasons=decision.reasons,
            decided_at=decision.decided_at, expires_at=decision.expires_at,
        )  # fmt: skip
        now = replace(record, status=VersionStatus.HELD if held else VersionStatus.PUBLISHED)
        state = AddressState(old.published, now, gate) if held else AddressState(now, None, gate)
        self._snapshot.put(address, state)


_QUIET: Mapping[Action, StepStatus] = {
    Action.SKIP: StepStatus.SKIPPED,
    Action.STAY_HELD: StepStatus.HELD,
    Action.BLOCK: StepStatus.BLOCKED,
}
