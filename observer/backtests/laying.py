"""Faults laid over what is kept of versions, for the monitors that compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

import numpy as np

from detectors.model import MetricKind, Point
from detectors.synthetic import APPLIES, FAULTS, Fault, Injection
from observer.detection import as_float
from observer.effects import Batch, Trail, trail_of
from observer.history import SeriesKey
from observer.kept import Version
from observer.metrics import CATEGORIES, DISTRIBUTION, NOVELTY, metric
from observer.model import Distribution
from observer.monitors import Monitor

SHOWN: Mapping[str, frozenset[Fault]] = {
    DISTRIBUTION: frozenset({Fault.UNIT_CHANGE, Fault.DRIFT}),
    CATEGORIES: frozenset({Fault.CATEGORY_SWAP, Fault.DRIFT}),
    NOVELTY: frozenset({
        Fault.DROP, Fault.DUPLICATE_LOAD, Fault.NULL_BURST, Fault.UNIT_CHANGE, Fault.CATEGORY_SWAP, Fault.DRIFT,
    }),
}  # fmt: skip
"""The faults that what a monitor compares shows."""

_OF_TABLE = frozenset({Fault.DROP, Fault.DUPLICATE_LOAD})
_ROWS = frozenset({"row_count", "bytes"})


class Laying:
    """The versions that a monitor compares, and the effect sizes that faulty ones would have had in their places."""

    def __init__(
        self, monitor: Monitor, versions: Sequence[Version], slots: Sequence[int], left_out: Sequence[bool],
        at: Sequence[float],
    ) -> None:  # fmt: skip
        self._monitor, self._versions, self._slots, self._left_out, self._at = monitor, versions, slots, left_out, at
        self._known: dict[int, Trail[Any]] = {}

    @property
    def faults(self) -> tuple[Injection, ...]:
        """What can be laid over them."""
        shown = SHOWN[self._monitor.metric]
        return tuple(fault for fault in FAULTS if fault.fault in shown and not self._nowhere(fault.fault))

    def points(self, at: int, fault: Injection) -> list[Point]:
        """The effect sizes of the versions from the one at ``at`` on, were they faulty."""
        trail, found = deepcopy(self._before(at)), []
        for late, where in enumerate(range(at, min(at + fault.points, len(self._versions)))):
            wrong = faulty(self._versions[where], fault, late, turn=at)
            told = trail.take(wrong, self._slots[where], learn=not self._left_out[where])
            found.append(Point(self._at[where], as_float(told.value), told.exposure))
        return found

    def _before(self, at: int) -> Trail[Any]:
        """What is known before a version."""
        if at not in self._known:
            first = max((known for known in self._known if known < at), default=0)
            trail: Trail[Any] = deepcopy(self._known[first]) if first else trail_of(self._monitor)
            for where in range(first, at):
                trail.take(self._versions[where], self._slots[where], learn=not self._left_out[where])
            self._known[at] = trail
        return self._known[at]

    def _nowhere(self, fault: Fault) -> bool:
        """Whether no number of any version shows a fault."""
        if self._monitor.metric != NOVELTY:
            return False
        return not any(_columns(cast(Batch, version), fault) for version in self._versions)


def faulty(version: Version, fault: Injection, late: int, *, turn: int) -> Version:
    """A version with a fault that began ``late`` versions before; ``turn`` says which of several columns has it."""
    if version is None:
        return None
    if not isinstance(version, Distribution):
        return _faulty_batch(version, fault, late, turn)
    if version.points:
        times = fault.size if fault.fault is Fault.UNIT_CHANGE else 1.0 + _moved(fault, late)
        return replace(version, points=tuple(value * times for value in version.points))
    shares = _swapped(version, fault.size) if fault.fault is Fault.CATEGORY_SWAP else _grown(version, fault, late)
    return replace(version, top=tuple((name, round(many)) for (name, _), many in zip(version.top, shares, strict=True)))


def _moved(fault: Injection, late: int) -> float:
    return fault.size * (late + 1) / fault.points


def _swapped(version: Distribution, size: float) -> list[float]:
    """A share of the rows of each category has another: of the most frequent the least, and so on."""
    counts = [float(many) for _, many in version.top]
    return [(1.0 - size) * here + size * there for here, there in zip(counts, reversed(counts), strict=True)]


def _grown(version: Distribution, fault: Injection, late: int) -> list[float]:
    """The most frequent one grows by a share of itself, and the others give that."""
    first, *others = (float(many) for _, many in version.top)
    more = min(_moved(fault, late) * first, sum(others))
    return [first + more, *(many * (1.0 - more / sum(others)) for many in others)]


def _faulty_batch(batch: Batch, fault: Injection, late: int, turn: int) -> Batch:
    """What is measured of a table of which all rows, or one column, have a fault."""
    columns = _columns(batch, fault.fault)
    if not columns:
        return batch
    hit = columns[turn % len(columns)]
    return {key: _wrong(key, value, fault, late) if key in hit else value for key, value in batch.items()}


def _columns(batch: Batch, fault: Fault) -> list[set[SeriesKey]]:
    """The numbers that show a fault, column by column; of the table all at once."""
    found: dict[str | None, set[SeriesKey]] = {}
    for key in batch:
        if (key.column is None) == (fault in _OF_TABLE) and key.segment is None and _shows(key, fault):
            found.setdefault(key.column, set()).add(key)
    return [found[name] for name in sorted(found, key=str)]


def _shows(key: SeriesKey, fault: Fault) -> bool:
    kind = metric(key.metric, column=key.column).kind
    match fault:
        case Fault.NULL_BURST:
            return key.metric == "null_rate"
        case Fault.CATEGORY_SWAP:
            return key.metric == "true_rate"
        case Fault.DRIFT | Fault.UNIT_CHANGE:
            return kind in (MetricKind.MEAN, MetricKind.VALUE) and "length" not in key.metric
        case _:
            return key.metric in _ROWS


def _wrong(key: SeriesKey, value: float, fault: Injection, late: int) -> float:
    if fault.fault is Fault.DRIFT:
        return value * (1.0 + _moved(fault, late))
    kind = metric(key.metric, column=key.column).kind
    assert kind in APPLIES[fault.fault]
    return float(fault.over(np.array([value]), kind, value)[0])
