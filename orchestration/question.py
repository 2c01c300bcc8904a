"""Questions that a run asks again and again."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Select

from orchestration.driver import cursor

Convert = Callable[[Any], Any]


class Question:
    """A SELECT that is built once.

    On SQLite, where SQLAlchemy takes longer over a question than the database does, the driver is given SQLAlchemy's
    own SQL, and its types bind the values and read the rows. Elsewhere SQLAlchemy asks.

    Parameters
    ----------
    statement: without ``in_``, whose text would depend on its values; all of them are named, or fixed in it.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._prepared: _Prepared | None = None

    def ask(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows, with the names of the columns."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, values).all()
        if self._prepared is None:
            self._prepared = _prepare(self._statement, connection.dialect)
        prepared = self._prepared
        with cursor(connection, prepared.sql) as opened:
            return prepared.rows(opened.execute(prepared.sql, prepared.bound(values)).fetchall())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A question's text, the names of its values with what binds them, and its row with what reads some columns."""

    sql: str
    order: tuple[tuple[str, Convert | None], ...]
    fixed: Mapping[str, Any]
    row: Callable[[Iterable[Any]], Any]
    reads: Mapping[int, Convert]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self.fixed, **values}
        return [given[name] if bind is None else bind(given[name]) for name, bind in self.order]

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not found:
            return []
        columns: list[Sequence[Any]] = list(zip(*found, strict=True))
        for at, read in self.reads.items():
            columns[at] = [read(value) for value in columns[at]]
        return [self.row(values) for values in zip(*columns, strict=True)]


def _prepare(statement: Select[Any], dialect: Dialect) -> _Prepared:
    compiled = statement.compile(dialect=dialect)
    columns, order = list(statement.selected_columns), compiled.positiontup or []
    kinds = [column.type.dialect_impl(dialect) for column in columns]
    reads = {at: kind.result_processor(dialect, None) for at, kind in enumerate(kinds)}
    make: Any = namedtuple  # whose fields are known only now
    return _Prepared(
        sql=str(compiled),
        order=tuple((name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order),
        fixed={name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required},
        row=make("Row", [str(column.key) for column in columns])._make,
        reads={at: read for at, read in reads.items() if read is not None},
    )  # fmt: skip
