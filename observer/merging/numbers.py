"""A metric of all parts together.

Counts, extremes and moments merge exactly, but for the rounding of sums; distinct values by the registers of a
HyperLogLog, which merge as if all rows had been seen at once; quartiles by points of each part's values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from observer.collectors.hyperloglog import error, estimate, union
from observer.merging.part import Part, lacking
from observer.merging.spread import quartile
from observer.metrics import RANKS
from observer.model import EXACT, Accuracy, AccuracyKind, Observation

_SUMS = ("row_count", "bytes")
_MEANS = ("zero_rate", "negative_rate", "true_rate", "mean", "mean_length")
_EXTREMES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "min": min, "max": max, "min_length": min, "max_length": max, "latest": max,
}  # fmt: skip

MERGEABLE: tuple[str, ...] = (*_SUMS, "null_rate", "distinct_count", *_MEANS, *_EXTREMES, "std", *RANKS)
"""The metrics of the catalogue that parts can be put together of."""


class _Lacking(Exception):
    """Why there is no number."""


def merged(metric: str, column: str | None, parts: Sequence[Part]) -> Observation:
    """One of ``MERGEABLE`` of all parts together; without a value, and with the reason, where one can't be told."""
    try:
        value, accuracy = _of_table(metric, parts) if metric in _SUMS else _of_column(metric, column, parts)
    except _Lacking as reason:
        return Observation(metric=metric, column=column, value=None, reason=str(reason))
    return Observation(metric=metric, column=column, value=value, accuracy=accuracy)


def _of_table(metric: str, parts: Sequence[Part]) -> tuple[float, Accuracy]:
    if (why := lacking(parts, None)) is not None:
        raise _Lacking(why)
    return math.fsum(_value(part, metric) for part in parts), EXACT


def _of_column(metric: str, column: str | None, parts: Sequence[Part]) -> tuple[float, Accuracy]:
    if (why := lacking(parts, column)) is not None:
        raise _Lacking(why)
    rows, there = sum(part.rows for part in parts), [part for part in parts if part.values]
    if not rows:
        raise _Lacking("no rows")
    values = sum(part.values for part in there)
    if metric == "null_rate":
        return (rows - values) / rows, _worth(metric, parts)
    if not there and metric == "distinct_count":
        return 0.0, EXACT
    if not there:
        raise _Lacking("no values")
    if len(there) == 1:
        return _value(there[0], metric), there[0].seen[metric].accuracy
    if metric == "distinct_count":
        return _distinct(there, values)
    if metric in RANKS:
        return _quartile(metric, there)
    return _plain(metric, there), _worth(metric, there)


def _worth(metric: str, parts: Sequence[Part]) -> Accuracy:
    """Exact where all parts are; else the share of all rows that was looked at."""
    looked_at = [(part.rows, part.seen[metric].accuracy) for part in parts if part.rows]
    if all(accuracy == EXACT for _, accuracy in looked_at):
        return EXACT
    rates = [rows * (1.0 if accuracy == EXACT else accuracy.amount) for rows, accuracy in looked_at]
    return Accuracy(AccuracyKind.SAMPLED, round(math.fsum(rates) / math.fsum(rows for rows, _ in looked_at), 6))


def _plain(metric: str, parts: Sequence[Part]) -> float:
    if metric == "std":
        return _std(parts)
    if metric in _EXTREMES:
        return _EXTREMES[metric]([_value(part, metric) for part in parts])
    return _mean(metric, parts)


def _value(part: Part, metric: str) -> float:
    seen = part.seen.get(metric)
    if seen is None:
        raise _Lacking(f"{part.name} has none: its column is of another kind")
    if seen.value is None:
        raise _Lacking(f"{part.name}: {seen.reason}")
    return seen.value


def _mean(metric: str, parts: Sequence[Part]) -> float:
    total = math.fsum(part.values for part in parts)
    return math.fsum(part.values * _value(part, metric) for part in parts) / total


def _std(parts: Sequence[Part]) -> float:
    """The squares within the parts and between them (Chan, Golub and LeVeque, 1979)."""
    count, mean = math.fsum(part.values for part in parts), _mean("mean", parts)
    within = [_value(part, "std") ** 2 * (part.values - 1) for part in parts if part.values > 1]
    between = [part.values * (_value(part, "mean") - mean) ** 2 for part in parts]
    return math.sqrt(math.fsum([*within, *between]) / (count - 1))


def _distinct(parts: Sequence[Part], values: float) -> tuple[float, Accuracy]:
    known = [(part, part.sketch) for part in parts if part.sketch is not None]
    if len(known) < len(parts):
        first = next(part for part in parts if part.sketch is None)
        raise _Lacking(
            f"no sketch of {first.name} is kept: its engine counts without one, the column is sensitive, or it was "
            "measured before there were any"
        )
    (first, one), *others = known
    for other, sketch in others:
        if sketch.type != one.type:
            raise _Lacking(f"it is {one.type.lower()} in {first.name} and {sketch.type.lower()} in {other.name}")
        if sketch.hasher != one.hasher:
            raise _Lacking(f"{first.name} and {other.name} were measured by engines that hash in different ways")
    joined = union([sketch.registers for _, sketch in known])
    return min(float(estimate(joined)), values), Accuracy(AccuracyKind.APPROXIMATE, error(joined))


def _quartile(metric: str, parts: Sequence[Part]) -> tuple[float, Accuracy]:
    for part in parts:
        _value(part, metric)  # a sensitive column, or infinite values
        if part.spread is None or not part.spread.points:
            raise _Lacking(f"how the values of {part.name} are spread is not kept; ProfilePolicy(distributions=True)")
    return quartile(RANKS[metric], [(part.values, part.spread) for part in parts if part.spread is not None])
