"""Maintenance windows: appended; only their early end is written to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from observer.maintenance import Maintenance
from observer.store.incident_tables import maintenance


def add(connection: Connection, given: Maintenance) -> int:
    """Append it, whatever its id is; returns the id."""
    number: int = connection.execute(
        insert(maintenance)
        .values(
            selection=given.selection, starts_at=given.starts_at, ends_at=given.ends_at, cron=given.cron,
            timezone=given.timezone, length_s=given.length_s, by=given.by, reason=given.reason,
        )
        .returning(maintenance.c.id)
    ).scalar_one()  # fmt: skip
    return number


def end(connection: Connection, number: int, at: datetime, by: str) -> bool:
    """End one before its time; returns whether there was one to end."""
    here = update(maintenance).where(maintenance.c.id == number, _left(at)).values(ended_at=at, ended_by=by)
    return connection.execute(here).rowcount == 1


def coming(connection: Connection, now: datetime) -> tuple[Maintenance, ...]:
    """Those that are not over at ``now``, in the order in which they were planned."""
    rows = connection.execute(select(maintenance).where(_left(now)).order_by(maintenance.c.id))
    return tuple(_maintenance(row) for row in rows)


def _left(now: datetime) -> Any:
    return maintenance.c.ended_at.is_(None) & or_(maintenance.c.ends_at.is_(None), maintenance.c.ends_at > now)


def _maintenance(row: Any) -> Maintenance:
    return Maintenance(
        id=row.id, selection=row.selection, starts_at=row.starts_at, ends_at=row.ends_at, by=row.by, reason=row.reason,
        cron=row.cron, timezone=row.timezone or "UTC", length_s=row.length_s or 0.0, ended_at=row.ended_at,
    )  # fmt: skip
