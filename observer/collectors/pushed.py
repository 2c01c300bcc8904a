"""A version that lies in a database: statements go to it, and its rows come here only where they must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from observer.collectors import engine
from observer.collectors.dialect import DIALECTS, NotPlain
from observer.collectors.relation import Field, Relation, described, from_memory
from orchestration.io.base import SqlRelation

if TYPE_CHECKING:
    import pyarrow as pa


class PushedRelation(Relation):
    """A ``Relation`` whose statements run in the database where the data lies; made by ``pushed``.

    What needs DuckDB (a user's own SQL, an expectation, a comparison that the database can't make exactly) looks at
    ``fetched()``: all rows are brought here once, and kept until the version is audited.
    """

    def __init__(self, data: SqlRelation, stack: ExitStack) -> None:
        fields, schema = described(data.like)
        named = ", ".join(
            f"{data.quote(name)} AS {field.sql}" for name, field in zip(data.like.column_names, fields, strict=True)
        )
        self.dialect = DIALECTS[data.dialect]
        super().__init__(None, f"(SELECT {named or '1 AS nothing'} FROM {data.table}) s", fields, (), schema, data.rows)
        self._data = data
        self._stack = stack
        self._fetched: Relation | None = None
        self._table: pa.Table | None = None

    def fetched(self) -> Relation:
        if self._fetched is None:
            connection = self._stack.enter_context(engine.cursor())
            self._fetched = from_memory(connection, self.arrow())
        return self._fetched

    def arrow(self) -> pa.Table:
        """All rows, here."""
        if self._table is None:
            self._table = self._data.arrow()
        return self._table

    def exact(self, name: str) -> Field:
        field = self.field(name)
        if self.dialect.inexact(field.type):
            raise NotPlain(f"{name} is {field.type.lower()}, which {self.dialect.name} keeps as something else")
        return field

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.fetched().query(sql)

    @contextmanager
    def quick(self) -> Iterator[None]:
        """Nothing: what the database plans is its own affair."""
        yield

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._data.ask(sql)]


@contextmanager
def pushed(data: SqlRelation) -> Iterator[Relation]:
    """Open a version that lies in a database; one of a dialect that isn't known is brought here."""
    with ExitStack() as stack:
        if data.dialect in DIALECTS:
            yield PushedRelation(data, stack)
        else:
            yield from_memory(stack.enter_context(engine.cursor()), data.arrow())
