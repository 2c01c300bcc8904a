"""Lateness by habit: of every way in which things usually come, silent while they do, and told when they don't."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import DetectionStatus, History, Point
from detectors.arrival import Arrival
from detectors.backtest import backtest
from detectors.habit import MONTH_PLACE, moment
from detectors.model import Cadence, MetricKind
from detectors.registry import default_detectors
from detectors.synthetic import Fault, Injection

if TYPE_CHECKING:
    from detectors.model import FloatArray as Times

    Way = Callable[[np.random.Generator, int], Times]

H, D = 3600.0, 86400.0
THURSDAY = 0.0  # 1970-01-01


def daily(rng: np.random.Generator, n: int, jitter: float = 600.0) -> Times:
    return THURSDAY + np.arange(n) * D + 6 * H + rng.normal(size=n) * jitter


def wide(rng: np.random.Generator, n: int) -> Times:
    return daily(rng, n, H)


def skewed(rng: np.random.Generator, n: int) -> Times:
    return THURSDAY + np.arange(n) * D + 6 * H + rng.lognormal(0, 0.7, size=n) * 600


def working_days(rng: np.random.Generator, n: int) -> Times:
    days = np.array([day for day in range(2 * n) if (day + 3) % 7 < 5][:n])
    return days * D + 6 * H + rng.normal(size=n) * 600


def at_midnight(rng: np.random.Generator, n: int) -> Times:
    return np.asarray(working_days(rng, n) - 6 * H)


def poisson(rng: np.random.Generator, n: int) -> Times:
    return np.cumsum(rng.exponential(H, size=n))


def office_hours(rng: np.random.Generator, n: int) -> Times:
    hours = np.array([hour for hour in range(2 * n + 48) if 7 <= hour % 24 <= 20][:n])
    return hours * H + rng.normal(size=n) * 120


def weekly(rng: np.random.Generator, n: int) -> Times:
    return np.arange(n) * 7 * D + rng.normal(size=n) * H


def months(rng: np.random.Generator, n: int, *, before: int) -> Times:
    """The third of each month, or the last day of it."""
    firsts = [datetime(2015 + month // 12, month % 12 + 1, 1, 6, tzinfo=UTC) for month in range(1, n + 1)]
    days = timedelta(days=-1 if before else 2)
    return np.array([(first + days).timestamp() for first in firsts]) + rng.normal(size=n) * 1800


def the_third(rng: np.random.Generator, n: int) -> Times:
    return months(rng, n, before=0)


def month_end(rng: np.random.Generator, n: int) -> Times:
    return months(rng, n, before=1)


WAYS = [daily, wide, skewed, working_days, at_midnight, poisson, office_hours, weekly, the_third, month_end]


def waits(times: Times) -> History:
    return History.of(times[1:], np.diff(times))


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_as_usual_alarms_no_more_often_than_promised(way: Way) -> None:
    alarms = judged = 0
    for seed in range(8):
        found = Arrival().replay(waits(way(np.random.default_rng(seed), 60)), alpha=0.01)
        judged += sum(each.p_value is not None for each in found)
        alarms += sum(each.status is DetectionStatus.ANOMALOUS for each in found)
    assert judged >= 8 * 50
    assert alarms <= 2 * 0.01 * judged


@pytest.mark.parametrize(
    ("way", "late"),
    [
        (daily, 2 * H), (working_days, 6 * H), (at_midnight, 6 * H), (office_hours, 2 * H), (weekly, 30 * H),
        (the_third, 3 * D), (month_end, 3 * D), (poisson, 60 * H),
    ],
)  # fmt: skip
def test_what_does_not_come_is_told_and_the_band_says_when(way: Way, late: float) -> None:
    """After each of the last waits but before it ended: silent a moment before, told when it is that late."""
    times = way(np.random.default_rng(1), 80)
    for end in range(60, 78):
        state = Arrival().learned(waits(times[: end + 1]))
        usual = times[end + 1] - times[end]
        told = state.judge(Point(times[end + 1] + late, usual + late), alpha=1 / 365)
        assert told.status is DetectionStatus.ANOMALOUS
        assert told.upper is not None
        assert told.upper < usual + late
        before = state.judge(Point(times[end] + usual / 2, usual / 2), alpha=1 / 365)
        assert before.status is DetectionStatus.NORMAL
        assert before.upper == pytest.approx(told.upper)  # of one wait there is one band, whenever it is asked for


def test_a_weekend_is_no_outage_and_an_outage_hides_no_other() -> None:
    times = working_days(np.random.default_rng(2), 60)
    days = ((times // D + 3) % 7).astype(int)
    friday = int(np.flatnonzero(days[:40] == 4)[-1])
    state = Arrival().learned(waits(times[: friday + 1]))
    assert state.judge(Point(times[friday] + 71 * H, 71 * H), alpha=1 / 365).status is DetectionStatus.NORMAL
    assert state.judge(Point(times[friday] + 80 * H, 80 * H), alpha=1 / 365).status is DetectionStatus.ANOMALOUS

    steady = daily(np.random.default_rng(3), 60)
    outage = np.delete(steady, [40, 41, 42])
    found = Arrival().replay(waits(outage), alpha=1 / 365)
    assert found[39].status is DetectionStatus.ANOMALOUS
    assert {each.status for each in found[40:]} == {DetectionStatus.NORMAL}
    state = Arrival().learned(waits(outage))
    assert state.judge(Point(outage[-1] + 30 * H, 30 * H), alpha=1 / 365).status is DetectionStatus.ANOMALOUS


def test_what_was_as_late_twice_is_no_news_a_third_time() -> None:
    times = daily(np.random.default_rng(8), 90)
    skipped = np.delete(times, [20, 21, 40, 41, 60, 61, 80, 81])
    found = Arrival().replay(waits(skipped), alpha=1 / 365)
    long = np.flatnonzero(np.diff(skipped) > 2 * D)
    assert [found[at].status for at in long] == [DetectionStatus.ANOMALOUS] * 2 + [DetectionStatus.NORMAL] * 2
    state = Arrival().learned(waits(skipped))
    assert state.judge(Point(skipped[-1] + 5 * D, 5 * D), alpha=1 / 365).status is DetectionStatus.ANOMALOUS


def test_what_came_late_or_twice_is_followed_by_the_usual_morning() -> None:
    times = daily(np.random.default_rng(4), 60)
    for after in (5 * H, 8 * H):  # late, or made once more in the afternoon
        once_more = np.append(times, times[-1] + after)
        found = Arrival().learned(waits(once_more)).judge(Point(once_more[-1], 0.0), alpha=1 / 365)
        assert found.upper is not None
        assert found.upper <= 27 * H


def test_a_new_cadence_is_believed_after_a_few_waits() -> None:
    rng = np.random.default_rng(5)
    times = daily(rng, 40)
    rarer = np.append(times, times[-1] + np.arange(1, 9) * 7 * D + rng.normal(size=8) * 600)
    found = Arrival().replay(waits(rarer), alpha=1 / 365)
    assert found[39].status is DetectionStatus.ANOMALOUS
    assert {each.status for each in found[-4:]} == {DetectionStatus.NORMAL}


def test_it_learns_for_a_week_and_says_how_long_still() -> None:
    history = waits(daily(np.random.default_rng(6), 9))
    found = Arrival().replay(history, alpha=1 / 365)
    assert [each.runs_needed for each in found] == [7, 6, 5, 4, 3, 2, 1, 0]


def test_a_backtest_finds_what_stops_coming() -> None:
    history = waits(working_days(np.random.default_rng(7), 90))
    table = default_detectors(MetricKind.ARRIVAL, Cadence.MINUTELY)  # also where something comes every few minutes
    assert [each.name for each, _ in table] == ["arrival"]
    stale = Injection(fault=Fault.STALE, size=1.0, points=3)
    found = backtest(table, history, MetricKind.ARRIVAL, alpha=1 / 365, faults=(stale,))
    assert not found.alarms
    assert found.recalls[0].injected == 12
    assert found.recalls[0].found >= 11  # where a weekend has only just been learned, a day more is not news yet


@pytest.mark.parametrize(
    ("day", "place", "same_date", "same_end"),
    [("2024-01-31", 0, 29, 29), ("2024-02-29", 0, 29, 31), ("2024-01-15", 19, 31, 29), ("2023-12-01", 5, 31, 31)],
)
def test_the_calendar_knows_the_same_place_of_the_next_month(
    day: str, place: int, same_date: int, same_end: int
) -> None:
    here = moment(datetime.fromisoformat(f"{day}T06:00+00:00").timestamp())
    assert (here.slots[MONTH_PLACE], here.same_date, here.same_end) == (place, same_date * D, same_end * D)


@settings(deadline=None, max_examples=80)
@given(
    gaps=st.lists(st.floats(1.0, 1e7), min_size=9, max_size=40),
    short=st.floats(0.0, 1e7),
    longer=st.floats(0.0, 1e7),
    offset=st.sampled_from([0.0, -18000.0, 19800.0]),
)
def test_the_longer_nothing_comes_the_more_surprising_it_is(
    gaps: list[float], short: float, longer: float, offset: float
) -> None:
    at = np.cumsum(gaps)
    state = Arrival().learned(History.of(at[1:], np.diff(at), utc_offset_s=offset))
    begin = float(at[-1])
    now, then = (state.judge(Point(begin + wait, wait), alpha=0.01) for wait in (short, short + longer))
    assert then.score >= now.score - 1e-9
    assert now.lower == 0.0
    assert now.upper is not None
    assert now.upper >= (now.expected or 0.0) >= 0.0
