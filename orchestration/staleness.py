"""What really has to be computed: one pure function, asked by the plan and by the runner before each step."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from orchestration.assets import Asset
from orchestration.external import is_external
from orchestration.graph import Edge, Graph
from orchestration.io.base import ELSEWHERE
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
    if is_external(asset):
        return Judgement(action=Action.SKIP, reason="others make it, and report it")
    if asset.kind is AssetKind.SOURCE:
        return Judgement(
            action=Action.OBSERVE, reason="it is a source: every run looks at it, and what reads it runs if it changed"
        )
    fingerprint = _fingerprint(code_version, inputs)
    if waits_for is not None:
        reason = _awaiting(snapshot.of(address), waits_for, force)
        return Judgement(action=Action.RUN, reason=reason, note=note, inputs=tuple(inputs))
    action, reason = _compare(snapshot.of(address), fingerprint, force)
    return Judgement(action=action, reason=reason, note=note, fingerprint=fingerprint, inputs=tuple(inputs))


def together(asset: Asset, judgements: Mapping[AssetKey, Judgement]) -> Mapping[AssetKey, Judgement]:
    """The judgements of what one call makes: where it can't make one without the others, all run if one does."""
    first = next((key for key, one in judgements.items() if one.action is Action.RUN), None)
    if first is None or asset.production is None or asset.production.subsettable:
        return judgements
    reason = f"it is made together with {first}"
    return {
        key: replace(one, action=Action.RUN, reason=reason) if one.action in (Action.SKIP, Action.STAY_HELD) else one
        for key, one in judgements.items()
    }


_NEVER = "it was never materialized"
_ELSEWHERE = "it is made elsewhere, and what was done there was taken in (--force makes it here)"
_FORCED = "it was asked to be made again, changed or not"


def _awaiting(state: AddressState, upstream: AssetKey, force: bool) -> str:
    """Why an address runs after something that it reads: whether that changes isn't known yet."""
    if force:
        return _FORCED
    if state.published is None and state.held is None:
        return _NEVER
    return f"{upstream}, which it reads, runs before it; it is skipped if that comes out unchanged"


def _compare(state: AddressState, fingerprint: str, force: bool) -> tuple[Action, str]:
    if force:
        return Action.RUN, _FORCED
    if state.is_held and state.held is None:
        return Action.RUN, "its held version was thrown away"
    held = state.held if state.is_held else None
    if (made := held or state.published) is not None and made.format == ELSEWHERE:
        return Action.STAY_HELD if held is not None else Action.SKIP, _ELSEWHERE
    if held is not None and held.fingerprint == fingerprint:
        why = state.gate.reasons[0] if state.gate and state.gate.reasons else "the gate keeps it back"
        return Action.STAY_HELD, f"neither its code nor what it reads has changed since it was held: {why}"
    opened = state.overridden
    if opened is not None and opened.fingerprint == fingerprint:
        return (
            Action.SKIP,
            "it is held and its gate is open by override; neither its code nor what it reads has changed",
        )
    newest = held or opened or state.published
    if newest is None:
        return Action.RUN, _NEVER
    if newest.fingerprint == fingerprint:
        return Action.SKIP, "it is up to date: neither its code nor what it reads has changed"
    if any(v.fingerprint == fingerprint for v in state.rolled_back if v.seq > newest.seq):
        return Action.SKIP, "it was rolled back, and neither its code nor what it reads has changed (--force makes it)"
    code, old_code = fingerprint.partition(".")[0], newest.fingerprint.partition(".")[0]
    return Action.RUN, "what it reads changed" if code == old_code else "its code changed"


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
    known = _known(graph, edge, address, snapshot, pending, outcomes)
    chosen: list[VersionRecord] = []
    left_out: list[Address] = []
    older: list[Address] = []
    opened: list[Address] = []
    spared: list[Address] = []
    waits = None
    # What a source gave is kept nowhere: without reading it in this run there is nothing to hand on.
    only_now = edge.parameter is not None and graph.asset(edge.upstream).kind is AssetKind.SOURCE
    for key in edge.mapping.bound(snapshot.keys_of).upstream(address.partition, known):
        upstream = Address(edge.upstream, key)
        if upstream in pending:
            waits = edge.upstream
            continue
        state = snapshot.of(upstream)
        status, root = outcomes.get(upstream, (None, None))
        held = state.held if state.is_held else None
        apart = held is not None and state.gate is not None and edge.is_apart(state.gate.columns)
        bad = (state.is_held and not apart) or status in _FAILED or status is StepStatus.BLOCKED
        if (bad and edge.on_hold is OnHold.WAIT) or (only_now and status in _FAILED):
            return _blocked(upstream, state, status, root)
        kept_back = edge.as_readers and (apart or state.overridden is not None)
        take = held if (apart or edge.on_hold is OnHold.PROCEED) and not edge.as_readers else None
        if apart and not kept_back:
            spared.append(upstream)
        if edge.on_hold is not OnHold.USE_PUBLISHED and state.overridden is not None and not kept_back:
            take = state.overridden
            opened.append(upstream)
        take = take or state.published
        if take is not None:
            chosen.append(take)
            if (bad or kept_back) and take is state.published:
                older.append(upstream)
        elif edge.on_hold is OnHold.WAIT:
            return _blocked(upstream, state, status, root)
        else:
            left_out.append(upstream)
    if not chosen and waits is None and (edge.parameter is not None or (edge.as_readers and not edge.gives_way)):
        nothing = f"nothing of {edge.upstream} is published"
        return Judgement(action=Action.BLOCK, reason=nothing, blocked_by=edge.upstream)
    note = "; ".join(filter(None, (_spared(spared, edge, snapshot), _note(edge, chosen, left_out, older, opened))))
    return _Found(tuple(chosen), note, waits)


def _known(
    graph: Graph,
    edge: Edge,
    address: Address,
    snapshot: Snapshot,
    pending: Collection[Address],
    outcomes: Mapping[Address, tuple[StepStatus, AssetKey | None]],
) -> tuple[str, ...]:
    """The upstream partitions that should be there: from the first judged, coming or tried to the last; all by name."""
    partitions = graph.asset(edge.upstream).partitions
    if not edge.mapping.needs_known or partitions is None:
        return ()
    here = (a.partition for among in (pending, outcomes) for a in among if a.asset == edge.upstream)
    keys = {*snapshot.known(edge.upstream), *(key for key in here if key is not None)}
    return partitions.bound(snapshot.keys_of).spanning(keys)


def _blocked(upstream: Address, state: AddressState, status: StepStatus | None, root: AssetKey | None) -> Judgement:
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


def _note(
    edge: Edge,
    chosen: list[VersionRecord],
    left_out: list[Address],
    older: list[Address],
    opened: list[Address],
) -> str:
    """What a reader of the result must know about its inputs; empty where there is nothing to say."""
    said = []
    if opened:
        said.append(f"read {', '.join(map(str, opened))} while held, by override")
    if not left_out and not older:
        return "; ".join(said)
    if left_out:
        said.append(f"{len(left_out)} not published and left out: {_keys(left_out)}")
    if older:
        said.append(f"{len(older)} held or failed read as last published: {_keys(older)}")
    if any(a.partition is not None for a in (*left_out, *older)):
        return f"read {len(chosen)} published partitions of {edge.upstream}; {'; '.join(said)}"
    return f"read {edge.upstream} as last published" if older else f"went on without {edge.upstream}"


def _spared(addresses: list[Address], edge: Edge, snapshot: Snapshot) -> str:
    """What is read though it is held, since the fault lies in other columns."""
    if not addresses:
        return ""
    gates = (snapshot.of(address).gate for address in addresses)
    faults = dict.fromkeys(name for gate in gates if gate is not None for name in gate.columns)
    return (
        f"read {', '.join(map(str, addresses))} while held: the fault lies in {', '.join(faults)}, and it reads only "
        f"{', '.join(edge.columns or ())}"
    )


def _keys(addresses: list[Address]) -> str:
    return ("..., " if len(addresses) > 5 else "") + ", ".join(str(a.partition) for a in addresses[-5:])


def _fingerprint(code_version: str, inputs: list[tuple[Edge, tuple[VersionRecord, ...]]]) -> str:
    """``<code>.<inputs>``: equal fingerprints mean that nothing has to be computed."""
    digest = hashlib.sha256()
    for edge, versions in inputs:
        digest.update(f"\0{edge.upstream}".encode())
        for version in versions:
            digest.update(f"\0{version.address.partition}\0{version.data_version}".encode())
    return f"{_code(code_version)}.{digest.hexdigest()[:32]}"


@lru_cache(maxsize=4096)
def _code(code_version: str) -> str:
    return hashlib.sha256(code_version.encode()).hexdigest()[:32]  # an explicit one may hold any text
