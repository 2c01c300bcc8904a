"""From verdicts to incidents, and from those to alerts in the outbox."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, func, select

from observer import incidents
from observer.alerts.notify import notifications
from observer.alerts.payload import Alert
from observer.judging import Observer, Verdict
from observer.model import EvaluationStatus, Incident, Severity
from observer.store import incidents as incident_store
from observer.store.outbox import enqueue
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.model import GateDecision, GateOutcome, PartitionKey, VersionStatus
from orchestration.partitions import Interval
from orchestration.tables import versions


def settle_incidents(connection: Connection, verdict: Verdict) -> None:
    """A good version ends what was wrong with its partition; a pass ends warnings about the same subjects."""
    decision = verdict.decision
    if decision.outcome is GateOutcome.HELD:
        return
    open_ones = incident_store.unresolved(connection, decision.asset)
    doubtful = {EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN}
    good = not decision.overridden and all(e.status not in doubtful or e.muted for e in verdict.evaluations)
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
    affected = observer.graph.blocked_by(decision.asset, decision.columns) if held else ()
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
    asset = observer.graph.asset(incident.asset)
    alert = Alert(
        event=event, at=incident.updated_at, incident=incident, gate=decision, last_good=last_good(connection, asset),
        dashboard_url=observer.dashboard_url, built_in_place=asset.built_in_place,
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
