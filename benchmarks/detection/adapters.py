"""The product's default detectors in the form that the evaluation kit asks for: nothing is tuned here."""

from __future__ import annotations

import sys
from math import inf, log10
from pathlib import Path
from typing import ClassVar, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.detection.partitions import Partitions
from detectors import DEFAULT_ALPHA, Cadence, DetectionStatus, MetricKind, Point, default_detectors
from detectors.season import MINUTELY_GAPS, cadence_of

__all__ = ["Level", "Minutes", "Partitions", "Series"]

KINDS = {kind.value: kind for kind in MetricKind}
UNITS = {MetricKind.FRESHNESS: 60.0}
"""What the kit's numbers are multiplied with to be in the unit of the product: it has freshness in minutes."""

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
    freq: "D", "H", "W" or "min"; else the cadence is told from the times, as the product does where none is declared.
    """

    name: ClassVar[str] = "tidegate"
    nominal_fa: ClassVar[float] = DEFAULT_ALPHA
    members: ClassVar[int | None] = None

    def __init__(self, kind: str = "any", freq: str = "any") -> None:
        self.kind = KINDS.get(kind, MetricKind.VALUE)
        self.unit = UNITS.get(self.kind, 1.0)
        self.past: list[Point] | None = None if freq in CADENCES else []
        self.start(CADENCES.get(freq, Cadence.IRREGULAR))

    def start(self, cadence: Cadence) -> None:
        """Begin anew with the detectors of a cadence."""
        table = default_detectors(self.kind, cadence)[: self.members]
        whole = sum(share for _, share in table)
        self.states = [(detector.start(), share / whole) for detector, share in table]

    def look_at_times(self, past: list[Point]) -> None:
        """Tell the cadence as soon as there are points enough, and learn what was kept of them."""
        if len(past) <= MINUTELY_GAPS:
            return
        self.past = None
        cadence = cadence_of([point.at for point in past])
        if cadence is Cadence.MINUTELY:
            self.start(cadence)
            for point in past:
                self.advance(point)

    def advance(self, point: Point) -> None:
        """Learn a point."""
        for state, _ in self.states:
            state.advance(point)

    def update(self, ts: float, value: float) -> Result:
        """Judge `value` at `ts` (POSIX s) from the past only, then learn it."""
        point = Point(ts, value * self.unit)
        if self.past is not None:
            self.look_at_times(self.past)
        verdicts = [(state.judge(point, alpha=DEFAULT_ALPHA * share), share) for state, share in self.states]
        self.advance(point)
        if self.past is not None:
            self.past.append(point)
        level = verdicts[0][0]
        return Result(
            max(0.0, *(verdict.score + log10(share) for verdict, share in verdicts)),
            -inf if level.lower is None else level.lower / self.unit,
            inf if level.upper is None else level.upper / self.unit,
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
