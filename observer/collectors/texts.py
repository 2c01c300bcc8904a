"""A column's different texts, where they repeat: what is asked of texts is then asked of each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from observer.collectors.budget import BudgetSpent, counted
from observer.collectors.field import Field

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from duckdb import DuckDBPyConnection

_LEAST_ROWS = 50_000  # below, a regular expression over all of them takes 3 ms
_LOOKS, _LOOK = 8, 8_192  # parts of a column, and the rows of each, that are looked at to see whether texts repeat
_FEW = 0.4  # of what was looked at
_UNPACKED = 4.0  # bytes that a text takes in a Parquet page at least, unless it is a number of a dictionary's


class Texts(Protocol):
    """What the different texts of a relation's columns tell for less than all rows do."""

    def counted(self, field: Field, condition: str, *, is_dear: bool) -> str | int | None:
        """How many rows have a text of which a condition is true: an aggregate, or the number where it is known.

        None: the rows have to be asked, as also where the question isn't ``is_dear`` and nobody has asked a dear one.
        """


class TextsOfMemory:
    """Arrow finds the different ones in half the time of a regular expression over all; none of them says it of all."""

    def __init__(self, connection: DuckDBPyConnection, table: pa.Table) -> None:
        self._connection, self._table = connection, table
        self._found: dict[str, str | None] = {}

    def counted(self, field: Field, condition: str, *, is_dear: bool) -> int | None:
        import duckdb

        if is_dear and field.sql not in self._found:
            self._found[field.sql] = self._different(field.sql)
        name = self._found.get(field.sql)
        if name is None:
            return None
        try:
            with counted(self._connection.interrupt):
                found = self._connection.execute(f"SELECT 1 FROM {name} WHERE {condition} LIMIT 1").fetchone()
        except (duckdb.Error, BudgetSpent):
            self._connection.abort()
            return None  # the scan says why
        return 0 if found is None else None

    def _different(self, alias: str) -> str | None:
        import pyarrow as pa

        if len(self._table) < _LEAST_ROWS or alias not in self._table.column_names:
            return None
        column = self._table.column(alias)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) or not _repeat(column):
            return None
        name = f"tidegate_texts_{alias}"
        self._connection.register(name, pa.table({alias: column.unique()}))
        return name


def _repeat(column: pa.ChunkedArray) -> bool:
    """Whether texts repeat: few of them that lie far apart, since what lies together may be alike."""
    import pyarrow as pa

    step = len(column) // _LOOKS
    parts = [column.slice(at * step, min(_LOOK, step)) for at in range(_LOOKS)]
    looked = pa.chunked_array([chunk for part in parts for chunk in part.chunks], column.type)
    return len(looked.unique()) <= len(looked) * _FEW


class TextsOfFiles:
    """Grouped where it is asked: a column of dictionaries, as footers tell by its size, has few texts in each."""

    def __init__(self, source: str, footers: Sequence[pq.FileMetaData], names: Sequence[str]) -> None:
        self._source, self._footers, self._names = source, footers, names

    def counted(self, field: Field, condition: str, *, is_dear: bool) -> str | None:
        if not is_dear or field.type != "VARCHAR" or not self._are_few(int(field.sql[1:])):
            return None
        groups = f"SELECT {field.sql}, count(*) AS n FROM {self._source} GROUP BY {field.sql}"
        return f"any_value((SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM ({groups}) g WHERE {condition}))"

    def _are_few(self, at: int) -> bool:
        values, size = 0, 0
        for footer in self._footers:
            for group in range(footer.num_row_groups):
                chunk = footer.row_group(group).column(at)
                if chunk.path_in_schema != self._names[at]:  # nested columns before it have several
                    return False
                values, size = values + chunk.num_values, size + chunk.total_uncompressed_size
        return values >= _LEAST_ROWS and size < values * _UNPACKED
