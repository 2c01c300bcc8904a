"""Filling tables of PostgreSQL by the million: without their indexes, which are built once at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

_CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = to_regclass(:name) AND contype IN ('p', 'u')
"""
_INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass(:name)
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
"""


@contextmanager
def bare(engine: Engine, table: str) -> Iterator[Connection]:
    """A connection to fill a table with while it has no index and is in no journal: for a server that is thrown away.

    Then it has its indexes again, and the database knows what is in it.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
        made = [
            (f'DROP CONSTRAINT "{name}"', f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {said}')
            for name, said in _rows(connection, _CONSTRAINTS, table)
        ]
        indexes = _rows(connection, _INDEXES, table)
        connection.execute(text(f"ALTER TABLE {table} SET UNLOGGED"))
        for drop, _ in made:
            connection.execute(text(f"ALTER TABLE {table} {drop}"))
        for name, _ in indexes:
            connection.execute(text(f'DROP INDEX "{name}"'))
        yield connection
        for said in (*(again for _, again in made), *(again for _, again in indexes)):
            connection.exec_driver_sql(said)
        connection.execute(text(f"VACUUM (ANALYZE) {table}"))


def _rows(connection: Connection, question: str, table: str) -> Sequence[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(text(question), {"name": table})]
