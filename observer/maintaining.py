"""People plan maintenance windows, and end them before their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from observer.errors import IncidentError
from observer.maintenance import Maintenance
from observer.project import Project
from observer.store import incidents as incident_store
from observer.store import maintenance
from observer.waking import rouse
from orchestration.database import reading, writing
from orchestration.errors import PartitionError
from orchestration.partitions import cron
from orchestration.selection import select

_MOST_DAYS = 31
"""That one window of a cron expression lasts at most."""


def plan_window(
    work: Project, selection: str, *, by: str, reason: str, starts_at: datetime | None = None,
    ends_at: datetime | None = None, for_s: float | None = None, firing: str | None = None, timezone: str = "UTC",
) -> Maintenance:  # fmt: skip
    """Tell nobody of some assets for a while: from ``starts_at`` (now) on, or whenever a cron expression fires.

    Parameters
    ----------
    ends_at, for_s: when it ends, or how long it lasts: one of both; with ``firing`` the length of each window.
    firing: a cron expression, meant in ``timezone``.

    Raises
    ------
    UnknownName, SelectionError
        The selection names no assets.
    IncidentError
        The times can't be meant; nothing was planned.
    """
    if not reason.strip():
        raise IncidentError("a maintenance window needs a reason: --reason '...'; nothing was planned")
    if "status:" in selection:
        raise IncidentError("a window is over the same assets while it lasts; select by other terms than status:")
    if not select(work.graph, selection, None):
        raise IncidentError(f"{selection!r} names no asset; nothing was planned")
    now = work.clock.now()
    begin = starts_at or now
    if (ends_at is None) == (for_s is None):
        raise IncidentError("say either how long a window lasts or when it ends: --for 2h or --until; not both")
    if firing is None:
        over = ends_at if ends_at is not None else begin + timedelta(seconds=for_s or 0.0)
        if over <= max(begin, now):
            raise IncidentError(f"the window would be over at {over:%Y-%m-%d %H:%M} UTC already; nothing was planned")
        given = Maintenance(id=0, selection=selection, starts_at=begin, ends_at=over, by=by, reason=reason.strip())
    else:
        given = _recurring(selection, begin, for_s, firing, timezone, by, reason.strip())
    with writing(work.engine) as connection:
        number = maintenance.add(connection, given)
    return replace(given, id=number)


def end_window(work: Project, number: int, *, by: str) -> None:
    """End one before its time, and tell what it has muted. Raises IncidentError."""
    now = work.clock.now()
    with writing(work.engine) as connection:
        if not maintenance.end(connection, number, now, by):
            raise IncidentError(f"no maintenance window {number} is planned or open; nothing was changed")
        incident_store.alone(connection)
        rouse(connection, work.observer, now)


def windows(work: Project) -> tuple[Maintenance, ...]:
    """Those that are open or still to come, in the order in which they were planned."""
    with reading(work.engine) as connection:
        return maintenance.coming(connection, work.clock.now())


def _recurring(
    selection: str, begin: datetime, for_s: float | None, firing: str, timezone: str, by: str, reason: str
) -> Maintenance:
    if for_s is None or not 0 < for_s <= _MOST_DAYS * 86400:
        raise IncidentError(f"say how long each window lasts, up to {_MOST_DAYS} days: --for 2h; nothing was planned")
    try:
        cron(firing, f"{begin:%Y-%m-%d}", timezone=timezone)
    except PartitionError as error:
        raise IncidentError(f"{error}; nothing was planned") from None
    return Maintenance(
        id=0, selection=selection, starts_at=begin, ends_at=None, by=by, reason=reason, cron=firing, timezone=timezone,
        length_s=for_s,
    )  # fmt: skip
