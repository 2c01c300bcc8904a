"""Every detector obeys the law, and the law notices who doesn't."""

from __future__ import annotations

import dataclasses

import pytest

from detectors import Cadence, ConformanceError, Detection, Detector, MetricKind, Point, State, detector
from detectors.adaptive import Adaptive, AdaptiveState
from detectors.arrival import Arrival
from detectors.drift import Drift
from detectors.effect import Effect
from detectors.episodic import Episodic
from detectors.noise import NOISES
from detectors.registry import BUILT_IN
from detectors.testing import check_detector

MADE: dict[str, list[Detector]] = {
    "adaptive": [Adaptive(kind, Cadence.DAILY) for kind in MetricKind]
    + [Adaptive(cadence=cadence) for cadence in Cadence],
    "arrival": [Arrival(), Arrival(MetricKind.VALUE)],
    "drift": [Drift(kind, Cadence.DAILY) for kind in MetricKind] + [Drift(cadence=cadence) for cadence in Cadence],
    "effect": [Effect(kind) for kind in MetricKind],
    "episodic": [Episodic(kind) for kind in MetricKind],
    "stuck": [detector("stuck")],
    "threshold": [detector("threshold", lower=0.0, upper=100.0), detector("threshold", upper=3.0)],
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_detector_obeys_the_law(name: str) -> None:
    for made in MADE[name]:
        check_detector(made)


class Peeking(Adaptive):
    """Learns the point while it judges it."""

    def start(self, utc_offset_s: float = 0.0) -> State:
        return PeekingState(NOISES[self.kind], self.cadence, utc_offset_s)


class PeekingState(AdaptiveState):
    def judge(self, point: Point, *, alpha: float) -> Detection:
        self.advance(point)
        return super().judge(point, alpha=alpha)


class Boasting(Adaptive):
    """Says another p-value than its band."""

    def start(self, utc_offset_s: float = 0.0) -> State:
        return BoastingState(NOISES[self.kind], self.cadence, utc_offset_s)


class BoastingState(AdaptiveState):
    def judge(self, point: Point, *, alpha: float) -> Detection:
        verdict = super().judge(point, alpha=alpha)
        return dataclasses.replace(verdict, p_value=verdict.p_value and verdict.p_value / 2)


@pytest.mark.parametrize("broken", [Peeking(), Boasting()])
def test_who_breaks_the_law_is_told(broken: Detector) -> None:
    with pytest.raises(ConformanceError, match="breaks the contract"):
        check_detector(broken)
