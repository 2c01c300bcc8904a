"""Databases that SQLAlchemy talks to: connections, transactions, and errors in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from orchestration.errors import AssetError, StorageError
from orchestration.io.columns import Column
from orchestration.io.parameters import respelled, used
from orchestration.io.warehouse import Abilities, Row
from orchestration.model import Declared
from orchestration.shown import shown

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.sql.base import Executable

_SHORTEST_SECRET = 4  # what is shorter would blot out words
AS_WRITTEN = {"no_parameters": True}  # the driver must not look for its own marks in the text


class AlchemySession(ABC):
    """Implements :class:`orchestration.io.warehouse.Session` but for what drivers differ in."""

    mark = ":{}"
    """How the driver marks a named parameter."""
    doubles_percent = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def run(self, statement: Executable) -> Sequence[Row]:
        result = self.connection.execute(statement)
        return result.all() if result.returns_rows else ()

    def ask(self, sql: str) -> Sequence[Row]:
        return self.connection.exec_driver_sql(sql, execution_options=AS_WRITTEN).all()

    def change(self, sql: str) -> None:
        self.connection.exec_driver_sql(sql, execution_options=AS_WRITTEN)

    def alone(self, name: str) -> None:
        """Nothing, where the database has one writer."""
        return None

    def create_from(self, table: Table, sql: str, parameters: Mapping[str, object]) -> None:
        given = used(sql, parameters)
        text = respelled(sql, given, self.mark.format, self._escaped if given else str)
        place = self.place(table)
        text = f"CREATE TABLE {self._escaped(place) if given else place} AS {text}"
        try:
            if given:
                self.connection.exec_driver_sql(text, given)
            else:
                self.change(text)
        except DBAPIError as error:
            if not self.is_the_query(error):
                raise
            raise AssetError(f"the query failed: {said(error)}; nothing was published") from error

    def create_from_select(self, table: Table, select_: Any) -> None:
        compiled = select_.compile(dialect=self.connection.dialect, compile_kwargs={"render_postcompile": True})
        values: Any = dict(compiled.params)
        if compiled.positional:
            values = tuple(values[name] for name in compiled.positiontup)
        place = self.connection.dialect.identifier_preparer.format_table(table)
        try:
            self.connection.exec_driver_sql(f"CREATE TABLE {place} AS {compiled}", values)
        except DBAPIError as error:
            if not self.is_the_query(error):
                raise
            raise AssetError(f"the query failed: {said(error)}; nothing was published") from error

    def place(self, table: Table) -> str:
        """A table in the dialect's own text."""
        parts = (table.schema, table.name)
        return ".".join(self.quoted(part) for part in parts if part)

    @staticmethod
    def quoted(name: str) -> str:
        """An identifier in the dialect's own text."""
        return '"' + name.replace('"', '""') + '"'

    def _escaped(self, text: str) -> str:
        return text.replace("%", "%%") if self.doubles_percent else text

    @abstractmethod
    def is_the_query(self, error: DBAPIError) -> bool:
        """Whether what a person wrote is at fault, not the database."""

    @abstractmethod
    def limited(self, seconds: float) -> AbstractContextManager[None]: ...

    @abstractmethod
    def catalogue(self, table: Table) -> dict[str, str]: ...

    @abstractmethod
    def declared(self, table: Table) -> dict[str, Declared]: ...

    @abstractmethod
    def insert(self, table: Table, rows: pa.Table) -> None: ...

    @abstractmethod
    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]: ...

    @abstractmethod
    def described(self, table: Table) -> pa.Table: ...

    @abstractmethod
    def digest(self, table: Table) -> str: ...


class AlchemyWarehouse:
    """Implements :class:`orchestration.io.warehouse.Warehouse` over an engine."""

    def __init__(
        self, engine: Engine, able: Abilities, session: type[AlchemySession], *, writes: Mapping[str, Any] | None = None
    ) -> None:
        self.able = able
        self._engine = engine
        self._session = session
        self._writes = dict(writes or {})
        self.name = f"{able.keeping.engine} ({shown(engine.url)})"

    @property
    def url(self) -> str:
        return self._engine.url.render_as_string(hide_password=False)

    def quote(self, name: str) -> str:
        return self._session.quoted(name)

    def fold(self, name: str) -> str:
        return name.casefold() if self.able.keeping.is_caseless else name

    @contextmanager
    def reading(self) -> Iterator[AlchemySession]:
        with self._speaking(), self._engine.connect() as connection, connection.begin():
            yield self._session(connection)

    @contextmanager
    def writing(self) -> Iterator[AlchemySession]:
        with self._speaking(), self._engine.connect() as connection:
            writer = connection.execution_options(**self._writes) if self._writes else connection
            with writer.begin():
                yield self._session(writer)

    def away(self) -> AbstractContextManager[None]:
        return nullcontext()  # a server has room for all

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the driver says into what a person can act on, without the password."""
        try:
            yield
        except SQLAlchemyError as error:
            cause = said(error)
            password = str(self._engine.url.password or "")
            if len(password) >= _SHORTEST_SECRET:
                cause = cause.replace(password, "***")
            failed = StorageError(
                f"{self.name}: {cause}; nothing of it was published and readers keep what they had; {_advice(cause)}"
            )
            failed.said = cause
            raise failed from _without_secrets(error)


def said(error: BaseException) -> str:
    """What a driver says, in one line."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:400] or type(cause).__name__


def _without_secrets(error: SQLAlchemyError) -> BaseException | None:
    """The driver's own error; SQLAlchemy's shows the values that were bound."""
    return getattr(error, "orig", None)


def _advice(cause: str) -> str:
    lower = cause.lower()
    if any(word in lower for word in ("password", "authentication", "role", "credential", "incorrect username")):
        return "see whether user and password of the environment are right"
    if "permission" in lower or "privilege" in lower or "readonly" in lower or "read-only" in lower:
        return "give this user the right to it, or name another schema"
    if "locked" in lower:
        return "another process has been writing for long; look for one that hangs"
    if any(word in lower for word in ("full", "no space", "too large", "disk i/o")):  # SQLite says the last of both
        return "make room, then run it again"
    if "depend" in lower:
        return "drop what hangs on the table, or keep its columns as they were"
    if any(word in lower for word in ("connect", "terminat", "closed", "network", "host", "unable to open")):
        return "see whether the server is up and the address is right, then run it again"
    return "run it again once that is mended"


def rows_of(columns: Sequence[Column], rows: Sequence[Row]) -> pa.Table:
    """Rows of Python's values, at least one, as columns of storage types."""
    import pyarrow as pa

    values = zip(*rows, strict=True)
    return pa.table(
        [pa.array(one, kept.storage) for one, kept in zip(values, columns, strict=True)],
        names=[kept.name for kept in columns],
    )
