"""When something was wrong: the hours of the last day and the days of the last twelve weeks, by their incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from observer.model import Severity
from observer.reads.model import DayCell, HourCell, State
from observer.store.tables import incidents

HOURS = 24
WEEKS = 12


@dataclass(frozen=True, slots=True)
class _Lasted:
    opened_at: datetime
    resolved_at: datetime | None
    severity: Severity

    def during(self, start: datetime, end: datetime) -> bool:
        return self.opened_at < end and (self.resolved_at is None or self.resolved_at >= start)


def troubled(
    connection: Connection, now: datetime, zone: ZoneInfo
) -> tuple[tuple[HourCell, ...], tuple[DayCell, ...]]:  # fmt: skip
    """The last 24 hours and the last twelve weeks, whole ones from Monday on, oldest first; one statement."""
    today = now.astimezone(zone).date()
    first = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
    since = min(_midnight(first, zone), now - timedelta(hours=HOURS + 1))
    c = incidents.c
    rows = connection.execute(
        select(c.opened_at, c.resolved_at, c.severity).where(
            c.opened_at <= now, or_(c.opened_at >= since, c.resolved_at.is_(None), c.resolved_at >= since)
        )
    )
    found = [_Lasted(row.opened_at, row.resolved_at, Severity(row.severity)) for row in rows]
    return _hours(found, now, zone), _days(found, first, today, zone)


def _hours(found: Sequence[_Lasted], now: datetime, zone: ZoneInfo) -> tuple[HourCell, ...]:
    """By what was open in each hour; the last one is the hour that runs."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    cells = []
    for back in range(HOURS, 0, -1):
        start = end - timedelta(hours=back)
        until = start + timedelta(hours=1)
        here = [one for one in found if one.during(start, until)]
        opened = sum(one.opened_at >= start for one in here)
        cells.append(HourCell(start=start.astimezone(zone), state=_worst(here), open=len(here), opened=opened))
    return tuple(cells)


def _days(found: Sequence[_Lasted], first: date, today: date, zone: ZoneInfo) -> tuple[DayCell, ...]:
    """By what was opened on each day of the project's calendar."""
    by_day: dict[date, list[_Lasted]] = {}
    for one in found:
        by_day.setdefault(one.opened_at.astimezone(zone).date(), []).append(one)
    days = (first + timedelta(days=n) for n in range((today - first).days + 1))
    return tuple(
        DayCell(day=day, state=_worst(by_day.get(day, ())), opened=len(by_day.get(day, ()))) for day in days
    )  # fmt: skip


def _worst(here: Sequence[_Lasted]) -> State:
    if not here:
        return State.HEALTHY
    return State.FAILING if any(one.severity is Severity.ERROR for one in here) else State.WARNED


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant of a day of the project's calendar, and that of the next."""
    return _midnight(day, zone).astimezone(UTC), _midnight(day + timedelta(days=1), zone).astimezone(UTC)
