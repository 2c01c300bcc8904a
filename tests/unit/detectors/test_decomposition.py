"""Level, season and remainder: found where they are, left out where they are not, unbent by what must not count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.decomposition import FEWEST, Decomposition, decompose
from detectors.model import Cadence, History

DAY = 86400.0


def daily(value: np.ndarray, excluded: np.ndarray | None = None) -> History:
    return History.of(DAY * np.arange(len(value)), value, excluded)


def weekly_wave(n: int, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 10, n)
    return 1000 + 2.0 * np.arange(n) + 100 * np.sin(2 * np.pi * np.arange(n) / 7) + noise


def whole(found: Decomposition | None) -> Decomposition:
    assert found is not None
    return found


def test_a_weekly_wave_on_a_slope_is_told_apart() -> None:
    value = weekly_wave(84)
    found = whole(decompose(daily(value), Cadence.DAILY))
    assert found.periods == (7,)
    assert found.strength is not None
    assert found.strength > 0.9
    assert np.abs(found.season - 100 * np.sin(2 * np.pi * np.arange(84) / 7)).max() < 30
    assert np.abs(found.level - (1000 + 2.0 * np.arange(84))).max() < 30
    np.testing.assert_allclose(found.level + found.season + found.remainder, value)


def test_day_and_week_of_hourly_points() -> None:
    hours = np.arange(24 * 35)
    noise = np.random.default_rng(2).normal(0, 3, len(hours))
    value = 500 + 50 * np.sin(2 * np.pi * hours / 24) - 80 * ((hours // 24) % 7 == 6) + noise
    found = whole(decompose(History.of(3600.0 * hours, value), Cadence.HOURLY))
    assert found.periods == (24, 168)
    assert np.std(found.remainder) < 10


@pytest.mark.parametrize("seed", range(20))
def test_noise_has_no_season(seed: int) -> None:
    value = 1000 + np.random.default_rng(seed).normal(0, 10, 60)
    found = whole(decompose(daily(value), Cadence.DAILY))
    assert found.periods == ()
    assert found.strength is None
    assert not found.season.any()


def test_held_and_missing_days_bend_nothing() -> None:
    value = weekly_wave(84)
    plain = whole(decompose(daily(value), Cadence.DAILY))
    value[40], excluded = 0.0, np.arange(84) == 40
    value[50] = np.nan
    found = whole(decompose(daily(value, excluded), Cadence.DAILY))
    assert np.abs(found.level - plain.level).max() < 15
    assert found.remainder[40] < -900
    assert np.isnan(found.remainder[50])
    assert np.isfinite(found.level).all()


def test_a_level_that_jumps_is_followed_without_cadence() -> None:
    value = np.where(np.arange(60) < 30, 100.0, 200.0)
    found = whole(decompose(daily(value), Cadence.IRREGULAR))
    assert found.periods == ()
    assert abs(found.level[10] - 100) < 5
    assert abs(found.level[50] - 200) < 5


def test_days_that_begin_as_clocks_change_keep_their_weekday() -> None:
    at = DAY * np.arange(84) - 3600.0 * (np.arange(84) > 40)
    found = whole(decompose(History.of(at, weekly_wave(84)), Cadence.DAILY))
    assert found.periods == (7,)


def test_two_points_of_one_day_have_a_level_alone() -> None:
    at = np.sort(np.concatenate([DAY * np.arange(40), DAY * np.arange(40) + 60.0]))
    assert whole(decompose(History.of(at, weekly_wave(80)), Cadence.DAILY)).periods == ()


def test_too_little_is_not_decomposed() -> None:
    assert decompose(daily(np.arange(FEWEST - 1.0)), Cadence.DAILY) is None
    assert decompose(History.of([], []), Cadence.DAILY) is None


@given(
    st.lists(st.one_of(st.floats(-1e12, 1e12), st.sampled_from([float("nan"), float("inf"), 0.0, 5.0])), max_size=60),
    st.sampled_from(list(Cadence)),
)
def test_the_parts_add_up_whatever_comes(values: list[float], cadence: Cadence) -> None:
    history = daily(np.array(values, dtype=np.float64))
    found = decompose(history, cadence)
    if found is None:
        return
    there = np.isfinite(history.value)
    assert np.isfinite(found.level).all()
    assert np.isfinite(found.season).all()
    scale = max(1.0, np.abs(history.value[there]).max())
    added = found.level + found.season + found.remainder
    np.testing.assert_allclose(added[there] / scale, history.value[there] / scale, atol=1e-9)
    assert np.isnan(found.remainder[~there]).all()
