"""The catalogue's column metrics as SQL, and the numbers that come back as observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from observer.collectors.dialect import DUCKDB
from observer.collectors.relation import Field, Relation
from observer.collectors.scan import Measured, number, scan
from observer.collectors.tabular import Unreadable
from observer.metrics import METRICS, ColumnKind, Level
from observer.model import Observation

_OF_VALUES = {"zero_rate", "negative_rate", "true_rate"}
_BY_KIND = {
    kind: tuple(
        line.name
        for line in METRICS.values()
        if line.level is Level.COLUMN and kind in line.columns and line.name in DUCKDB.metrics
    )
    for kind in ColumnKind
}


@dataclass(frozen=True, slots=True)
class Profile:
    """What one scan saw: rows, observations of the columns, values of the other expressions."""

    rows: Measured
    observations: tuple[Observation, ...]
    values: tuple[Measured, ...]


def profile(relation: Relation, expressions: Sequence[str] = ()) -> Profile:
    """Measure every metric of every column, and the expressions that checks contribute, in one scan.

    Parameters
    ----------
    expressions: SQL aggregates over the relation's aliases (``relation.field(name).sql``).
    """
    groups = [["count(*)", *expressions], *([_expressions(relation, field) for field in relation.fields])]
    (rows, *values), *columns = scan(relation, groups)
    count, _ = number(rows)
    by_name: dict[str, list[Observation]] = {}
    for field, measured in zip(relation.fields, columns, strict=True):
        by_name[field.name] = _observations(field, count, measured)
    for column in relation.unreadable:
        by_name[column.name] = _unreadable(column, count)
    ordered = [seen for column in relation.schema.columns for seen in by_name[column.name]]
    return Profile(rows, tuple(ordered), tuple(values))


def _expressions(relation: Relation, field: Field) -> list[str]:
    return [f"count({field.sql})", *(relation.metric(name, field) for name in _BY_KIND[field.kind])]


def _observations(field: Field, rows: float | None, measured: Sequence[Measured]) -> list[Observation]:
    values, why = number(measured[0])
    nulls = None if values is None or rows is None else rows - values
    out = [_null_rate(field.name, rows, nulls, why)]
    for name, seen in zip(_BY_KIND[field.kind], measured[1:], strict=True):
        value, reason = _value(name, seen, rows, values)
        out.append(Observation(metric=name, column=field.name, value=value, reason=reason))
    return out


def _value(metric: str, seen: Measured, rows: float | None, values: float | None) -> tuple[float | None, str | None]:
    """Return a column's metric, given how many rows and values it has; or None and why."""
    value, reason = number(seen)
    if seen.reason is not None or values is None:
        return value, reason
    if not rows:
        return None, "no rows"
    if not values:
        return (0.0, None) if metric == "distinct_count" else (None, "no values")
    if value is None:
        return None, "a single value" if metric == "std" and values == 1 else "infinite values"
    if metric in _OF_VALUES:
        return value / values, None
    return min(value, values) if metric == "distinct_count" else value, None


def _null_rate(column: str, rows: float | None, nulls: float | None, why: str | None) -> Observation:
    if nulls is None:
        return Observation(metric="null_rate", column=column, value=None, reason=why or "rows could not be counted")
    if not rows:
        return Observation(metric="null_rate", column=column, value=None, reason="no rows")
    return Observation(metric="null_rate", column=column, value=nulls / rows)


def _unreadable(column: Unreadable, rows: float | None) -> list[Observation]:
    return [
        _null_rate(column.name, rows, column.nulls, column.reason),
        Observation(metric="distinct_count", column=column.name, value=None, reason=column.reason),
    ]
