"""The one word for an asset and for each of its partitions, and why. Pure: from a ledger to states and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from observer.assets import quality_of
from observer.data_time import part_of
from observer.lateness import Awaited
from observer.model import EvaluationStatus
from observer.quantities import age, count
from observer.reads.instants import full, moment
from observer.reads.ledger import STRIP, Gate, LastStep, Ledger, Tally, Version
from observer.reads.model import State
from observer.reads.waiting import Waiting, waiting
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.freshness import FreshnessOf, FreshnessStatus
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, AssetKind, GateOutcome, PartitionKey, StepStatus, VersionStatus

RANK = {state: n for n, state in enumerate(State)}
BROKEN = (State.FAILING, State.HELD, State.BLOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One partition, or one version of an asset that has none."""

    partition: PartitionKey
    label: str  # "2013-02-08", or when the version was made
    subject: str  # how a sentence about it begins
    state: State
    text: str  # what follows: "is held: ..."
    since: datetime | None
    version: Version | None  # what stands for it: the held one before the published one
    rows: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is to be said of one asset now."""

    key: AssetKey
    state: State
    text: str
    since: datetime | None  # when it came into that state; of broken and stale ones
    cells: tuple[Cell, ...]  # oldest first
    readers: Version | None
    rows: float | None  # that readers have
    held: tuple[PartitionKey, ...]  # every partition that is held, oldest first
    freshness: FreshnessStatus | None  # None: no policy
    data_until: datetime | None
    awaited: Awaited | None = None  # what comes next, by the habits of what came; never of a source: nobody has looked


def standings(graph: Graph, keys: Iterable[AssetKey], ledger: Ledger, now: datetime) -> dict[AssetKey, Standing]:
    """The standing of each of ``keys``, from what was read of them."""
    waits = waiting(graph, (gate for gate in ledger.gates.values() if gate.is_held))
    held: dict[AssetKey, list[PartitionKey]] = {}
    for address, gate in ledger.gates.items():
        if gate.is_held:
            held.setdefault(address.asset, []).append(address.partition)
    return {
        key: _Survey(graph.asset(key), ledger, waits, held.get(key, ()), now).standing() for key in keys
    }  # fmt: skip


def data_until(asset: Asset, version: Version | None) -> datetime | None:
    """How far the data of a version reaches: to the end of its partition, or to when it was made."""
    if version is None:
        return None
    if asset.partitions is None or version.address.partition is None:
        return version.materialized_at
    try:
        interval = asset.partitions.interval(version.address.partition)
        return version.materialized_at if interval is None else interval.end
    except PartitionError:  # the asset is cut otherwise since
        return version.materialized_at


class _Survey:
    """One asset."""

    def __init__(
        self, asset: Asset, ledger: Ledger, waits: Waiting, held: Sequence[PartitionKey], now: datetime
    ) -> None:
        self._asset, self._ledger, self._waits, self._now = asset, ledger, waits, now
        self._zone = ZoneInfo(asset.partitions.timezone if asset.partitions is not None else waits.timezone)
        self._held = tuple(sorted(held, key=lambda key: key or ""))
        self._steps: Mapping[PartitionKey, LastStep] = ledger.steps.get(asset.key, {})
        self._versions = ledger.versions.get(asset.key, ())
        self._readers = ledger.readers.get(asset.key)

    def standing(self) -> Standing:
        cells = self._partitions() if self._asset.partitions is not None else self._history()
        until = self._until()
        policy = self._asset.freshness
        fresh = policy.status(until, self._now) if policy is not None else None
        newest = cells[-1] if cells else None
        state = newest.state if newest else State.NEVER
        text = f"{newest.subject} {newest.text}" if newest else "never materialized"
        since = _streak(cells) if state in BROKEN else None
        if fresh is FreshnessStatus.FAILED and state not in BROKEN and policy is not None and until is not None:
            state, since = State.STALE, policy.fails_at(until)
            text = f"{age((self._now - until).total_seconds())} old, allowed: {policy.allowed()}; {text}"
        state, text = self._with_older(state, text, cells)
        awaited = self._awaited()
        if awaited is not None and (late := awaited.sentence(self._now)) is not None and state not in BROKEN:
            text = f"{late}; {text}"
            state = State.WARNED if RANK[state] > RANK[State.WARNED] else state
        if fresh is FreshnessStatus.WARNED and RANK[state] > RANK[State.WARNED] and until is not None:
            state, text = State.WARNED, f"{age((self._now - until).total_seconds())} old; {text}"
        return Standing(
            key=self._asset.key, state=state, text=text, since=since, cells=tuple(cells), readers=self._readers,
            rows=self._ledger.rows_of(self._readers), held=self._held, freshness=fresh, data_until=until,
            awaited=awaited,
        )  # fmt: skip

    def _awaited(self) -> Awaited | None:
        """What is awaited next; of an asset in several parts the one that is due first."""
        if self._asset.kind is AssetKind.SOURCE:
            return None
        newest = {_part(self._asset, version.address.partition): version for version in self._versions}
        tallies = (self._ledger.tallies.get(version.id) for version in newest.values())
        due = (tally.awaited for tally in tallies if tally is not None and tally.awaited is not None)
        return min(due, key=lambda awaited: awaited.until, default=None)

    def _until(self) -> datetime | None:
        """How far the data reaches; of a source that says by what, to its last change, None where that isn't known."""
        policy = self._asset.freshness
        if policy is not None and policy.of is FreshnessOf.MATERIALIZATION:
            return None if self._readers is None else self._readers.materialized_at
        until = data_until(self._asset, self._readers)
        if until is None or self._readers is None or quality_of(self._asset).updated_by is None:
            return until
        tally = self._ledger.tallies.get(self._readers.id)
        return None if tally is None or tally.age_s is None else until - timedelta(seconds=tally.age_s)

    def _with_older(self, state: State, text: str, cells: Sequence[Cell]) -> tuple[State, str]:
        """An asset is what its newest partition is; what is wrong with older ones is said, and is never healthy."""
        if self._asset.partitions is None or not cells:
            return state, text
        if state is State.HELD:
            return state, f"{text}; {len(self._held)} partitions held in all" if len(self._held) > 1 else text
        said = []
        failing = [c.label for c in cells[:-1] if c.state is State.FAILING]
        if self._held:
            said.append(_few(self._held, "still held"))
        if failing:
            said.append(_few(failing, "failed"))
        if state is not State.BLOCKED and (blocked := [c.label for c in cells[:-1] if c.state is State.BLOCKED]):
            text = f"{text}; {_few(blocked, 'blocked')}"
        if said and RANK[state] > RANK[State.WARNED]:
            state = State.WARNED
        return state, "; ".join([text, *said])

    def _partitions(self) -> list[Cell]:
        key = self._asset.key
        known = {p for p in (*self._steps, *self._held, *self._waits.partitions(key)) if p is not None}
        known |= {v.address.partition for v in self._versions if v.address.partition is not None}
        chosen = sorted(known)[-STRIP:]
        by_partition: dict[PartitionKey, list[Version]] = {}
        for version in self._versions:
            by_partition.setdefault(version.address.partition, []).append(version)
        return [self._cell(p, p, by_partition.get(p, ()), newest=p == chosen[-1]) for p in chosen]

    def _history(self) -> list[Cell]:
        """The versions of an asset without partitions, the newest one standing for the address itself."""
        cells = [self._judged(v, None, self._named(v)) for v in self._versions]
        step, newest = self._steps.get(None), self._versions[-1:]
        here = self._cell(None, self._named(newest[0]) if newest else "", newest, newest=True)
        if here.state in (State.FAILING, State.BLOCKED):
            ended = step.ended_at if step is not None and step.ended_at is not None else self._now
            return [*cells, replace(here, label=full(ended, self._zone), subject="it")]
        return [*cells[:-1], here] if cells else []

    def _named(self, version: Version) -> str:
        return full(version.materialized_at, self._zone)

    def _cell(self, partition: PartitionKey, label: str, here: Sequence[Version], *, newest: bool) -> Cell:
        address = Address(self._asset.key, partition)
        gate, step = self._ledger.gates.get(address), self._steps.get(partition)
        published = next((v for v in reversed(here) if not v.is_held), None)
        stands = next((v for v in reversed(here) if v.is_held), published)

        def cell(state: State, text: str, since: datetime | None) -> Cell:
            return Cell(
                partition=partition, label=label, subject=self._subject(stands, label), state=state, text=text,
                since=since, version=stands, rows=self._ledger.rows_of(stands),
            )  # fmt: skip

        if gate is not None and gate.is_held:
            return cell(State.HELD, f"is held: {why(gate)}", gate.decided_at)
        if gate is not None and gate.outcome is GateOutcome.OPEN_BY_OVERRIDE:
            until = f" until {full(gate.expires_at, self._zone)}" if gate.expires_at else ""
            return cell(State.WARNED, f"is open by override of {gate.by}{until}", gate.decided_at)
        root = self._waits.of(address, newest=newest)
        if root is not None and (published is None or published.materialized_at <= root.decided_at):
            return cell(State.BLOCKED, f"is blocked by {root.address.asset}", root.decided_at)
        if step is not None and (trouble := _trouble(step, published)) is not None:
            return cell(trouble[0], trouble[1], step.ended_at)
        if stands is None:
            return cell(State.NEVER, "was never materialized", None)
        return self._judged(stands, step, label)

    def _judged(self, version: Version, step: LastStep | None, label: str) -> Cell:
        """What the verdicts on a version make of it."""
        word = "observed" if self._asset.kind is AssetKind.SOURCE else "published"
        state, text = _verdict(version, self._ledger.tallies.get(version.id), word)
        if step is not None and step.note and step.note not in text:
            text = f"{text}; {step.note}"
        return Cell(
            partition=version.address.partition, label=label, subject=self._subject(version, label), state=state,
            text=text, since=version.materialized_at, version=version, rows=self._ledger.rows_of(version),
        )  # fmt: skip

    def _subject(self, version: Version | None, label: str) -> str:
        if self._asset.partitions is not None:
            return label
        return f"the version of {moment(version.materialized_at, self._now, self._zone)}" if version else "it"


def _part(asset: Asset, partition: PartitionKey) -> str:
    try:
        return part_of(asset, partition)
    except PartitionError:  # the asset is cut otherwise since
        return ""


def why(gate: Gate) -> str:
    """The reasons of a decision in one."""
    if not gate.reasons:
        return "the gate keeps it back"
    more = len(gate.reasons) - 1
    return f"{gate.reasons[0]} (and {count(more, 'more reason')})" if more else gate.reasons[0]


def _trouble(step: LastStep, published: Version | None) -> tuple[State, str] | None:
    if step.status is StepStatus.BLOCKED:
        return State.BLOCKED, f"was blocked by {step.blocked_by or 'something upstream'} when it last ran"
    if step.status is StepStatus.FAILED:
        return State.FAILING, f"failed: {_first_line(step.error) or step.reason}"
    if step.status is StepStatus.INTERRUPTED and (step.began or published is None):
        return State.FAILING, f"was interrupted: {_first_line(step.error) or step.reason}"
    return None


def _verdict(version: Version, tally: Tally | None, word: str) -> tuple[State, str]:
    """The state of a version and what to say of it; ``word`` is how it came to its readers."""
    if version.is_held:  # the gate has another version in view
        return State.HELD, "is held"
    if version.status is VersionStatus.PUBLISHING:
        return State.UNKNOWN, "passed, but its publication is not confirmed yet"
    if version.released:
        return State.HEALTHY, f"is {word}, released by a person"
    if tally is None:
        return State.UNKNOWN, f"is {word} and was never judged"
    if bad := tally.number(EvaluationStatus.WARNED, EvaluationStatus.FAILED):
        first = tally.sentences.get(EvaluationStatus.FAILED) or tally.sentences[EvaluationStatus.WARNED]
        return State.WARNED, f"is {word} with {count(bad, 'warning')}: {first}"
    if tally.number(EvaluationStatus.UNKNOWN):
        return State.UNKNOWN, f"is {word}, but {tally.sentences[EvaluationStatus.UNKNOWN]}"
    quiet = f" with {count(tally.muted, 'muted warning')}" if tally.muted else ""
    if tally.only_learns:
        return State.LEARNING, f"is {word}{quiet}; {tally.sentences[EvaluationStatus.LEARNING]}"
    return State.HEALTHY, f"is {word}{quiet}"


def _streak(cells: Sequence[Cell]) -> datetime | None:
    """When the unbroken row of broken partitions at the end began."""
    since = None
    for cell in reversed(cells):
        if cell.state not in BROKEN:
            break
        if cell.since is not None:
            since = cell.since if since is None else min(since, cell.since)
    return since


def _few(labels: Sequence[PartitionKey], what: str) -> str:
    if len(labels) == 1:
        return f"{labels[0]} is {what}" if what != "failed" else f"{labels[0]} failed"
    return f"{count(len(labels), 'partition')} {what}, the newest {labels[-1]}"


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0] if lines else ""
