"""What the coordinator decides about one step: whether it runs, what its worker is given, what the gate says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestration.assets import Asset
from orchestration.beside import beside
from orchestration.errors import StateError
from orchestration.executors.base import Limits
from orchestration.gate import Ruling, record_nothing
from orchestration.graph import Edge
from orchestration.model import (
    Address,
    AssetKey,
    AssetKind,
    GateDecision,
    GateOutcome,
    StepRecord,
    StepStatus,
    VersionStatus,
)
from orchestration.runtime import Runtime
from orchestration.staleness import Action, Judgement, judge, together
from orchestration.state import AddressState, GateRecord, Snapshot, VersionRecord
from orchestration.work import Input, Product, Target, Task

_NO_LIMITS = Limits()
QUIET: Mapping[Action, StepStatus] = {
    Action.SKIP: StepStatus.SKIPPED,
    Action.STAY_HELD: StepStatus.HELD,
    Action.BLOCK: StepStatus.BLOCKED,
}
"""How a step ends that has nothing to make."""

Outcomes = Mapping[Address, tuple[StepStatus, AssetKey | None]]


def judge_step(runtime: Runtime, address: Address, snapshot: Snapshot, outcomes: Outcomes, *, force: bool) -> Judgement:
    """What becomes of ``address`` now that everything before it has ended."""
    code_version = runtime.code_versions[address.asset]
    return judge(runtime.graph, address, snapshot, code_version, force=force, outcomes=outcomes)


def judged_together(runtime: Runtime, judged: Mapping[Address, Judgement]) -> Mapping[Address, Judgement]:
    """What becomes of steps that are made in one call: of a multi-asset all or none, where it can't make some."""
    asset = runtime.graph.asset(next(iter(judged)).asset) if len(judged) > 1 else None
    if asset is None or asset.production is None:
        return judged
    addresses = {address.asset: address for address in judged}
    found = together(asset, {key: judged[address] for key, address in addresses.items()})
    return {address: found[key] for key, address in addresses.items()}


def task_of(runtime: Runtime, made: Sequence[tuple[StepRecord, Judgement]], snapshot: Snapshot) -> Task:
    """What a worker needs to make the versions of steps in one call, under new ids."""
    first, judgement = made[0]
    return Task(
        targets=tuple(
            Target(address=step.address, version=runtime.new_id(), fingerprint=one.fingerprint) for step, one in made
        ),
        run_id=first.run_id, observes=judgement.action is Action.OBSERVE,
        code_version=runtime.code_versions[first.asset], config=runtime.configs.get(first.asset),
        inputs=tuple(_input(runtime, edge, versions) for edge, versions in _inputs([one for _, one in made])),
        beside=tuple(
            each
            for step, _ in made
            if (others := runtime.compared.get(step.asset))
            for each in beside(others, step.address, snapshot)
        ),
    )  # fmt: skip


def _inputs(judgements: Sequence[Judgement]) -> Iterable[tuple[Edge, tuple[VersionRecord, ...]]]:
    """What is read by any of them, by edge and without repetition: several partitions made in one call read it once."""
    if len(judgements) == 1:
        return judgements[0].inputs
    found: dict[str, tuple[Edge, dict[str, VersionRecord]]] = {}
    for judgement in judgements:
        for edge, versions in judgement.inputs:
            found.setdefault(edge.upstream, (edge, {}))[1].update({version.id: version for version in versions})
    return ((edge, tuple(versions.values())) for edge, versions in found.values())


def limits_of(asset: Asset) -> Limits:
    """What a try of the asset may take."""
    policy = asset.run
    if policy.timeout is None and policy.memory is None and not policy.resources:
        return _NO_LIMITS
    return Limits(
        timeout_s=policy.timeout_s, memory_bytes=policy.memory_bytes, resources=tuple(sorted(policy.resources.items()))
    )


def _input(runtime: Runtime, edge: Edge, versions: tuple[VersionRecord, ...]) -> Input:
    upstream = runtime.graph.asset(edge.upstream)
    return Input(
        upstream=edge.upstream, parameter=edge.parameter, wants=edge.wants,
        is_source=upstream.kind is AssetKind.SOURCE,
        is_single=edge.mapping.is_single
        and (upstream.partitions is None or runtime.graph.asset(edge.downstream).run.batch == 1),
        versions=tuple(version.stored() for version in versions), config=runtime.configs.get(edge.upstream),
        columns=edge.columns,
    )  # fmt: skip


def rule(runtime: Runtime, product: Product, recalled: object = None) -> Ruling:
    """Ask the gate, with what it has recalled; a gate that breaks keeps the version back. Raises StateError."""
    why = product.gate_error
    if why is None:
        try:
            return runtime.gate.decide(product.audit, recalled)
        except StateError:
            raise
        except Exception as error:
            why = f"the gate could not judge it: {type(error).__name__}: {error}"
    made = product.materialization
    decision = GateDecision(
        asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.HELD,
        reasons=(runtime.redact(why),), holds=("gate",), decided_at=runtime.clock.now(), by="gate", unknown=True,
    )  # fmt: skip
    return Ruling(decision, record_nothing)


def state_after(before: AddressState, product: Product, decision: GateDecision) -> AddressState:
    """How an address stands after a verdict, for whatever in this run comes after it."""
    made = product.materialization
    held = decision.outcome is GateOutcome.HELD
    record = VersionRecord(
        seq=0, id=made.id, address=made.address, status=VersionStatus.HELD if held else VersionStatus.PUBLISHED,
        run_id=made.run_id, materialized_at=made.materialized_at, data_version=made.data_version,
        fingerprint=made.fingerprint, format=product.format,
    )  # fmt: skip
    gate = GateRecord(
        materialization_id=made.id, outcome=decision.outcome, reasons=decision.reasons,
        decided_at=decision.decided_at, expires_at=decision.expires_at, columns=decision.columns,
    )  # fmt: skip
    return replace(before, held=record, gate=gate) if held else AddressState(record, None, gate)


def storable(step: StepRecord) -> StepRecord:
    """The step in text that every database keeps: what users' errors say may hold zero bytes and broken characters."""
    said = step.reason, step.note, step.error
    reason, note, error = plain_text(step.reason), plain_text(step.note), step.error and plain_text(step.error)
    return step if (reason, note, error) == said else step._replace(reason=reason, note=note, error=error)


def plain_text(text: str) -> str:
    """The text without what databases refuse."""
    if text.isprintable():  # which holds neither
        return text
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
