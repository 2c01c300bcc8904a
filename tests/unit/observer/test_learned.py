"""What is gone on with judges as what is learned anew, whatever has become of the past."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import default_detector
from detectors.adaptive import Adaptive
from detectors.base import Detector
from detectors.model import Cadence, Detection, History, MetricKind, Point
from detectors.stuck import StuckValue
from observer.learned import Learned

DAY = 86400.0
NAN = float("nan")
values = st.one_of(st.floats(0, 1e6), st.just(NAN), st.integers(90, 110).map(float))
DETECTORS = (
    default_detector(MetricKind.COUNT, Cadence.DAILY),
    Adaptive(MetricKind.RATE, Cadence.HOURLY),
    StuckValue(),
)


def past(numbers: list[float], excluded: list[bool], offset: float = 0.0) -> History:
    return History.of(
        [DAY * n for n in range(len(numbers))], numbers, excluded=excluded, exposure=[NAN] * len(numbers),
        utc_offset_s=offset,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, st.booleans(), st.integers(0, 20)), min_size=1, max_size=40), st.data())
def test_it_judges_as_the_detector_does(story: list[tuple[float, bool, int]], data: st.DataObject) -> None:
    """A series grows; now and then an older point is replaced, released or taken away, or the clocks change."""
    learned = Learned()
    numbers: list[float] = []
    excluded: list[bool] = []
    offset = 0.0
    for value, held, chance in story:
        history = past(numbers, excluded, offset)
        point = Point(DAY * len(numbers), value)
        for watch in DETECTORS:
            found = learned.detect(watch.name, watch, history, point, alpha=0.01)
            assert repr(found) == repr(watch.detect(history, point, alpha=0.01))  # NaN is NaN
        numbers.append(value)
        excluded.append(held)
        if chance == 0:
            offset = 3600.0 - offset
        elif chance in (1, 2, 3):
            at = data.draw(st.integers(0, len(numbers) - 1))
            if chance == 1:
                numbers[at] += 1.0
            elif chance == 2:
                excluded[at] = not excluded[at]
            else:
                del numbers[at], excluded[at]


class Counting(Adaptive):
    """Says how many points it has learned."""

    learned_points = 0

    def start(self, utc_offset_s: float = 0.0):  # type: ignore[no-untyped-def]
        state, outer = super().start(utc_offset_s), self

        class Noting(type(state)):  # type: ignore[misc]
            def advance(self, point: Point) -> None:
                outer.learned_points += 1
                super().advance(point)

        noting = Noting(state.noise, outer.cadence, utc_offset_s)
        return noting


def test_only_what_has_come_is_learned() -> None:
    watch, learned = Counting(), Learned()
    numbers = [100.0 + n % 3 for n in range(50)]
    for n in range(50):
        learned.detect("series", watch, past(numbers[:n], [False] * n), Point(DAY * n, 1.0), alpha=0.01)
    assert watch.learned_points == 49


def test_a_detector_of_ones_own_that_looks_at_it_all_is_asked_as_it_is() -> None:
    class Whole(Adaptive):
        def detect(self, history: History, point: Point, *, alpha: float) -> Detection:
            return replace(super().detect(history, point, alpha=alpha), n_train=len(history))

    watch: Detector = Whole()
    found = Learned().detect("series", watch, past([NAN, NAN], [False, True]), Point(DAY * 2, 1.0), alpha=0.01)
    assert found.n_train == 2


def test_few_are_kept() -> None:
    learned = Learned(most=3)
    for n in range(10):
        learned.detect(n, StuckValue(), past([1.0], [False]), Point(DAY, 1.0), alpha=0.01)
    assert list(learned._kept) == [7, 8, 9]


def test_another_detector_of_the_same_series_learns_anew() -> None:
    learned, history, point = Learned(), past(list(np.arange(20.0)), [False] * 20), Point(DAY * 20, 500.0)
    for watch in (Adaptive(MetricKind.COUNT, Cadence.DAILY), Adaptive(MetricKind.VALUE, Cadence.DAILY)):
        assert learned.detect("series", watch, history, point, alpha=0.01) == watch.detect(history, point, alpha=0.01)
