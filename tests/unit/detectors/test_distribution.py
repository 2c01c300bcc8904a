from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from detectors import HistoryError, ParameterError
from detectors.distribution import CategoryPool, jensen_shannon


def test_jensen_shannon_is_scipys() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 50, 12), rng.integers(1, 50, 12)
    mine = jensen_shannon(dict(enumerate(one.tolist())), dict(enumerate(other.tolist())))
    assert mine == pytest.approx(distance.jensenshannon(one, other, base=2))


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
    with pytest.raises(ParameterError, match="memory"):
        CategoryPool(memory=0.0)
