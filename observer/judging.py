"""From what was measured to a verdict: the past is read, what must hold is looked at, and it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from observer.alerts.base import Channel
from observer.assets import quality_of
from observer.budget import Budget
from observer.checks.base import Check
from observer.data_time import data_time, part_of
from observer.evaluate import evaluate, needed_series
from observer.feedback import Marks
from observer.history import Past, SeriesKey, StoredPoint
from observer.kept import Kept
from observer.learned import Learned
from observer.measuring import filled
from observer.metrics import EFFECTS, SCHEMA
from observer.model import Audit, Evaluation, GatePolicy, Override, ProfilePolicy, Schema
from observer.policy import TOLD, decide, holding, with_mutes, with_overrides
from observer.privacy import why_not_kept
from observer.schema_changes import JudgedChange, judged_changes
from observer.schema_changes import policy as schema_policy
from observer.store import excuses
from observer.store import feedback as feedback_store
from observer.store import observations as observation_store
from observer.store import schemas as schema_store
from observer.store import series as series_store
from observer.trails import NOTHING_TOLD, Told, Trails
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import reading
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, GateDecision, GateOutcome
from orchestration.special_days import SpecialDays

_PLAIN = ProfilePolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """What judging and telling need; made by the project."""

    graph: Graph
    checks: Mapping[AssetKey, tuple[Check, ...]]
    engine: Engine
    clock: Clock
    channels: tuple[Channel, ...]
    new_id: Callable[[], str]
    dashboard_url: str | None
    redact: Callable[[str], str] = str
    profile: ProfilePolicy = _PLAIN  # of assets that say nothing else
    false_alarms_per_week: float | None = None  # of all monitors together; None: each as it is declared
    holidays: Mapping[AssetKey, SpecialDays] = field(default_factory=dict)
    environment: str = ""  # whose channels they are
    remind_after: timedelta | None = None  # of open incidents, since the last message was delivered; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Everything that was found out about one version.

    ``series`` are the numbers of the asset's series, as far as they were read; ``changes`` what differs from the schema
    before.
    """

    observer: Observer
    asset: Asset
    audit: Audit
    data_at: datetime
    evaluations: tuple[Evaluation, ...]
    decision: GateDecision
    series: Mapping[SeriesKey, int] | None = None
    changes: tuple[JudgedChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The past of an asset without partitions, read under its lease, which keeps it as it is."""

    known: Mapping[SeriesKey, int]
    series: Mapping[SeriesKey, tuple[StoredPoint, ...]]
    marks: Marks

    def holds_before(self, at: datetime) -> bool:
        """Whether it is what would be read of the time before ``at``: a replayed clock may have gone back."""
        return all(not points or points[-1].at < at for points in self.series.values())


def recall(connection: Connection, graph: Graph, addresses: Sequence[Address]) -> Mapping[Address, Recalled]:
    """The past of those assets that aren't partitioned: of others, other partitions may be made meanwhile."""
    assets = {address.asset: graph.asset(address.asset) for address in addresses if address.partition is None}
    known, marks = series_store.known_series_of(connection, assets), feedback_store.marks_of_each(connection, assets)
    return {
        Address(key): Recalled(
            known=known[key],
            series=series_of(connection, asset, "", known[key], None) if known[key] else {},
            marks=marks[key],
        )
        for key, asset in assets.items()
        if asset.partitions is None
    }


def series_of(
    connection: Connection, asset: Asset, part: str, known: Mapping[SeriesKey, int], before: datetime | None
) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """The series that an asset's monitors need."""
    return observation_store.load(
        connection, asset.key, needed_series(quality_of(asset).watched, known), before=before,
        partitioned=asset.partitions is not None and asset.partitions.has_time,
        part=part, known=known,
    )  # fmt: skip


def judge(
    observer: Observer,
    audit: Audit,
    recalled: Recalled | None = None,
    learned: Learned | None = None,
    budget: Budget | None = None,
    trails: Trails | None = None,
) -> Verdict:
    """Compare what was measured with its past and with what must hold, and decide."""
    made = audit.materialization
    asset = observer.graph.asset(made.asset)
    data_at = data_time(asset, made.partition, made.materialized_at)
    before, part = max(data_at, made.materialized_at), part_of(asset, made.partition)
    if recalled is not None and not recalled.holds_before(before):
        recalled = None
    schema = None
    if recalled is None or audit.schema:
        with reading(observer.engine) as connection:
            if recalled is None:
                known = series_store.known_series(connection, asset.key, part)
                recalled = Recalled(
                    known=known, series=series_of(connection, asset, part, known, before),
                    marks=feedback_store.marks(connection, asset.key),
                )  # fmt: skip
            if audit.schema:
                schema = schema_store.before(connection, asset.key, data_at)
    told = _told(observer, asset, audit, recalled, trails or Trails(), data_at, part)
    audit = replace(audit, observations=(*audit.observations, *told.observations())) if told.now else audit
    now, quality = observer.clock.now(), quality_of(asset)
    policy = quality.gate
    series = {**recalled.series, **told.series} if told.series else recalled.series
    past = Past(series=series, schema=schema, effects=told.now)
    found = evaluate(
        asset, audit, quality.watched, past, data_at=data_at, now=now, part=part, learned=learned,
        budget=budget, marks=recalled.marks.with_holidays(observer.holidays.get(asset.key)),
    )  # fmt: skip
    found, overrides = excused(observer, made.address, found, policy, now)
    return Verdict(
        observer=observer, asset=asset, audit=audit, data_at=data_at, evaluations=found,
        decision=decide(made, found, policy, now, overrides), series=recalled.known,
        changes=_changes(asset, schema, audit.schema),
    )  # fmt: skip


def excused(
    observer: Observer, address: Address, found: tuple[Evaluation, ...], policy: GatePolicy, now: datetime
) -> tuple[tuple[Evaluation, ...], Mapping[str, Override]]:
    """The evaluations with what people said of their subjects: that they be quiet, or not hold; seldom any."""
    if not any(one.status in TOLD for one in found):
        return found, {}
    with reading(observer.engine) as connection:
        found = with_mutes(found, excuses.mutes.in_force(connection, address, now))
        overrides = excuses.overrides.in_force(connection, address, now) if holding(found, policy) else {}
    return with_overrides(found, policy, overrides), overrides


def _told(
    observer: Observer, asset: Asset, audit: Audit, recalled: Recalled, trails: Trails, data_at: datetime, part: str
) -> Told:
    """How far it is from the versions before, where a monitor asks for that."""
    asked = [one for one in quality_of(asset).watched if one.metric in EFFECTS]
    if not asked:
        return NOTHING_TOLD
    profile = filled(quality_of(asset).profile, observer.profile)
    with reading(observer.engine) as connection:
        return trails.of_version(
            asset, audit, asked, recalled.series, Kept(connection, recalled.known), recalled.marks, data_at=data_at,
            part=part, why_not=lambda column: why_not_kept(profile, column),
        )  # fmt: skip


def _changes(asset: Asset, before: Schema | None, now: Schema | None) -> tuple[JudgedChange, ...]:
    """What differs from the schema before, by the asset's policy; nothing where one of both isn't known."""
    if before is None or now is None or before == now:
        return ()
    watch = next(one for one in quality_of(asset).watched if one.metric == SCHEMA)
    return judged_changes(before, now, schema_policy(watch.severity, watch.parameters))


def broken(observer: Observer, audit: Audit, error: Exception) -> Verdict:
    """The verdict where judging itself failed: held, and people hear of it as of every other hold."""
    made, now = audit.materialization, observer.clock.now()
    asset = observer.graph.asset(made.asset)
    why = observer.redact(f"the gate could not judge it: {type(error).__name__}: {' '.join(str(error).split())}")
    decision = GateDecision(
        asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.HELD,
        reasons=(why,), holds=("gate",), decided_at=now, by="gate", unknown=True,
    )  # fmt: skip
    data_at = data_time(asset, made.partition, made.materialized_at)
    return Verdict(
        observer=observer, asset=asset, audit=audit, data_at=data_at, evaluations=(), decision=decision
    )  # fmt: skip
