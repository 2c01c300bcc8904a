"""How the values of columns are spread: points of numbers and instants, the most frequent of texts and truths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from observer.collectors.bringing import each, is_wordy
from observer.collectors.dialect import LONGEST
from observer.collectors.field import Field
from observer.collectors.relation import Relation
from observer.metrics import ColumnKind
from observer.model import Distribution

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]

PIECES = 64
"""Into how many parts of equal probability the values of a number are cut."""

ROWS = 2_500
"""Rows that are looked at: a point's rank is then right to within 1 % (rms), sqrt(1/4 / rows)."""

TOP = 20
_CELLS = 100_000
_LEAST_ROWS = 500


def few_rate(rows: int, columns: int) -> float:
    """Which share of the rows is looked at where no larger sample is taken anyway.

    >>> few_rate(2_000, 20), few_rate(1_000_000, 20), few_rate(100_000, 1_000)
    (1.0, 0.0025, 0.005)
    """
    most = min(ROWS, max(_LEAST_ROWS, _CELLS // max(columns, 1)))
    return 1.0 if rows <= most else round(most / rows, 6) or 1e-6


def distributions(relation: Relation, fields: Sequence[Field]) -> tuple[Distribution, ...]:
    """Those of some columns by a look of its own at a few thousand rows; raises what a database raises."""
    if not fields or not relation.rows:
        return ()
    rate = few_rate(relation.rows, len(fields))
    if relation.brings:
        arrays = zip(fields, each(relation, rate, fields), strict=True)
        return tuple(_of_array(one, array, rate) for one, array in arrays if not isinstance(array, Exception))
    looked_at = relation if rate == 1 else relation.sample(rate, fields)
    rows = looked_at.select([field.sql for field in fields])
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(fields)
    return tuple(_of_rows(field, values, rate) for field, values in zip(fields, columns, strict=True))


def _of_rows(field: Field, values: Sequence[Any], rate: float) -> Distribution:
    """From values as a database's driver gives them."""
    there = [value for value in values if value is not None]
    if is_wordy(field):
        return of_counts(field.name, Counter(map(_text, there)).items(), rate)
    return of_numbers(field.name, ordered([_number(value) for value in there]), len(there), rate)


def _of_array(field: Field, array: pa.Array, rate: float) -> Distribution:
    """From values that were brought here."""
    if is_wordy(field):
        return of_words(field, array, rate)
    values = numbers(array)
    return of_numbers(field.name, values, len(values), rate)


def of_words(field: Field, array: pa.Array, rate: float) -> Distribution:
    """From texts or truths that were brought here."""
    words = array.drop_null()
    if field.kind is ColumnKind.BOOLEAN:
        words = words.cast("string")
    found = words.value_counts()
    counts = zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)
    return of_counts(field.name, counts, rate)


def numbers(array: pa.Array) -> Floats:
    """The values in their order, without nulls and NaN."""
    return ordered(array.drop_null().to_numpy(zero_copy_only=False))


def ordered(values: npt.ArrayLike) -> Floats:
    """Values in their order, without NaN."""
    import numpy as np

    there = np.array(values, dtype=np.float64)
    there.sort()
    found: Floats = there[: np.searchsorted(there, np.nan)]  # it comes last
    return found


def numbers_at(array: pa.Array, shares: npt.ArrayLike) -> Floats:
    """The values at ranks of 0..1 as ``at_ranks`` gives them, for half of what it takes to put all in order."""
    import numpy as np

    values = np.array(array.drop_null().to_numpy(zero_copy_only=False), dtype=np.float64)
    there = values[~np.isnan(values)]
    if not len(there):
        return there
    there.partition(np.unique(_around(there, shares)[:2]))
    return at_ranks(there, shares)


def _around(values: Floats, shares: npt.ArrayLike) -> tuple[Any, Any, Floats]:
    """Where the neighbours of ranks lie, and how far between them each of the ranks does."""
    import numpy as np

    places = np.asarray(shares) * (len(values) - 1)
    below = places.astype(int)
    return below, np.minimum(below + 1, len(values) - 1), places - below


def at_ranks(values: Floats, shares: npt.ArrayLike) -> Floats:
    """The values at ranks of 0..1 of those in their order, between two of them where that is where one lies."""
    import numpy as np

    below, above, part = _around(values, shares)
    low, high = values[below], values[above]
    with np.errstate(invalid="ignore"):  # of infinite values
        found: Floats = np.where(part == 0, low, low + (high - low) * part)
    return found


def of_numbers(column: str, values: Floats, looked_at: int, rate: float) -> Distribution:
    """From numbers in their order, which are ``looked_at`` ones or spread as those are."""
    import numpy as np

    finite = values[np.isfinite(values)]
    points = at_ranks(finite, np.linspace(0, 1, PIECES + 1)).tolist() if len(finite) else []
    short = tuple(float(f"{value:.10g}") for value in points)
    return Distribution(column=column, values=looked_at, rate=rate, points=short)


def of_counts(column: str, counts: Iterable[tuple[str, int]], rate: float) -> Distribution:
    """From how often each text is there."""
    short: dict[str, int] = {}
    for text, count in counts:
        word = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        short[word] = short.get(word, 0) + count
    there = sum(short.values())
    repeats = len(short) <= max(TOP, there // 2)  # names and keys have no most frequent ones
    top = tuple(sorted(short.items(), key=lambda one: (-one[1], one[0]))[:TOP]) if repeats else ()
    other = there - sum(count for _, count in top)
    return Distribution(column=column, values=there, rate=rate, top=top, other=other)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | Decimal) else _seconds(value)


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
    return str(value)
