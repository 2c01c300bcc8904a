"""The only place where values and names become SQL text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from observer.errors import CheckError

Literal = str | int | float | bool | Decimal | date | datetime
"""What a check may compare with."""


def identifier(name: str) -> str:
    """Return a name quoted, whatever it holds.

    Examples
    --------
    >>> identifier('a"b; drop table x --')
    '"a""b; drop table x --"'
    """
    return '"' + name.replace('"', '""') + '"'


def plain(value: object) -> object:
    """Return numpy's scalars as Python's own; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if item is not None and not isinstance(value, Literal) else value


def literal(value: object) -> str:
    """Return a value as DuckDB's literal; equal values give equal texts.

    Parameters
    ----------
    value: text, a number, a boolean, a date or an instant; numpy's and pandas' own kinds too.

    Raises
    ------
    CheckError: the value is of no such type, is NaN, or holds what no SQL text can (NUL, half a character).

    Examples
    --------
    >>> literal("O'Hare"), literal(0.5), literal(date(2013, 2, 8))
    ("'O''Hare'", '0.5::DOUBLE', "DATE '2013-02-08'")
    """
    value = plain(value)
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return _text(value)
        case int():
            return str(int(value))
        case float():
            return _float(float(value))
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime() if value.tzinfo is not None:
            return f"TIMESTAMPTZ '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}+00'"
        case datetime() if value == value:  # not NaT
            return f"TIMESTAMP '{value.isoformat(' ')}'"
        case date() if not isinstance(value, datetime):
            return f"DATE '{value.isoformat()}'"
        case _:
            raise CheckError(
                f"{value!r} is no value that data can be compared with; write text, a number, a boolean or a date"
            )


def _text(value: str) -> str:
    if "\0" in value or value != value.encode("utf-8", "ignore").decode("utf-8"):
        raise CheckError(f"{value!r} holds a character that no column can; leave it out")
    return "'" + value.replace("'", "''") + "'"


def _float(value: float) -> str:
    if math.isnan(value):
        raise CheckError("NaN can't be compared with; NaN in data counts as null, so write not_null(...) for it")
    if math.isinf(value):
        return "'infinity'::DOUBLE" if value > 0 else "'-infinity'::DOUBLE"
    return f"{value!r}::DOUBLE"


def caseless(names: Sequence[str]) -> list[str]:
    """Return names that DuckDB, to which ``a`` and ``A`` are one name, keeps apart."""
    seen: set[str] = set()
    out: list[str] = []
    for name in names:
        free, n = name, 0
        while free.lower() in seen:
            n += 1
            free = f"{name}_{n}"
        seen.add(free.lower())
        out.append(free)
    return out
