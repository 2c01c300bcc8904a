"""Rows out of the batches of an answer: all of them, or the first and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def every(batches: pa.RecordBatchReader) -> list[tuple[Any, ...]]:
    table = batches.read_all()
    columns = [table.column(i).to_pylist() for i in range(table.num_columns)]
    return list(zip(*columns, strict=True))


def first(batches: pa.RecordBatchReader, most: int) -> tuple[list[str], list[tuple[Any, ...]], int]:
    rows: list[tuple[Any, ...]] = []
    total = 0
    for batch in batches:
        total += batch.num_rows
        if len(rows) < most:
            columns = [column.to_pylist() for column in batch.slice(0, most - len(rows)).columns]
            rows += zip(*columns, strict=True)
    return list(batches.schema.names), rows, total
