"""How fresh assets are by their policies, with no run needed to notice: evaluated at each tick, told as incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from observer import incidents
from observer.judging import Observer
from observer.model import IncidentStatus, Resolution, Severity
from observer.store import freshness as store
from observer.store import incidents as incident_store
from observer.store.freshness import FreshnessEvaluation
from observer.telling import open_apart, take
from observer.turns import Finding
from orchestration.assets import Asset
from orchestration.freshness import FreshnessPolicy, FreshnessStatus
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.schedule.seen import data_until, holds_newer
from orchestration.schedule.state import ScheduleState

BY = "freshness"
"""Who opens and resolves an incident about age."""

Evaluated = Mapping[AssetKey, FreshnessEvaluation]


def evaluate(
    graph: Graph, state: ScheduleState, before: Evaluated, now: datetime
) -> dict[AssetKey, FreshnessEvaluation]:
    """What each policy says at ``now``, as far as it says something else than ``before``; pure.

    What waits for an incident of its own is said again until it has one. What is old because the gate holds its newer
    data is told by the incident of what is held, and has none of its own as long as it is.
    """
    changed: dict[AssetKey, FreshnessEvaluation] = {}
    for asset in graph:
        if asset.freshness is None:
            continue
        until, last = data_until(asset, state), before.get(asset.key)
        status = asset.freshness.status(until, now)
        if last is None or last.status is not status:
            found = _evaluation(asset, asset.freshness, until, seen=asset.key in state.newest, now=now)
            changed[asset.key] = replace(found, incident_id=None if last is None else last.incident_id)
        elif status is FreshnessStatus.FAILED and last.incident_id is None and not holds_newer(asset, state):
            changed[asset.key] = last
    failed = {key for key, one in before.items() if one.status is FreshnessStatus.FAILED and key not in changed}
    failed |= {key for key, one in changed.items() if one.status is FreshnessStatus.FAILED}
    return {key: one for key, one in changed.items() if one != before.get(key) or not _cause(graph, key, failed)}


def record(
    connection: Connection, observer: Observer, state: ScheduleState, changed: Evaluated, before: Evaluated,
    now: datetime,
) -> None:  # fmt: skip
    """Store evaluations and let incidents open and end by them, in the caller's transaction."""
    if not changed:
        return
    incident_store.alone(connection)
    known = {**before, **changed}
    failed = {key for key, one in known.items() if one.status is FreshnessStatus.FAILED}
    for asset in (one for one in observer.graph if one.key in changed):
        key = asset.key
        found = known[key]
        if found.status is FreshnessStatus.FAILED:
            found = found if holds_newer(asset, state) else _told(connection, observer, known, failed, found, now)
        elif found.status is not FreshnessStatus.UNKNOWN:
            found = _over(connection, observer, found, now)
        known[key] = found
        store.save(connection, found)


def _evaluation(
    asset: Asset, policy: FreshnessPolicy, until: datetime | None, *, seen: bool, now: datetime
) -> FreshnessEvaluation:
    status = policy.status(until, now)
    if until is None:
        sentence = "its age could not be measured" if seen else "nothing was ever published"
        return FreshnessEvaluation(asset=asset.key, status=status, sentence=sentence, data_until=None, since=now)
    since = {FreshnessStatus.FAILED: policy.fails_at(until), FreshnessStatus.WARNED: policy.warns_at(until)}
    return FreshnessEvaluation(
        asset=asset.key, status=status, data_until=until, since=since.get(status, now),
        sentence=f"too old: its data reaches until {until:%Y-%m-%d %H:%M} UTC, allowed: {policy.allowed()}"
        if status is FreshnessStatus.FAILED
        else f"its data reaches until {until:%Y-%m-%d %H:%M} UTC, allowed: {policy.allowed()}",
    )  # fmt: skip


def _cause(graph: Graph, key: AssetKey, failed: set[AssetKey]) -> AssetKey | None:
    """What is stale upstream, and so explains that an asset is: the furthest of them."""
    above = failed & graph.ancestors([key]) if len(failed) > 1 else set()
    return next((one for one in graph.order if one in above), None)


def _told(
    connection: Connection, observer: Observer, known: Evaluated, failed: set[AssetKey], found: FreshnessEvaluation,
    now: datetime,
) -> FreshnessEvaluation:  # fmt: skip
    """Open an incident about it, or let it follow from the one that explains it."""
    if found.incident_id is not None:
        return found
    wrong = Finding(
        asset=found.asset, partition=None, severity=Severity.ERROR, sentence=found.sentence,
        subjects=(incidents.FRESHNESS,), affected=(), at=now, environment=observer.environment,
    )  # fmt: skip
    version = f"{BY}:{found.since:%Y%m%dT%H%M%S}"
    cause = _cause(observer.graph, found.asset, failed)
    if cause is not None:
        root = known[cause].incident_id
        incident = None if root is None else incident_store.get(connection, root)
        if incident is not None and incident.status is not IncidentStatus.RESOLVED:
            incident_store.concern(connection, incident.id, wrong, version, settled=True)
            take(connection, observer, incident, incidents.following(incident, wrong))
        return found
    opened = open_apart(connection, observer, incidents.opening(wrong), version)
    return replace(found, incident_id=opened.id)


def _over(connection: Connection, observer: Observer, found: FreshnessEvaluation, now: datetime) -> FreshnessEvaluation:
    """End the incident that it opened."""
    incident = None if found.incident_id is None else incident_store.get(connection, found.incident_id)
    if incident is not None and incident.status is not IncidentStatus.RESOLVED:
        until = f"{found.data_until:%Y-%m-%d %H:%M} UTC" if found.data_until is not None else "now"
        turn = incidents.resolving(Resolution.PASSED, f"fresh again: its data reaches until {until}", now, by=BY)
        take(connection, observer, incident, turn)
    return replace(found, incident_id=None)
