"""Frames that are read a batch at a time, one after the other, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.io.tables import fitting

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 2**16
_BYTES = 32 * 2**20
FIRST_ROWS = 1_000
"""How many rows are read at first, while nobody knows how wide they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """A frame that is opened when its turn comes: its schema, and what gives its rows."""

    schema: pa.Schema
    open: Callable[[], Iterable[pa.Table | pa.RecordBatch]]


def stream(parts: Sequence[Part]) -> pa.RecordBatchReader:
    """The rows of all parts in their order, with the columns of all of them; nothing is held but one batch."""
    import pyarrow as pa

    schema = parts[0].schema
    if len(parts) > 1:
        with fitting():
            schema = pa.unify_schemas([part.schema for part in parts], promote_options="permissive")
    return pa.RecordBatchReader.from_batches(schema, _batches(parts, schema))


def rows_that_fit(rows: int, size: int) -> int:
    """How many rows to read next, when the last ones were so many and took ``size`` bytes."""
    return max(1, min(rows * _BYTES // max(size, 1), 100 * rows))


def _batches(parts: Sequence[Part], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    like = schema.empty_table()
    for part in parts:
        for given in part.open():
            table = given if isinstance(given, pa.Table) else pa.Table.from_batches([given])
            if table.schema != schema:
                table = pa.concat_tables([like, table], promote_options="permissive").cast(schema)
            yield from table.to_batches(max_chunksize=_ROWS)
