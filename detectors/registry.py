"""Which detector watches what, and detectors by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points

from detectors.base import Detector
from detectors.errors import UnknownDetectorError
from detectors.model import Cadence, Detection, DetectionStatus, MetricKind

ENTRY_POINTS = "tidegate.detectors"
"""Entry point group in which other distributions offer detectors: name -> class."""

BUILT_IN: dict[str, str] = {
    "adaptive": "detectors.adaptive:Adaptive",
    "arrival": "detectors.arrival:Arrival",
    "drift": "detectors.drift:Drift",
    "effect": "detectors.effect:Effect",
    "episodic": "detectors.episodic:Episodic",
    "stuck": "detectors.stuck:StuckValue",
    "threshold": "detectors.threshold:Threshold",
}
"""Name -> module:class of what comes with the package; a built-in name cannot be taken by others."""

DEFAULT_TABLE: dict[MetricKind, tuple[tuple[str, float], ...]] = {
    MetricKind.COUNT: (("adaptive", 0.8), ("stuck", 0.1), ("drift", 0.1)),
    MetricKind.RATE: (("adaptive", 0.8), ("stuck", 0.1), ("drift", 0.1)),
    MetricKind.MEAN: (("adaptive", 0.8), ("stuck", 0.1), ("drift", 0.1)),
    MetricKind.DURATION: (("adaptive", 0.9), ("drift", 0.1)),
    MetricKind.FRESHNESS: (("adaptive", 0.9), ("drift", 0.1)),
    MetricKind.ARRIVAL: (("arrival", 1.0),),
    MetricKind.VALUE: (("adaptive", 0.8), ("stuck", 0.1), ("drift", 0.1)),
    MetricKind.EFFECT: (("effect", 1.0),),
}
"""Kind of metric -> the detectors that watch it with each one's share of the alpha; the shares sum to 1.

A run of equal waits or ages is no fault, so durations and freshness have no test for stuck values. An effect size is
already one of a change: it has neither that nor a drift of its own.
"""

MINUTELY_TABLE: tuple[tuple[str, float], ...] = (("episodic", 1.0),)
"""The same for every kind of metric that comes every few minutes, but for waits and effect sizes: such values rest and
wander all day, and what rests or wanders would alarm at each point of an episode."""


def names() -> tuple[str, ...]:
    """Return the names of all detectors that can be made, sorted.

    Examples
    --------
    >>> "adaptive" in names()
    True
    """
    return tuple(sorted({*BUILT_IN, *(entry.name for entry in entry_points(group=ENTRY_POINTS))}))


def detector(name: str, **parameters: object) -> Detector:
    """Make a detector by name.

    Parameters
    ----------
    name: one of `names()`.
    parameters: what the detector's class takes.

    Returns
    -------
    Detector: a new one.

    Raises
    ------
    UnknownDetectorError: no detector has the name.
    ParameterError: a parameter is outside its range.
    TypeError: the class has no such parameter.

    Examples
    --------
    >>> detector("threshold", upper=0.05)
    Threshold(lower=None, upper=0.05)
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        make: Callable[..., Detector] = getattr(import_module(module), attribute)
        return make(**parameters)
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        make = entry.load()
        return make(**parameters)
    raise UnknownDetectorError(name, names())


def default_detector(kind: MetricKind, cadence: Cadence = Cadence.IRREGULAR) -> Detector:
    """Return the detector that watches the level of a metric of this kind unless somebody says otherwise.

    Examples
    --------
    >>> default_detector(MetricKind.COUNT, Cadence.DAILY)
    Adaptive(kind='count', cadence='daily')
    """
    return default_detectors(kind, cadence)[0][0]


@lru_cache(maxsize=64)  # they are immutable, and asked for with each number that is judged
def default_detectors(kind: MetricKind, cadence: Cadence = Cadence.IRREGULAR) -> tuple[tuple[Detector, float], ...]:
    """Return all detectors that watch a metric of this kind, its level's first, with shares of alpha.

    Each is asked at `alpha * share`; together they keep the promise of alpha (Bonferroni 1936).

    Examples
    --------
    >>> [(member.name, share) for member, share in default_detectors(MetricKind.RATE)]
    [('adaptive', 0.8), ('stuck', 0.1), ('drift', 0.1)]
    """
    return tuple(
        (detector(name, kind=kind) if name == "stuck" else detector(name, kind=kind, cadence=cadence), share)
        for name, share in _table(MetricKind(kind), cadence)
    )


def _table(kind: MetricKind, cadence: Cadence) -> tuple[tuple[str, float], ...]:
    often = cadence is Cadence.MINUTELY and kind not in (MetricKind.ARRIVAL, MetricKind.EFFECT)
    return MINUTELY_TABLE if often else DEFAULT_TABLE[kind]


def foremost(verdicts: Sequence[Detection]) -> Detection:
    """Return the verdict of a whole table: its level's, or the most surprising alarm that the level does not raise.

    Parameters
    ----------
    verdicts: on one point, the level's first, each asked at its share of alpha.

    Returns
    -------
    Detection: the level's band and forecast are kept where another detector alarms, so that a value may be
        called anomalous inside the band; `detector`, `p_value` and `alpha` are of the one that alarms.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> values = [100, 104, 97, 101, 99, 103, 98, 102, 95, 105, 105, 105]
    >>> moving = History.of([86400 * day for day in range(12)], values)
    >>> table = default_detectors(MetricKind.VALUE)
    >>> again = Point(86400 * 12, 105)
    >>> foremost([member.detect(moving, again, alpha=0.1 * share) for member, share in table]).detector
    'stuck'
    """
    level = verdicts[0]
    alarms = [verdict for verdict in verdicts[1:] if verdict.status is DetectionStatus.ANOMALOUS]
    if level.status is DetectionStatus.ANOMALOUS or not alarms:
        return level
    worst = max(alarms, key=lambda verdict: verdict.score)
    return dataclasses.replace(worst, lower=level.lower, expected=level.expected, upper=level.upper)
