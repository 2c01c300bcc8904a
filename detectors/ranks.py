"""Batches of numbers put together, each known by its values at equally spaced ranks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from detectors.measures import Measure, by_chance, distance, stability_index, wasserstein
from detectors.shift import Move, Reference, Sample, Shift, Slide

if TYPE_CHECKING:
    from detectors.model import FloatArray

CELLS = 16
"""Into how many parts of equal probability all that is known is cut."""

PIECES = 64
"""Into how many parts of equal probability all are cut as one batch."""

QUARTILES = 1.349
"""Standard deviations of a Gaussian between its quartiles."""

NOTICED = 0.05
"""Standard deviations below which nobody is told that values have moved."""

BY_CHANCE = 4.0
"""The same of a batch of one value: what chance does to the quantiles of more shrinks with the root of their number."""

UNEVEN = 3.0
"""How many times as far as the one in their middle others have moved where a few rows have moved, not all of them."""

TOGETHER = 0.2
"""Share of the values that have to have moved for it to be told of them together."""

LARGEST = 1.7e308
"""Beyond it there are no numbers to cut at."""


class RankReference(Reference):
    """Batches of numbers, put together with the same weight for each.

    What is known of all is cut where its quantiles are, and beyond the farthest values by as much again as they lie
    from the middle. The smallest and the largest value of a batch, which one row decides, are left out.

    Parameters
    ----------
    samples: with `points`, equally many.
    measure: by what it is told how far another batch is from them; any but the share of what was never seen.

    Examples
    --------
    >>> day = Sample(values=1000, points=tuple(range(65)))
    >>> found = RankReference([day] * 7).shift(Sample(values=1000, points=tuple(range(0, 130, 2))))
    >>> found.moves[0].above, round(found.moves[0].before, 2), round(found.moves[0].now, 2)
    (60.0, 0.05, 0.52)
    """

    def __init__(self, samples: Sequence[Sample], measure: Measure = Measure.JENSEN_SHANNON) -> None:
        import numpy as np

        self.measure = measure
        known = np.sort(np.concatenate([sample.points[1:-1] for sample in samples]))
        self.values = sum(sample.values for sample in samples)
        self.known: FloatArray = known
        self.edges = _edges(known)
        self.spread = _spread(known)
        self.below: FloatArray = np.searchsorted(known, self.edges, side="right") / len(known)

    def shift(self, sample: Sample) -> Shift:
        import numpy as np

        here = shares_below(np.asarray(sample.points[1:-1]), self.edges)
        now, before = (np.concatenate([each, [1.0]]) - np.concatenate([[0.0], each]) for each in (here, self.below))
        inner = np.asarray(sample.points[1:-1])
        usual = self._at_ranks(len(inner))
        return Shift(
            effect=self._effect(now, before, inner, usual),
            chance=by_chance(self.measure, int((before > 0.0).sum()), sample.values, self.values),
            moves=(self._move(here),),
            slide=_slide(inner, usual, self.spread * max(NOTICED, BY_CHANCE / sample.values**0.5)),
        )

    def _at_ranks(self, count: int) -> FloatArray:
        """Return float64[count]: what is known at the ranks that the inner values of a batch have."""
        import numpy as np

        ranks = np.arange(1, count + 1) / (count + 1)
        return np.asarray(self.known[(ranks * len(self.known)).astype(int)])

    def _effect(self, now: FloatArray, before: FloatArray, inner: FloatArray, usual: FloatArray) -> float:
        if self.measure is Measure.WASSERSTEIN:
            return wasserstein(inner, usual, self.spread)
        return stability_index(now, before) if self.measure is Measure.STABILITY else distance(now, before)

    def sample(self) -> Sample:
        import numpy as np

        return Sample(
            values=self.values, points=self.known[np.linspace(0, len(self.known) - 1, PIECES + 1).astype(int)]
        )

    def _move(self, here: FloatArray) -> Move:
        """Return the largest change of the share on one side of a value (Kolmogorov 1933)."""
        at = int(abs(here - self.below).argmax())
        edge, below, before = float(self.edges[at]), float(here[at]), float(self.below[at])
        if below < before:
            return Move(before=1.0 - before, now=1.0 - below, above=edge)
        return Move(before=before, now=below, upto=edge)


def _spread(known: FloatArray) -> float:
    """Return the standard deviation of values in order, as their quartiles tell it, or where they lie together, all."""
    import numpy as np

    count = len(known)
    with np.errstate(over="ignore", invalid="ignore"):
        between = float(known[3 * count // 4] - known[count // 4]) / QUARTILES
        found = between if between > 0.0 else float(known[-1] - known[0]) / QUARTILES
    return min(found, LARGEST) or 1.0


def _slide(inner: FloatArray, usual: FloatArray, least: float) -> Slide | None:
    """Return which values have moved together by more than `least`: the longest run of ranks at which all have."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        away = inner - usual
    far = float(np.sort(np.abs(away))[-len(away) // 4])
    if not least < far < LARGEST:
        return None
    ways = np.where(np.abs(away) < far / 2.0, 0.0, np.sign(away)).tolist()
    runs = [[at for at, _ in run] for way, run in groupby(enumerate(ways), key=itemgetter(1)) if way]
    longest = max(runs, key=len)
    if len(longest) < TOGETHER * len(away):
        return None
    first, last = longest[0], longest[-1] + 1
    moved = np.sort(np.abs(away[first:last]))
    by = float(moved[len(moved) // 2])
    if moved[-1 - len(moved) // 10] > UNEVEN * by:
        return None
    return Slide(first=first / len(away), last=last / len(away), by=by if ways[first] > 0.0 else -by)


def _edges(known: FloatArray) -> FloatArray:
    """Return where to cut, from all values in order."""
    import numpy as np

    ranks = np.arange(1, CELLS) * len(known) // CELLS
    least, middle, most = (float(known[at]) for at in (0, len(known) // 2, -1))
    lowest, highest = max(least - (middle - least), -LARGEST), min(most + (most - middle), LARGEST)
    cuts = np.concatenate([[np.nextafter(lowest, -np.inf)], known[ranks], [highest]])
    return np.asarray(cuts[np.concatenate([[True], cuts[1:] > cuts[:-1]])])


def shares_below(inner: FloatArray, edges: FloatArray) -> FloatArray:
    """Return float64[e]: which share of a batch lies at or below each edge; straight between its values.

    Parameters
    ----------
    inner: float64[p], the values of a batch at equally spaced ranks, without the ends.
    edges: float64[e], increasing.
    """
    import numpy as np

    last = len(inner) - 1
    known = np.searchsorted(inner, edges, side="right")
    left, right = inner[np.maximum(known - 1, 0)], inner[np.minimum(known, last)]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        way = np.where(edges > left, (edges - left) / (right - left) - 0.5, 0.0)  # at a value, all that are equal to it
    shares = (known + np.where(np.isfinite(way), way, 0.0)) / len(inner)
    return np.maximum.accumulate(np.where(known == 0, 0.0, np.where(known > last, 1.0, shares)))
