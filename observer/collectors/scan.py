"""Many aggregate expressions in one statement; where one fails, the others still get their values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from observer.collectors.relation import Relation
from orchestration.model import Scalar

BATCH = 50
"""How many groups (columns, as a rule) go into one statement: planning grows faster than their number."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one expression gave; ``reason`` says why there is no value."""

    value: Scalar
    reason: str | None = None


def scan(relation: Relation, groups: Sequence[Sequence[str]]) -> list[list[Measured]]:
    """Evaluate groups of aggregate expressions over the relation's aliases.

    One statement does all of them; tables with more than ``BATCH`` groups take one statement each
    ``BATCH``. If a statement fails, it is halved until what fails stands alone.

    Returns
    -------
    One Measured for each expression, in the shape of ``groups``.
    """
    out: list[list[Measured]] = []
    with relation.quick():
        for start in range(0, len(groups), BATCH):
            batch = groups[start : start + BATCH]
            values = iter(_evaluate(relation, [expression for group in batch for expression in group]))
            out += [[next(values) for _ in group] for group in batch]
    return out


def _evaluate(relation: Relation, expressions: Sequence[str]) -> list[Measured]:
    if not expressions:
        return []
    try:
        (row,) = relation.select(expressions)
    except Exception as error:  # also what a value does on its way into Python
        if len(expressions) == 1:
            return [Measured(None, relation.explain(error))]
        half = len(expressions) // 2
        return _evaluate(relation, expressions[:half]) + _evaluate(relation, expressions[half:])
    return [Measured(_scalar(value)) for value in row]


def _scalar(value: object) -> Scalar:
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def number(measured: Measured) -> tuple[float | None, str | None]:
    """Return a measured value as a finite float, or None and why."""
    if measured.reason is not None:
        return None, measured.reason
    if measured.value is None or isinstance(measured.value, str):
        return None, "no values"
    value = float(measured.value)
    return (value, None) if math.isfinite(value) else (None, "infinite values")
