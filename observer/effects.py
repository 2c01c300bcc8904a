"""Effect sizes: how far a version is from those before it, told of what is kept of each. Pure: no database, no clock.

They are told anew of what is kept wherever they are needed, so that a monitor has the whole past from its first day on,
and what people say of a version counts for all that came after it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from math import exp, log, log1p
from typing import TYPE_CHECKING, Generic, TypeVar

from detectors.model import MetricKind
from observer.history import SeriesKey
from observer.metrics import CATEGORIES, DISTRIBUTION, EFFECTS, MEASURES, METRICS, Order, metric
from observer.model import Distribution, Effect
from observer.monitors import Monitor
from observer.moved import in_words
from observer.quantities import quantity

if TYPE_CHECKING:
    from detectors.measures import Measure
    from detectors.novelty import Quantity
    from detectors.shift import Sample

V = TypeVar("V")

FORTNIGHT = 14
"""Versions before one is told how novel it is: of fewer nobody knows how far each of their numbers goes."""

NAMED = 3
"""How many metrics a novelty names."""

_LITTLE = 0.05  # standard deviation of the logarithm of a count that is believed at least
_UNTOLD = frozenset({"latest", "profile_statements", *EFFECTS})
"""What says nothing of a batch: it moves with time, or comes of looking."""


class Trail(ABC, Generic[V]):
    """What is known of the versions before, as far as one monitor compares with them."""

    @abstractmethod
    def effect(self, version: V, slot: int) -> Effect:
        """How far a version is from them; teaches nothing. ``slot`` as in ``detectors.shift``."""

    @abstractmethod
    def take(self, version: V, slot: int, *, learn: bool) -> Effect:
        """What ``effect`` says, and the version taken in, if it is to be learned from."""


class SpreadTrail(Trail[Distribution | None]):
    """How the values of one column were spread."""

    def __init__(self, *, categories: bool, measure: Measure | None = None) -> None:
        from detectors.categories import CategoryReference
        from detectors.ranks import RankReference
        from detectors.shift import Shifts

        self._categories = categories
        together = CategoryReference if categories else RankReference
        default = MEASURES[CATEGORIES if categories else DISTRIBUTION][0]
        self._shifts = Shifts(partial(together, measure=measure or default))

    def effect(self, version: Distribution | None, slot: int) -> Effect:
        return self.take(version, slot, learn=False)

    def take(self, version: Distribution | None, slot: int, *, learn: bool) -> Effect:
        from detectors.shift import FEWEST

        sample = sample_of(version, categories=self._categories)
        if isinstance(sample, str):
            return Effect(value=None, reason=sample)
        found, known = self._shifts.shift(sample, slot), len(self._shifts.window)
        if learn:
            self._shifts.learn(sample, slot, found)
        if found is None:
            return Effect(value=None, reason=_TOO_EARLY, runs_needed=FEWEST - known)
        exposure = 1.0 / found.chance if found.chance > 0.0 else None
        return Effect(value=found.effect, exposure=exposure, words=in_words(found.moves, found.slide))

    def beside(self, version: Distribution | None, slot: int) -> tuple[Sample, Sample] | None:
        """What it is compared with and itself, as samples; None where it can't be compared."""
        sample = sample_of(version, categories=self._categories)
        found = None if isinstance(sample, str) else self._shifts.nearest(sample, slot)
        return None if found is None or isinstance(sample, str) else (found[0].sample(), sample)


_TOO_EARLY = "there are too few versions to compare it with"


def sample_of(seen: Distribution | None, *, categories: bool) -> Sample | str:
    """What is kept of a version as it is compared, or why it can't be."""
    import numpy as np

    from detectors.shift import Sample

    if seen is None:
        return "how its values are spread is not kept"
    if not seen.values:
        return "no values"
    if categories and not seen.top:
        return (
            f"{seen.column} holds numbers; watch its {DISTRIBUTION}"
            if seen.points
            else f"most values of {seen.column} are there once, so it has no categories"
        )
    if not categories and not seen.points:
        return f"{seen.column} holds no numbers; watch its {CATEGORIES}"
    counts = {name: float(count) for name, count in seen.top} if categories else {}
    points = () if categories else np.array(seen.points)
    return Sample(values=float(seen.values), points=points, counts=counts, other=float(seen.other))


Batch = Mapping[SeriesKey, float]
"""What was measured of a version and has a value."""


class BatchTrail(Trail[Batch]):
    """Everything that was measured of the versions of an asset."""

    def __init__(self) -> None:
        from detectors.novelty import Batches

        self._batches = Batches()

    def effect(self, version: Batch, slot: int) -> Effect:
        return self.take(version, slot, learn=False)

    def take(self, version: Batch, slot: int, *, learn: bool) -> Effect:
        quantities = quantities_of(version)
        if not quantities:
            return Effect(value=None, reason="nothing was measured")
        found, known = self._batches.judge(quantities), self._batches.n_train
        if learn:
            self._batches.learn(quantities, found)
        if known < FORTNIGHT:
            return Effect(value=None, reason=_TOO_EARLY, runs_needed=FORTNIGHT - known)
        names = {_name(key): key for key in version}
        words = [_said(name, names.get(name), version) for name, _ in found.reasons[:NAMED]]
        return Effect(value=exp(found.score), words=f"most of all {', '.join(words)}" if words else "")


def quantities_of(batch: Batch) -> dict[str, Quantity]:
    """The numbers of a version by which its novelty is told."""
    return {_name(key): _quantity(key, value, batch) for key, value in batch.items() if tells(key)}


def tells(key: SeriesKey) -> bool:
    """Whether a number says something of a batch."""
    line = METRICS.get(key.metric)
    return key.metric not in _UNTOLD and (line is None or line.order is Order.DATA_TIME)


def _quantity(key: SeriesKey, value: float, batch: Batch) -> Quantity:
    from detectors.novelty import Quantity

    kind = metric(key.metric, column=key.column).kind
    if kind is MetricKind.RATE:
        return Quantity(value, batch.get(SeriesKey("row_count", None, key.segment)))
    if kind is MetricKind.COUNT and value >= 0.0:
        return Quantity(log1p(value), floor=_LITTLE)
    if key.metric == "std":
        return Quantity(log(value + 1e-9), floor=_LITTLE)
    return Quantity(value)


def _name(key: SeriesKey) -> str:
    return Monitor(metric=key.metric, column=key.column, segment=key.segment).label


def _said(name: str, key: SeriesKey | None, batch: Batch) -> str:
    if key is None:
        return f"{name} missing"
    unit = metric(key.metric, column=key.column).unit
    said = quantity(batch[key], unit)
    return said if unit == "rows" and key.segment is None else f"{name} {said}"


def trail_of(monitor: Monitor) -> SpreadTrail | BatchTrail:
    """A fresh one, for a monitor of effect sizes."""
    if monitor.metric in (DISTRIBUTION, CATEGORIES):
        return SpreadTrail(categories=monitor.metric == CATEGORIES, measure=monitor.measure)
    return BatchTrail()
