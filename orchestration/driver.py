"""The driver's own calls in a transaction of SQLAlchemy's, which often takes longer over a statement than both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


@contextmanager
def cursor(connection: Connection, statement: str, **options: object) -> Iterator[Any]:
    """A cursor of the driver's, made with ``options``, for ``statement``.

    Raises
    ------
    DBAPIError
        As SQLAlchemy raises it of its own statements.
    """
    opened = connection.connection.cursor(**options)
    try:
        yield opened
    except connection.dialect.loaded_dbapi.Error as error:
        dialect = connection.dialect
        raise DBAPIError.instance(statement, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
    finally:
        opened.close()
