"""The plan: which steps, in which order, and why. Pure data; the runner walks what ``explain`` prints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.addresses import addresses
from orchestration.assets import Production
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, StepStatus
from orchestration.partitions.base import split_range
from orchestration.selection import StatusesOf, select
from orchestration.staleness import Action, Judgement, judge, together
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

    ``partitions`` is what was asked for: "2013-02-08", "2013-01-01..2013-02-07", "*" or "".
    """

    selection: str
    partitions: str
    force: bool
    steps: tuple[PlannedStep, ...]


def partition_range(text: str | None) -> tuple[str, str] | None:
    """``2013-02-08`` or ``2013-01-01..2013-02-07`` as first and last key."""
    if text is None:
        return None
    return split_range(text)


def make_plan(
    graph: Graph,
    selection: str,
    partitions: str | None,
    snapshot: Snapshot,
    code_versions: Mapping[AssetKey, str],
    now: datetime,
    *,
    force: bool = False,
    statuses: StatusesOf | None = None,
) -> Plan:
    """Plan the selected assets and everything upstream of them, for a partition or a range.

    What is only upstream is planned for the partitions that the selected assets read of it. ``statuses`` answers
    ``status:held`` and the like in the selection. ``force`` makes the selected assets again, whatever their state;
    what is upstream is judged as ever.

    Raises
    ------
    UnknownName
        The selection names an asset that doesn't exist.
    SelectionError
        The selection can't be read, or selects nothing.
    PartitionError
        A key that isn't a partition, or partitioned assets without a key.
    """
    chosen = graph.with_siblings(select(graph, selection, statuses))
    wanted = chosen | graph.ancestors(chosen)
    if partitions == "":
        partition_range(partitions)
    planned = tuple(addresses(graph, chosen, wanted, partitions, snapshot.keys_of, now))
    forced = {address for address in planned if address.asset in chosen} if force else frozenset()
    steps = plan_addresses(graph, planned, forced, snapshot, code_versions)
    return Plan(selection=selection, partitions=partitions or "", force=force, steps=steps)


def plan_addresses(
    graph: Graph,
    planned: Sequence[Address],
    forced: Collection[Address],
    snapshot: Snapshot,
    code_versions: Mapping[AssetKey, str],
) -> tuple[PlannedStep, ...]:
    """Say what becomes of each address, everything upstream first; what is ``forced`` is made whatever its state."""
    steps, pending = [], set[Address]()
    outcomes: dict[Address, tuple[StepStatus, AssetKey | None]] = {}
    siblings = _siblings(graph, planned)
    judged: dict[Address, Judgement] = {}
    for address in planned:
        if address not in judged:
            group = siblings.get(address, (address,))
            found: Mapping[AssetKey, Judgement] = {
                one.asset: judge(
                    graph, one, snapshot, code_versions[one.asset], force=one in forced, pending=pending,
                    outcomes=outcomes,
                )
                for one in group
            }  # fmt: skip
            found = together(graph.asset(address.asset), found)
            judged.update({one: found[one.asset] for one in group})
        judgement = judged.pop(address)
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
                forced=address in forced,
            )
        )
    return tuple(steps)


def _siblings(graph: Graph, planned: Sequence[Address]) -> dict[Address, tuple[Address, ...]]:
    """By address, those of one partition that one call makes."""
    calls: dict[tuple[Production, str | None], list[Address]] = {}
    for address in planned:
        if (production := graph.asset(address.asset).production) is not None:
            calls.setdefault((production, address.partition), []).append(address)
    return {address: tuple(call) for call in calls.values() for address in call}


WORDS = {
    Action.RUN: "runs",
    Action.OBSERVE: "is observed",
    Action.SKIP: "is skipped",
    Action.STAY_HELD: "stays held",
    Action.BLOCK: "is blocked",
}
"""What becomes of a step, by its action."""

MEANINGS = {
    Action.RUN: "it is made, then judged: what is good is published, anything else is held",
    Action.OBSERVE: "its data is read, measured and judged; nothing is written",
    Action.SKIP: "nothing is done; readers keep the published version",
    Action.STAY_HELD: (
        "nothing is done; the version that was made stays in quarantine and readers keep the last good one, "
        "until it is released or made again and good"
    ),
    Action.BLOCK: "nothing is done, because something that it reads is not good; readers keep what they have",
}
"""What these words mean."""


def explain(plan: Plan, *, meanings: bool = False) -> str:
    """The plan in words, a line a step: what becomes of it, because of what.

    Parameters
    ----------
    meanings:
        Say below it what each of these words means.
    """
    counts = counted(plan)
    asked = f", partition {plan.partitions}" if plan.partitions else ""
    lines = [f"plan of {plan.selection}{asked}: {summary(plan)}"]
    width = max((len(str(step.address)) for step in plan.steps), default=0)
    lines += [_line(step, width) for step in plan.steps]
    if meanings:
        longest = max(len(WORDS[action]) for action in counts) if counts else 0
        lines += ["", "The steps are taken in this order, what is read before what reads it. Nothing was run yet."]
        lines += [f"  {WORDS[a]:<{longest}}  {MEANINGS[a]}" for a in Action if a in counts]
    return "\n".join(lines)


def counted(plan: Plan) -> dict[Action, int]:
    """How many steps have which action, in the order in which they come."""
    counts: dict[Action, int] = {}
    for step in plan.steps:
        counts[step.action] = counts.get(step.action, 0) + 1
    return counts


def summary(plan: Plan) -> str:
    """``3 steps run, 1 step is skipped``."""
    said = (f"{n} {'step' if n == 1 else 'steps'} {_plural(a, n)}" for a, n in counted(plan).items())
    return ", ".join(said) or "nothing to do"


def _plural(action: Action, count: int) -> str:
    word = WORDS[action]
    if count == 1:
        return word
    return {"runs": "run", "stays held": "stay held"}.get(word, word.replace("is ", "are ", 1))


def _line(step: PlannedStep, width: int) -> str:
    note = f" ({step.note})" if step.note else ""
    return f"  {step.address!s:<{width}}  {WORDS[step.action]} because {step.reason}{note}"
