"""The story in one place: collect -> evaluate -> decide, then save -> incident -> outbox in one transaction.

``ObserverGate`` is the policy behind the gate that the runner asks. ``measure`` runs beside the data; ``decide``
reads the past and judges without holding a lock; ``RECORDING`` is what the runner's transaction then writes, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from observer.data_time import part_of
from observer.fleet import Fleet
from observer.judging import Observer, Recalled, Verdict, broken, judge, recall
from observer.learned import Learned
from observer.measuring import measuring
from observer.model import Audit
from observer.redacted import without_secrets
from observer.schema_changes import JudgedChange
from observer.store import distributions as distribution_store
from observer.store import evaluations as evaluation_store
from observer.store import incidents as incident_store
from observer.store import observations as observation_store
from observer.store import schemas as schema_store
from observer.store import sketches as sketch_store
from observer.telling import found_wrong, open_incident, settle_incidents
from observer.trails import Trails
from orchestration import log
from orchestration.errors import StateError
from orchestration.events import Event, EventKind
from orchestration.gate import Ruling
from orchestration.model import Address, Staged


class ObserverGate:
    """The gate: what the observer knows decides whether a staged version is published."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._measure = measuring(observer.checks, observer.graph, defaults=observer.profile)
        self._learned, self._trails = Learned(), Trails()
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
            verdict = judge(self._observer, audit, known, self._learned, budget, self._trails)
        except StateError:
            raise
        except Exception as error:
            verdict = broken(self._observer, audit, error)
        return Ruling(verdict.decision, record, verdict, record_past)


Logged = Sequence[tuple[Verdict, int]]
"""Verdicts with the numbers under which their versions were logged, in the order of the plan."""


def record(connection: Connection, rulings: Iterable[tuple[Ruling, int]]) -> None:
    """Write what was found out about versions, in the transaction that logs them."""
    logged = [(ruling.finding, seq) for ruling, seq in rulings if isinstance(ruling.finding, Verdict)]
    for stage in RECORDING:
        stage(connection, logged)


def record_past(connection: Connection, rulings: Iterable[tuple[Ruling, int]]) -> None:
    """Write what was found out about versions that later ones have overtaken: what is wrong now is so all the same."""
    logged = [(ruling.finding, seq) for ruling, seq in rulings if isinstance(ruling.finding, Verdict)]
    for stage in (save_observations, save_evaluations):
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
    """Version by version: what is over is resolved, what is wrong is opened, or joins what it goes on with."""
    keys = {verdict.asset.key for verdict, _ in logged}
    if not incident_store.troubled(connection, keys) and not any(found_wrong(verdict) for verdict, _ in logged):
        return
    incident_store.alone(connection)
    troubled = incident_store.troubled(connection, keys)
    for verdict, _ in logged:
        if verdict.asset.key in troubled:
            settle_incidents(connection, verdict)
        if open_incident(connection, verdict):
            troubled.add(verdict.asset.key)


Stage = Callable[[Connection, Logged], None]

RECORDING: Sequence[Stage] = (save_observations, save_schema_changes, save_evaluations, update_incidents)
"""What is written with decisions, in this order, in the transaction that logs them."""
