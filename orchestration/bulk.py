"""Statements that are run for many rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

Bind = Callable[[Any], Any]
Field = tuple[str, Bind | None]


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
        self._prepared: dict[tuple[str, ...], tuple[str, tuple[Field, ...], dict[str, Any]]] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row, in their order; all rows have the same names, and no column's default is filled in."""
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        names = tuple(rows[0])
        if names not in self._prepared:
            self._prepared[names] = self._prepare(connection.dialect, names)
        sql, fields, fixed = self._prepared[names]
        bound = [
            tuple([
                value if bind is None else bind(value)
                for value, bind in [(row[name] if name in row else fixed[name], bind) for name, bind in fields]
            ])
            for row in rows
        ]  # fmt: skip
        connection.exec_driver_sql(sql, bound)

    def _prepare(self, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, tuple[Field, ...], dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(names))
        order = compiled.positiontup or []
        fields = tuple((name, _bind(compiled.binds[name].type, dialect)) for name in order)
        fixed = {name: compiled.binds[name].effective_value for name in order if name not in names}
        if lacking := [name for name in fixed if compiled.binds[name].required]:
            raise KeyError(f"the rows don't name {', '.join(lacking)}")
        return str(compiled), fields, fixed


def _bind(kind: Any, dialect: Dialect) -> Bind | None:
    found: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
