"""The demonstration's real series: a blizzard is found, weekends and ordinary days are left in peace."""

from __future__ import annotations

import pytest

from benchmarks.detection.flights import daily, walk
from detectors import DEFAULT_ALPHA, Detection, DetectionStatus, MetricKind

ALPHA = 0.001
BLIZZARD = (38, 39)  # 8 and 9 February


@pytest.fixture(scope="module")
def null_rate() -> list[Detection]:
    days = daily()
    at, rate, rows = (days[name].to_numpy(float) for name in ("at", "null_rate", "rows"))
    return walk(MetricKind.RATE, at, rate, rows, ALPHA)


@pytest.fixture(scope="module")
def row_count() -> list[Detection]:
    days = daily()
    return walk(MetricKind.COUNT, days["at"].to_numpy(float), days["rows"].to_numpy(float), None, ALPHA)


def alarms(verdicts: list[Detection]) -> list[int]:
    return [day for day, verdict in enumerate(verdicts) if verdict.status is DetectionStatus.ANOMALOUS]


def test_both_days_of_the_blizzard_alarm_with_a_large_score(null_rate: list[Detection]) -> None:
    assert [null_rate[day].status for day in BLIZZARD] == [DetectionStatus.ANOMALOUS] * 2
    assert min(null_rate[day].score for day in BLIZZARD) > 3.5


def test_nothing_else_of_the_winter_alarms(null_rate: list[Detection]) -> None:
    assert alarms(null_rate[:60]) == list(BLIZZARD)


def test_few_alarms_in_the_year(null_rate: list[Detection]) -> None:
    assert len(alarms(null_rate)) <= 5


def test_weekends_of_the_first_quarter_are_ordinary(row_count: list[Detection]) -> None:
    assert alarms(row_count[:90]) == []


def test_national_holidays_alarm(row_count: list[Detection]) -> None:
    independence_day, thanksgiving = 184, 331
    assert {independence_day, thanksgiving} <= set(alarms(row_count))


def test_held_storms_do_not_lock_ordinary_days_out() -> None:
    days = daily()
    at, rate, rows = (days[name].to_numpy(float) for name in ("at", "null_rate", "rows"))
    verdicts = walk(MetricKind.RATE, at, rate, rows, DEFAULT_ALPHA)
    assert [day for day in alarms(verdicts) if rate[day] < 0.03] == []
