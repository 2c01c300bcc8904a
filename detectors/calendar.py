"""Special days: holidays and known events are compared with their like, and never with ordinary days."""

from __future__ import annotations

import dataclasses
from math import inf, isfinite, sqrt

from detectors.base import Detector, State
from detectors.model import Detection, MetricKind, Point
from detectors.noise import NOISES, Noise

UNSEEN = 0.3
"""Standard deviation of what a special day does, before one has been seen, as a share of what is expected on the
working scale: of a count a third to more than twice as many."""

LEAST = 1.0
"""How far it may be off at least, as a share of the half width of an ordinary day's band."""

MOST_SEEN = 12
"""So many of the newest days of a kind are remembered."""

WIDE = 2.5
"""Half a band in standard deviations, as far as the uncertainty of a special day's effect is concerned."""


class CalendarState(State):
    """What is known of ordinary days, and how far off it the special days were.

    Parameters
    ----------
    inner: what is known of ordinary days.
    noise: of the kind of metric.
    """

    __slots__ = ("effects", "inner", "noise")

    def __init__(self, inner: State, noise: Noise) -> None:
        self.inner = inner
        self.noise = noise
        self.effects: list[tuple[int, float]] = []
        """(kind of day, how far it was off what was expected of an ordinary one), oldest first."""

    def judge(self, point: Point, *, alpha: float) -> Detection:
        found = self.inner.judge(point, alpha=alpha)
        if not point.special or found.p_value is None or found.expected is None or not self.noise.possible(point.value):
            return found
        middle = self.noise.forward(found.expected)
        reaches = [_reach(self.noise, edge, middle) for edge in (found.lower, found.upper)]
        shift, doubt = self._effect(point.special, middle, min(reaches[1], reaches[0] or inf))
        wide = [sqrt(reach * reach + doubt * doubt) if isfinite(reach) else inf for reach in reaches]
        off = self.noise.forward(point.value) - middle - shift
        like = self._like(point, middle + off * _share(reaches[off > 0.0], wide[off > 0.0]))
        lower = None if found.lower is None else self._edge(found.lower, middle + shift - wide[0])
        upper = None if found.upper is None else self._edge(found.upper, middle + shift + wide[1])
        expected = self.noise.backward(middle + shift)
        told = self.inner.judge(like, alpha=alpha)
        return dataclasses.replace(told, lower=lower, expected=expected, upper=upper)

    def _edge(self, ordinary: float, moved: float) -> float:
        """Return an end of the band; what is the least or most that can be measured stays that."""
        if ordinary in (self.noise.minimum, self.noise.maximum):
            return ordinary
        return self.noise.backward(moved)

    def _like(self, point: Point, worked: float) -> Point:
        """Return the ordinary day's point that is as far off as this one is of a special day."""
        value = self.noise.backward(worked)
        at = point.at - point.value + value if self.noise.kind is MetricKind.ARRIVAL else point.at
        return dataclasses.replace(point, at=at, value=value, special=0)

    def _effect(self, special: int, middle: float, half: float) -> tuple[float, float]:
        """Return what such a day does, shrunk towards nothing, and how much that may be wrong."""
        seen = [effect for kind, effect in self.effects if kind == special]
        shift = sum(seen) / (len(seen) + 1.0)
        first = max(UNSEEN * abs(middle), LEAST * half / WIDE if isfinite(half) else 0.0)
        square = first * first + sum((effect - shift) ** 2 for effect in seen)
        return shift, WIDE * sqrt(square / (len(seen) + 1.0))

    def advance(self, point: Point) -> None:
        if not point.special:
            self.inner.advance(point)
            return
        if not isfinite(point.value) or not self.noise.possible(point.value):
            return
        found = self.inner.judge(dataclasses.replace(point, special=0), alpha=0.05)
        if found.expected is not None:
            effect = self.noise.forward(point.value) - self.noise.forward(found.expected)
            self.effects = [*self.effects, (point.special, effect)][-MOST_SEEN:]


def _reach(noise: Noise, edge: float | None, middle: float) -> float:
    """Return how far an end of the band is from what is expected, on the working scale."""
    return inf if edge is None else abs(noise.forward(edge) - middle)


def _share(reach: float, wide: float) -> float:
    return reach / wide if isfinite(wide) and wide > 0.0 else 1.0


class Calendared(Detector):
    """A detector for series some of whose days are special: holidays, sales, the load at the end of a month.

    Special days teach nothing about ordinary ones. What each kind of them does is learned apart, as how far it was off
    what was expected of an ordinary day, shrunk towards nothing by n / (n + 1) after n of them, so a holiday that
    changes nothing soon changes no band. Of a kind that has not been seen nothing is known but that it may differ: its
    band is wider, and only what no such day would explain alarms.

    Parameters
    ----------
    inner: judges ordinary days; where it has no band, it judges special ones too, and doesn't learn them.
    kind: the kind of noise that `inner` is made for.

    Raises
    ------
    ValueError: `kind` is not one of its enumeration.

    References
    ----------
    Box and Tiao (1975), "Intervention analysis", for effects of known days; Lindley and Smith (1972) for shrinking what
    few of them show.

    Examples
    --------
    >>> from detectors.adaptive import Adaptive
    >>> from detectors.model import History
    >>> orders = History.of([86400 * day for day in range(40)], [1000 + day % 5 for day in range(40)])
    >>> detector = Calendared(Adaptive(MetricKind.COUNT), MetricKind.COUNT)
    >>> holiday = [Point(86400.0 * 40, 400.0, special=special) for special in (0, 1)]
    >>> [str(detector.detect(orders, day, alpha=0.001).status) for day in holiday]
    ['anomalous', 'normal']
    """

    def __init__(self, inner: Detector, kind: MetricKind) -> None:
        self.inner = inner
        self.kind = MetricKind(kind)

    @property
    def name(self) -> str:  # type: ignore[override]  # of the one whose verdicts they are
        """The name of the detector inside."""
        return self.inner.name

    @property
    def banded(self) -> bool:  # type: ignore[override]  # as the name
        """As the detector inside."""
        return self.inner.banded

    def start(self, utc_offset_s: float = 0.0) -> CalendarState:
        """Return the state of a series without a past."""
        return CalendarState(self.inner.start(utc_offset_s), NOISES[self.kind])

    def __repr__(self) -> str:
        return f"Calendared({self.inner!r}, {self.kind.value!r})"
