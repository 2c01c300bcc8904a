"""A weekday stays a weekday when the clocks change."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import observer as ob
from detectors.model import DetectionStatus, Point
from detectors.season import slots_at
from observer.detection import detectors_of, history_of
from observer.history import StoredPoint
from observer.local_clock import as_of, offset_s
from orchestration.model import VersionStatus

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo", "UTC")


def midnights(zone: str, days: int = 800) -> list[datetime]:
    first = date(2022, 1, 1)
    dates = [first + timedelta(days=n) for n in range(days)]
    return [datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for d in dates]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("now", [datetime(2024, 1, 15, tzinfo=UTC), datetime(2024, 7, 15, tzinfo=UTC)])
def test_every_day_has_the_weekday_that_it_had_whatever_the_clocks_show_now(zone: str, now: datetime) -> None:
    ats, ahead = midnights(zone), offset_s(zone, now)
    told = as_of(zone, ats, ahead)
    assert [slots_at(at, ahead)[:2] for at in told] == [(at.astimezone(ZoneInfo(zone)).weekday(), 0) for at in ats]
    assert all(before < after for before, after in itertools.pairwise(told))


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_has_the_hour_that_clocks_showed_and_comes_after_the_one_before(zone: str) -> None:
    start = datetime(2023, 1, 1, tzinfo=UTC)
    ats = [start + timedelta(hours=n) for n in range(366 * 24)]
    ahead = offset_s(zone, ats[-1])
    told = as_of(zone, ats, ahead)
    assert all(before < after for before, after in itertools.pairwise(told))
    hours = [slots_at(at, ahead)[1] for at in told]
    assert hours == [at.astimezone(ZoneInfo(zone)).hour for at in ats]


def test_a_quiet_weekend_is_no_news_in_the_weeks_after_the_clocks_changed() -> None:
    days = ob.daily("2023-06-01", timezone="America/New_York")
    watch = ob.monitor("row_count")

    @ob.asset(partitions=days, monitors=[watch])
    def orders() -> None: ...

    ats = [at for at in midnights("America/New_York") if at >= datetime(2023, 6, 1, tzinfo=UTC)][:190]
    weekdays = [at.astimezone(ZoneInfo("America/New_York")).weekday() for at in ats]
    values = [(1000.0 if weekday < 5 else 200.0) + n * 37 % 61 for n, weekday in enumerate(weekdays)]
    points = [
        StoredPoint(at, None, n, f"m{n}", "r", VersionStatus.PUBLISHED, value)
        for n, (at, value) in enumerate(zip(ats, values, strict=True))
    ]
    level = detectors_of(watch, orders)[0][0]
    for n in range(150, 190):  # the clocks changed on the 158th
        history = history_of(watch, orders, points[:n], (), ats[n])
        found = level.detect(history, Point(ats[n].timestamp(), values[n]), alpha=1 / 365)
        assert found.status is DetectionStatus.NORMAL, (ats[n], found)
