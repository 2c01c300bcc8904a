"""The plan: which steps, in which order, and why. Pure data; the runner walks what ``explain`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush

from orchestration.errors import PartitionError
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, AssetKind, StepStatus
from orchestration.partitions import Partitions
from orchestration.selection import select
from orchestration.staleness import Action, judge
from orchestration.state import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    address: Address
    action: Action
    reason: str
    note: str = ""
    forced: bool = False  # made again whatever its state


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in an order in which everything upstream comes first.

    ``partitions`` is what was asked for: "2013-02-08", "2013-01-01..2013-02-07" or "".
    """

    selection: str
    partitions: str
    force: bool
    steps: tuple[PlannedStep, ...]


def partition_range(text: str | None) -> tuple[str, str] | None:
    """``2013-02-08`` or ``2013-01-01..2013-02-07`` as first and last key."""
    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not first or (dots and not last):
        raise PartitionError(f"{text!r} isn't a partition or a range; write KEY or FIRST..LAST")
    return first, last or first


def make_plan(
    graph: Graph,
    selection: str,
    partitions: str | None,
    snapshot: Snapshot,
    code_versions: Mapping[AssetKey, str],
    now: datetime,
    *,
    force: bool = False,
) -> Plan:
    """Plan the selected assets and everything upstream of them, for a partition or a range.

    ``force`` makes the selected assets again, whatever their state; what is upstream is judged as ever.

    Raises
    ------
    UnknownName
        The selection names an asset that doesn't exist.
    PartitionError
        A key that isn't a partition, or partitioned assets without a key.
    """
    chosen = set(select(graph, selection))
    wanted = chosen | graph.ancestors(chosen)
    asked = partition_range(partitions)
    steps, pending = [], set[Address]()
    outcomes: dict[Address, tuple[StepStatus, AssetKey | None]] = {}
    for address in _addresses(graph, wanted, asked, now):
        forced = force and address.asset in chosen
        judgement = judge(
            graph,
            address,
            snapshot,
            code_versions[address.asset],
            force=forced,
            pending=pending,
            outcomes=outcomes,
        )
        unseen = judgement.action is Action.OBSERVE and snapshot.of(address).published is None
        if judgement.action is Action.RUN or unseen:
            pending.add(address)
        elif judgement.action is Action.BLOCK:
            outcomes[address] = (StepStatus.BLOCKED, judgement.blocked_by)
        steps.append(
            PlannedStep(
                address=address,
                action=judgement.action,
                reason=judgement.reason,
                note=judgement.note,
                forced=forced,
            )
        )
    return Plan(selection=selection, partitions=partitions or "", force=force, steps=tuple(steps))


def _addresses(graph: Graph, wanted: set[AssetKey], asked: tuple[str, str] | None, now: datetime) -> Iterable[Address]:
    """Upstream first, and day by day: assets that are cut alike are walked one partition after the other."""
    partitioned = [key for key in graph.order if key in wanted and graph.asset(key).partitions is not None]
    if partitioned and asked is None:
        partitions = _partitions(graph, partitioned[0])
        newest = partitions.latest(now)
        raise PartitionError(
            f"{partitioned[0]} is partitioned ({partitions.describe()}); say which: --partition {newest or 'KEY'}"
        )
    if asked is not None and not partitioned:
        raise PartitionError(f"--partition {asked[0]}: none of the selected assets is partitioned; leave it out")
    for group in _groups(graph, wanted):
        partitions_of = graph.asset(group[0]).partitions
        if partitions_of is None:
            yield from (Address(key) for key in group)
            continue
        assert asked is not None
        for partition in partitions_of.between(*asked):
            if partitions_of.interval(partition).start > now:
                raise PartitionError(f"the partition {partition} has not begun: it is {now:%Y-%m-%d %H:%M} UTC")
            yield from (Address(key, partition) for key in group)


def _partitions(graph: Graph, key: AssetKey) -> Partitions:
    partitions = graph.asset(key).partitions
    assert partitions is not None
    return partitions


def _groups(graph: Graph, wanted: set[AssetKey]) -> list[list[AssetKey]]:
    """The wanted assets in topological order, in runs of assets with the same partitions, as long as can be.

    Sources and other whole assets come as early as they can, so that the partitioned ones stay together.
    """
    place = {key: n for n, key in enumerate(graph.order)}
    missing = {key: {e.upstream for e in graph.upstream(key)} & wanted for key in graph.order if key in wanted}
    ready: dict[Partitions | None, list[tuple[bool, int, AssetKey]]] = {}

    def add(key: AssetKey) -> None:
        asset = graph.asset(key)
        heappush(ready.setdefault(asset.partitions, []), (asset.kind is not AssetKind.SOURCE, place[key], key))

    for key, upstream in missing.items():
        if not upstream:
            add(key)
    groups: list[list[AssetKey]] = []
    while ready:
        partitions = min(ready, key=lambda cut: (ready[cut][0][0], cut is not None, ready[cut][0][1]))
        groups.append([])
        while waiting := ready.get(partitions):
            _, _, key = heappop(waiting)
            groups[-1].append(key)
            for below in graph.downstream(key):
                if below in missing and key in missing[below]:
                    missing[below].discard(key)
                    if not missing[below]:
                        add(below)
        ready.pop(partitions)
    return groups


_WORDS = {
    Action.RUN: "runs",
    Action.OBSERVE: "is observed",
    Action.SKIP: "is skipped",
    Action.STAY_HELD: "stays held",
    Action.BLOCK: "is blocked",
}


def explain(plan: Plan) -> str:
    """The plan in words, a line a step: what becomes of it, because of what."""
    counts: dict[Action, int] = {}
    for step in plan.steps:
        counts[step.action] = counts.get(step.action, 0) + 1
    asked = f" for {plan.partitions}" if plan.partitions else ""
    summary = ", ".join(f"{n} {'step' if n == 1 else 'steps'} {_plural(a, n)}" for a, n in counts.items())
    lines = [f"plan for {plan.selection}{asked}: {summary or 'nothing to do'}"]
    width = max((len(str(step.address)) for step in plan.steps), default=0)
    lines += [_line(step, width) for step in plan.steps]
    return "\n".join(lines)


def _plural(action: Action, count: int) -> str:
    word = _WORDS[action]
    if count == 1:
        return word
    return {"runs": "run", "stays held": "stay held"}.get(word, word.replace("is ", "are ", 1))


def _line(step: PlannedStep, width: int) -> str:
    note = f" ({step.note})" if step.note else ""
    return f"  {step.address!s:<{width}}  {_WORDS[step.action]} because {step.reason}{note}"
