"""The turns of incidents: appended, never changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from observer.model import Resolution, Severity
from observer.store.incident_tables import incident_turns
from observer.turns import Finding, Turn, TurnKind
from orchestration.model import AssetKey


def append(connection: Connection, incident_id: int, number: int, turn: Turn) -> None:
    """Write one more turn down, in the transaction that changes the incident."""
    connection.execute(
        insert(incident_turns).values(
            incident_id=incident_id, number=number, kind=turn.kind.value, at=turn.at, by=turn.by, reason=turn.reason,
            found=None if turn.found is None else _written(turn.found),
            first_partition=turn.first or "", last_partition=turn.last or "", until=turn.until,
            assigned=None if turn.assigned is None else list(turn.assigned),
            resolved_as=None if turn.resolved_as is None else turn.resolved_as.value,
        )
    )  # fmt: skip


def of_incident(connection: Connection, incident_id: int) -> tuple[Turn, ...]:
    """Everything that happened to an incident, oldest first."""
    rows = connection.execute(
        select(incident_turns).where(incident_turns.c.incident_id == incident_id).order_by(incident_turns.c.number)
    )
    return tuple(_turn(row) for row in rows)


def _turn(row: Any) -> Turn:
    return Turn(
        kind=TurnKind(row.kind), at=row.at, by=row.by, reason=row.reason,
        found=None if row.found is None else _finding(row.found, row.at), first=row.first_partition or None,
        last=row.last_partition or None, until=row.until,
        assigned=None if row.assigned is None else tuple(row.assigned),
        resolved_as=None if row.resolved_as is None else Resolution(row.resolved_as),
    )  # fmt: skip


def _written(found: Finding) -> dict[str, Any]:
    return {
        "asset": found.asset, "partition": found.partition, "severity": found.severity.value,
        "sentence": found.sentence, "subjects": list(found.subjects), "affected": list(found.affected),
        "environment": found.environment,
    }  # fmt: skip


def _finding(written: dict[str, Any], at: Any) -> Finding:
    return Finding(
        asset=AssetKey(written["asset"]), partition=written["partition"] or None,
        severity=Severity(written["severity"]), sentence=written["sentence"], subjects=tuple(written["subjects"]),
        affected=tuple(AssetKey(one) for one in written["affected"]), at=at, environment=written.get("environment", ""),
    )  # fmt: skip
