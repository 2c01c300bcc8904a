"""A version that lies in a database: statements go to it, and its rows come here only where they must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from observer.collectors import engine
from observer.collectors.budget import counted, ensure_fetchable
from observer.collectors.dialect import DIALECTS, MARKED
from observer.collectors.distribution import few_rate
from observer.collectors.field import Field
from observer.collectors.opening import described, durations, from_memory
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from observer.model import Schema
from orchestration.io.base import SqlRelation

if TYPE_CHECKING:
    import pyarrow as pa


class _Asked(Relation):
    """Rows that lie in a database: those of a table, or some of them."""

    is_ordered = False

    def __init__(self, data: SqlRelation, source: str, fields: Sequence[Field], schema: Schema) -> None:
        self.dialect = DIALECTS[data.dialect]
        super().__init__(None, source, fields, (), schema, data.rows)
        self._data = data

    @property
    def brings(self) -> bool:
        """No: a value that a driver brings costs more than one that is looked at there."""
        return False

    def quick(self) -> None:
        """Nothing: what the database plans is its own affair."""

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        with counted() as left_s:
            return [tuple(row) for row in self._data.ask(sql, left_s)]


class PushedRelation(_Asked):
    """A ``Relation`` whose statements run in the database where the data lies; made by ``pushed``.

    What needs DuckDB (a user's own SQL, an expectation, a comparison that the database can't make exactly) looks at
    ``fetched()``: all rows are brought here once, and kept until the version is audited.
    """

    def __init__(self, data: SqlRelation, stack: ExitStack) -> None:
        found, schema = described(data.like)
        lengths = durations(data.like.schema)
        fields = [replace(field, type=lengths.get(field.name, field.type)) for field in found]
        named = ", ".join(
            f"{data.quote(name)} AS {field.sql}" for name, field in zip(data.like.column_names, fields, strict=True)
        )
        self._columns = named or "1 AS nothing"
        super().__init__(data, self._rows_from(data.table), fields, schema)
        self._stack = stack
        self._fetched: Relation | None = None
        self._table: pa.Table | None = None

    def fetched(self) -> Relation:
        if self._fetched is None:
            connection = self._stack.enter_context(engine.cursor())
            self._fetched = from_memory(connection, self.arrow())
        return self._fetched

    def sample(self, rate: float, fields: Sequence[Field]) -> Relation:
        part = self.dialect.sample.format(t=self._data.table, percent=f"{rate * 100:.6f}")
        share = min(1.0, few_rate(self.rows, len(self.fields)) / rate)
        few = f", {self.dialect.few.format(share=share)} AS {MARKED}" if self.dialect.few else ""
        found = _Asked(self._data, f"(SELECT {self._columns}{few} FROM {part}) s", self.fields, self.schema)
        found._besides = {MARKED: MARKED} if few else {}
        return found

    def where(self, conditions: Sequence[str]) -> Relation:
        return _Asked(self._data, f"{self._source} WHERE {' OR '.join(conditions)}", self.fields, self.schema)

    def arrow(self) -> pa.Table:
        """All rows, here; raises LookupError where they are too many."""
        if self._table is None:
            ensure_fetchable(self.rows, self.dialect.name)
            with counted():
                self._table = self._data.arrow()
        return self._table

    def exact(self, name: str) -> Field:
        field = self.field(name)
        if self.dialect.inexact(field.type):
            raise NotPlain(f"{name} is {field.type.lower()}, which {self.dialect.name} keeps as something else")
        return field

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.fetched().query(sql)

    def _rows_from(self, table: str) -> str:
        return f"(SELECT {self._columns} FROM {table}) s"


@contextmanager
def pushed(data: SqlRelation) -> Iterator[Relation]:
    """Open a version that lies in a database; one of a dialect that isn't known is brought here."""
    with ExitStack() as stack:
        if data.dialect in DIALECTS:
            yield PushedRelation(data, stack)
        else:
            yield from_memory(stack.enter_context(engine.cursor()), data.arrow())
