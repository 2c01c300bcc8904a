"""What a monitor would notice today, and what it is blind to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from detectors.model import Detection, DetectionStatus
from observer.quantities import count, quantity

_NOT_BELOW_0 = {"rows", "rate", "s", "bytes", "characters", "distance", "effect"}
_NOT_ABOVE_1 = {"rate", "distance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the next point would have to be to alarm, as far as the newest verdict tells.

    Parameters
    ----------
    below, above: values beyond which it would alarm, in the metric's unit; None: nothing that can be measured on that
        side would.
    smallest: the smallest change from what is expected that would alarm, in the metric's unit; None: none would, or it
        is still learning.
    runs_needed: how many more points it has to learn from until it can judge one; 0: it can.
    """

    below: float | None = None
    above: float | None = None
    smallest: float | None = None
    runs_needed: int = 0

    @property
    def is_blind(self) -> bool:
        """Whether it can judge, and no value would alarm."""
        return not self.runs_needed and self.below is None and self.above is None

    def sentence(self, unit: str) -> str:
        """In words.

        >>> Sight(below=559.2, above=829.0, smallest=133.8).sentence("rows")
        'alarms below 560 rows or above 829 rows, from a change of 134 rows on'
        >>> Sight(runs_needed=2).sentence("rate")
        'can judge after 2 more runs'
        """
        if self.runs_needed:
            return f"can judge after {count(self.runs_needed, 'more run')}"
        if self.is_blind:
            return "blind: no value would alarm"
        bounds = (("below", self.below, ceil), ("above", self.above, floor))
        sides = [f"{side} {_said(bound, unit, outwards)}" for side, bound, outwards in bounds if bound is not None]
        change = "" if self.smallest is None else f", from a change of {_said(self.smallest, unit, ceil)} on"
        return f"alarms {' or '.join(sides)}{change}"


def sight_of(
    lower: float | None, expected: float | None, upper: float | None, unit: str, *, runs_needed: int = 0
) -> Sight:
    """What a band lets through; a bound beyond what a number of its unit can be is none."""
    below = None if lower is None or (unit in _NOT_BELOW_0 and lower <= 0) else lower
    above = None if upper is None or (unit in _NOT_ABOVE_1 and upper >= 1) else upper
    reaches = [abs(bound - expected) for bound in (below, above) if bound is not None and expected is not None]
    return Sight(below=below, above=above, smallest=min(reaches, default=None), runs_needed=runs_needed)


def sight_after(found: Detection, unit: str, *, trained: bool) -> Sight | None:
    """What is seen after a verdict; ``trained``: its point was learned from. None where it says nothing of that."""
    if found.status is DetectionStatus.UNKNOWN:
        return None
    if found.status is DetectionStatus.LEARNING:
        needed = found.runs_needed - trained
        return Sight(runs_needed=needed) if needed > 0 else None
    return sight_of(found.lower, found.expected, found.upper, unit)


def _said(value: float, unit: str, whole: Callable[[float], int]) -> str:
    """Rows are counted: the first number of them that alarms lies beyond a whole one."""
    return quantity(float(whole(value)) if unit == "rows" else value, unit)
