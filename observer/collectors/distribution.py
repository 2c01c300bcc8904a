"""How the values of columns are spread: points of numbers and instants, the most frequent of texts and truths.

A few thousand rows are brought here by one statement, whichever engine they lie in, and looked at by the same code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from observer.collectors.dialect import DUCKDB
from observer.collectors.relation import Field, Relation
from observer.metrics import ColumnKind
from observer.model import Distribution, ProfilePolicy

if TYPE_CHECKING:
    from observer.privacy import Sensitive

PIECES = 64
"""Into how many parts of equal probability the values of a number are cut."""

ROWS = 2_500
"""Rows that are looked at: a point's rank is then right to within 1 % (rms), sqrt(1/4 / rows)."""

TOP = 20
_CHEAP_ROWS = 50_000  # of files and databases: there a sample costs nearly as much as reading all of them
_CELLS = 100_000
_LEAST_ROWS = 500
_LONGEST = 60
_KINDS = (ColumnKind.NUMBER, ColumnKind.TIME, ColumnKind.TEXT, ColumnKind.BOOLEAN)


def are_kept(relation: Relation, policy: ProfilePolicy, *, in_memory: bool) -> bool:
    """Whether a sample is taken for them: where the policy says so, else where it costs little."""
    return in_memory or relation.rows <= _CHEAP_ROWS if policy.distributions is None else policy.distributions


def distributions(
    relation: Relation, policy: ProfilePolicy, sensitive: Sensitive, *, in_memory: bool
) -> tuple[Distribution, ...]:
    """What the policy says to keep of the columns that aren't sensitive; raises what the engine raises.

    ``in_memory``: a sample costs little, because rows that aren't in it needn't be read.
    """
    fields = [one for one in relation.fields if one.kind in _KINDS and not sensitive.covers(one.name)]
    if not are_kept(relation, policy, in_memory=in_memory) or not fields or not relation.rows:
        return ()
    most = min(ROWS, max(_LEAST_ROWS, _CELLS // len(fields)))
    rate = 1.0 if relation.rows <= most else round(most / relation.rows, 6) or 1e-6
    looked_at = relation if rate == 1 else relation.sample(rate, fields)
    looked_at.quick()
    rows = looked_at.select([_spelled(looked_at, field) for field in fields])
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(fields)
    return tuple(_distribution(field, values, rate) for field, values in zip(fields, columns, strict=True))


def _spelled(relation: Relation, field: Field) -> str:
    """An instant as its seconds where that is plain: objects of Python's cost more, and with a zone need a library."""
    if relation.dialect is DUCKDB and field.kind is ColumnKind.TIME:
        return f"epoch({field.sql})"
    return field.sql


def _distribution(field: Field, values: Sequence[Any], rate: float) -> Distribution:
    there = [value for value in values if value is not None]
    if field.kind in (ColumnKind.NUMBER, ColumnKind.TIME):
        return Distribution(column=field.name, values=len(there), rate=rate, points=_points(there))
    counts = Counter(_text(value) for value in there)
    repeats = len(counts) <= max(TOP, len(there) // 2)  # names and keys have no most frequent ones
    top = tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:TOP]) if repeats else ()
    other = len(there) - sum(count for _, count in top)
    return Distribution(column=field.name, values=len(there), rate=rate, top=top, other=other)


def of_points(column: str, values: Sequence[float], looked_at: int, rate: float) -> Distribution:
    """From values of a column that are spread as the ``looked_at`` ones are that they stand for."""
    return Distribution(column=column, values=looked_at, rate=rate, points=_points(values))


def _points(values: Sequence[Any]) -> tuple[float, ...]:
    """The values at the ranks 0, 1/64 ... 1; none where there are none that are finite."""
    import numpy as np

    plain = not values or isinstance(values[0], int | float | Decimal)
    there = np.array(values if plain else [_seconds(value) for value in values], dtype=np.float64)
    finite = there[np.isfinite(there)]
    if not len(finite):
        return ()
    found = np.quantile(finite, np.linspace(0, 1, PIECES + 1))
    return tuple(float(f"{value:.10g}") for value in found)


def _seconds(value: object) -> float:
    """An instant as seconds since 1970; without a zone it is taken for UTC."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value  # SQLite keeps texts
    if isinstance(instant, datetime):
        return (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)).timestamp()
    if isinstance(instant, date):
        return datetime.combine(instant, time(), UTC).timestamp()
    raise TypeError(f"a {type(value).__name__} is no instant")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
