"""Many aggregate expressions in one statement; where one fails, the others still get their values."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from observer.collectors.relation import Relation
from orchestration.model import Scalar

BATCH = 50
"""How many groups (columns, as a rule) go into one statement: planning grows faster than their number."""

INFINITE = "infinite values"

_PATIENCE_S = 60.0
_CANCELS = 1000.0  # the sums' rounding errors grow by no more than this: 1e-13 of a sum, mostly


@dataclass(frozen=True, slots=True)
class Measured:
    """What one expression gave; ``reason`` says why there is no value."""

    value: Scalar
    reason: str | None = None


def scan(relation: Relation, groups: Sequence[Sequence[str]]) -> list[list[Measured]]:
    """Evaluate groups of aggregate expressions over the relation's aliases.

    One statement does all of them; tables with more than ``BATCH`` groups take one statement each
    ``BATCH``. If a statement fails, it is halved until what fails stands alone; not where not even the rows
    can be counted, and not for longer than a minute of failures.

    Returns
    -------
    One Measured for each expression, in the shape of ``groups``.
    """
    out: list[list[Measured]] = []
    failures = _Failures()
    relation.quick()
    for start in range(0, len(groups), BATCH):
        batch = groups[start : start + BATCH]
        values = iter(_evaluate(relation, [expression for group in batch for expression in group], failures))
        out += [[next(values) for _ in group] for group in batch]
    return out


@dataclass(slots=True)
class _Failures:
    """Statements of one scan that failed: how many, and how long they took."""

    count: int = 0
    seconds: float = 0.0


def _evaluate(relation: Relation, expressions: Sequence[str], failures: _Failures) -> list[Measured]:
    if not expressions:
        return []
    start = time.perf_counter()
    try:
        (row,) = relation.select(expressions)
    except Exception as error:  # also what a value does on its way into Python
        failures.count += 1
        failures.seconds += time.perf_counter() - start
        if len(expressions) == 1 or failures.seconds > _PATIENCE_S or not _is_there(relation, failures):
            return [Measured(None, relation.explain(error))] * len(expressions)
        half = len(expressions) // 2
        first = _evaluate(relation, expressions[:half], failures)
        return first + _evaluate(relation, expressions[half:], failures)
    return [Measured(scalar(value)) for value in row]


def _is_there(relation: Relation, failures: _Failures) -> bool:
    """Whether the rows can be counted, asked at the first failure: a table that is gone fails every statement."""
    if failures.count > 1:
        return True
    try:
        relation.select(["count(*)"])
    except Exception:  # whatever its engine raises, the rows can't be counted
        return False
    return True


def scalar(value: object) -> Scalar:
    """What an engine gave as a plain value: decimals as numbers, lists as JSON, anything else as text."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict) and "registers" in value:
        return bytes(value["registers"]).decode("latin-1")  # many, and none needs JSON
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value)


def spread(measured: Measured, parts: int) -> list[Measured]:
    """Return the parts of a list that an expression gave as JSON, or of a state; nothing gives nothing for each."""
    if parts == 1 or not isinstance(measured.value, str):
        return [measured] * parts
    found = json.loads(measured.value)
    if isinstance(found, dict):
        found = _moments(**found) if "dsquared" in found else _moments_of_sums(**found)
    return [Measured(None if part is None else float(part)) for part in found]


def _moments(count: int, mean: float, dsquared: float) -> tuple[float | None, float | None]:
    """Mean and standard deviation from DuckDB's state of the latter."""
    return (mean if count else None), (math.sqrt(dsquared / (count - 1)) if count > 1 else None)


def _moments_of_sums(
    count: int, shift: float, width: float, total: float | None, squares: float | None
) -> tuple[float | None, float | None]:
    """The same from sums of the values less ``shift``.

    The deviation is NaN where the sums cancel, for it is too small beside the mean.
    """
    if total is None or squares is None:
        return None, None
    mean = total / count
    around = squares - total * mean
    if width == 0 and around == 0:
        return shift + mean, 0.0 if count > 1 else None
    if not around * _CANCELS > squares:  # also of NaN and infinity
        return shift + mean, math.nan
    return shift + mean, (math.sqrt(around / (count - 1)) if count > 1 else None)


def number(measured: Measured) -> tuple[float | None, str | None]:
    """Return a measured value as a finite float, or None and why."""
    if measured.reason is not None:
        return None, measured.reason
    if measured.value is None:
        return None, "no values"
    if isinstance(measured.value, str):
        return None, "it gives no number"
    value = float(measured.value)
    return (value, None) if math.isfinite(value) else (None, INFINITE)
