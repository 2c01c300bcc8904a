"""Statements that are run for many rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

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
        connection.exec_driver_sql(prepared.sql, [prepared.bound(row) for row in rows])

    def _prepare(self, dialect: Dialect, names: tuple[str, ...]) -> _Prepared:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(names))
        order = compiled.positiontup or []
        binds = [(at, _bind(compiled.binds[name].type, dialect)) for at, name in enumerate(order)]
        fixed = {name: compiled.binds[name].effective_value for name in order if name not in names}
        if lacking := [name for name in fixed if compiled.binds[name].required]:
            raise KeyError(f"the rows don't name {', '.join(lacking)}")
        return _Prepared(str(compiled), tuple(order), tuple((at, bind) for at, bind in binds if bind), fixed)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement's text, the names of its values in their order, what binds some of them, and the fixed ones."""

    sql: str
    order: tuple[str, ...]
    binds: tuple[tuple[int, Bind], ...]
    fixed: Row

    def bound(self, row: Row) -> tuple[Any, ...]:
        found = itemgetter(*self.order)(row if not self.fixed else {**self.fixed, **row})
        values = [found] if len(self.order) == 1 else list(found)
        for at, bind in self.binds:
            values[at] = bind(values[at])
        return tuple(values)


def _bind(kind: Any, dialect: Dialect) -> Bind | None:
    found: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
