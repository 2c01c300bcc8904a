"""The one word for an asset and for each of its partitions, and why. Pure: from facts, gates and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from observer.lateness import Awaited
from observer.quantities import age, count
from observer.reads.facts import Fact, Facts, facts_of
from observer.reads.instants import Sentence, full, moment
from observer.reads.ledger import Gate, Ledger, Version
from observer.reads.model import State
from observer.reads.newest import STRIP
from observer.reads.waiting import Waiting, waiting
from orchestration.assets import Asset
from orchestration.freshness import FreshnessStatus
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, GateOutcome, PartitionKey

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
    version: Version | None  # what stands for it: the held one before the published one; unknown of what was kept
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


@dataclass(frozen=True, slots=True)
class Turns:
    """A state, and when time alone makes another one of it: each is the last instant at which it doesn't yet."""

    state: State
    since: datetime | None
    fails_at: datetime | None  # by the freshness policy
    warns_at: datetime | None
    late_at: datetime | None  # nothing new has come by then

    def at(self, now: datetime) -> tuple[State, datetime | None]:
        """The state at ``now`` and since when."""
        state, since = self.state, self.since
        if self.fails_at is not None and now > self.fails_at and state not in BROKEN:
            return State.STALE, self.fails_at
        late = self.late_at is not None and now > self.late_at and state not in BROKEN
        old = self.warns_at is not None and now > self.warns_at
        return (State.WARNED if (late or old) and RANK[state] > RANK[State.WARNED] else state), since


def standings(graph: Graph, keys: Iterable[AssetKey], ledger: Ledger, now: datetime) -> dict[AssetKey, Standing]:
    """The standing of each of ``keys``, from what was read of them."""
    closed = Closed(graph, ledger.gates.values())
    return {key: closed.standing(graph.asset(key), facts_of(graph.asset(key), ledger), now) for key in keys}


class Closed:
    """The gates that are held or overridden, and who waits for them."""

    def __init__(self, graph: Graph, gates: Iterable[Gate]) -> None:
        self._gates: dict[AssetKey, dict[PartitionKey, Gate]] = {}
        for gate in gates:
            self._gates.setdefault(gate.address.asset, {})[gate.address.partition] = gate
        every = (gate for here in self._gates.values() for gate in here.values())
        self._waits = waiting(graph, (gate for gate in every if gate.is_held))

    @property
    def waits(self) -> Waiting:
        """Who waits for what is held, and at which edges."""
        return self._waits

    @property
    def concerned(self) -> frozenset[AssetKey]:
        """The assets whose state is not what their facts alone make of it."""
        return frozenset((*self._gates, *self._waits.addresses, *self._waits.whole))

    def standing(self, asset: Asset, facts: Facts, now: datetime) -> Standing:
        """What is to be said of an asset at ``now``."""
        return _Saying(asset, facts, self._survey(asset, facts), now).standing()

    def turns(self, asset: Asset, facts: Facts) -> Turns:
        """The state of an asset, and when time alone changes it."""
        return self._survey(asset, facts).turns

    def _survey(self, asset: Asset, facts: Facts) -> _Survey:
        return _Survey(asset, facts, self._gates.get(asset.key, {}), self._waits)


def turns(asset: Asset, facts: Facts) -> Turns:
    """The state of an asset where no gate concerns it, and when time alone changes it."""
    return _Survey(asset, facts, {}, Waiting("UTC")).turns


class _Survey:
    """One asset among the gates."""

    def __init__(self, asset: Asset, facts: Facts, gates: Mapping[PartitionKey, Gate], waits: Waiting) -> None:
        self._asset, self._facts, self._gates, self._waits = asset, facts, gates, waits
        held = (partition for partition, gate in gates.items() if gate.is_held)
        self.held = tuple(sorted(held, key=lambda key: key or ""))
        self.cells = self._partitions() if asset.partitions is not None else self._history()
        newest = self.cells[-1].state if self.cells else State.NEVER
        state, self.said = self._with_older(newest)
        fails_at, warns_at = _deadlines(asset, facts.data_until)
        self.turns = Turns(
            state=state, since=_streak(self.cells) if newest in BROKEN else None,
            fails_at=fails_at, warns_at=warns_at,
            late_at=None if facts.awaited is None else facts.awaited.until,
        )  # fmt: skip

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self._asset.partitions.timezone if self._asset.partitions else self._waits.timezone)

    def _with_older(self, state: State) -> tuple[State, tuple[str, ...]]:
        """An asset is what its newest partition is; what is wrong with older ones is said, and is never healthy."""
        if self._asset.partitions is None or not self.cells:
            return state, ()
        if state is State.HELD:
            return state, (f"{len(self.held)} partitions held in all",) if len(self.held) > 1 else ()
        older = self.cells[:-1]
        wrong = [_few(self.held, "still held")] if self.held else []
        if failing := [c.partition for c in older if c.state is State.FAILING]:
            wrong.append(_few(failing, "failed"))
        blocked = [c.partition for c in older if c.state is State.BLOCKED] if state is not State.BLOCKED else []
        said = (*([_few(blocked, "blocked")] if blocked else ()), *wrong)
        return (State.WARNED if wrong and RANK[state] > RANK[State.WARNED] else state), said

    def _partitions(self) -> list[Fact]:
        known = {fact.partition: fact for fact in self._facts.cells}
        for partition in (*self.held, *self._waits.partitions(self._asset.key)):
            if partition is not None:
                known.setdefault(partition, _nothing(partition))
        chosen = sorted(known, key=lambda key: key or "")[-STRIP:]
        return [self._among_gates(known[p], newest=p == chosen[-1]) for p in chosen]

    def _history(self) -> list[Fact]:
        """The versions of an asset without partitions, the newest one standing for the address itself."""
        here = self._among_gates(self._facts.here or _nothing(None), newest=True)
        if here.state in _OF_NO_VERSION:
            return [*self._facts.cells, here]
        return [*self._facts.cells[:-1], here] if self._facts.cells else []

    def _among_gates(self, fact: Fact, *, newest: bool) -> Fact:
        """What a gate makes of a partition: its own, or the one of what it waits for."""
        gate = self._gates.get(fact.partition)
        if gate is not None and gate.is_held:
            return replace(fact, state=State.HELD, text=f"is held: {why(gate)}", since=gate.decided_at)
        if gate is not None and gate.outcome is GateOutcome.OPEN_BY_OVERRIDE:
            until = (" until ", full(gate.expires_at, self.zone)) if gate.expires_at else ()
            said = Sentence.of(f"is open by override of {gate.by}", *until)
            return replace(fact, state=State.WARNED, text=said, since=gate.decided_at)
        root = self._waits.of(Address(self._asset.key, fact.partition), newest=newest)
        if root is not None and (fact.published_at is None or fact.published_at <= root.decided_at):
            text = f"is blocked by {root.address.asset}"
            return replace(fact, state=State.BLOCKED, text=text, since=root.decided_at)
        return fact


def _deadlines(asset: Asset, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """When data that reaches so far fails its freshness policy, and when it warns."""
    if asset.freshness is None or until is None:
        return None, None
    return asset.freshness.fails_at(until), asset.freshness.warns_at(until)


_OF_NO_VERSION = (State.FAILING, State.BLOCKED)
"""An asset without partitions is so by its last step, or by what it waits for: no version of it is."""


def _nothing(partition: PartitionKey) -> Fact:
    return Fact(
        partition=partition, state=State.NEVER, text="was never materialized", since=None, made_at=None,
        published_at=None, ended_at=None, rows=None,
    )  # fmt: skip


class _Saying:
    """What is to be said of one asset at a time."""

    def __init__(self, asset: Asset, facts: Facts, found: _Survey, now: datetime) -> None:
        self._asset, self._facts, self._found, self._now, self._zone = asset, facts, found, now, found.zone

    def standing(self) -> Standing:
        facts, state_since = self._facts, self._found.turns.at(self._now)
        cells = tuple(self._cell(fact) for fact in self._found.cells)
        return Standing(
            key=self._asset.key, state=state_since[0], text=self._text(cells), since=state_since[1], cells=cells,
            readers=facts.readers, rows=facts.rows, held=self._found.held, freshness=self._freshness(),
            data_until=facts.data_until, awaited=facts.awaited,
        )  # fmt: skip

    def _freshness(self) -> FreshnessStatus | None:
        known = self._found.turns
        if self._asset.freshness is None:
            return None
        if known.fails_at is None or known.warns_at is None:
            return FreshnessStatus.UNKNOWN
        if self._now > known.fails_at:
            return FreshnessStatus.FAILED
        return FreshnessStatus.WARNED if self._now > known.warns_at else FreshnessStatus.PASSED

    def _text(self, cells: Sequence[Cell]) -> str:
        newest = Sentence.of(cells[-1].subject, " ", cells[-1].text) if cells else "never materialized"
        text = Sentence.joined("; ", (newest, *self._found.said))
        state, fresh = self._found.turns.state, self._freshness()
        if state in BROKEN:
            return text
        if fresh is FreshnessStatus.FAILED and self._asset.freshness is not None:
            text = Sentence.of(f"{self._old()} old, allowed: {self._asset.freshness.allowed()}; ", text)
        late = None if self._facts.awaited is None else self._facts.awaited.sentence(self._now)
        if late is not None:
            return Sentence.of(f"{late}; ", text)
        is_news = fresh is FreshnessStatus.WARNED and RANK[state] > RANK[State.WARNED]
        return Sentence.of(f"{self._old()} old; ", text) if is_news else text

    def _old(self) -> str:
        until = self._facts.data_until
        return "" if until is None else age((self._now - until).total_seconds())

    def _cell(self, fact: Fact) -> Cell:
        label, subject = self._named(fact)
        return Cell(
            partition=fact.partition, label=label, subject=subject, state=fact.state, text=fact.text,
            since=fact.since, version=fact.version, rows=fact.rows,
        )  # fmt: skip

    def _named(self, fact: Fact) -> tuple[str, str]:
        """The label of a partition, or of a version of an asset that has none, and how a sentence about it begins."""
        if self._asset.partitions is not None and fact.partition is not None:
            return fact.partition, fact.partition
        if fact.state in _OF_NO_VERSION or fact.made_at is None:
            return full(fact.ended_at or self._now, self._zone), "it"
        subject = Sentence.of("the version of ", moment(fact.made_at, self._now, self._zone))
        return full(fact.made_at, self._zone), subject


def why(gate: Gate) -> str:
    """The reasons of a decision in one."""
    if not gate.reasons:
        return "the gate keeps it back"
    more = len(gate.reasons) - 1
    return f"{gate.reasons[0]} (and {count(more, 'more reason')})" if more else gate.reasons[0]


def _streak(cells: Sequence[Fact]) -> datetime | None:
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
