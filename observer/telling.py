"""From verdicts to the turns of incidents, and from those to alerts in the outbox, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from observer import incidents
from observer.alerts.notify import Event, event_of, hearing, notifications, told_here, unheard
from observer.alerts.owners import owners_of
from observer.alerts.payload import Alert
from observer.alerts.routing import Names
from observer.data_time import part_of
from observer.explaining import explained_by
from observer.gathering import gather
from observer.judging import Observer, Verdict
from observer.maintenance import muting
from observer.model import EvaluationStatus, Incident, IncidentStatus, Notification, Resolution, Severity
from observer.store import clues as clue_store
from observer.store import incidents as incident_store
from observer.store import maintenance as maintenance_store
from observer.store.outbox import by_incident, enqueue
from observer.turns import Finding, Turn, TurnKind, passes_needed
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.model import AssetKey, GateDecision, GateOutcome, PartitionKey, VersionStatus
from orchestration.partitions import Interval
from orchestration.tables import gates, versions

_SUSPECTS = 3  # that an alert names


def settle_incidents(connection: Connection, verdict: Verdict) -> None:
    """A good version ends what was wrong with its partition; a pass ends warnings about the same subjects."""
    decision = verdict.decision
    if decision.outcome is GateOutcome.HELD:
        return
    asset, covers = decision.asset, interval_of(verdict.asset)
    doubtful = {EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN}
    good = not decision.overridden and all(e.status not in doubtful or e.muted for e in verdict.evaluations)
    severities = tuple(Severity) if good else (Severity.ERROR,)
    over = {one.id: one for one in incident_store.settle(connection, asset, decision.partition, severities)}
    for one in incident_store.unresolved(connection, asset):
        ours = incidents.FRESHNESS not in one.subjects  # no version ends that
        if ours and incidents.passes_now(one, decision.partition, verdict.evaluations, covers):
            mended = incident_store.settle_warnings(
                connection, one.id, asset, _alike(verdict.asset, decision.partition)
            )
            if good and not mended:
                mended = incident_store.mended(connection, one)
            over |= {each.id: each for each in mended}
    for one in over.values():
        _pass(connection, verdict, one)


def _alike(asset: Asset, partition: PartitionKey) -> Callable[[PartitionKey], bool]:
    """Whether what is wrong with a partition is mended by a later one: the other has the same keys beside the time."""

    def mends(other: PartitionKey) -> bool:
        try:
            return None in (other, partition) or part_of(asset, other) == part_of(asset, partition)
        except PartitionError:  # the asset was cut otherwise when the incident was opened
            return True

    return mends


def _pass(connection: Connection, verdict: Verdict, incident: Incident) -> None:
    """One more good version: it ends an incident, or counts where it takes several."""
    decision = verdict.decision
    if incident.passes + 1 < passes_needed(incident):
        reason = f"{_resolution(decision)}; takes {passes_needed(incident)} after coming back"
        turn = Turn(kind=TurnKind.PASSED, at=decision.decided_at, by=incidents.GATE, reason=reason)
        incident_store.take(connection, incident, turn)
        return
    how = Resolution.RELEASED if decision.overridden else Resolution.PASSED
    turn = incidents.resolving(how, _resolution(decision), decision.decided_at)
    take(connection, verdict.observer, incident, turn, decision=decision)


def _resolution(decision: GateDecision) -> str:
    done = f"published by override of {', '.join(decision.overridden)}" if decision.overridden else "passed again"
    return done if decision.partition is None else f"{done} with {decision.partition}"


def open_incident(connection: Connection, verdict: Verdict) -> bool:
    """What is wrong joins the incident that is about it or explains it, or becomes one; a new one is told.

    Returns whether something is wrong.
    """
    found = found_wrong(verdict)
    if found is None:
        return False
    raise_incident(connection, verdict, found)
    return True


def raise_incident(connection: Connection, verdict: Verdict, found: Finding) -> None:
    """What was found joins the incident that is about it or explains it, or becomes one."""
    found = replace(found, environment=verdict.observer.environment)
    if not _join(connection, verdict, found) and not _follow(connection, verdict, found):
        _open(connection, verdict, found)


def found_wrong(verdict: Verdict) -> Finding | None:
    """What people must look at of a version, with who has to wait for it."""
    decision = verdict.decision
    held = decision.outcome is GateOutcome.HELD
    affected = verdict.observer.graph.blocked_by(decision.asset, decision.columns) if held else ()
    return incidents.finding(decision, verdict.evaluations, affected)


def _join(connection: Connection, verdict: Verdict, found: Finding) -> bool:
    """It goes on with an incident of the asset, or one that was resolved comes back."""
    observer, decision = verdict.observer, verdict.decision
    covers = interval_of(verdict.asset)
    open_ones = incident_store.unresolved(connection, found.asset)
    goes_on = incidents.to_fold_into(found, open_ones, covers)
    if goes_on is None:
        since = found.at - incidents.REOPENS_WITHIN
        goes_on = incidents.to_reopen(found, incident_store.resolved_since(connection, found.asset, since), covers)
    if goes_on is None:
        return False
    # Readers have a version that only warned: an incident about held ones does not wait for it.
    error, held = goes_on.severity is Severity.ERROR, found.severity is Severity.ERROR
    turn = incidents.joining(goes_on, found, covers)
    settled = turn.kind is TurnKind.JOINED and error and not held
    if turn.kind is TurnKind.WORSENED:
        incident_store.settle_warnings(connection, goes_on.id, found.asset)
    incident_store.concern(connection, goes_on.id, found, decision.materialization_id, settled=settled)
    take(connection, observer, goes_on, turn, decision=decision)
    return True


def _follow(connection: Connection, verdict: Verdict, found: Finding) -> bool:
    """It follows from an incident upstream, which then waits for what is held of it, too."""
    observer, decision = verdict.observer, verdict.decision

    def covers_of(key: AssetKey) -> incidents.Covers:
        return interval_of(observer.graph.asset(key))

    cause = explained_by(connection, observer.graph, found, decision.materialization_id, covers_of)
    if cause is None:
        return False
    settled = found.severity is Severity.WARN
    incident_store.concern(connection, cause.id, found, decision.materialization_id, settled=settled)
    take(connection, observer, cause, incidents.following(cause, found), decision=decision)
    return True


def _open(connection: Connection, verdict: Verdict, found: Finding) -> None:
    observer, decision = verdict.observer, verdict.decision
    turn = incidents.opening(found)
    opened = incident_store.add(connection, turn, decision.materialization_id)
    clue_store.save(connection, opened.id, gather(connection, observer.graph, opened, decision.materialization_id))
    quiet = _muted(connection, observer, opened, found.at)
    _tell(connection, observer, event_of(turn.kind, None, quiet), quiet, decision)


def open_apart(
    connection: Connection, observer: Observer, turn: Turn, materialization_id: str, *, settled: bool = True
) -> Incident:
    """Open an incident that no version brings about, and say so; ``settled``: none ends it either."""
    opened = incident_store.add(connection, turn, materialization_id, settled=settled)
    quiet = _muted(connection, observer, opened, turn.at)
    _tell(connection, observer, event_of(turn.kind, None, quiet), quiet, None)
    return quiet


def take(
    connection: Connection,
    observer: Observer,
    before: Incident,
    turn: Turn,
    *,
    decision: GateDecision | None = None,
    ours: bool = True,
) -> Incident:
    """Let an incident take a turn and say what that makes worth saying, in the caller's transaction.

    Parameters
    ----------
    decision: of the gate, that brought it about; None: the one that stands.
    ours: whether it is for this environment to say what nobody here has heard of.

    Raises
    ------
    IncidentError
        It can't be done to it, or somebody else has changed it meanwhile.
    """
    after = incident_store.take(connection, before, turn)
    if turn.kind in (TurnKind.REOPENED, TurnKind.WORSENED):
        after = _muted(connection, observer, after, turn.at)
    event = event_of(turn.kind, before, after)
    if event is not None and after.status is not IncidentStatus.MUTED:
        _tell(connection, observer, event, after, decision or standing(connection, after), ours=ours)
    elif turn.kind in (TurnKind.JOINED, TurnKind.FOLLOWED):
        told = told_here(_told(connection, after), observer.environment)
        say(connection, observer, Event.REMINDER, after, unheard(after, observer.channels, told))
    return after


def _muted(connection: Connection, observer: Observer, incident: Incident, at: datetime) -> Incident:
    """The incident, asleep until the end of a maintenance window that is open over its asset."""
    if incident.status is not IncidentStatus.OPEN:
        return incident
    window = muting(maintenance_store.coming(connection, at), observer.graph, incident.asset, at)
    if window is None:
        return incident
    turn = Turn(
        kind=TurnKind.MUTED, at=at, by=window.by, reason=f"maintenance: {window.reason}", until=window.until(at)
    )  # fmt: skip
    return incident_store.take(connection, incident, turn)


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


def say(connection: Connection, observer: Observer, event: Event, incident: Incident, names: Names) -> None:
    """Say something of an incident to some channels of this environment."""
    if names:
        alert = _alert(connection, observer, event, incident, standing(connection, incident))
        _enqueue(connection, observer, alert, {observer.environment: names})


def _tell(
    connection: Connection,
    observer: Observer,
    event: Event | None,
    incident: Incident,
    decision: GateDecision | None,
    *,
    ours: bool = True,
) -> None:
    """Put an alert into the outbox, for each channel that is to hear of it."""
    if event is not None:
        told = _told(connection, incident)
        hear = hearing(event, incident, observer.environment, observer.channels, told, ours=ours)
        if any(hear.values()):
            _enqueue(connection, observer, _alert(connection, observer, event, incident, decision), hear)


def _told(connection: Connection, incident: Incident) -> tuple[Notification, ...]:
    return by_incident(connection, [incident.id])[incident.id]


def _enqueue(connection: Connection, observer: Observer, alert: Alert, hear: Mapping[str | None, Names]) -> None:
    wall = observer.clock.wall()
    for environment, names in hear.items():
        made = notifications(alert, names, new_id=observer.new_id, wall_now=wall, environment=environment)
        enqueue(connection, made)


def _alert(
    connection: Connection, observer: Observer, event: Event, incident: Incident, decision: GateDecision | None
) -> Alert:
    """What is said; of an asset that has left the project, what is still known."""
    asset = observer.graph.asset(incident.asset) if incident.asset in observer.graph else None
    return Alert(
        event=event.value, at=incident.updated_at, incident=incident, gate=decision,
        last_good=None if asset is None else last_good(connection, asset), dashboard_url=observer.dashboard_url,
        built_in_place=asset is not None and asset.built_in_place, owners=owners_of(observer.graph, incident),
        suspects=tuple(one.sentence for one in clue_store.of_incident(connection, incident.id)[:_SUSPECTS]),
    )  # fmt: skip


def standing(connection: Connection, incident: Incident) -> GateDecision | None:
    """What the gate says by now of the last partition concerned; None: it never spoke of it."""
    row = connection.execute(
        select(gates).where(gates.c.asset == incident.asset, gates.c.partition == (incident.last_partition or ""))
    ).one_or_none()
    if row is None:
        return None
    return GateDecision(
        asset=incident.asset, partition=incident.last_partition, materialization_id=row.materialization_id,
        outcome=GateOutcome(row.outcome), reasons=tuple(row.reasons), holds=tuple(row.holds),
        decided_at=row.decided_at, by=row.by, unknown=row.unknown, expires_at=row.expires_at,
        overridden=tuple(row.overridden), columns=tuple(row.columns or ()),
    )  # fmt: skip


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
