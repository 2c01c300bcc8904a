"""On simulated noise of the declared kind false alarms keep their promise, also on short history."""

from __future__ import annotations

import pytest

from benchmarks.detection.simulation import LENGTHS, false_alarms
from detectors.synthetic import NOISE_CASES

NOMINAL = 0.01


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("noise", NOISE_CASES)
def test_false_alarms_keep_the_promise(noise: str, n: int) -> None:
    case = NOISE_CASES[noise]
    rate = false_alarms(case, n, NOMINAL, series=4000, draws=4)
    assert rate <= 2.0 * NOMINAL
    if case.continuous and n >= 14:
        assert rate >= 0.5 * NOMINAL
