"""The port of a database that keeps versions in tables: what ``SqlIOManager`` asks of each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.types import UserDefinedType

from orchestration.io.columns import Column, Keeping
from orchestration.model import Declared

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Table
    from sqlalchemy.sql.base import Executable

Row = Sequence[Any]


class Raw(UserDefinedType[Any]):
    """A column's type in a database's own words."""

    cache_ok = True

    def __init__(self, text: str) -> None:
        self.text = text

    def get_col_spec(self, **kw: Any) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What kinds of databases differ in.

    ``holds`` names by a column's type the types whose values it keeps unchanged; integers that a double can hold
    and doubles are one to Python's people, so ``integers`` and ``floats`` are compared by value where they meet.
    """

    dialect: str
    keeping: Keeping
    has_transactional_ddl: bool = True
    has_schemas: bool = True
    has_indexes: bool = True
    alters_types: bool = True
    is_shared: bool = True  # False: nobody can write while somebody reads, so large versions are read in parts
    row_column: str | None = None  # where rows have no order of their own, the column of versions that has it
    integers: frozenset[str] = frozenset()
    floats: frozenset[str] = frozenset()
    holds: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Session(Protocol):
    """One transaction, as far as the database has them; statements are SQLAlchemy's, so names are quoted, values bound.

    Raises StorageError with the database's own words, and AssetError where a person's query is at fault.
    """

    def run(self, statement: Executable) -> Sequence[Row]:
        """Run a statement and return its rows, if it has any."""
        ...

    def ask(self, sql: str) -> Sequence[Row]:
        """Run a SELECT that was put together from the dialect's own text."""
        ...

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        """Have the database end each statement of the block after so many seconds, or soon after."""
        ...

    def change(self, sql: str) -> None:
        """Run a statement of the dialect's own text that gives nothing."""
        ...

    def alone(self, name: str) -> None:
        """Wait until no other transaction that said the same name goes on; where writers are alone anyway: nothing."""
        ...

    def create_from(self, table: Table, sql: str, parameters: Mapping[str, object]) -> None:
        """Make a table of what a query gives, inside the database."""
        ...

    def create_from_select(self, table: Table, select: Any) -> None:
        """Make a table of what a SELECT of SQLAlchemy's gives, inside the database."""
        ...

    def catalogue(self, table: Table) -> dict[str, str]:
        """The columns of a table or view with their types in the database's words; empty where there is none."""
        ...

    def declared(self, table: Table) -> dict[str, Declared]:
        """What the catalogue says of a table's columns beside their types; empty where there is no table."""
        ...

    def insert(self, table: Table, rows: pa.Table) -> None:
        """Append rows whose columns are of storage types."""
        ...

    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]:
        """The rows as they were inserted, a table at a time, with their columns in storage types.

        ``part``: only these, counted from 0; asked only where ``able.is_shared`` is False.
        """
        ...

    def described(self, table: Table) -> pa.Table:
        """What a table that a query made holds, as an Arrow table without rows."""
        ...

    def digest(self, table: Table) -> str:
        """A hash of a table's content that is equal for equal rows in any order, taken inside the database."""
        ...


class Warehouse(Protocol):
    """A database: where it is, what it can keep, how it is talked to. Thread-safe.

    ``reading`` gives a consistent view; ``writing`` commits when its block ends and rolls back when it fails, all of
    it where there is transactional DDL, else without what CREATE, ALTER and DROP did.
    """

    able: Abilities
    name: str  # for people, without secrets

    @property
    def url(self) -> str | None:
        """SQLAlchemy's address, with the password; None where no second process may have the database open."""
        ...

    def quote(self, name: str) -> str:
        """An identifier in the dialect's own text, whatever it holds."""
        ...

    def fold(self, name: str) -> str:
        """What the database takes a table's name for: equal for names that it can't tell apart."""
        ...

    def reading(self) -> AbstractContextManager[Session]: ...

    def writing(self) -> AbstractContextManager[Session]: ...

    def away(self) -> AbstractContextManager[None]:
        """Keep nothing open between transactions while the block lasts: another process works on it."""
        ...

    def close(self) -> None: ...
