"""What categories a column has had, and how far a batch's are from them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import log, sqrt

from detectors.errors import HistoryError, ParameterError

POOL_MEMORY = 0.98
"""Discount of a pool's counts at each batch: about the last fifty count."""

OFTEN = 0.01
"""Share of a pool from which on a category that is absent from a batch is looked at."""

WANDERING = 5e-5
"""Variance of a category's share that is not sampling noise, as shares of real batches wander."""

Counts = Mapping[Hashable, float]
"""Category -> how many rows have it."""


def jensen_shannon(one: Counts, other: Counts) -> float:
    """Return the Jensen-Shannon distance, 0 (alike) to 1 (nothing in common), base 2 (Lin 1991).

    Parameters
    ----------
    one, other: how many rows each category has, at least 0 and not all 0.

    Raises
    ------
    HistoryError: a side has no rows.

    Examples
    --------
    >>> jensen_shannon({"a": 1}, {"b": 3}), jensen_shannon({"a": 1, "b": 1}, {"a": 5, "b": 5})
    (1.0, 0.0)
    """
    here, there = _shares(one), _shares(other)
    found = 0.0
    for category in here.keys() | there.keys():
        left, right = here.get(category, 0.0), there.get(category, 0.0)
        middle = 0.5 * (left + right)
        found += sum(0.5 * share * log(share / middle, 2) for share in (left, right) if share > 0.0)
    return sqrt(min(1.0, max(0.0, found)))


def _shares(counts: Counts) -> dict[Hashable, float]:
    total = sum(counts.values())
    if not total > 0.0:
        raise HistoryError("a side has no rows", "Compare batches that were measured.")
    return {category: count / total for category, count in counts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryShift:
    """How a batch's categories differ from those before.

    Parameters
    ----------
    unseen: share of the rows whose category was never seen, 0..1.
    largest: the largest change of a share, in standard deviations.
    category: the one that it is of; None if nothing changed.
    distance: Jensen-Shannon distance, 0..1.
    """

    unseen: float
    largest: float
    category: Hashable | None
    distance: float


class CategoryPool:
    """What categories a column has had, with old batches counting less and less.

    Parameters
    ----------
    memory: discount of the counts at each batch, above 0 and at most 1.

    Raises
    ------
    ParameterError: `memory` is outside its range.

    Examples
    --------
    >>> pool = CategoryPool()
    >>> pool.learn({"UA": 120, "B6": 80})
    >>> pool.shift({"UA": 100, "B6": 60, "ZZ": 40}).unseen
    0.2
    """

    __slots__ = ("counts", "memory")

    def __init__(self, memory: float = POOL_MEMORY) -> None:
        if not 0.0 < memory <= 1.0:
            raise ParameterError("memory", memory, "a number above 0 and at most 1")
        self.memory = memory
        self.counts: dict[Hashable, float] = {}

    def learn(self, counts: Counts) -> None:
        """Take in a batch."""
        for category in self.counts:
            self.counts[category] *= self.memory
        for category, count in counts.items():
            self.counts[category] = self.counts.get(category, 0.0) + count

    def shift(self, counts: Counts) -> CategoryShift:
        """Return how a batch differs from the pool; teaches nothing.

        Raises
        ------
        HistoryError: the batch or the pool has no rows.
        """
        rows = sum(counts.values())
        shares, before = _shares(counts), _shares(self.counts)
        largest, which = 0.0, None
        for category in shares.keys() | {known for known, share in before.items() if share > OFTEN}:
            now, then = shares.get(category, 0.0), before.get(category, 0.0)
            change = abs(now - then) / sqrt((then * (1.0 - then) + 0.5 / rows) / rows + WANDERING)
            if change > largest:
                largest, which = change, category
        unseen = sum(share for category, share in shares.items() if category not in before)
        distance = jensen_shannon(counts, self.counts)
        return CategoryShift(unseen=unseen, largest=largest, category=which, distance=distance)
