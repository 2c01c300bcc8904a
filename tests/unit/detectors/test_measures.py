"""Effect sizes by every measure: what each sees, and how far chance alone takes it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from detectors.categories import CategoryReference
from detectors.measures import FARTHEST, Measure, distance, stability_index, wasserstein
from detectors.ranks import RankReference
from detectors.shift import Sample

RANKS = np.linspace(0.0, 1.0, 65)
OF_NUMBERS = (Measure.JENSEN_SHANNON, Measure.STABILITY, Measure.WASSERSTEIN)


def numbers(values: np.ndarray) -> Sample:
    return Sample(values=len(values), points=np.quantile(values, RANKS))


def batch(seed: int, rows: int = 4000) -> np.ndarray:
    return np.random.default_rng(seed).normal(50.0, 10.0, rows)


def test_distances_of_the_same_are_nothing_and_grow() -> None:
    same = [0.7, 0.3]
    for measure in (distance, stability_index):
        near, far = measure([0.6, 0.4], same), measure([0.1, 0.9], same)
        assert measure(same, same) == pytest.approx(0.0, abs=1e-9)
        assert 0.0 < near < far


def test_an_empty_cell_is_finite_in_the_stability_index() -> None:
    assert stability_index([1.0, 0.0], [0.0, 1.0]) == pytest.approx(18.42, abs=0.01)


def test_wasserstein_is_scipys_and_finite_whatever_the_values() -> None:
    one, other = np.sort(batch(1, 500)), np.sort(batch(2, 500) + 3.0)
    assert wasserstein(one, other, 2.0) == pytest.approx(wasserstein_distance(one, other) / 2.0)
    assert wasserstein([1e308, 1e308], [-1e308, 1e308], 1e-9) <= FARTHEST


@pytest.mark.parametrize("measure", OF_NUMBERS)
def test_chance_alone_takes_a_measure_as_far_as_it_says(measure: Measure) -> None:
    reference = RankReference([numbers(batch(seed)) for seed in range(28)], measure)
    found = [reference.shift(numbers(batch(seed, 400))) for seed in range(100, 200)]
    mean_square = np.mean([shift.effect**2 for shift in found])
    assert 0.3 * found[0].chance < mean_square < 3.0 * found[0].chance


@pytest.mark.parametrize("measure", OF_NUMBERS)
def test_every_measure_of_numbers_is_free_of_their_unit(measure: Measure) -> None:
    plain = RankReference([numbers(batch(seed)) for seed in range(7)], measure)
    scaled = RankReference([numbers(60.0 * batch(seed)) for seed in range(7)], measure)
    moved = batch(9) + 4.0
    assert scaled.shift(numbers(60.0 * moved)).effect == pytest.approx(plain.shift(numbers(moved)).effect, rel=1e-6)


def test_wasserstein_says_how_far_all_values_have_moved() -> None:
    reference = RankReference([numbers(batch(seed)) for seed in range(28)], Measure.WASSERSTEIN)
    assert reference.shift(numbers(batch(9) + 5.0)).effect == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("moved", "first", "last", "by"),
    [
        (lambda v: v + 5.0, 0.0, 1.0, 5.0),
        (lambda v: v - 5.0, 0.0, 1.0, -5.0),
        (lambda v: np.where(v > np.quantile(v, 0.75), v + 8.0, v), 0.75, 1.0, 8.0),
        (lambda v: np.where(v < np.quantile(v, 0.5), v - 6.0, v), 0.0, 0.5, -6.0),
    ],
)
def test_values_that_moved_together_are_told_with_how_far(moved: object, first: float, last: float, by: float) -> None:
    assert callable(moved)
    reference = RankReference([numbers(batch(seed)) for seed in range(28)])
    slide = reference.shift(numbers(moved(batch(9)))).slide
    assert slide is not None
    assert (slide.first, slide.last) == (pytest.approx(first, abs=0.05), pytest.approx(last, abs=0.05))
    assert slide.by == pytest.approx(by, abs=1.0)


def test_nothing_slid_where_nothing_moved_or_only_what_is_rare() -> None:
    reference = RankReference([numbers(batch(seed)) for seed in range(28)])
    assert reference.shift(numbers(batch(9))).slide is None
    rare = batch(9)
    rare[:200] += 40.0
    assert reference.shift(numbers(rare)).slide is None
    constant = RankReference([numbers(np.full(100, 5.0))] * 7)
    assert constant.shift(numbers(np.full(100, 5.0))).slide is None


def test_the_share_of_what_was_never_seen_is_a_measure_of_categories() -> None:
    day = Sample(values=100, counts={"UA": 60.0, "B6": 40.0})
    reference = CategoryReference([day] * 7, Measure.UNSEEN)
    swapped = reference.shift(Sample(values=100, counts={"UA": 10.0, "B6": 90.0}))
    new = reference.shift(Sample(values=100, counts={"UA": 60.0, "B6": 30.0, "ZZ": 10.0}))
    assert (swapped.effect, new.effect, new.chance) == (0.0, pytest.approx(0.1), 0.0)
