"""Values of some rows, brought here: how they are asked for, and one column at a time where one of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from observer.collectors.dialect import LONGEST
from observer.metrics import ColumnKind

if TYPE_CHECKING:
    import pyarrow as pa

    from observer.collectors.field import Field
    from observer.collectors.relation import Relation


def is_wordy(field: Field) -> bool:
    """Whether its values are counted one by one, not ranked."""
    return field.kind in (ColumnKind.TEXT, ColumnKind.BOOLEAN)


def here(field: Field) -> str:
    """A value as it comes here: a number as a float, an instant as seconds since 1970, of a text what may be kept."""
    match field.kind:
        case ColumnKind.NUMBER:
            return f"CAST({field.sql} AS DOUBLE)"
        case ColumnKind.TIME:
            return f"epoch({field.sql})"
        case ColumnKind.TEXT:
            return f"left(CAST({field.sql} AS VARCHAR), {LONGEST + 1})"
        case _:
            return field.sql


def each(relation: Relation, rate: float, fields: Sequence[Field]) -> list[pa.Array | Exception]:
    """The values of some of the rows, by field; or what its engine raised."""
    if not fields:
        return []
    try:
        return [*relation.bring(rate, fields)]
    except Exception as error:  # whatever its engine raises
        if len(fields) == 1:
            return [error]
    half = len(fields) // 2
    return [*each(relation, rate, fields[:half]), *each(relation, rate, fields[half:])]
