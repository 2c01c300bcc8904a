"""The product's default detectors in the form that the evaluation kit asks for: nothing is tuned here."""

from __future__ import annotations

import sys
from math import inf, log10
from pathlib import Path
from typing import ClassVar, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.detection.partitions import Partitions
from detectors import DEFAULT_ALPHA, Cadence, DetectionStatus, MetricKind, Point, default_detectors

__all__ = ["Level", "Minutes", "Partitions", "Series"]

KINDS = {kind.value: kind for kind in MetricKind}
CADENCES = {"D": Cadence.DAILY, "H": Cadence.HOURLY, "W": Cadence.WEEKLY, "min": Cadence.MINUTELY}


class Result(NamedTuple):
    """What the kit reads: `score` comparable across series, the band, the verdict."""

    score: float
    lower: float
    upper: float
    is_anomaly: bool


class Series:
    """The whole default table on one series, each detector at its share of the default alpha.

    Parameters
    ----------
    kind: kind of metric; what the product does not know is a plain value.
    freq: "D", "H", "W" or "min"; anything else is irregular.
    """

    name: ClassVar[str] = "tidegate"
    nominal_fa: ClassVar[float] = DEFAULT_ALPHA
    members: ClassVar[int | None] = None

    def __init__(self, kind: str = "any", freq: str = "any") -> None:
        table = default_detectors(KINDS.get(kind, MetricKind.VALUE), CADENCES.get(freq, Cadence.IRREGULAR))
        table = table[: self.members]
        whole = sum(share for _, share in table)
        self.states = [(detector.start(), share / whole) for detector, share in table]

    def update(self, ts: float, value: float) -> Result:
        """Judge `value` at `ts` (POSIX s) from the past only, then learn it."""
        point = Point(ts, value)
        verdicts = [(state.judge(point, alpha=DEFAULT_ALPHA * share), share) for state, share in self.states]
        for state, _ in self.states:
            state.advance(point)
        level = verdicts[0][0]
        return Result(
            max(0.0, *(verdict.score + log10(share) for verdict, share in verdicts)),
            -inf if level.lower is None else level.lower,
            inf if level.upper is None else level.upper,
            any(verdict.status is DetectionStatus.ANOMALOUS for verdict, _ in verdicts),
        )


class Level(Series):
    """Only the detector of the level, which a product with one detector a metric runs."""

    name: ClassVar[str] = "tidegate_level"
    members: ClassVar[int | None] = 1


class Minutes(Series):
    """The whole default table on minute data, whatever the kit calls it."""

    name: ClassVar[str] = "tidegate_minutes"

    def __init__(self, kind: str = "any", freq: str = "any") -> None:
        super().__init__(kind, "min")
