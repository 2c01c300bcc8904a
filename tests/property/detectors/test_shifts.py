"""Laws of effect sizes on arbitrary batches."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.categories import CategoryReference
from detectors.measures import FARTHEST, Measure, distance
from detectors.ranks import RankReference
from detectors.shift import Sample, Shift, Shifts

VALUES = st.lists(st.floats(-1.7e308, 1.7e308), min_size=1, max_size=30)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1)


def numbers(values: list[float]) -> Sample:
    with np.errstate(over="ignore", invalid="ignore"):
        points = np.clip(np.nan_to_num(np.quantile(values, np.linspace(0.0, 1.0, 65))), -1.7e308, 1.7e308)
    return Sample(values=len(values), points=np.sort(points))


def sound(found: Shift | None, most: float = 1.0) -> None:
    assert found is not None
    assert 0.0 <= found.effect <= most
    assert found.chance >= 0.0
    assert all(0.0 <= share <= 1.0 + 1e-9 for move in found.moves for share in (move.before, move.now))


@settings(deadline=None, max_examples=100)
@given(batches=st.lists(VALUES, min_size=3, max_size=6), judged=VALUES)
def test_any_numbers_are_somewhere_between_alike_and_nothing_in_common(
    batches: list[list[float]], judged: list[float]
) -> None:
    for measure, most in ((Measure.JENSEN_SHANNON, 1.0), (Measure.WASSERSTEIN, FARTHEST), (Measure.STABILITY, 40.0)):
        shifts = Shifts(partial(RankReference, measure=measure))
        for day, batch in enumerate(batches):
            shifts.learn(numbers(batch), day % 7)
        sound(shifts.shift(numbers(judged), 0), most)


@settings(deadline=None, max_examples=100)
@given(
    batches=st.lists(st.tuples(COUNTS, st.integers(0, 200)), min_size=3, max_size=6),
    judged=st.tuples(COUNTS, st.integers(0, 200)),
)
def test_any_categories_too_and_what_is_the_same_is_alike(
    batches: list[tuple[dict[str, int], int]], judged: tuple[dict[str, int], int]
) -> None:
    def sample(counts: dict[str, int], other: int) -> Sample:
        return Sample(values=sum(counts.values()) + other, counts={k: float(n) for k, n in counts.items()}, other=other)

    for measure, most in ((Measure.JENSEN_SHANNON, 1.0), (Measure.UNSEEN, 1.0), (Measure.STABILITY, 40.0)):
        shifts = Shifts(partial(CategoryReference, measure=measure))
        for day, batch in enumerate(batches):
            shifts.learn(sample(*batch), day % 7)
        sound(shifts.shift(sample(*judged), 0), most)
    same = CategoryReference([sample(*judged)] * 3).shift(sample(*judged))
    assert same.effect < 1e-6
    assert not same.moves


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20), st.lists(st.floats(0.0, 1.0), min_size=20, max_size=20))
def test_a_distance_is_the_same_from_both_sides(one: list[float], other: list[float]) -> None:
    here, there = np.array(one) + 1e-9, np.array(other[: len(one)]) + 1e-9
    here, there = here / here.sum(), there / there.sum()
    assert abs(distance(here, there) - distance(there, here)) < 1e-9
    assert distance(here, here) < 1e-6
