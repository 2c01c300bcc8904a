"""Exact distinct counts and quartiles of a big table, a statement a column: one column's values are kept at a time.

Where values repeat, they are grouped once, and both are told from the groups. Where they hardly do, sorting the groups
would cost more than looking for the quartiles among the values.
"""

from __future__ import annotations

from observer.collectors.compiled import Question
from observer.collectors.dialect import QUARTILES
from observer.collectors.field import Field
from observer.collectors.known import Known
from observer.collectors.relation import Relation
from observer.metrics import ColumnKind

_REPEATS = 8  # times a value comes on average: then grouping pays
_DENSE = 8  # bits a value: less than any table of them takes
_BITS = 2**29  # and no more: 64 MB
_WHOLE = 2**53  # below, floats hold whole numbers exactly
_SHARES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def exactly(
    relation: Relation, field: Field, known: Known, distinct: float | None, values: float | None
) -> list[Question]:
    """What to ask of a column of which ``distinct`` of ``values`` values are different, more or less."""
    counted = Question(("distinct_count",), _distinct(relation, field, known, values))
    if field.kind is not ColumnKind.NUMBER:
        return [counted]
    if not distinct or not values or distinct * _REPEATS > values:
        return [counted, Question(tuple(_SHARES), relation.metric(QUARTILES, field, exact=True))]
    places = ", ".join(_at_rank((values - 1) * share) for share in _SHARES.values())
    grouped = relation.dialect.grouped.format(c=field.sql, s=relation.rows_of(field), places=places)
    return [Question(("distinct_count", *_SHARES), grouped)]


def _distinct(relation: Relation, field: Field, known: Known, values: float | None) -> str:
    low, high = known.low, known.high
    if not field.is_whole or not values or low is None or high is None or max(-low, high) >= _WHOLE:
        return relation.metric("distinct_count", field, exact=True)
    if high - low < min(_DENSE * values, _BITS):
        return relation.dialect.dense.format(c=field.sql, low=int(low), high=int(high))
    return relation.metric("distinct_count", field, exact=True)


def _at_rank(rank: float) -> str:
    """The value at a rank that may lie between two, of groups with ``v`` and how many values lie ``upto`` it."""
    below, part = divmod(rank, 1)
    low, high = (f"min(v) FILTER (upto > {int(below) + more})" for more in (0, 1))
    return f"{low} + ({high} - {low}) * {part!r}" if part else low
