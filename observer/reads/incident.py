"""One incident with all that is known of it, and the inbox of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from observer.alerts.payload import is_held
from observer.assets import quality_of
from observer.metrics import SCHEMA
from observer.model import Incident, IncidentStatus, Notification, Severity
from observer.project import Project
from observer.reads import incidents, ledger
from observer.reads.baseline import baseline_columns, baseline_of
from observer.reads.incident_model import (
    Baseline,
    ClueRow,
    ConcernedRow,
    IncidentPage,
    IncidentsPage,
    MessageRow,
    TurnRow,
)
from observer.reads.instants import Sentence, full, timezone_of
from observer.reads.precision import precision
from observer.reads.step_logs import last_of
from observer.reads.troubled import bounds
from observer.store import clues, incident_turns
from observer.store.incidents import get
from observer.store.outbox import by_incident
from observer.store.tables import incident_versions
from observer.telling import standing
from observer.turns import Turn, TurnKind, passes_needed
from orchestration.model import Address

_CONCERNED = 60
_SAID = 15


def incident_page(connection: Connection, project: Project, number: int) -> IncidentPage | None:
    """Eleven statements, whatever has happened to it."""
    found = get(connection, number)
    if found is None:
        return None
    timezone = timezone_of(project.graph)
    zone = ZoneInfo(timezone)
    (row,) = incidents.rows(connection, project, (found,), ledger.readers(connection, {found.asset}), zone)
    versions = _versions(connection, found)
    return IncidentPage(
        at=project.clock.now(), project=project.config.root.name, environment=project.config.name, timezone=timezone,
        incident=row, turns=tuple(_turn(one, zone) for one in incident_turns.of_incident(connection, number)),
        clues=tuple(
            ClueRow(
                kind=one.kind, asset=one.asset, partition=one.partition, at=one.at, distance=one.distance,
                sentence=one.sentence, share=one.share, in_project=one.asset in project.graph,
            )
            for one in clues.of_incident(connection, number)
        ),
        baseline=baseline_of(versions[0]) if versions else Baseline.NO_VERSION,
        messages=tuple(_message(one) for one in by_incident(connection, [number])[number]),
        concerned=tuple(map(_concerned, versions)), passes=found.passes, passes_needed=passes_needed(found),
        held=is_held(standing(connection, found)), monitors=_monitors(project, found),
        log=None if row.of_channel else last_of(connection, Address(found.asset, found.last_partition), _SAID),
    )  # fmt: skip


def _monitors(project: Project, incident: Incident) -> tuple[str, ...]:
    """Which of what says so are monitors of numbers that the project has, with a page each."""
    if incident.asset not in project.graph:
        return ()
    watched = [one for one in quality_of(project.graph.asset(incident.asset)).watched if one.metric != SCHEMA]
    return tuple(name for name in incident.subjects if any(one.covers(name) for one in watched))


def incidents_page(
    connection: Connection, project: Project, statuses: Collection[IncidentStatus], asset: str | None,
    assets: Collection[str] | None, on: date | None, before: int | None, limit: int,
) -> IncidentsPage:  # fmt: skip
    """Six statements, whatever the number of incidents."""
    timezone = timezone_of(project.graph)
    zone = ZoneInfo(timezone)
    opened = None if on is None else bounds(on, zone)
    found = incidents.chosen(connection, statuses, asset, assets, opened, before, limit + 1)
    shown = found[:limit]
    readers = ledger.readers(connection, {one.asset for one in shown})
    rows = {row.id: row for row in incidents.rows(connection, project, shown, readers, zone)}
    return IncidentsPage(
        at=project.clock.now(), project=project.config.root.name, environment=project.config.name, timezone=timezone,
        counts=tuple(incidents.by_status(connection).items()), incidents=tuple(rows[one.id] for one in shown),
        more=len(found) > limit, precision=precision(connection),
    )  # fmt: skip


def _turn(turn: Turn, zone: ZoneInfo) -> TurnRow:
    return TurnRow(
        kind=turn.kind, at=turn.at, by=turn.by, text=Sentence.joined("; ", _said(turn, zone)), until=turn.until,
        asset=None if turn.found is None else turn.found.address.asset,
    )  # fmt: skip


def _said(turn: Turn, zone: ZoneInfo) -> list[str]:
    said: list[str] = []
    if turn.until is not None:
        said.append(Sentence.of("until ", full(turn.until, zone)))
    if turn.kind is TurnKind.ASSIGNED:
        said.append(f"to {', '.join(turn.assigned)}" if turn.assigned else "to the asset's owners")
    if turn.resolved_as is not None:
        said.append(turn.resolved_as.value)
    if turn.found is not None and turn.kind is not TurnKind.FOLLOWED and turn.found.partition is not None:
        said.append(turn.found.partition)
    return [*said, turn.reason] if turn.reason else said


def _message(one: Notification) -> MessageRow:
    return MessageRow(
        id=one.id, event=one.event, channel=one.channel, created_at=one.created_at, attempts=one.attempts,
        delivered_at=one.delivered_at, next_attempt_at=one.next_attempt_at, last_error=one.last_error,
    )  # fmt: skip


def _versions(connection: Connection, incident: Incident) -> Sequence[Row[Any]]:
    return connection.execute(
        select(incident_versions, *baseline_columns(incident))
        .where(incident_versions.c.incident_id == incident.id)
        .order_by(incident_versions.c.settled, incident_versions.c.partition.desc())
        .order_by(incident_versions.c.materialization_id.desc())
        .limit(_CONCERNED)
    ).all()


def _concerned(row: Row[Any]) -> ConcernedRow:
    return ConcernedRow(
        asset=row.asset, partition=row.partition or None, version=row.materialization_id,
        severity=Severity(row.severity), settled=row.settled,
    )  # fmt: skip
