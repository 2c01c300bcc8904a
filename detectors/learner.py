"""What the detectors that learn share: a kind and a cadence, a count of what trained them, the silent verdicts."""

from __future__ import annotations

from abc import abstractmethod
from math import isfinite
from typing import ClassVar

from detectors.base import Detector, State
from detectors.calibrate import check_alpha, min_p_value, points_for, score
from detectors.errors import ParameterError
from detectors.model import Cadence, Detection, DetectionStatus, Direction, MetricKind, Point

Band = tuple[float | None, float | None, float | None]
"""(lower, expected, upper) in the metric's unit."""


class LearnerState(State):
    """The state of a detector that has to see points before it judges.

    A subclass judges in `_verdict` and calls `_trained` for each point that taught it something.
    """

    __slots__ = ("first", "last", "n_train")

    detector: ClassVar[str]
    """Name of the detector that the state belongs to."""
    min_train: ClassVar[int]
    """Fewest trained points, at whatever alpha."""

    def __init__(self) -> None:
        self.n_train = 0
        self.first: float | None = None
        self.last: float | None = None

    def judge(self, point: Point, *, alpha: float) -> Detection:
        check_alpha(alpha)
        if not isfinite(point.value):
            return self._silent(DetectionStatus.UNKNOWN, alpha)
        needed = max(self.min_train, points_for(alpha)) - self.n_train
        if needed > 0:
            return self._silent(DetectionStatus.LEARNING, alpha, needed)
        return self._verdict(point, alpha)

    @abstractmethod
    def _verdict(self, point: Point, alpha: float) -> Detection:
        """Judge a finite point from enough points; most end in `_told`."""

    def _trained(self, point: Point) -> None:
        """Count a point that taught something."""
        self.n_train += 1
        self.first = point.at if self.first is None else self.first
        self.last = point.at

    def _silent(self, status: DetectionStatus, alpha: float, runs_needed: int = 0) -> Detection:
        """Return a verdict without numbers: LEARNING or UNKNOWN."""
        return Detection(
            status=status,
            detector=self.detector,
            trained_from=self.first,
            trained_to=self.last,
            n_train=self.n_train,
            runs_needed=runs_needed,
            min_p_value=min_p_value(self.n_train) if self.n_train >= self.min_train else None,
            alpha=alpha,
        )

    def _told(self, p_value: float, side: float, alpha: float, band: Band = (None, None, None)) -> Detection:
        """Return the verdict of a p-value, raised to what n points support; the sign of `side` is the direction."""
        least = min_p_value(self.n_train)
        p_value = max(least, p_value)
        lower, expected, upper = band
        return Detection(
            status=DetectionStatus.ANOMALOUS if p_value < alpha else DetectionStatus.NORMAL,
            score=score(p_value),
            p_value=p_value,
            lower=lower,
            expected=expected,
            upper=upper,
            direction=Direction.HIGH if side > 0.0 else Direction.LOW if side < 0.0 else Direction.NONE,
            detector=self.detector,
            trained_from=self.first,
            trained_to=self.last,
            n_train=self.n_train,
            min_p_value=least,
            alpha=alpha,
        )


class Learner(Detector):
    """A detector of a kind of noise and a cadence.

    Parameters
    ----------
    kind: the kind of noise.
    cadence: how often a point comes.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.
    """

    def __init__(self, kind: MetricKind = MetricKind.VALUE, cadence: Cadence = Cadence.IRREGULAR) -> None:
        try:
            self.kind = MetricKind(kind)
            self.cadence = Cadence(cadence)
        except ValueError as error:
            allowed = f"a kind of {[str(k) for k in MetricKind]} and a cadence of {[str(c) for c in Cadence]}"
            raise ParameterError("kind, cadence", (kind, cadence), allowed) from error

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kind={self.kind.value!r}, cadence={self.cadence.value!r})"
