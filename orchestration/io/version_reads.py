"""Reading the versions that a database keeps: whole, in parts, or as a SELECT that has not run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table, column, null, select, union_all

from orchestration.errors import AssetError, CorruptData, StorageError
from orchestration.io import columns as arrow_columns
from orchestration.io.base import StoredVersion
from orchestration.io.registry import Kept, Registry
from orchestration.io.streams import FIRST_ROWS, Part, rows_that_fit, stream
from orchestration.io.warehouse import Session, Warehouse
from orchestration.model import Address

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReads:
    """Hands out versions that are what was written, and says of the others what became of them.

    ``reading`` opens a transaction that sees one moment.
    """

    warehouse: Warehouse
    registry: Registry
    schema: str | None
    reading: Callable[[], AbstractContextManager[Session]]

    def found(self, version: StoredVersion) -> tuple[Kept, pa.Table]:
        """A version as it was recorded; raises CorruptData where it isn't what the log knows."""
        if version.format != FORMAT:
            raise StorageError(
                f"{version.address} is stored as {version.format}, which {self.warehouse.name} can't read"
            )
        with saying("reading", version.address), self.reading() as session:
            return self._recorded(session, version)

    def whole(self, version: StoredVersion) -> pa.Table:
        """All rows of a version."""
        with saying("reading", version.address), self.reading() as session:
            return self._whole(session, version.address, *self._recorded(session, version))

    def rows_of(self, address: Address, kept: Kept, like: pa.Table) -> pa.Table:
        """All rows of a version that was found before."""
        with saying("reading", address), self.reading() as session:
            return self._whole(session, address, kept, like)

    def stream(self, versions: Sequence[StoredVersion]) -> pa.RecordBatchReader:
        """The rows of versions together, a part at a time; what is wrong is raised from the part that shows it."""
        parts = []
        for version in versions:
            kept, like = self.found(version)
            parts.append(Part(like.schema, partial(self._in_parts, version.address, kept, like)))
        return stream(parts)

    def values(self, versions: Sequence[StoredVersion]) -> int:
        """How many values versions have together: rows times columns."""
        found = (self.found(version) for version in versions)
        return sum(kept.rows * like.num_columns for kept, like in found)

    def select(self, versions: Sequence[StoredVersion]) -> Any:
        """A SELECT over versions together."""
        tables = [self.found(version) for version in versions]
        names = _names(tables)
        parts = [
            select(*(column(n) if n in like.schema.names else null().label(n) for n in names)).select_from(
                self._named(kept)
            )
            for kept, like in tables
        ]
        if len(parts) == 1:
            return parts[0]
        together = union_all(*parts).subquery("versions")
        return select(*together.c)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        """SQL text for the rows of versions together."""
        tables = [self.found(version) for version in versions]
        places = [self.place(kept) for kept, _ in tables]
        if len(tables) == 1:
            return places[0]
        names, quote = _names(tables), self.warehouse.quote
        selects = []
        for place, (_, like) in zip(places, tables, strict=True):
            there = set(like.schema.names)
            wanted = ", ".join(quote(name) if name in there else f"NULL AS {quote(name)}" for name in names)
            selects.append(f"SELECT {wanted} FROM {place}")
        return f"({' UNION ALL '.join(selects)})"

    def place(self, kept: Kept) -> str:
        """The version's table as SQL text."""
        return ".".join(self.warehouse.quote(part) for part in (self.schema, kept.table) if part)

    def _recorded(self, session: Session, version: StoredVersion) -> tuple[Kept, pa.Table]:
        kept = self.registry.find(session, version.address, version.id)
        again = f"materialize it again: tidegate run {version.address.asset} --force"
        if kept is None or not kept.whole:
            raise CorruptData(f"{version.address}: version {version.id} is not in {self.warehouse.name}; {again}")
        if kept.data_version != version.data_version:
            raise CorruptData(
                f"{version.address}: version {version.id} isn't what was written (its hash differs); it was not "
                f"read; {again}"
            )
        return kept, arrow_columns.remembered(kept.arrow)

    def _whole(self, session: Session, address: Address, kept: Kept, like: pa.Table) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables(self._checked(address, kept, like, self._fetched(session, kept, like, None)))

    def _in_parts(self, address: Address, kept: Kept, like: pa.Table) -> Iterator[pa.Table]:
        return self._checked(address, kept, like, self._fetched_in_parts(address, kept, like))

    def _fetched_in_parts(self, address: Address, kept: Kept, like: pa.Table) -> Iterator[pa.Table]:
        """Held open from the first to the last where that is in nobody's way, else each in a transaction of its own."""
        if self.warehouse.able.is_shared:
            with saying("reading", address), self.reading() as session:
                yield from self._fetched(session, kept, like, None)
            return
        at, count = 0, FIRST_ROWS
        while at < max(kept.rows, 1):
            with saying("reading", address), self.reading() as session:
                found = list(self._fetched(session, kept, like, range(at, at + count)))
            yield from found
            at, count = at + count, rows_that_fit(count, sum(part.nbytes for part in found))

    def _fetched(self, session: Session, kept: Kept, like: pa.Table, part: range | None) -> Iterator[pa.Table]:
        described = arrow_columns.columns_of(like.schema, self.warehouse.able.keeping)
        there = session.catalogue(self._named(kept))
        folded = set(map(self.warehouse.fold, there))
        lost = [name for name in like.schema.names if self.warehouse.fold(name) not in folded]
        if lost or not there:
            raise CorruptData(f"its column {lost[0]!r} is gone" if there else "its table is gone")
        if like.num_columns:
            yield from session.fetch(self._named(kept), described, part)

    def _checked(self, address: Address, kept: Kept, like: pa.Table, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The parts as they were written; at least one, so that no rows still have columns."""
        rows = 0
        try:
            yield like
            for part in parts:
                rows += part.num_rows
                yield arrow_columns.decode(part, like)
        except CorruptData as error:
            raise CorruptData(_altered(address, kept, str(error))) from error
        if like.num_columns and rows != kept.rows:
            raise CorruptData(_altered(address, kept, f"it has {rows:,} rows, {kept.rows:,} were written"))

    def _named(self, kept: Kept) -> Table:
        return Table(kept.table, MetaData(), schema=self.schema)


@contextmanager
def saying(doing: str, address: Address) -> Iterator[None]:
    """Say of what the database speaks."""
    try:
        yield
    except StorageError as error:
        said = str(error)
        if str(address) in said:
            raise
        raise type(error)(f"{doing} {address}: {said}") from error.__cause__
    except AssetError:
        raise


def _names(tables: Sequence[tuple[Kept, pa.Table]]) -> list[str]:
    """The columns of all of them, in the order in which they first come."""
    return list(dict.fromkeys(name for _, like in tables for name in like.schema.names))


def _altered(address: Address, kept: Kept, how: str) -> str:
    return (
        f"{address}: version {kept.version} isn't what was written: {how}; somebody altered {kept.table}; it was not "
        f"handed out; materialize it again: tidegate run {address.asset} --force"
    )
