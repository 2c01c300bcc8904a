"""Fewer points than a screen has columns, with nothing lost that a reader would look for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from observer.model import EvaluationStatus
from observer.reads.model import SeriesPoint

MOST: Final = 1_000
"""Points of one plot: about as many as it has columns of pixels."""

_ALARMS = {EvaluationStatus.WARNED, EvaluationStatus.FAILED}
_EXTREMES = 4  # of each bucket: the lowest and highest value, the lowest and highest end of the range


def decimated(points: Sequence[SeriesPoint], most: int = MOST) -> tuple[SeriesPoint, ...]:
    """Some of ``points``, in their order; all of them if there are at most ``most``.

    Kept are the ends, each anomaly, whatever is held or marked, and both sides of each edge: where values begin or
    cease, where a range does, where points cease to be learned from. The others are dealt into equal buckets of which
    the extremes of the value and of the range stay, so what goes lies between what stays, a bucket away at most. Where
    there is more that must be kept than ``most``, only that is.
    """
    if len(points) <= most:
        return tuple(points)
    kept = set(_kept(points))
    for bucket in _buckets(len(points), max(0, most - len(kept)) // _EXTREMES):
        kept.update(_extremes(points, bucket))
    return tuple(points[index] for index in sorted(kept))


def _kept(points: Sequence[SeriesPoint]) -> Iterator[int]:
    yield from (0, len(points) - 1)
    for index, point in enumerate(points):
        if point.status in _ALARMS or point.mark is not None or point.held:
            yield index
    for index, (before, after) in enumerate(pairwise(points)):
        if _kind(before) != _kind(after):
            yield from (index, index + 1)


def _kind(point: SeriesPoint) -> tuple[bool, bool, bool, bool]:
    """What changes at an edge."""
    return point.value is None, point.lower is None, point.upper is None, point.excluded


def _buckets(size: int, many: int) -> Iterator[range]:
    for number in range(many):
        yield range(size * number // many, size * (number + 1) // many)


def _extremes(points: Sequence[SeriesPoint], bucket: range) -> Iterator[int]:
    valued = [index for index in bucket if points[index].value is not None]
    if valued:
        yield min(valued, key=lambda index: points[index].value or 0.0)
        yield max(valued, key=lambda index: points[index].value or 0.0)
    if below := [index for index in bucket if points[index].lower is not None]:
        yield min(below, key=lambda index: points[index].lower or 0.0)
    if above := [index for index in bucket if points[index].upper is not None]:
        yield max(above, key=lambda index: points[index].upper or 0.0)
