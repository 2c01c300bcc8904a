"""Instants in words, in the zone in which a project cuts its days."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from orchestration.graph import Graph


def timezone_of(graph: Graph) -> str:
    """The IANA name of the zone of the first partitioned asset; UTC if nothing is partitioned."""
    return next((asset.partitions.timezone for asset in graph if asset.partitions is not None), "UTC")


def full(at: datetime, zone: ZoneInfo) -> str:
    """``2013-02-09 06:00``: a day and a time that mean the same tomorrow."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """``06:00``, ``8 Feb 06:00`` or ``8 Feb 2012 06:00``: no more than is needed to tell it from ``now``.

    >>> from datetime import UTC
    >>> moment(datetime(2013, 2, 8, 6, tzinfo=UTC), datetime(2013, 2, 9, 7, tzinfo=UTC), ZoneInfo("UTC"))
    '8 Feb 06:00'
    """
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def ways(at: datetime, zone: ZoneInfo) -> tuple[str, str, str, str]:
    """Each way in which ``full`` and ``moment`` say an instant."""
    local = at.astimezone(zone)
    time, day = f"{local:%H:%M}", f"{local.day} {local:%b}"
    return full(at, zone), f"{day} {local.year} {time}", f"{day} {time}", time
