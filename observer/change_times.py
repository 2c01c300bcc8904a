"""When something outside was last changed, by the account of what keeps it: a file, an object, a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from observer.errors import CheckError

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """Where to ask; made by :func:`last_change`. The location may hold a password, so it is never shown."""

    location: str = field(repr=False)
    table: str | None = None
    schema: str | None = None

    def at(self) -> datetime:
        """The instant; raises LookupError where nobody knows, and whatever the place itself raises."""
        if self.table is not None:
            return _of_table(self.location, self.table, self.schema)
        if "://" in self.location:
            return _of_object(self.location)
        return _of_path(Path(self.location))


def last_change(location: str | os.PathLike[str], *, table: str | None = None, schema: str | None = None) -> LastChange:
    """Say where it stands when a source was last changed, for ``updated_by=``.

    Parameters
    ----------
    location:
        A file, or a folder (the newest file in it counts); an object or a prefix of an object store, ``s3://...``;
        with ``table``, a database's address as SQLAlchemy writes it.
    table, schema:
        The table. PostgreSQL knows only with ``track_commit_timestamp = on``, and not of deleted rows; Snowflake counts
        statements that changed no row, and its own upkeep.

    Raises
    ------
    CheckError
        A schema without a table, or an address of a database that can't be read.

    >>> last_change("register.csv").table is None
    True
    """
    where = os.fspath(location)
    if table is None and schema is not None:
        raise CheckError(f"last_change(schema={schema!r}) says no table; write table='...' beside it")
    if table is not None:
        _check_address(where, table)
    return LastChange(location=where, table=table, schema=schema)


def _check_address(location: str, table: str) -> None:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(location)
    except ArgumentError:
        raise CheckError(
            f"last_change(table={table!r}) takes the address of a database before it, postgresql+psycopg://..."
        ) from None


def _of_path(path: Path) -> datetime:
    if not path.is_dir():
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    newest = max((file.stat().st_mtime for file in path.rglob("*") if file.is_file()), default=None)
    if newest is None:
        raise LookupError(f"there is no file in {path.name}")
    return datetime.fromtimestamp(newest, UTC)


def _of_object(location: str) -> datetime:
    from pyarrow.fs import FileSelector, FileSystem, FileType

    system, path = FileSystem.from_uri(location)
    info = system.get_file_info(path)
    found = [info] if info.type is FileType.File else system.get_file_info(FileSelector(path, recursive=True))
    newest: datetime | None = max(
        (one.mtime for one in found if one.type is FileType.File and one.mtime is not None), default=None
    )
    if newest is None:
        raise LookupError("there is no object, or its store tells no time")
    return newest.astimezone(UTC)


def _of_table(location: str, table: str, schema: str | None) -> datetime:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(location, poolclass=NullPool)
    ask = _ASKED.get(engine.dialect.name)
    if ask is None:
        raise LookupError(f"{engine.dialect.name} is not asked when a table was last changed; name a column")
    with engine.connect() as connection:
        return ask(connection, table, schema)


def _of_postgres(connection: Connection, table: str, schema: str | None) -> datetime:
    from sqlalchemy import column, func, select, text
    from sqlalchemy import table as named

    if connection.execute(text("SHOW track_commit_timestamp")).scalar_one() != "on":
        raise LookupError("PostgreSQL keeps no times of commits (track_commit_timestamp is off); name a column")
    asked = select(func.max(func.pg_xact_commit_timestamp(column("xmin")))).select_from(named(table, schema=schema))
    at: object = connection.execute(asked).scalar_one()
    if not isinstance(at, datetime):
        raise LookupError("PostgreSQL no longer knows when its rows were committed, or there are none")
    return at.astimezone(UTC)


def _of_snowflake(connection: Connection, table: str, schema: str | None) -> datetime:
    from sqlalchemy import DateTime, column, select
    from sqlalchemy import table as named

    physical: Callable[[str], str] = connection.dialect.denormalize_name
    within = schema or connection.dialect.default_schema_name
    if within is None:
        raise LookupError("the address says no schema; write schema='...' beside table=")
    asked = (
        select(column("last_altered", DateTime(timezone=True)))
        .select_from(named("tables", schema="information_schema"))
        .where(column("table_name") == physical(table), column("table_schema") == physical(within))
        .where(column("table_type") != "VIEW")
    )
    at: object = connection.execute(asked).scalar_one_or_none()
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise LookupError(
            f"Snowflake knows no last change of a table {table} in {within} that this role sees (of a view's rows it "
            "never does); name a column"
        )
    return at.astimezone(UTC)


_ASKED: Mapping[str, Callable[[Connection, str, str | None], datetime]] = {
    "postgresql": _of_postgres, "snowflake": _of_snowflake,
}  # fmt: skip
