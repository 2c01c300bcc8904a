"""Fixed bounds: what somebody knows about a number without any history."""

from __future__ import annotations

from math import isfinite
from typing import ClassVar

from detectors.base import Detector, State
from detectors.calibrate import check_alpha, score
from detectors.errors import ParameterError
from detectors.model import Detection, DetectionStatus, Direction, Point

CERTAIN = 1e-12
"""The p-value of a broken bound: a bound is a law and not a statistic, so it ranks above what was learned."""


class ThresholdState(State):
    """Fixed bounds, which no point moves.

    Parameters
    ----------
    lower, upper: smallest and largest normal value, in the metric's unit; None is unbounded.
    """

    __slots__ = ("lower", "upper")

    def __init__(self, lower: float | None, upper: float | None) -> None:
        self.lower = lower
        self.upper = upper

    def judge(self, point: Point, *, alpha: float) -> Detection:
        check_alpha(alpha)
        least = min(CERTAIN, 0.5 * alpha)
        side = Direction.NONE
        if self.lower is not None and point.value < self.lower:
            side = Direction.LOW
        elif self.upper is not None and point.value > self.upper:
            side = Direction.HIGH
        p_value = 1.0 if side is Direction.NONE else least
        status = DetectionStatus.NORMAL if side is Direction.NONE else DetectionStatus.ANOMALOUS
        if not isfinite(point.value):
            return Detection(status=DetectionStatus.UNKNOWN, detector=Threshold.name, min_p_value=least, alpha=alpha)
        return Detection(
            status=status,
            score=score(p_value),
            p_value=p_value,
            lower=self.lower,
            upper=self.upper,
            direction=side,
            detector=Threshold.name,
            min_p_value=least,
            alpha=alpha,
        )

    def advance(self, point: Point) -> None:
        """Learn nothing: bounds don't move."""


class Threshold(Detector):
    """Judges a number by fixed bounds, from its first point on and without history.

    Parameters
    ----------
    lower: the smallest normal value, in the metric's unit; None is unbounded.
    upper: the largest normal value; None is unbounded.

    Raises
    ------
    ParameterError: no bound at all, one that is not finite, or lower > upper.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> str(Threshold(lower=1).detect(History.of([], []), Point(0.0, 0.0), alpha=0.001).status)
    'anomalous'
    """

    name: ClassVar[str] = "threshold"
    needs_history: ClassVar[bool] = False

    def __init__(self, lower: float | None = None, upper: float | None = None) -> None:
        given = [bound for bound in (lower, upper) if bound is not None]
        if not given or not all(isfinite(bound) for bound in given) or given != sorted(given):
            raise ParameterError("lower, upper", (lower, upper), "one or two finite bounds with lower <= upper")
        self.lower = lower
        self.upper = upper

    def start(self, utc_offset_s: float = 0.0) -> ThresholdState:
        """Return the bounds; the clock does not matter."""
        return ThresholdState(self.lower, self.upper)

    def __repr__(self) -> str:
        return f"Threshold(lower={self.lower!r}, upper={self.upper!r})"
