"""Maintenance windows: while one is open, what is wrong with its assets is judged and recorded as ever and not told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.errors import TidegateError
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.partitions import Interval, cron
from orchestration.selection import select


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """When nobody is to be told of some assets: once, until ``ends_at``, or whenever a cron expression fires.

    Parameters
    ----------
    selection: of assets, as every verb takes it.
    ends_at: of the one window; None: there is one of ``length_s`` seconds from each firing of ``cron`` on.
    timezone: IANA name of the zone in which the expression is meant.
    ended_at: when a person ended it before its time.
    """

    id: int
    selection: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    reason: str
    cron: str | None = None
    timezone: str = "UTC"
    length_s: float = 0.0
    ended_at: datetime | None = None

    def until(self, now: datetime) -> datetime | None:
        """When the window that is open at ``now`` ends; None: none is."""
        if now < self.starts_at or (self.ended_at is not None and now >= self.ended_at):
            return None
        ends_at = self.ends_at if self.cron is None else self._firing(self.cron, now)
        return ends_at if ends_at is not None and now < ends_at else None

    def _firing(self, expression: str, now: datetime) -> datetime | None:
        """The end of the window that the last firing has begun."""
        length = timedelta(seconds=self.length_s)
        begin = max(self.starts_at, now - length - timedelta(days=1))
        firings = cron(expression, f"{begin:%Y-%m-%d}", timezone=self.timezone)
        for key in reversed(firings.overlapping(Interval(now, now))):
            began = firings.interval(key).start
            return began + length if began >= self.starts_at else None
        return None


def muting(windows: Iterable[Maintenance], graph: Graph, asset: AssetKey, now: datetime) -> Maintenance | None:
    """The window that is open over an asset at ``now``, the one that lasts longest; None: none is.

    A selection that can't be read any more, as its asset has left the project, mutes nothing.
    """
    found: list[tuple[datetime, int, Maintenance]] = []
    for window in windows:
        ends_at = window.until(now)
        if ends_at is not None and asset in _assets(graph, window.selection):
            found.append((ends_at, window.id, window))
    return max(found)[2] if found else None


def _assets(graph: Graph, selection: str) -> set[AssetKey]:
    try:
        return set(select(graph, selection, None))
    except TidegateError:
        return set()
