"""The story in one place: collect -> evaluate -> decide, then save -> incident -> outbox in one transaction.

``ObserverGate`` is the policy behind the gate that the runner asks. ``measure`` runs beside the data; ``decide``
reads the past and judges without holding a lock; ``RECORDING`` is what the runner's transaction then writes, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from observer import incidents
from observer.alerts.base import Channel
from observer.alerts.notify import notifications
from observer.alerts.payload import Alert
from observer.assets import quality_of
from observer.budget import Budget
from observer.checks.base import Check
from observer.evaluate import evaluate, needed_series
from observer.feedback import Marks
from observer.fleet import Fleet
from observer.history import Past, SeriesKey, StoredPoint
from observer.learned import Learned
from observer.measuring import measuring
from observer.metrics import SCHEMA
from observer.model import (
    Audit,
    Evaluation,
    EvaluationStatus,
    Incident,
    ProfilePolicy,
    Schema,
    Severity,
)
from observer.policy import decide, holding, with_overrides
from observer.redacted import without_secrets
from observer.schema_changes import JudgedChange, judged_changes
from observer.schema_changes import policy as schema_policy
from observer.store import distributions as distribution_store
from observer.store import evaluations as evaluation_store
from observer.store import feedback as feedback_store
from observer.store import incidents as incident_store
from observer.store import observations as observation_store
from observer.store import schemas as schema_store
from observer.store import series as series_store
from observer.store import sketches as sketch_store
from observer.store.outbox import enqueue
from observer.store.overrides import look_up
from orchestration import log
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import reading
from orchestration.errors import PartitionError, StateError
from orchestration.events import Event, EventKind
from orchestration.gate import Ruling
from orchestration.graph import Graph
from orchestration.model import (
    Address,
    AssetKey,
    GateDecision,
    GateOutcome,
    PartitionKey,
    Staged,
    VersionStatus,
)
from orchestration.partitions import Interval
from orchestration.tables import versions

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


class ObserverGate:
    """The gate: what the observer knows decides whether a staged version is published."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._measure = measuring(observer.checks, observer.graph, defaults=observer.profile)
        self._learned = Learned()
        self._fleet = Fleet(observer.graph, observer.engine, observer.false_alarms_per_week)

    def measure(self, staged: Staged) -> Audit:
        return self._measure(staged)

    def recall(self, connection: Connection, addresses: Sequence[Address]) -> Mapping[Address, object]:
        try:
            return recall(connection, self._observer.graph, addresses)
        except DBAPIError:
            raise
        except Exception:  # asked again when it is judged, where what is wrong becomes a verdict
            return {}

    def decide(self, audit: Audit, recalled: object = None) -> Ruling:
        audit = without_secrets(audit, self._observer.redact)
        try:
            budget = self._fleet.budget(self._observer.clock.now())
            known = recalled if isinstance(recalled, Recalled) else None
            verdict = judge(self._observer, audit, known, self._learned, budget)
        except StateError:
            raise
        except Exception as error:
            verdict = broken(self._observer, audit, error)
        return Ruling(verdict.decision, record, verdict)


def recall(connection: Connection, graph: Graph, addresses: Sequence[Address]) -> Mapping[Address, Recalled]:
    """The past of those assets that aren't partitioned: of others, other partitions may be made meanwhile."""
    assets = {address.asset: graph.asset(address.asset) for address in addresses if address.partition is None}
    known, marks = series_store.known_series_of(connection, assets), feedback_store.marks_of_each(connection, assets)
    return {
        Address(key): Recalled(
            known=known[key],
            series=series_of(connection, asset, "", known[key], None),
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
    now = observer.clock.now()
    past, policy = Past(series=recalled.series, schema=schema), quality_of(asset).gate
    found = evaluate(
        asset, audit, quality_of(asset).watched, past, data_at=data_at, now=now, part=part, learned=learned,
        budget=budget, marks=recalled.marks,
    )  # fmt: skip
    overrides = look_up(observer.engine, made.address, now) if holding(found, policy) else {}  # seldom
    found = with_overrides(found, policy, overrides)
    return Verdict(
        observer=observer, asset=asset, audit=audit, data_at=data_at, evaluations=found,
        decision=decide(made, found, policy, now, overrides), series=recalled.known,
        changes=_changes(asset, schema, audit.schema),
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


def data_time(asset: Asset, partition: PartitionKey, materialized_at: datetime) -> datetime:
    """What orders the versions of an asset: the start of the partition, or when it was materialized."""
    if asset.partitions is None or partition is None:
        return materialized_at
    interval = asset.partitions.interval(partition)
    return materialized_at if interval is None else interval.start


def part_of(asset: Asset, partition: PartitionKey) -> str:
    """The part of a partition key that isn't time: each has a history of its own."""
    return "" if asset.partitions is None or partition is None else asset.partitions.series(partition)


Logged = Sequence[tuple[Verdict, int]]
"""Verdicts with the numbers under which their versions were logged, in the order of the plan."""


def record(connection: Connection, rulings: Iterable[tuple[Ruling, int]]) -> None:
    """Write what was found out about versions, in the transaction that logs them."""
    logged = [(ruling.finding, seq) for ruling, seq in rulings if isinstance(ruling.finding, Verdict)]
    for stage in RECORDING:
        stage(connection, logged)


def save_observations(connection: Connection, logged: Logged) -> None:
    """What was measured, how values are spread, sketches of partitions, and the schemas."""
    observation_store.save(connection, [_measurement(verdict, seq) for verdict, seq in logged])
    distribution_store.save(connection, [(seq, verdict.audit.distributions) for verdict, seq in logged])
    sketch_store.save(connection, [(seq, verdict.audit.sketches) for verdict, seq in logged])
    schemas = [(verdict.asset.key, seq, verdict.audit.schema, verdict.data_at) for verdict, seq in logged]
    schema_store.save(connection, [(key, seq, schema, at) for key, seq, schema, at in schemas if schema is not None])


def _measurement(verdict: Verdict, version_seq: int) -> observation_store.Measurement:
    made = verdict.audit.materialization
    return observation_store.Measurement(
        asset=made.asset, version_seq=version_seq, observed=verdict.audit.observations, data_at=verdict.data_at,
        made_at=made.materialized_at, part=part_of(verdict.asset, made.partition), known=verdict.series,
    )  # fmt: skip


def save_schema_changes(connection: Connection, logged: Logged) -> None:
    """An event for each difference from the schema before, with how bad it is by the asset's policy."""
    log.append(connection, *(_schema_event(verdict, each) for verdict, _ in logged for each in verdict.changes))


def _schema_event(verdict: Verdict, judged: JudgedChange) -> Event:
    made = verdict.audit.materialization
    return Event(
        at=verdict.decision.decided_at, kind=EventKind.SCHEMA_CHANGED, run_id=made.run_id, address=made.address,
        detail={"version": made.id, **judged.detail()},
    )  # fmt: skip


def save_evaluations(connection: Connection, logged: Logged) -> None:
    """What it means."""
    evaluation_store.save(connection, [(verdict.evaluations, seq, verdict.data_at) for verdict, seq in logged])


def update_incidents(connection: Connection, logged: Logged) -> None:
    """Version by version: what is over is resolved, what is wrong is opened or folded."""
    troubled = incident_store.troubled(connection, {verdict.asset.key for verdict, _ in logged})
    for verdict, _ in logged:
        if verdict.asset.key in troubled:
            settle_incidents(connection, verdict)
        if open_incident(connection, verdict):
            troubled.add(verdict.asset.key)


def settle_incidents(connection: Connection, verdict: Verdict) -> None:
    """A good version ends what was wrong with its partition; a pass ends warnings about the same subjects."""
    decision = verdict.decision
    if decision.outcome is GateOutcome.HELD:
        return
    open_ones = incident_store.unresolved(connection, decision.asset)
    doubtful = {EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN}
    good = not decision.overridden and all(e.status not in doubtful for e in verdict.evaluations)
    severities = tuple(Severity) if good else (Severity.ERROR,)
    over = list(incident_store.settle(connection, decision.asset, decision.partition, severities))
    known = {incident.id for incident in over}
    covers = interval_of(verdict.asset)
    for incident in open_ones:
        ended = incident.severity is Severity.WARN and incident.id not in known
        if ended and incidents.is_over(incident, decision.partition, verdict.evaluations, covers):
            over.append(incident)
    for incident in over:
        resolve(connection, verdict.observer, incident, _resolution(decision), decision)


def resolve(
    connection: Connection, observer: Observer, incident: Incident, resolution: str, decision: GateDecision
) -> None:
    """End an incident and say so."""
    ended = incidents.resolved(incident, resolution, decision.decided_at)
    incident_store.change(connection, ended)
    tell(connection, observer, "incident.resolved", ended, decision)


def _resolution(decision: GateDecision) -> str:
    done = f"published by override of {', '.join(decision.overridden)}" if decision.overridden else "passed again"
    return done if decision.partition is None else f"{done} with {decision.partition}"


def open_incident(connection: Connection, verdict: Verdict) -> bool:
    """What is wrong becomes an incident, or goes on with the one that is about it; a new one is told.

    Returns whether something is wrong.
    """
    observer, decision = verdict.observer, verdict.decision
    held = decision.outcome is GateOutcome.HELD
    affected = observer.graph.blocked_by(decision.asset) if held else ()
    found = incidents.finding(decision, verdict.evaluations, affected)
    if found is None:
        return False
    covers = interval_of(verdict.asset)
    goes_on = incidents.to_fold_into(found, incident_store.unresolved(connection, decision.asset), covers)
    if goes_on is not None:
        # Readers have a version that only warned: an incident about held ones does not wait for it.
        settled = goes_on.severity is not found.severity
        changed = incidents.folded(goes_on, found, covers)
        incident_store.fold(connection, changed, decision.materialization_id, found.partition, settled=settled)
        return True
    opened = incidents.opened(found)
    number = incident_store.add(connection, opened, decision.materialization_id)
    tell(connection, observer, "incident.opened", replace(opened, id=number), decision)
    return True


def interval_of(asset: Asset) -> incidents.Covers:
    """The data time that a partition of an asset covers; None where it has none, or is none any more."""

    def covers(partition: PartitionKey) -> Interval | None:
        if asset.partitions is None or partition is None:
            return None
        try:
            return asset.partitions.interval(partition)
        except PartitionError:  # the asset was cut otherwise when the incident was opened
            return None

    return covers


def tell(
    connection: Connection, observer: Observer, event: str, incident: Incident, decision: GateDecision | None
) -> None:
    """Put an alert into the outbox, for each channel that wants to hear of it."""
    alert = Alert(
        event=event, at=incident.updated_at, incident=incident, gate=decision,
        last_good=last_good(connection, observer.graph.asset(incident.asset)), dashboard_url=observer.dashboard_url,
    )  # fmt: skip
    enqueue(
        connection,
        notifications(alert, observer.channels, new_id=observer.new_id, wall_now=observer.clock.wall()),
    )


def last_good(connection: Connection, asset: Asset) -> str | None:
    """The newest partition that readers have, or when the version was made that they have; None: they have none."""
    seen = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING)  # the latter is decided, and about to be
    where = (versions.c.asset == asset.key, versions.c.status.in_(seen))
    if asset.partitions is not None:
        newest: str | None = connection.execute(select(func.max(versions.c.partition)).where(*where)).scalar_one()
        return newest
    made = connection.execute(
        select(versions.c.materialized_at).where(*where).order_by(versions.c.seq.desc()).limit(1)
    ).scalar_one_or_none()
    return None if made is None else f"{made:%Y-%m-%d %H:%M} UTC"


Stage = Callable[[Connection, Logged], None]

RECORDING: Sequence[Stage] = (save_observations, save_schema_changes, save_evaluations, update_incidents)
"""What is written with decisions, in this order, in the transaction that logs them."""
