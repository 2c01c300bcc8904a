"""What is kept of one part of the data, so that the profile of many parts needs no further look at them.

Counts, extremes and moments merge exactly (but for the rounding of sums); distinct values by the registers of a
HyperLogLog, which merge as if all rows had been seen at once; quartiles by points of each part's distribution, right to
within ``RANK_ERROR`` of the rank, besides what a part's own sample is off by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from observer.collectors.compiled import sample_rate
from observer.collectors.hyperloglog import estimate, union
from observer.collectors.profile import profile
from observer.collectors.relation import Field, Relation
from observer.collectors.scan import Measured, number, scan
from observer.metrics import ColumnKind
from observer.model import Accuracy, AccuracyKind, Observation

Floats = npt.NDArray[np.float64]
PIECES = 64
RANK_ERROR = 1 / PIECES
_QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}
_EXTREMES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "min": min, "max": max, "min_length": min, "max_length": max, "latest": max,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnState:
    """One column of one part.

    ``registers`` are a HyperLogLog's, ``points`` the values at ranks 0, 1/64 ... 1; None where the engine gives none.
    """

    values: float
    seen: Mapping[str, Observation]
    registers: tuple[int, ...] | None = None
    points: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class PartState:
    """One part: its rows and its columns by name."""

    rows: float
    columns: Mapping[str, ColumnState]


def state(relation: Relation) -> PartState:
    """Measure one part so that it can be merged; the scan is the profile's own."""
    sketch, points = relation.dialect.registers, relation.dialect.points
    asked = [sketch.format(c=field.sql) for field in relation.fields] if sketch else []
    found = profile(relation, asked)
    rows, why = number(found.rows)
    if rows is None:
        raise ValueError(f"the part's rows could not be counted: {why}; nothing can be merged with it")
    numbers = [field for field in relation.fields if field.kind is ColumnKind.NUMBER]
    placed = dict(zip((f.name for f in numbers), _placed(relation, numbers, points), strict=True)) if points else {}
    registers = dict(zip((f.name for f in relation.fields), found.values, strict=True)) if asked else {}
    columns: dict[str, ColumnState] = {}
    for column in relation.schema.columns:
        seen = {one.metric: one for one in found.observations if one.column == column.name}
        nulls = seen["null_rate"].value
        columns[column.name] = ColumnState(
            values=0.0 if not rows else math.nan if nulls is None else round(rows * (1 - nulls)),
            seen=seen,
            registers=_registers(registers.get(column.name)),
            points=placed.get(column.name),
        )
    return PartState(rows, columns)


def _placed(relation: Relation, fields: Sequence[Field], template: str) -> list[tuple[float, ...] | None]:
    rate = sample_rate(relation.rows, len(relation.fields))
    looked_at = relation if rate == 1 or not fields else relation.sample(rate, fields)
    shares = ", ".join(str(n / PIECES) for n in range(PIECES + 1))
    found = scan(looked_at, [[template.format(c=field.sql, shares=shares)] for field in fields])
    return [_points(one) for (one,) in found]


def _points(measured: Measured) -> tuple[float, ...] | None:
    if not isinstance(measured.value, str):
        return None
    points = tuple(json.loads(measured.value))
    return points if all(isinstance(point, float) and math.isfinite(point) for point in points) else None


def _registers(measured: Measured | None) -> tuple[int, ...] | None:
    if measured is None or not isinstance(measured.value, str):
        return None
    return tuple(json.loads(measured.value)["registers"])


def merged(parts: Sequence[PartState]) -> tuple[Observation, ...]:
    """The profile of all parts together; a metric that a part doesn't have is None, with the reason."""
    rows = sum(part.rows for part in parts)
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    out = [Observation(metric="row_count", value=rows)]
    for name in names:
        states = [part.columns[name] for part in parts if name in part.columns and part.rows]
        lacking = next((part for part in parts if name not in part.columns and part.rows), None)
        if not rows:
            states = [part.columns[name] for part in parts if name in part.columns]
        for metric in dict.fromkeys(metric for one in states for metric in one.seen):
            if lacking is not None:
                out.append(Observation(metric=metric, column=name, value=None, reason="a part has no such column"))
            else:
                out.append(_merged(metric, name, states, rows))
    return tuple(out)


def _merged(metric: str, column: str, states: Sequence[ColumnState], rows: float) -> Observation:
    def missing(reason: str) -> Observation:
        return Observation(metric=metric, column=column, value=None, reason=reason)

    if not rows:
        return missing("no rows")
    if any(one.values != one.values for one in states):
        return missing("a part's values could not be counted")
    values = sum(one.values for one in states)
    if metric == "null_rate":
        return Observation(metric=metric, column=column, value=(rows - values) / rows)
    there = [one for one in states if one.values]
    if metric == "distinct_count":
        return _distinct(column, there)
    if not there:
        return missing("no values")
    if metric in _QUARTILES:
        return _quartile(metric, column, there)
    if metric == "std" and values == 1:
        return missing("a single value")
    needed = [(one, name) for one in there for name in _needed(metric) if name != "std" or one.values > 1]
    lost = [one.seen[name].reason for one, name in needed if one.seen[name].value is None]
    if lost:
        return missing(lost[0] or "a part could not be measured")
    found = _std(there) if metric == "std" else _scalar(metric, there)
    return Observation(metric=metric, column=column, value=found)


def _needed(metric: str) -> tuple[str, ...]:
    return ("mean", "std") if metric == "std" else (metric,)


def _scalar(metric: str, states: Sequence[ColumnState]) -> float:
    known = [(one.values, one.seen[metric].value or 0.0) for one in states]
    if metric in _EXTREMES:
        return _EXTREMES[metric]([value for _, value in known])
    return math.fsum(count * value for count, value in known) / sum(count for count, _ in known)


def _std(states: Sequence[ColumnState]) -> float:
    """The squares within the parts and between them (Chan, Golub and LeVeque, 1979)."""
    count = sum(one.values for one in states)
    mean = _scalar("mean", states)
    within = [(one.seen["std"].value or 0.0) ** 2 * (one.values - 1) for one in states]
    between = [one.values * ((one.seen["mean"].value or 0.0) - mean) ** 2 for one in states]
    return math.sqrt(math.fsum([*within, *between]) / (count - 1))


def _distinct(column: str, states: Sequence[ColumnState]) -> Observation:
    if not states:
        return Observation(metric="distinct_count", column=column, value=0.0)
    registers = [one.registers for one in states]
    if any(one is None for one in registers):
        reason = "the engine gives no sketch of distinct values that could be merged"
        return Observation(metric="distinct_count", column=column, value=None, reason=reason)
    joined = union([one for one in registers if one is not None])
    values = sum(one.values for one in states)
    return Observation(
        metric="distinct_count", column=column, value=min(float(estimate(joined)), values),
        accuracy=Accuracy(AccuracyKind.APPROXIMATE, round(1.04 / math.sqrt(len(joined)), 4)),
    )  # fmt: skip


def _quartile(metric: str, column: str, states: Sequence[ColumnState]) -> Observation:
    placed = [(one.values, one.points) for one in states if one.points is not None]
    if len(placed) < len(states):
        reason = "the engine gives no points of the distribution that could be merged, or values are infinite"
        return Observation(metric=metric, column=column, value=None, reason=reason)
    grid = np.unique(np.concatenate([points for _, points in placed]))
    total = sum(count for count, _ in placed)
    ranks = sum(count * _share_below(np.array(points), grid) for count, points in placed) / total
    at = min(int(np.searchsorted(ranks, _QUARTILES[metric])), len(grid) - 1)
    accuracy = Accuracy(AccuracyKind.APPROXIMATE, RANK_ERROR)
    return Observation(metric=metric, column=column, value=float(grid[at]), accuracy=accuracy)


def _share_below(points: Floats, grid: Floats) -> Floats:
    """Which share of a part lies at or below each place of the grid; straight between its points."""
    last = np.searchsorted(points, grid, side="right") - 1  # the last of equal points: a jump counts as a whole
    inside = np.clip(last, 0, PIECES - 1)
    left, right = points[inside], points[inside + 1]
    way = np.divide(grid - left, right - left, out=np.ones_like(grid), where=right > left)
    shares = (inside + np.clip(way, 0, 1)) / PIECES
    return np.where(last < 0, 0.0, np.where(last >= PIECES, 1.0, shares))
