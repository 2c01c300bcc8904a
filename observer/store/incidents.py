"""Incidents: the current state of each, and which versions it is about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from observer.model import Incident, IncidentStatus, Severity
from observer.store.tables import incident_versions, incidents
from orchestration.among import Among
from orchestration.model import AssetKey, PartitionKey
from orchestration.question import Question


def unresolved(connection: Connection, asset: AssetKey) -> tuple[Incident, ...]:
    """The incidents of an asset that nobody and nothing has resolved, oldest first."""
    _alone(connection, asset)
    return tuple(incident(row) for row in connection.execute(_UNRESOLVED, {"b_asset": asset}))


def troubled(connection: Connection, assets: Collection[AssetKey]) -> set[AssetKey]:
    """Those of some assets that have an unresolved incident."""
    _alone(connection, *assets)
    return {AssetKey(row.asset) for row in _TROUBLED.ask(connection, {"b_assets": list(assets)})}


# Built once, because each step asks them.
_UNRESOLVED = (
    select(incidents)
    .where(incidents.c.asset == bindparam("b_asset"), incidents.c.status != IncidentStatus.RESOLVED.value)
    .order_by(incidents.c.id)
)
_TROUBLED = Question(
    select(incidents.c.asset)
    .where(Among(incidents.c.asset, "b_assets"), incidents.c.status != IncidentStatus.RESOLVED.value)
    .distinct()
)


def get(connection: Connection, incident_id: int) -> Incident | None:
    """One incident; None if there is none of that number."""
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
    return None if row is None else incident(row)


def add(connection: Connection, opened: Incident, materialization_id: str) -> int:
    """Store a new incident about one version; returns its number (the one given is not looked at)."""
    number = connection.execute(insert(incidents).values(**_row(opened)).returning(incidents.c.id)).scalar_one()
    _concern(connection, number, materialization_id, opened.last_partition)
    return int(number)


def fold(
    connection: Connection, changed: Incident, materialization_id: str, partition: PartitionKey, *, settled: bool
) -> None:
    """Store that an incident is about one more version; ``settled``: it does not wait for that one to be mended."""
    change(connection, changed)
    _concern(connection, changed.id, materialization_id, partition, settled=settled)


def change(connection: Connection, changed: Incident) -> None:
    """Store what an incident has become."""
    connection.execute(update(incidents).where(incidents.c.id == changed.id).values(**_row(changed)))


def settle(
    connection: Connection, asset: AssetKey, partition: PartitionKey, severities: Collection[Severity] = tuple(Severity)
) -> tuple[Incident, ...]:
    """Say that nothing of these severities is wrong with a partition any more.

    Returns the incidents that have nothing else to wait for.
    """
    _alone(connection, asset)
    about = select(incidents.c.id).where(
        incidents.c.asset == asset,
        incidents.c.status != IncidentStatus.RESOLVED,
        incidents.c.severity.in_([severity.value for severity in severities]),
    )
    concerned = (
        connection.execute(
            update(incident_versions)
            .where(
                incident_versions.c.incident_id.in_(about),
                incident_versions.c.partition == (partition or ""),
                ~incident_versions.c.settled,
            )
            .values(settled=True)
            .returning(incident_versions.c.incident_id)
        )
        .scalars()
        .all()
    )
    left = exists().where(incident_versions.c.incident_id == incidents.c.id, ~incident_versions.c.settled)
    rows = connection.execute(
        select(incidents).where(incidents.c.id.in_(set(concerned)), ~left).order_by(incidents.c.id)
    )
    return tuple(incident(row) for row in rows)


def _alone(connection: Connection, *assets: AssetKey) -> None:
    """Until the transaction ends nobody else looks for an incident of these assets, so that none is opened twice.

    Everybody locks in one order. SQLite has one writer, and needs nothing.
    """
    if connection.dialect.name != "postgresql":
        return
    numbers = connection.execute(select(*(func.hashtext(asset) for asset in assets))).one()
    for number in sorted(set(numbers)):
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK, number)))


_LOCK = 74_219_388
"""Names our advisory locks on PostgreSQL."""


def _concern(
    connection: Connection, number: int, materialization_id: str, partition: PartitionKey, *, settled: bool = False
) -> None:
    connection.execute(
        insert(incident_versions).values(
            incident_id=number, materialization_id=materialization_id, partition=partition or "", settled=settled
        )
    )


def incident(row: Any) -> Incident:
    """The record that a row of the table holds."""
    return Incident(
        id=row.id, asset=AssetKey(row.asset), first_partition=row.first_partition or None,
        last_partition=row.last_partition or None, severity=Severity(row.severity),
        status=IncidentStatus(row.status), sentence=row.sentence, subjects=tuple(row.subjects),
        affected=tuple(AssetKey(a) for a in row.affected), opened_at=row.opened_at, updated_at=row.updated_at,
        resolved_at=row.resolved_at, resolution=row.resolution,
    )  # fmt: skip


def _row(record: Incident) -> dict[str, Any]:
    return {
        "asset": record.asset, "first_partition": record.first_partition or "",
        "last_partition": record.last_partition or "", "severity": record.severity.value,
        "status": record.status.value, "sentence": record.sentence, "subjects": list(record.subjects),
        "affected": list(record.affected), "opened_at": record.opened_at, "updated_at": record.updated_at,
        "resolved_at": record.resolved_at, "resolution": record.resolution,
    }  # fmt: skip
