"""Due when a file, an object or a row has arrived. To look is for the tick; what a trigger makes of it is pure."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from glob import iglob
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.errors import DefinitionError
from orchestration.schedule.base import Answer, Occasion, Sighting, Trigger, View

_MIDDLE = 10**29  # so that the texts of whole numbers sort as they do
_GLOB = frozenset("*?[")


class Arrival(Trigger):
    """A place outside that is looked at before each tick."""

    @property
    @abstractmethod
    def place(self) -> str:
        """What names the place and says no secret."""

    @abstractmethod
    def look(self) -> Sighting:
        """What is there; raises what the place raises."""

    def answer(self, view: View) -> Answer:
        seen, mark = view.sighting(self.name), view.mark(self.name)
        before = mark or {}
        if seen is None or seen.error is not None:
            why = "nobody has looked" if seen is None else seen.error
            says = f"{self.describe()}: what is there isn't known: {why}"
            return Answer(holds=False, says=says, kept={self.name: before} if mark is not None else {}, unknown=True)
        now = {"token": seen.token}
        if mark is None:  # what is there already has not arrived
            return self.says_pending((), now, now)
        if seen.token <= mark["token"]:
            return self.says_pending((), before, before)
        occasion = Occasion(
            key=f"{self.name.split(' ')[0]}@{_digest(self.name)}/{_digest(seen.token)}", says=seen.says,
            partitions=view.complete(view.now),
        )  # fmt: skip
        return self.says_pending((occasion,), before, now)


@dataclass(frozen=True, slots=True)
class OnFile(Arrival):
    """Made by :func:`on_file`."""

    location: str = field(repr=False)

    @property
    def name(self) -> str:
        return f"file {_digest(self.location)} {self.place}"

    @property
    def place(self) -> str:
        return PurePosixPath(self.location.partition("?")[0]).name or "folder"

    def describe(self) -> str:
        return f"file {self.place}"

    def look(self) -> Sighting:
        found = _objects(self.location) if "://" in self.location else _files(self.location)
        if not found:
            return Sighting()
        newest, name, size = max(found)
        return Sighting(token=f"{newest:020d}/{name}/{size}", says=f"{name} arrived or changed")


@dataclass(frozen=True, slots=True)
class OnRow(Arrival):
    """Made by :func:`on_row`."""

    location: str = field(repr=False)
    table: str
    column: str
    schema: str | None = None

    @property
    def name(self) -> str:
        return f"row {_digest(self.location)} {self.place}"

    @property
    def place(self) -> str:
        return f"{self.schema + '.' if self.schema else ''}{self.table}.{self.column}"

    def describe(self) -> str:
        return f"row in {self.place}"

    def look(self) -> Sighting:
        from sqlalchemy import column, create_engine, func, select, table
        from sqlalchemy.pool import NullPool
        from sqlalchemy.types import NullType

        engine = create_engine(self.location, poolclass=NullPool)
        greatest_of: Any = func.max(column(self.column), type_=NullType())
        asked = select(greatest_of).select_from(table(self.table, schema=self.schema))
        with engine.connect() as connection:
            greatest: object = connection.execute(asked).scalar_one()
        if greatest is None:
            return Sighting()
        return Sighting(token=_sortable(greatest), says=f"{self.place} has grown")


def on_file(location: str | os.PathLike[str]) -> OnFile:
    """Due when a file or an object arrives or changes. What is there when it is looked at first doesn't count.

    Parameters
    ----------
    location:
        A file, a folder (the newest file in it counts), a pattern such as ``"in/*.csv"``; or an object or a prefix of
        an object store, ``s3://...``.

    >>> on_file("in/*.csv").describe()
    'file *.csv'
    """
    where = os.fspath(location)
    if not isinstance(where, str) or not where:
        raise DefinitionError(f"on_file() takes a path or an address, not {location!r}")
    return OnFile(where)


def on_row(location: str, *, table: str, column: str, schema: str | None = None) -> OnRow:
    """Due when the greatest value of a column has grown, such as an id or the time of a change.

    Parameters
    ----------
    location:
        The database's address as SQLAlchemy writes it. It may hold a password, and is never shown.

    Raises
    ------
    DefinitionError
        An address that can't be read, or no table or column.

    >>> on_row("sqlite:///shop.db", table="orders", column="id").describe()
    'row in orders.id'
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not table or not column:
        raise DefinitionError(f"on_row(table={table!r}, column={column!r}) takes the names of a table and its column")
    try:
        make_url(location)
    except (ArgumentError, AttributeError):
        raise DefinitionError(
            f"on_row(table={table!r}) takes the address of a database before it, postgresql+psycopg://..."
        ) from None
    return OnRow(location, table, column, schema)


def look(arrival: Arrival, redact: Callable[[str], str]) -> Sighting:
    """Look at a place, and say in place of raising why that can't be done."""
    try:
        return arrival.look()
    except Exception as error:  # a place outside raises anything, and one must not keep the others from being due
        said = redact(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
        return Sighting(error=f"{type(error).__name__}: {said}")


def _files(location: str) -> list[tuple[int, str, int]]:
    given = Path(location)
    if _GLOB & set(location):
        paths = [Path(one) for one in iglob(location, recursive=True)]
    else:
        paths = list(given.rglob("*")) if given.is_dir() else [given]
    found = []
    for path in paths:
        try:
            if path.is_file():
                stat = path.stat()
                found.append((stat.st_mtime_ns, path.name, stat.st_size))
        except FileNotFoundError:  # it went while it was looked at
            continue
    return found


def _objects(location: str) -> list[tuple[int, str, int]]:
    from pyarrow.fs import FileSelector, FileSystem, FileType

    system, path = FileSystem.from_uri(location)
    info = system.get_file_info(path)
    if info.type is FileType.File:
        infos = [info]
    else:
        infos = system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
    return [(one.mtime_ns or 0, one.base_name, one.size or 0) for one in infos if one.type is FileType.File]


def _sortable(value: object) -> str:
    if isinstance(value, int | Decimal) and value == int(value):
        return f"{int(value) + _MIDDLE:030d}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
