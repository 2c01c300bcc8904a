"""What the log and the store say of many assets at one moment: five statements, whatever their number.

Keys of partitions are compared as text, as everywhere in the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    func,
    or_,
    select,
)

from observer.lateness import EXPECTED, LATEST, Awaited
from observer.metrics import AGE, ARRIVAL
from observer.model import EvaluationStatus, SubjectKind
from observer.reads.newest import VERSION, named, steps_of, versions_of
from observer.store.tables import evaluations
from orchestration.among import Among
from orchestration.io.base import ELSEWHERE
from orchestration.model import TROUBLE, Address, AssetKey, GateOutcome, PartitionKey, StepStatus, VersionStatus
from orchestration.tables import gates, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The newest decision on an address, as it counts now: an override that has run out is a hold."""

    address: Address
    materialization_id: str
    outcome: GateOutcome
    reasons: tuple[str, ...]
    holds: tuple[str, ...]
    unknown: bool
    decided_at: datetime
    by: str
    expires_at: datetime | None
    overridden: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # that all faults which hold lie in; none: any

    @property
    def is_held(self) -> bool:
        return self.outcome is GateOutcome.HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStep:
    """The newest step of an address that has ended."""

    address: Address
    status: StepStatus
    reason: str
    note: str
    blocked_by: AssetKey | None
    error: str | None
    run_id: str
    began: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version, as far as states need it."""

    seq: int
    id: str
    address: Address
    status: VersionStatus
    run_id: str
    materialized_at: datetime
    rows: int | None
    released: bool
    is_elsewhere: bool = False  # somebody else has made it, and published it as they like

    @property
    def is_held(self) -> bool:
        return self.status is VersionStatus.HELD


@dataclass(frozen=True, slots=True)
class Tally:
    """The newest verdicts on one version, counted; ``sentences`` has one for each status.

    ``rows`` are those that were counted, also of a source, whose versions the log has no size of; ``age_s`` is how old
    a source's data was when it was observed, where that was known.
    """

    rows: float | None = None
    age_s: float | None = None
    muted: int = 0  # of which nothing else is counted
    awaited: Awaited | None = None  # the next one after it
    counts: dict[tuple[SubjectKind, EvaluationStatus], int] = field(default_factory=dict)
    sentences: dict[EvaluationStatus, str] = field(default_factory=dict)

    def number(self, *statuses: EvaluationStatus) -> int:
        return sum(n for (_, status), n in self.counts.items() if status in statuses)

    @property
    def only_learns(self) -> bool:
        """Whether most monitors still learn: the schema's judges from the second run on, and says little alone."""
        learning = self.counts.get((SubjectKind.MONITOR, EvaluationStatus.LEARNING), 0)
        return learning > sum(n for (kind, _), n in self.counts.items() if kind is SubjectKind.MONITOR) - learning


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was read."""

    gates: Mapping[Address, Gate]  # held or overridden, of every asset
    steps: Mapping[AssetKey, Mapping[PartitionKey, LastStep]]  # those that ended badly or left a note
    versions: Mapping[AssetKey, tuple[Version, ...]]  # by partition, then by age, oldest first
    readers: Mapping[AssetKey, Version]  # the newest partition (or version) that readers have
    tallies: Mapping[str, Tally]  # by version

    def rows_of(self, version: Version | None) -> float | None:
        """How many rows a version has; None where it is no table."""
        if version is None:
            return None
        tally = self.tallies.get(version.id)
        return float(version.rows) if version.rows is not None else tally.rows if tally else None


def load(connection: Connection, assets: Collection[AssetKey] | None, now: datetime) -> Ledger:
    """Read the newest ``STRIP`` partitions of ``assets``, or of all if None."""
    ranked = versions_of(assets)
    found = _versions(connection, ranked)
    return Ledger(
        gates=closed_gates(connection, now), steps=_steps(connection, assets), versions=found,
        readers=readers(connection, assets), tallies=_tallies(connection, ranked, found),
    )  # fmt: skip


def gate(row: Any, now: datetime) -> Gate:
    """The record of a row of ``gates``."""
    outcome = GateOutcome(row.outcome)
    if outcome is GateOutcome.OPEN_BY_OVERRIDE and row.expires_at is not None and row.expires_at <= now:
        outcome = GateOutcome.HELD
    return Gate(
        address=Address(AssetKey(row.asset), row.partition or None), materialization_id=row.materialization_id,
        outcome=outcome, reasons=tuple(row.reasons), holds=tuple(row.holds), unknown=row.unknown,
        decided_at=row.decided_at, by=row.by, expires_at=row.expires_at, overridden=tuple(row.overridden),
        columns=tuple(row.columns or ()),
    )  # fmt: skip


def version(row: Any) -> Version:
    """The record of a row of ``versions``."""
    return Version(
        seq=row.seq, id=row.id, address=Address(AssetKey(row.asset), row.partition or None),
        status=VersionStatus(row.status), run_id=row.run_id, materialized_at=row.materialized_at, rows=row.rows,
        released=row.released, is_elsewhere=row.format == ELSEWHERE,
    )  # fmt: skip


def last_step(row: Any) -> LastStep:
    """The record of a row of ``steps``."""
    return LastStep(
        address=Address(AssetKey(row.asset), row.partition or None), status=StepStatus(row.status), reason=row.reason,
        note=row.note, blocked_by=AssetKey(row.blocked_by) if row.blocked_by else None, error=row.error,
        run_id=row.run_id, began=row.started_at is not None, ended_at=row.ended_at,
    )  # fmt: skip


_SHUT = (GateOutcome.HELD, GateOutcome.OPEN_BY_OVERRIDE)  # named, so that an index leads to them


def closed_gates(connection: Connection, now: datetime) -> dict[Address, Gate]:
    """The newest decisions that keep something back, or would without an override: one statement."""
    rows = connection.execute(select(gates).where(gates.c.outcome.in_(_SHUT)))
    return {found.address: found for found in (gate(row, now) for row in rows)}


def _steps(connection: Connection, assets: Collection[AssetKey] | None) -> dict[AssetKey, dict[PartitionKey, LastStep]]:
    found: dict[AssetKey, dict[PartitionKey, LastStep]] = defaultdict(dict)
    ranked = steps_of(assets)
    says_more = or_(ranked.c.status.in_(TROUBLE), ranked.c.note != "")  # than the version that it made
    for row in connection.execute(select(ranked).where(says_more)):
        step = last_step(row)
        found[step.address.asset][step.address.partition] = step
    return found


_NAMED = 2_000  # versions at most that are named one by one


def _versions(connection: Connection, ranked: Subquery) -> dict[AssetKey, tuple[Version, ...]]:
    found: dict[AssetKey, list[Version]] = defaultdict(list)
    for row in connection.execute(select(ranked).order_by(ranked.c.asset, ranked.c.partition, ranked.c.seq)):
        found[AssetKey(row.asset)].append(version(row))
    return {asset: tuple(each) for asset, each in found.items()}


def readers(connection: Connection, assets: Collection[AssetKey] | None) -> dict[AssetKey, Version]:
    """The newest partition (or version) that readers have of each asset: at most one statement."""
    if assets is not None and not assets:
        return {}
    rows = connection.execute(_newest_of_all() if assets is None else _newest_of(assets))
    return {found.address.asset: found for found in (version(row) for row in rows)}


_NEWEST = (versions.c.partition.desc(), versions.c.seq.desc())


def _newest_of_all() -> Select[Any]:
    ranked = (
        select(*VERSION, func.row_number().over(partition_by=versions.c.asset, order_by=_NEWEST).label("nth"))
        .where(versions.c.status == VersionStatus.PUBLISHED)
        .subquery()
    )
    return select(ranked).where(ranked.c.nth == 1)


def _newest_of(assets: Collection[AssetKey]) -> Select[Any]:
    """Looked up one by one: what an asset has published before may be much."""
    wanted = named(assets)
    newest = (
        select(versions.c.seq)
        .where(versions.c.asset == wanted.c.asset, versions.c.status == VersionStatus.PUBLISHED)
        .order_by(*_NEWEST)
        .limit(1)
        .correlate(wanted)
        .scalar_subquery()
    )
    return select(*VERSION).select_from(wanted).join(versions, versions.c.seq == newest)


def awaited_columns() -> tuple[ColumnElement[str | None], ...]:
    """Of a group of verdicts, what that on arrival says of the next version."""
    said = ((EXPECTED, "awaited_by"), (LATEST, "awaited_until"))
    arrived = evaluations.c.subject == ARRIVAL
    return tuple(
        func.max(case((arrived, evaluations.c.evidence[entry].as_string()))).label(name) for entry, name in said
    )


def _tallies(
    connection: Connection, ranked: Subquery, there: Mapping[AssetKey, tuple[Version, ...]]
) -> dict[str, Tally]:  # fmt: skip
    of_version = evaluations.c.materialization_id
    newest = select(func.max(evaluations.c.id)).group_by(of_version, evaluations.c.subject)
    ids = [version.id for each in there.values() for version in each]
    if len(ids) <= _NAMED:  # a database that is told how many they are looks them up
        newest = newest.where(Among(of_version, "b_versions"))
    else:
        newest = newest.join(ranked, ranked.c.id == of_version)
    status, kind = evaluations.c.status, evaluations.c.kind
    muted = evaluations.c.muted.is_not(None).label("muted")
    counted, old = (case((evaluations.c.subject == one, evaluations.c.observed)) for one in ("row_count", AGE))
    grouped = connection.execute(
        select(
            of_version, kind, status, func.count().label("number"),
            func.min(evaluations.c.sentence).label("sentence"), func.max(counted).label("rows"),
            func.max(old).label("age_s"), muted, *awaited_columns(),
        )
        .where(evaluations.c.id.in_(newest))
        .group_by(of_version, kind, status, muted),
        {"b_versions": ids} if len(ids) <= _NAMED else {},
    )  # fmt: skip
    found: dict[str, Tally] = {}
    for row in grouped:
        tally = found.get(row.materialization_id, Tally())
        if not row.muted:
            tally.counts[SubjectKind(row.kind), EvaluationStatus(row.status)] = row.number
            tally.sentences[EvaluationStatus(row.status)] = row.sentence
        known = {name: value for name in ("rows", "age_s") if (value := getattr(row, name)) is not None}
        if not row.muted and (awaited := Awaited.read(row.awaited_by, row.awaited_until)) is not None:
            known["awaited"] = awaited
        quiet = tally.muted + (row.number if row.muted else 0)
        found[row.materialization_id] = replace(tally, muted=quiet, **known)
    return found
