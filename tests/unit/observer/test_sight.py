"""What a monitor would notice today: nothing that can't be measured, and nothing that it has yet to learn."""

import pytest

from detectors.model import Detection, DetectionStatus, History, MetricKind, Point
from detectors.registry import default_detector
from observer.sight import Sight, sight_after, sight_of

DAY_S = 86400.0


def verdict(values: list[float], kind: MetricKind = MetricKind.COUNT, alpha: float = 0.001) -> Detection:
    past = History.of([DAY_S * n for n in range(len(values) - 1)], values[:-1])
    return default_detector(kind).detect(past, Point(DAY_S * (len(values) - 1), values[-1]), alpha=alpha)


def test_the_next_point_alarms_just_beyond_it_and_not_within() -> None:
    values = [1000.0 + n * 37 % 41 for n in range(40)]
    found = verdict(values)
    sight = sight_after(found, "rows", trained=True)
    assert sight is not None
    assert sight.below is not None
    assert sight.above is not None
    for value, status in (
        (sight.below - 1, DetectionStatus.ANOMALOUS), (sight.below + 1, DetectionStatus.NORMAL),
        (sight.above - 1, DetectionStatus.NORMAL), (sight.above + 1, DetectionStatus.ANOMALOUS),
    ):  # fmt: skip
        assert verdict([*values[:-1], value]).status is status
    assert found.expected is not None
    assert sight.smallest == min(sight.above - found.expected, found.expected - sight.below)


@pytest.mark.parametrize(
    ("band", "unit", "said"),
    [
        ((0.0, 0.01, 0.2), "rate", "alarms above 20 %, from a change of 19 % on"),
        ((0.0, 0.4, 1.0), "rate", "blind: no value would alarm"),
        ((0.3, 0.5, 1.0), "rate", "alarms below 30 %, from a change of 20 % on"),
        ((0.007, 3.0, 19.5), "rows", "alarms below 1 rows or above 19 rows, from a change of 3 rows on"),
        ((None, 2.0, 5.0), "s", "alarms above 5 s, from a change of 3 s on"),
        ((-4.0, 0.0, 4.0), "", "alarms below -4 or above 4, from a change of 4 on"),
        ((None, None, 0.05), "rate", "alarms above 5 %"),
    ],
)
def test_it_says_which_values_alarm(
    band: tuple[float | None, float | None, float | None], unit: str, said: str
) -> None:
    sight = sight_of(*band, unit)
    assert sight.sentence(unit) == said
    assert sight.is_blind == said.startswith("blind")


def test_who_learns_says_how_many_more_runs_it_takes_after_this_one() -> None:
    values = [100.0, 101.0, 99.0]
    learning = verdict(values)
    assert learning.status is DetectionStatus.LEARNING
    after, held = (sight_after(learning, "rows", trained=trained) for trained in (True, False))
    assert (after, held) == (Sight(runs_needed=4), Sight(runs_needed=5))
    assert after is not None
    assert not after.is_blind
    assert after.sentence("rows") == "can judge after 4 more runs"
    last = verdict([*values, 100.0, 101.0, 99.0, 100.0])
    assert (last.status, last.runs_needed) == (DetectionStatus.LEARNING, 1)
    assert sight_after(last, "rows", trained=True) is None  # it can judge the next, of which nothing is known yet


def test_what_could_not_be_judged_says_nothing_of_tomorrow() -> None:
    values = [1000.0 + n * 37 % 41 for n in range(40)]
    assert sight_after(verdict([*values, float("nan")]), "rows", trained=True) is None
