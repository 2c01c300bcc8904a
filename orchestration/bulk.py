"""Statements that are run for many rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

from orchestration.driver import cursor

Bind = Callable[[Any], Any]
Row = Mapping[str, Any]


class Bulk:
    """A statement that is built once.

    On SQLite, where a row takes SQLAlchemy longer than it takes the database, the driver is given SQLAlchemy's own SQL
    and rows that were bound by its types. Elsewhere SQLAlchemy runs it.

    Parameters
    ----------
    statement: an INSERT or UPDATE that returns nothing; all its values are named by the rows, or fixed in it.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._prepared: dict[tuple[str, ...], _Prepared] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it for each row, in their order; all rows have the same names, and no column's default is filled in."""
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        names = tuple(rows[0])
        if names not in self._prepared:
            self._prepared[names] = self._prepare(connection.dialect, names)
        prepared = self._prepared[names]
        with cursor(connection, prepared.sql) as opened:
            opened.executemany(prepared.sql, prepared.bound(rows))

    def _prepare(self, dialect: Dialect, names: tuple[str, ...]) -> _Prepared:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(names))
        order = compiled.positiontup or []
        fixed = [name for name in order if name not in names]
        if lacking := [name for name in fixed if compiled.binds[name].required]:
            raise KeyError(f"the rows don't name {', '.join(lacking)}")
        binds = {name: _bind(compiled.binds[name].type, dialect) for name in order}
        given = {name: compiled.binds[name].effective_value for name in fixed}
        values = {name: value if (bind := binds[name]) is None else bind(value) for name, value in given.items()}
        return _Prepared(str(compiled), tuple((name, binds[name]) for name in order), values)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement's text, the names of its values in their order with what binds them, and the fixed ones, bound."""

    sql: str
    order: tuple[tuple[str, Bind | None], ...]
    fixed: Row

    def bound(self, rows: Sequence[Row]) -> Iterable[tuple[Any, ...]]:
        """Column by column, which costs a third of row by row."""
        return zip(*(self._column(name, bind, rows) for name, bind in self.order), strict=True)

    def _column(self, name: str, bind: Bind | None, rows: Sequence[Row]) -> Iterable[Any]:
        if name in self.fixed:
            return repeat(self.fixed[name], len(rows))
        return [row[name] for row in rows] if bind is None else [bind(row[name]) for row in rows]


def _bind(kind: Any, dialect: Dialect) -> Bind | None:
    found: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
