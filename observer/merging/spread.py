"""How the values of all parts together are spread, from how those of each are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer.merging.part import Part, lacking
from observer.model import Accuracy, AccuracyKind, Distribution

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

TOP = 20

Weighed = Sequence[tuple[float, Distribution]]
"""Distributions of parts, each with the number of its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedDistribution:
    """How values are spread, or why that can't be told.

    ``error`` is, of points, the most that a rank is off by; of the most frequent, the most that a share may be too low.
    """

    distribution: Distribution | None
    error: float = 0.0
    reason: str | None = None


def quartile(share: float, parts: Weighed) -> tuple[float, Accuracy]:
    """The value at a rank of 0..1."""
    import numpy as np

    grid, ranks = _ranks(parts)
    at = min(int(np.searchsorted(ranks, share)), len(grid) - 1)
    return float(grid[at]), Accuracy(AccuracyKind.APPROXIMATE, round(rank_error(parts), 4))


def rank_error(parts: Weighed) -> float:
    """The most that a rank is off by: a piece of its part, a step of one value, and what the samples are off by."""
    total = math.fsum(count for count, _ in parts)
    pieces = max(len(one.points) - 1 for _, one in parts)
    steps = math.fsum(count / total / one.values for count, one in parts)
    return 1 / pieces + steps + _of_samples(parts)


def _of_samples(parts: Weighed) -> float:
    """Three times the rms error of a share: a sample of n values has at most sqrt(1/4 / n), and each is its own."""
    total = math.fsum(count for count, _ in parts)
    squares = [(count / total) ** 2 / (4 * one.values) for count, one in parts if one.rate < 1]
    return 3 * math.sqrt(math.fsum(squares))


def merged_distribution(column: str, parts: Sequence[Part]) -> MergedDistribution:
    """Points where every part with values has them, else the most frequent values."""
    if (why := lacking(parts, column)) is not None:
        return MergedDistribution(distribution=None, reason=why)
    there = [part for part in parts if part.values]
    for part in there:
        if part.spread is None:
            return MergedDistribution(distribution=None, reason=f"how the values of {part.name} are spread is not kept")
    weighed = [(part.values, part.spread) for part in there if part.spread is not None]
    if not weighed:
        return MergedDistribution(distribution=Distribution(column=column, values=0, rate=1.0))
    if len({bool(one.points) for _, one in weighed}) > 1:
        return MergedDistribution(distribution=None, reason="the column is of another kind in some of them")
    return _points(column, weighed) if weighed[0][1].points else _top(column, weighed, [part.name for part in there])


def _points(column: str, parts: Weighed) -> MergedDistribution:
    import numpy as np

    grid, ranks = _ranks(parts)
    pieces = max(len(one.points) - 1 for _, one in parts)
    at = np.minimum(np.searchsorted(ranks, np.linspace(0, 1, pieces + 1) - 1e-12), len(grid) - 1)
    looked_at, rate = _looked_at(parts)
    points = tuple(float(value) for value in grid[at])
    found = Distribution(column=column, values=looked_at, rate=rate, points=points)
    return MergedDistribution(distribution=found, error=rank_error(parts))


def _top(column: str, parts: Weighed, names: Sequence[str]) -> MergedDistribution:
    """A value that isn't among the most frequent of a part may still be there as often as the least of them."""
    for name, (_, one) in zip(names, parts, strict=True):
        if not one.top:
            return MergedDistribution(distribution=None, reason=f"{name} has no most frequent values")
    total = math.fsum(count for count, _ in parts)
    everywhere = {value for _, one in parts for value, _ in one.top}
    shares, unseen = dict.fromkeys(everywhere, 0.0), dict.fromkeys(everywhere, 0.0)
    for count, one in parts:
        weight, known = count / total / one.values, dict(one.top)
        least = min(known.values()) if one.other else 0
        for value in everywhere:
            shares[value] += weight * known[value] if value in known else 0
            unseen[value] += 0 if value in known else weight * min(least, one.other)
    looked_at, rate = _looked_at(parts)
    best = sorted(shares.items(), key=lambda each: (-each[1], each[0]))[:TOP]
    top = tuple((value, round(share * looked_at)) for value, share in best)
    found = Distribution(
        column=column, values=looked_at, rate=rate, top=top, other=max(0, looked_at - sum(n for _, n in top))
    )
    return MergedDistribution(distribution=found, error=max(unseen[value] for value, _ in best) + _of_samples(parts))


def _looked_at(parts: Weighed) -> tuple[int, float]:
    """How many values the distributions rest on, and which share of all that is."""
    looked_at = sum(one.values for _, one in parts)
    return looked_at, min(1.0, looked_at / math.fsum(count for count, _ in parts))


def _ranks(parts: Weighed) -> tuple[Floats, Floats]:
    """The points of all parts, and which share of all values lies at or below each."""
    import numpy as np

    grid = np.unique(np.concatenate([one.points for _, one in parts]))
    total = math.fsum(count for count, _ in parts)
    ranks: Floats = sum((count * _share_below(np.array(one.points), grid) for count, one in parts), np.zeros(len(grid)))
    return grid, ranks / total


def _share_below(points: Floats, grid: Floats) -> Floats:
    """Which share of a part lies at or below each place of the grid; straight between its points."""
    import numpy as np

    pieces = len(points) - 1
    last = np.searchsorted(points, grid, side="right") - 1  # the last of equal points: a jump counts as a whole
    inside = np.clip(last, 0, pieces - 1)
    left, right = points[inside], points[inside + 1]
    way = np.divide(grid - left, right - left, out=np.ones_like(grid), where=right > left)
    shares = (inside + np.clip(way, 0, 1)) / pieces
    return np.where(last < 0, 0.0, np.where(last >= pieces, 1.0, shares))
