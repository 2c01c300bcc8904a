"""One step: from the lease to the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestration import lease, log
from orchestration.database import reading, writing
from orchestration.errors import LeaseLost, StateError, TidegateError
from orchestration.events import Event, EventKind
from orchestration.execute import Execution
from orchestration.gate import Ruling
from orchestration.io.base import StagedData
from orchestration.io.formats import content_hash
from orchestration.model import (
    Address,
    AssetKey,
    GateDecision,
    GateOutcome,
    Materialization,
    Scalar,
    Staged,
    StepRecord,
    StepStatus,
    VersionStatus,
)
from orchestration.recovery import OBSERVED, confirm
from orchestration.runtime import Runtime
from orchestration.staleness import Action, Judgement, judge
from orchestration.state import AddressState, GateRecord, Snapshot, VersionRecord, known_versions, load_one


@dataclass(frozen=True, slots=True)
class _Made:
    """What a step has produced and the gate has yet to judge."""

    staged: Staged
    format: str


class Step:
    """Makes one address: lease, execute, stage, measure, decide, publish or hold."""

    def __init__(
        self,
        runtime: Runtime,
        execution: Execution,
        snapshot: Snapshot,
        outcomes: Mapping[Address, tuple[StepStatus, AssetKey | None]],
        *,
        force: bool,
    ) -> None:
        self._runtime, self._execution, self._snapshot = runtime, execution, snapshot
        self._outcomes, self._force = outcomes, force

    def judge(self, address: Address) -> Judgement:
        """What becomes of ``address`` now that everything before it has ended."""
        return judge(
            self._runtime.graph, address, self._snapshot, self._runtime.code_versions[address.asset],
            force=self._force, outcomes=self._outcomes,
        )  # fmt: skip

    def make(self, step: StepRecord, action: Action) -> StepRecord:
        """Do it; returns what became of the step. Raises LeaseHeld, LeaseLost and StateError."""
        address = step.address
        token = self._take(step)
        judgement = self._again(address)
        if judgement.action is not action:  # another process has made it in the meantime
            with writing(self._runtime.engine) as connection:
                lease.release(connection, address, token)
            return replace(step, status=_QUIET[judgement.action], reason=judgement.reason)
        clock = self._runtime.clock
        began = clock.monotonic()
        try:
            made = self._execute(step, action, judgement)
        except TidegateError as error:
            if isinstance(error, StateError | LeaseLost):
                raise
            return self._fail(step, token, str(error))
        executed = clock.monotonic()
        ruling = self._rule(made.staged)
        step = replace(step, execute_s=executed - began, gate_s=clock.monotonic() - executed)
        return self._settle(step, token, made, ruling, judgement)

    def _take(self, step: StepRecord) -> int:
        """Take the lease, finish or remove what a dead holder left, and say that the step runs."""
        runtime, address = self._runtime, step.address
        with writing(runtime.engine) as connection:
            token = lease.acquire(connection, address, step.run_id, runtime.clock.wall())
            log.save_step(connection, step, runtime.clock.now())
            known = known_versions(connection, address) if token > 1 else ()
        for version in known:
            if version.status is VersionStatus.PUBLISHING:
                confirm(runtime.engine, runtime.io, runtime.clock, version, token)
                with writing(runtime.engine) as connection:
                    token = lease.acquire(connection, address, step.run_id, runtime.clock.wall())
        runtime.io.sweep(address, {version.id for version in known})
        return token

    def _again(self, address: Address) -> Judgement:
        """Judge once more under the lease, from what the log says of this address now."""
        with reading(self._runtime.engine) as connection:
            self._snapshot.put(address, load_one(connection, address))
        return self.judge(address)

    def _execute(self, step: StepRecord, action: Action, judgement: Judgement) -> _Made:
        runtime, address = self._runtime, step.address
        asset = runtime.graph.asset(address.asset)
        version, began = runtime.new_id(), runtime.clock.monotonic()
        if action is Action.OBSERVE:
            value, metadata = self._execution.observe(asset, step.run_id)
            hashed = content_hash(value)
            written = StagedData(format=OBSERVED, data_version=hashed, rows=None, bytes=0, data=value)
        else:
            written, metadata = self._execution.stage(address, version, step.run_id, judgement.inputs)
        materialization = self._describe(step, version, written, metadata, judgement, runtime.clock.monotonic() - began)
        return _Made(Staged(materialization=materialization, data=written.data), written.format)

    def _describe(
        self,
        step: StepRecord,
        version: str,
        written: StagedData,
        metadata: Mapping[str, Scalar],
        judgement: Judgement,
        duration_s: float,
    ) -> Materialization:
        observed = written.format == OBSERVED
        return Materialization(
            id=version, asset=step.asset, partition=step.partition, run_id=step.run_id,
            materialized_at=self._runtime.clock.now(), data_version=written.data_version,
            code_version=self._runtime.code_versions[step.asset],
            fingerprint=written.data_version if observed else judgement.fingerprint,
            duration_s=duration_s, rows=written.rows, bytes=None if observed else written.bytes, metadata=metadata,
        )  # fmt: skip

    def _rule(self, staged: Staged) -> Ruling:
        """Ask the gate; a gate that breaks keeps the version back."""
        gate = self._runtime.gate
        try:
            return gate.decide(gate.measure(staged))
        except StateError:
            raise
        except Exception as error:
            made = staged.materialization
            why = self._runtime.redact(f"the gate could not judge it: {type(error).__name__}: {error}")
            decision = GateDecision(
                asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.HELD,
                reasons=(why,), holds=("gate",), decided_at=self._runtime.clock.now(), by="gate", unknown=True,
            )  # fmt: skip
            return Ruling(decision, lambda connection, version_seq: None)

    def _settle(
        self, step: StepRecord, token: int, made: _Made, ruling: Ruling, judgement: Judgement
    ) -> StepRecord:
        """Log the verdict, then publish or hold."""
        runtime, decision, address = self._runtime, ruling.decision, step.address
        held = decision.outcome is GateOutcome.HELD
        status = VersionStatus.HELD if held else VersionStatus.PUBLISHING
        read = [version for _, versions in judgement.inputs for version in versions]
        with writing(runtime.engine) as connection:
            lease.confirm(connection, address, token)
            record = log.add_version(connection, made.staged.materialization, status, made.format, read)
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
        if not held:
            confirm(runtime.engine, runtime.io, runtime.clock, record, token)
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

    def _fail(self, step: StepRecord, token: int, error: str) -> StepRecord:
        with writing(self._runtime.engine) as connection:
            lease.release(connection, step.address, token)
        return replace(step, status=StepStatus.FAILED, error=error)


_QUIET: Mapping[Action, Any] = {
    Action.SKIP: StepStatus.SKIPPED,
    Action.STAY_HELD: StepStatus.HELD,
    Action.BLOCK: StepStatus.BLOCKED,
    Action.RUN: StepStatus.FAILED,
    Action.OBSERVE: StepStatus.FAILED,
}
