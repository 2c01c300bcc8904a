"""How often the monitors of an asset judge: what a false alarm a run costs in a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from observer.store import observations as observation_store
from orchestration.assets import Asset
from orchestration.model import AssetKey
from orchestration.partitions import (
    DailyPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    MultiPartitions,
    Partitions,
    WeeklyPartitions,
)

WEEK = timedelta(days=7)
_LOOKED_BACK = 4 * WEEK
_MEAN_OF = 28  # partitions of no even length
_PER_WEEK: Mapping[type, float] = {
    HourlyPartitions: 168.0,
    DailyPartitions: 7.0,
    WeeklyPartitions: 1.0,
    MonthlyPartitions: 12 * 7 / 365.25,
}


@dataclass(frozen=True, slots=True)
class Made:
    """How often an asset was measured lately, and in how many parts: those of its partitions that aren't time."""

    per_week: float
    parts: int


_NEVER = Made(0.0, 1)


def made_lately(connection: Connection, now: datetime) -> Mapping[AssetKey, Made]:
    """How often each asset was measured in the four weeks before the day of ``now``.

    Whole days, so that all that is judged on a day is judged alike. Of an asset that is younger the time since it was
    first measured counts, a week at least.
    """
    day = day_of(now)
    found = {}
    for asset, row in observation_store.measured_between(connection, day - _LOOKED_BACK, day).items():
        weeks = max(1.0, (day - row.first) / WEEK)
        found[asset] = Made(row.times / weeks, row.parts)
    return found


def day_of(now: datetime) -> datetime:
    """When the day of ``now`` began, in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def runs_per_week(asset: Asset, made: Made | None, now: datetime) -> float:
    """How many points a week one series of an asset gets, > 0.

    As its partitions say, where they have time: a year that is backfilled in a night is a year. Otherwise as it was
    made lately; once a week, where it wasn't.
    """
    timed = _timed(asset.partitions)
    if timed is not None:
        return _PER_WEEK.get(type(timed)) or _mean_pace(timed, now)
    lately = made or _NEVER
    return lately.per_week / lately.parts or 1.0


def _timed(partitions: Partitions | None) -> Partitions | None:
    if isinstance(partitions, MultiPartitions):
        each = (partitions.dimension(name) for name in partitions.names)
        return next((one for one in each if one.has_time), None)
    return partitions if partitions is not None and partitions.has_time else None


def _mean_pace(timed: Partitions, now: datetime) -> float:
    latest = timed.latest(now)
    if latest is None:
        return 1.0
    first, last = (timed.interval(key) for key in (timed.window(latest, _MEAN_OF)[0], latest))
    assert first is not None and last is not None  # noqa: PT018 - they have time
    return len(timed.window(latest, _MEAN_OF)) * (WEEK / (last.end - first.start))
