"""What is true of one asset by itself, whatever the time is and whatever is held upstream. Pure.

``states.py`` makes a state of it; ``observer.store.statuses`` keeps it, so that a page needn't read the log again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.assets import quality_of
from observer.data_time import part_of
from observer.lateness import Awaited
from observer.model import EvaluationStatus
from observer.quantities import count
from observer.reads.ledger import LastStep, Ledger, Tally, Version
from observer.reads.model import State
from observer.reads.newest import STRIP
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.freshness import FreshnessOf
from orchestration.model import AssetKind, PartitionKey, StepStatus, VersionStatus

UNCHECKED = "nothing was checked"
"""Of a version that the gate let through without a verdict: nothing holds it, and nobody knows what it is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One partition, or one version of an asset that has none, as its versions and its last step left it."""

    partition: PartitionKey
    state: State
    text: str  # what follows its name: "is published with 1 warning: ..."
    since: datetime | None
    made_at: datetime | None  # of the version that stands for it: the held one before the published one
    published_at: datetime | None  # of the one that readers have
    ended_at: datetime | None  # of its last step
    rows: float | None
    version: Version | None = None  # that stands for it; unknown of one that was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One asset. ``here`` is the address of an asset without partitions; ``cells`` are oldest first."""

    cells: tuple[Fact, ...]
    here: Fact | None
    readers: Version | None
    rows: float | None  # that readers have
    data_until: datetime | None
    awaited: Awaited | None  # by the habits of what came; never of a source: nobody has looked


def facts_of(asset: Asset, ledger: Ledger) -> Facts:
    """What the ledger says of an asset."""
    read = _Reading(asset, ledger)
    readers = ledger.readers.get(asset.key)
    cells, here = (read.partitions(), None) if asset.partitions is not None else read.history()
    return Facts(
        cells=cells, here=here, readers=readers, rows=ledger.rows_of(readers), data_until=read.until(),
        awaited=read.awaited(),
    )  # fmt: skip


def came(asset: Asset) -> str:
    """How a version of an asset came to its readers, in a word."""
    return "observed" if asset.kind is AssetKind.SOURCE else "published"


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


class _Reading:
    """One asset's part of a ledger."""

    def __init__(self, asset: Asset, ledger: Ledger) -> None:
        self._asset, self._ledger = asset, ledger
        self._steps: Mapping[PartitionKey, LastStep] = ledger.steps.get(asset.key, {})
        self._versions = ledger.versions.get(asset.key, ())

    def partitions(self) -> tuple[Fact, ...]:
        known = {p for p in self._steps if p is not None}
        known |= {v.address.partition for v in self._versions if v.address.partition is not None}
        by_partition: dict[PartitionKey, list[Version]] = {}
        for version in self._versions:
            by_partition.setdefault(version.address.partition, []).append(version)
        return tuple(self._fact(p, by_partition.get(p, ())) for p in sorted(known)[-STRIP:])

    def history(self) -> tuple[tuple[Fact, ...], Fact]:
        """The versions of an asset without partitions, and its address, for which the newest one stands."""
        return tuple(self._judged(v, None, v) for v in self._versions), self._fact(None, self._versions[-1:])

    def awaited(self) -> Awaited | None:
        """What is awaited next; of an asset in several parts the one that is due first."""
        if self._asset.kind is AssetKind.SOURCE:
            return None
        newest = {_part(self._asset, version.address.partition): version for version in self._versions}
        tallies = (self._ledger.tallies.get(version.id) for version in newest.values())
        due = (tally.awaited for tally in tallies if tally is not None and tally.awaited is not None)
        return min(due, key=lambda awaited: awaited.until, default=None)

    def until(self) -> datetime | None:
        """How far the data reaches; of a source that says by what, to its last change, None where that isn't known."""
        readers, policy = self._ledger.readers.get(self._asset.key), self._asset.freshness
        if policy is not None and policy.of is FreshnessOf.MATERIALIZATION:
            return None if readers is None else readers.materialized_at
        until = data_until(self._asset, readers)
        if until is None or readers is None or quality_of(self._asset).updated_by is None:
            return until
        tally = self._ledger.tallies.get(readers.id)
        return None if tally is None or tally.age_s is None else until - timedelta(seconds=tally.age_s)

    def _fact(self, partition: PartitionKey, here: Sequence[Version]) -> Fact:
        step = self._steps.get(partition)
        published = next((v for v in reversed(here) if not v.is_held), None)
        stands = next((v for v in reversed(here) if v.is_held), published)
        trouble = None if step is None else _trouble(step, published)
        if stands is not None and trouble is None:
            return self._judged(stands, step, published)
        state, text = trouble or (State.NEVER, "was never materialized")
        return self._made(
            partition, state, text, None if trouble is None or step is None else step.ended_at, stands, published, step
        )

    def _judged(self, version: Version, step: LastStep | None, published: Version | None) -> Fact:
        """What the verdicts on a version make of it."""
        state, text = _verdict(version, self._ledger.tallies.get(version.id), came(self._asset))
        if step is not None and step.note and step.note not in text:
            text = f"{text}; {step.note}"
        return self._made(
            version.address.partition, state, text, version.materialized_at, version, published, step
        )  # fmt: skip

    def _made(
        self, partition: PartitionKey, state: State, text: str, since: datetime | None, stands: Version | None,
        published: Version | None, step: LastStep | None,
    ) -> Fact:  # fmt: skip
        return Fact(
            partition=partition, state=state, text=text, since=since, version=stands,
            made_at=None if stands is None else stands.materialized_at,
            published_at=None if published is None else published.materialized_at,
            ended_at=None if step is None else step.ended_at, rows=self._ledger.rows_of(stands),
        )  # fmt: skip


def _part(asset: Asset, partition: PartitionKey) -> str:
    try:
        return part_of(asset, partition)
    except PartitionError:  # the asset is cut otherwise since
        return ""


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
        return State.UNKNOWN, f"is {word}, {UNCHECKED}"
    if bad := tally.number(EvaluationStatus.WARNED, EvaluationStatus.FAILED):
        first = tally.sentences.get(EvaluationStatus.FAILED) or tally.sentences[EvaluationStatus.WARNED]
        return State.WARNED, f"is {word} with {count(bad, 'warning')}: {first}"
    if tally.number(EvaluationStatus.UNKNOWN):
        return State.UNKNOWN, f"is {word}, but {tally.sentences[EvaluationStatus.UNKNOWN]}"
    quiet = f" with {count(tally.muted, 'muted warning')}" if tally.muted else ""
    if tally.only_learns:
        return State.LEARNING, f"is {word}{quiet}; {tally.sentences[EvaluationStatus.LEARNING]}"
    return State.HEALTHY, f"is {word}{quiet}"


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0] if lines else ""
