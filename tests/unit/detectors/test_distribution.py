from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from detectors import HistoryError, ParameterError
from detectors.distribution import CategoryPool, jensen_shannon, stability_index, wasserstein


def test_jensen_shannon_is_scipys() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 50, 12), rng.integers(1, 50, 12)
    mine = jensen_shannon(dict(enumerate(one.tolist())), dict(enumerate(other.tolist())))
    assert mine == pytest.approx(distance.jensenshannon(one, other, base=2))


def test_distances_of_the_same_are_nothing_and_grow() -> None:
    same = {"a": 70, "b": 30}
    for measure in (jensen_shannon, stability_index):
        near, far = measure({"a": 60, "b": 40}, same), measure({"a": 10, "b": 90}, same)
        assert measure({"a": 700, "b": 300}, same) == pytest.approx(0.0, abs=1e-9)
        assert 0.0 < near < far


def test_an_empty_bin_is_finite_in_the_stability_index() -> None:
    assert stability_index({"a": 1}, {"b": 1}) == pytest.approx(18.42, abs=0.01)


def test_wasserstein_is_free_of_the_unit_and_of_missing_values() -> None:
    rng = np.random.default_rng(3)
    sample = rng.normal(5.0, 2.0, 500)
    moved = np.append(sample + 2.0 * sample.std(), np.nan)
    assert wasserstein(moved, sample) == pytest.approx(2.0)
    assert wasserstein(60.0 * moved, 60.0 * sample) == pytest.approx(2.0)
    assert wasserstein([7.0], [5.0, 5.0]) == pytest.approx(2.0)


def test_a_pool_finds_new_and_swapped_categories_and_leaves_sampling_noise_in_peace() -> None:
    rng = np.random.default_rng(4)
    shares = [0.5, 0.3, 0.15, 0.05]
    pool = CategoryPool()
    for _ in range(40):
        pool.learn(dict(zip("abcd", rng.multinomial(1000, shares).tolist(), strict=True)))
    ordinary = pool.shift(dict(zip("abcd", rng.multinomial(1000, shares).tolist(), strict=True)))
    swapped = pool.shift(dict(zip("bacd", rng.multinomial(1000, shares).tolist(), strict=True)))
    new = pool.shift({"a": 500, "b": 300, "c": 150, "d": 30, "ZZ": 20})
    gone = pool.shift({"a": 650, "b": 350})
    assert ordinary.unseen == 0.0
    assert ordinary.largest < 4.0 < 8.0 < swapped.largest
    assert swapped.category in ("a", "b")
    assert (new.unseen, new.category) == (pytest.approx(0.02), "ZZ")
    assert gone.largest > ordinary.largest
    assert ordinary.distance < min(gone.distance, swapped.distance)


def test_old_categories_fade() -> None:
    pool = CategoryPool(memory=0.5)
    pool.learn({"old": 100})
    for _ in range(20):
        pool.learn({"new": 100})
    assert pool.shift({"new": 100}).largest < 0.1


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(HistoryError, match="no rows"):
        jensen_shannon({}, {"a": 1})
    with pytest.raises(HistoryError, match="no rows"):
        CategoryPool().shift({"a": 1})
    with pytest.raises(HistoryError, match="finite"):
        wasserstein([float("nan")], [1.0])
    with pytest.raises(ParameterError, match="memory"):
        CategoryPool(memory=0.0)
