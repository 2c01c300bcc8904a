"""What really has to be computed: one pure function, asked by the plan and again by the runner before each step."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestration.graph import Edge, Graph
from orchestration.model import Address, AssetKey, AssetKind, OnHold, StepStatus
from orchestration.state import AddressState, Snapshot, VersionRecord


class Action(StrEnum):
    RUN = "run"
    OBSERVE = "observe"
    SKIP = "skip"
    STAY_HELD = "stay held"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of one address, and why; ``inputs`` are the versions that it would read, by edge."""

    action: Action
    reason: str
    note: str = ""
    blocked_by: AssetKey | None = None
    fingerprint: str = ""
    inputs: tuple[tuple[Edge, tuple[VersionRecord, ...]], ...] = ()


_FAILED = {StepStatus.FAILED, StepStatus.INTERRUPTED}


def judge(
    graph: Graph,
    address: Address,
    snapshot: Snapshot,
    code_version: str,
    *,
    force: bool,
    pending: Collection[Address] = (),
    outcomes: Mapping[Address, tuple[StepStatus, AssetKey | None]] | None = None,
) -> Judgement:
    """Say whether ``address`` must be made, from the state, its code and its inputs.

    Parameters
    ----------
    pending:
        The addresses that will run before this one (while planning): their new versions aren't known yet.
    outcomes:
        What became of the steps that ran before this one, with the asset that blocked them.
    """
    inputs, notes, waits_for = [], [], None
    for edge in graph.upstream(address.asset):
        found = _inputs(graph, edge, address, snapshot, pending, outcomes or {})
        if isinstance(found, Judgement):
            return found
        waits_for = waits_for or found.pending
        notes += [found.note] if found.note else []
        inputs.append((edge, found.versions))
    note = "; ".join(notes)
    asset = graph.asset(address.asset)
    if asset.kind is AssetKind.SOURCE:
        return Judgement(action=Action.OBSERVE, reason="a source is observed in each run; what reads it runs if it changed")
    fingerprint = _fingerprint(code_version, inputs)
    if waits_for is not None:
        return Judgement(action=Action.RUN, reason=f"{waits_for} runs first", note=note, inputs=tuple(inputs))
    action, reason = _compare(snapshot.of(address), fingerprint, force)
    return Judgement(action=action, reason=reason, note=note, fingerprint=fingerprint, inputs=tuple(inputs))


def _compare(state: AddressState, fingerprint: str, force: bool) -> tuple[Action, str]:
    if force:
        return Action.RUN, "forced"
    held = state.held if state.is_held else None
    if held is not None and held.fingerprint == fingerprint:
        why = state.gate.reasons[0] if state.gate and state.gate.reasons else "the gate keeps it back"
        return Action.STAY_HELD, f"still held, and nothing that it depends on has changed: {why}"
    newest = held or state.published
    if newest is None:
        return Action.RUN, "never materialized"
    if newest.fingerprint == fingerprint:
        return Action.SKIP, "up to date: its code and its inputs are those of the published version"
    code, _, data = fingerprint.partition(".")
    old_code, _, old_data = newest.fingerprint.partition(".")
    if code != old_code:
        return Action.RUN, "its code changed"
    return Action.RUN, "what it reads changed" if data != old_data else "it changed"


@dataclass(frozen=True, slots=True)
class _Found:
    versions: tuple[VersionRecord, ...]
    note: str = ""
    pending: AssetKey | None = None


def _inputs(
    graph: Graph,
    edge: Edge,
    address: Address,
    snapshot: Snapshot,
    pending: Collection[Address],
    outcomes: Mapping[Address, tuple[StepStatus, AssetKey | None]],
) -> _Found | Judgement:
    """The versions that an edge reads, or the judgement that blocks the address."""
    known: tuple[str, ...] = ()
    if graph.asset(edge.upstream).partitions is not None and address.partition is None:
        coming = {a.partition for a in pending if a.asset == edge.upstream and a.partition is not None}
        known = tuple(sorted({*snapshot.known(edge.upstream), *coming}))
    chosen, left_out, waits = [], [], None
    for key in edge.mapping.upstream(address.partition, known):
        upstream = Address(edge.upstream, key)
        if upstream in pending:
            waits = edge.upstream
            continue
        state = snapshot.of(upstream)
        status, root = outcomes.get(upstream, (None, None))
        bad = state.is_held or status in _FAILED or status is StepStatus.BLOCKED
        if bad and edge.on_hold is OnHold.WAIT:
            return _blocked(upstream, state, status, root)
        take = state.held if edge.on_hold is OnHold.PROCEED and state.is_held else state.published
        if take is not None:
            chosen.append(take)
        elif edge.on_hold is OnHold.WAIT:
            return _blocked(upstream, state, status, root)
        if bad and not (edge.on_hold is OnHold.PROCEED and take is not None):
            left_out.append(upstream)
    if not chosen and waits is None:
        nothing = f"nothing of {edge.upstream} is published"
        return Judgement(action=Action.BLOCK, reason=nothing, blocked_by=edge.upstream)
    return _Found(tuple(chosen), _left_out(edge, chosen, left_out), waits)


def _blocked(
    upstream: Address, state: AddressState, status: StepStatus | None, root: AssetKey | None
) -> Judgement:
    by = root or upstream.asset
    if state.is_held:
        reason = f"{upstream} is held"
    elif status in _FAILED:
        reason = f"{upstream} failed"
    elif status is StepStatus.BLOCKED:
        reason = f"{upstream} is blocked by {by}"
    else:
        reason = f"{upstream} was never published"
    return Judgement(action=Action.BLOCK, reason=reason, blocked_by=by)


def _left_out(edge: Edge, chosen: list[VersionRecord], left_out: list[Address]) -> str:
    if not left_out:
        return ""
    names = ", ".join(str(a.partition) for a in left_out[:5]) + (", ..." if len(left_out) > 5 else "")
    return (
        f"read {len(chosen)} published partitions of {edge.upstream}; "
        f"{len(left_out)} held or blocked left out: {names}"
    )


def _fingerprint(code_version: str, inputs: list[tuple[Edge, tuple[VersionRecord, ...]]]) -> str:
    """``<code>.<inputs>``: equal fingerprints mean that nothing has to be computed."""
    digest = hashlib.sha256()
    for edge, versions in inputs:
        digest.update(f"\0{edge.upstream}".encode())
        for version in versions:
            digest.update(f"\0{version.address.partition}\0{version.data_version}".encode())
    return f"{code_version[:32]}.{digest.hexdigest()[:32]}"
