from __future__ import annotations

import pytest
from scipy import stats

from detectors import ParameterError
from detectors.calibrate import Tail, check_alpha, min_p_value, points_for, upper_p, upper_quantile


@pytest.mark.parametrize("freedom", [1.0, 4.5, 64.0])
@pytest.mark.parametrize("p_value", [0.45, 0.1, 0.02, 0.01, 0.001, 1e-6])
def test_quantile_is_the_inverse_of_p(freedom: float, p_value: float) -> None:
    tail = Tail(4.0)
    for ratio in (0.2, 1.3, 2.0, 0.7):
        tail.learn(ratio)
    assert upper_p(upper_quantile(p_value, freedom, tail), freedom, tail) == pytest.approx(p_value)


def test_the_body_is_a_student_t() -> None:
    assert upper_p(1.5, 6.0, Tail(4.0)) == pytest.approx(stats.t(6).sf(1.5), rel=0.02)


def test_p_falls_all_the_way_and_is_continuous_at_zero() -> None:
    tail = Tail(3.0)
    p_values = [upper_p(z / 10, 8.0, tail) for z in range(-60, 200)]
    assert p_values == sorted(p_values, reverse=True)
    assert upper_p(0.0, 8.0, tail) == pytest.approx(0.5)
    assert upper_p(-1e-9, 8.0, tail) == pytest.approx(0.5)


def test_exceedances_make_a_tail_heavier() -> None:
    calm, wild = Tail(4.0), Tail(4.0)
    for _ in range(50):
        calm.learn(0.3)
        wild.learn(2.5)
    assert upper_p(5.0, 60.0, wild) > 10 * upper_p(5.0, 60.0, calm)


def test_points_for_is_the_first_number_of_points_that_is_enough() -> None:
    for alpha in (0.5, 0.05, 0.01, 0.001, 1e-4, 1e-8):
        n = points_for(alpha)
        assert min_p_value(n) < alpha
        assert n == 0 or min_p_value(n - 1) >= alpha


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.51, 1.0, float("nan")])
def test_an_impossible_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(ParameterError, match="alpha"):
        check_alpha(alpha)
