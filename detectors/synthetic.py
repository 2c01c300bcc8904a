"""Series whose truth is known: noise of every kind, and faults laid over real or made history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from detectors.errors import ParameterError
from detectors.model import MetricKind

if TYPE_CHECKING:
    import numpy as np

    from detectors.model import FloatArray

ROWS = 500.0
"""Rows behind each point of binomial noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseCase:
    """Noise whose distribution is known, and the kind of metric that it is declared as.

    Parameters
    ----------
    kind: of metric.
    draw: returns float64[size] from a generator; calls are independent.
    continuous: whether values hardly ever repeat, so that false alarms can be as many as promised.
    rows: exposure of every point; None if there is none.
    """

    kind: MetricKind
    draw: Callable[[np.random.Generator, tuple[int, ...]], FloatArray]
    continuous: bool = False
    rows: float | None = None


def _gaussian(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    return rng.standard_normal(size) * 10.0 + 100.0


def _lognormal(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    import numpy as np

    return np.exp(rng.standard_normal(size) * 0.3 + 8.0)


def _poisson(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    return rng.poisson(40.0, size).astype(float)


def _negative_binomial(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    return rng.negative_binomial(8, 0.01, size).astype(float)


def _binomial(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    return rng.binomial(int(ROWS), 0.04, size) / ROWS


NOISE_CASES: dict[str, NoiseCase] = {
    "gaussian": NoiseCase(kind=MetricKind.MEAN, draw=_gaussian, continuous=True),
    "lognormal": NoiseCase(kind=MetricKind.COUNT, draw=_lognormal, continuous=True),
    "poisson": NoiseCase(kind=MetricKind.COUNT, draw=_poisson),
    "negative binomial": NoiseCase(kind=MetricKind.COUNT, draw=_negative_binomial),
    "binomial": NoiseCase(kind=MetricKind.RATE, draw=_binomial, rows=ROWS),
}
"""Name -> noise on which calibration is checked."""


class Fault(StrEnum):
    """What goes wrong with data, as one metric sees it."""

    DROP = "drop"
    """A share `size` of the rows is missing."""
    DUPLICATE_LOAD = "duplicate_load"
    """A share `size` of the rows is there twice."""
    NULL_BURST = "null_burst"
    """A share `size` of what was not null is."""
    UNIT_CHANGE = "unit_change"
    """Values are `size` times what they were."""
    DRIFT = "drift"
    """The level moves by a share `size` of itself, in equal steps over all points of the fault."""
    STALE = "stale"
    """The last value comes again and again; freshness, durations and waits grow by `size` times the last each time."""
    CATEGORY_SWAP = "category_swap"
    """Of a share `size` of the rows a flag is the opposite of what it should be."""


_MEASURED = frozenset(MetricKind) - {MetricKind.EFFECT}  # to lay a fault over an effect, lay it over what it is of

APPLIES: dict[Fault, frozenset[MetricKind]] = {
    Fault.DROP: frozenset({MetricKind.COUNT}),
    Fault.DUPLICATE_LOAD: frozenset({MetricKind.COUNT}),
    Fault.NULL_BURST: frozenset({MetricKind.RATE}),
    Fault.UNIT_CHANGE: frozenset({MetricKind.MEAN, MetricKind.VALUE}),
    Fault.DRIFT: _MEASURED,
    Fault.STALE: _MEASURED,
    Fault.CATEGORY_SWAP: frozenset({MetricKind.RATE}),
}
"""Fault -> kinds of metric that show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault of a size, for so many points.

    Parameters
    ----------
    fault: what goes wrong.
    size: how much, as the fault says, > 0.
    points: how long, >= 1.

    Raises
    ------
    ParameterError: a number is outside its range.
    """

    fault: Fault
    size: float
    points: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.size < float("inf"):
            raise ParameterError("size", self.size, "a finite number above 0")
        if self.points < 1:
            raise ParameterError("points", self.points, "1 or more")

    def over(self, value: FloatArray, kind: MetricKind, before: float) -> FloatArray:
        """Return what is measured instead of `value` while the fault lasts.

        Parameters
        ----------
        value: float64[points], what would have been measured.
        kind: of the metric.
        before: the last value before the fault.

        Raises
        ------
        ParameterError: a metric of this kind does not show the fault.

        Examples
        --------
        >>> import numpy as np
        >>> Injection(fault=Fault.DROP, size=0.4).over(np.array([1000.0]), MetricKind.COUNT, 990.0)
        array([600.])
        """
        if kind not in APPLIES[self.fault]:
            raise ParameterError("fault", self.fault.value, f"one that a {kind.value} shows")
        match self.fault:
            case Fault.DROP:
                return value * (1.0 - min(self.size, 1.0))
            case Fault.DUPLICATE_LOAD:
                return value * (1.0 + self.size)
            case Fault.NULL_BURST:
                return value + min(self.size, 1.0) * (1.0 - value)
            case Fault.UNIT_CHANGE:
                return value * self.size
            case Fault.CATEGORY_SWAP:
                return value + min(self.size, 1.0) * (1.0 - 2.0 * value)
            case Fault.DRIFT:
                return self._drift(value, kind)
            case Fault.STALE:
                return self._stale(value, kind, before)

    def _drift(self, value: FloatArray, kind: MetricKind) -> FloatArray:
        import numpy as np

        moved = value * (1.0 + self.size * np.arange(1, len(value) + 1) / len(value))
        return np.minimum(moved, 1.0) if kind is MetricKind.RATE else moved

    def _stale(self, value: FloatArray, kind: MetricKind, before: float) -> FloatArray:
        import numpy as np

        if kind in (MetricKind.FRESHNESS, MetricKind.DURATION, MetricKind.ARRIVAL):
            return value + self.size * abs(before) * np.arange(1, len(value) + 1)
        return np.full(len(value), before)

    def sized(self, size: float) -> Injection:
        """Return the same fault of another size."""
        return replace(self, size=size)


FAULTS: tuple[Injection, ...] = (
    *(Injection(fault=Fault.DROP, size=size) for size in (0.1, 0.3, 0.9)),
    *(Injection(fault=Fault.DUPLICATE_LOAD, size=size) for size in (0.1, 0.5, 1.0)),
    *(Injection(fault=Fault.NULL_BURST, size=size) for size in (0.02, 0.1, 0.5)),
    *(Injection(fault=Fault.UNIT_CHANGE, size=size) for size in (0.01, 1000.0)),
    *(Injection(fault=Fault.CATEGORY_SWAP, size=size) for size in (0.1, 0.5)),
    *(Injection(fault=Fault.DRIFT, size=size, points=14) for size in (0.2, 0.5)),
    Injection(fault=Fault.STALE, size=1.0, points=7),
)
"""What a backtest injects unless it is told otherwise."""
