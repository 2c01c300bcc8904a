"""Which values a column's kind can be compared with, told before an engine finds out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from observer.checks.sentence import shown
from observer.collectors.field import Field
from observer.metrics import ColumnKind

_COMPARABLE: dict[ColumnKind, tuple[type, ...]] = {
    ColumnKind.NUMBER: (int, float, Decimal),
    ColumnKind.TEXT: (str,),
    ColumnKind.BOOLEAN: (int, float),
    ColumnKind.TIME: (date, str),
    ColumnKind.OTHER: (object,),  # the engine decides
}


def ensure_comparable(field: Field, values: Iterable[object]) -> None:
    """Refuse values that mean nothing beside the column.

    Raises
    ------
    TypeError: one is a text and the column holds numbers, or the like.
    """
    for value in values:
        if not isinstance(value, _COMPARABLE[field.kind]):
            raise TypeError(
                f"{field.name} is {field.type.lower()} and can't be compared with {shown(value)}; "
                "write values of the column's own type, or convert the column"
            )
