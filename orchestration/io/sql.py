"""Versions as tables of a database, and one table an asset that readers see.

    <versions schema>.v_<hash>                     each version, complete, never changed
    <versions schema>.tidegate_versions, ...       what is there and what is published: see ``registry``
    <schema>.<asset>                               what readers see; partitions side by side

Publishing is one transaction: the partition's rows are replaced and the pointer moves. A held version is a version
that no pointer names.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table
from sqlalchemy.schema import CreateSchema, DropTable
from sqlalchemy.sql.selectable import SelectBase

from orchestration.errors import LeaseLost, StorageError
from orchestration.io import columns as arrow_columns
from orchestration.io import duck
from orchestration.io.base import Login, Pointer, SqlRelation, StagedData, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.columns import Column
from orchestration.io.content import ContentHash, content_hash
from orchestration.io.frames import grouped
from orchestration.io.published import Published
from orchestration.io.registry import Kept, Registry, table_name
from orchestration.io.tables import (
    Shape,
    as_table,
    chunks_in,
    joined,
    present,
    records_as_table,
    shape_of,
    tables_of,
)
from orchestration.io.version_reads import FORMAT, VersionReads, saying
from orchestration.io.version_table import created
from orchestration.io.warehouse import Session, Warehouse
from orchestration.model import Address, AssetKey

if TYPE_CHECKING:
    import pyarrow as pa

PARTITION_COLUMN = "tidegate_partition"
PLACES = ("schema", "versions_schema", "partition_column")
"""The options of every kind that has schemas."""
_MOST_VALUES = 4_000_000
"""Rows times columns up to which a relation is over a table in memory: quicker, and a fault shows when it is loaded."""


class SqlIOManager:
    """Implements :class:`orchestration.io.base.IOManager` over a :class:`Warehouse`; keeps tables and nothing else."""

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        schema: str | None,
        versions_schema: str | None = None,
        partition_column: str = PARTITION_COLUMN,
    ) -> None:
        if schema is not None and versions_schema is None:
            versions_schema = f"tidegate_{schema}"
        self._warehouse = warehouse
        self._schemas = [one for one in (schema, versions_schema) if one is not None]
        self._versions_schema = versions_schema
        self._registry = Registry(versions_schema, "tidegate_")
        self._published = Published(
            warehouse=warehouse, registry=self._registry, schema=schema, partition_column=partition_column
        )
        self._reads = VersionReads(
            warehouse=warehouse, registry=self._registry, schema=versions_schema, reading=self._reading
        )
        self._is_ready = False
        self._getting_ready = threading.Lock()
        self._turns: defaultdict[AssetKey, threading.Lock] = defaultdict(threading.Lock)

    def close(self) -> None:
        """Give connections back; the next use opens them again."""
        self._warehouse.close()

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        if (chunks := chunks_in(value)) is not None:
            return self._stage_chunks(address, version, chunks)
        if isinstance(value, SelectBase):
            return self._stage_inside(address, version, lambda s, t: s.create_from_select(t, value))
        table = self._tabular(address, value)
        kept = self._columns(table.schema)
        encoded = arrow_columns.encode(table, kept, self._warehouse.able.keeping)
        data_version = content_hash(table)
        with self._staging(address, version), self._writing() as session:
            self._registry.announce(session, address, version)
            created(session, self._table(address, version), kept, self._warehouse.able.row_column)
            if kept:
                session.insert(self._table(address, version), encoded)
            self._seal(session, address, version, table, data_version, table.num_rows)
            declared = self._published.declared(session, address)
        return StagedData(
            format=FORMAT, data_version=data_version, rows=table.num_rows, bytes=table.nbytes,
            data=table, declared=declared,
        )  # fmt: skip

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        return self._stage_inside(address, version, lambda s, t: s.create_from(t, sql, parameters))

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        if not versions:
            raise ValueError("a relation needs at least one version")
        return self._reads.relation(versions)

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        if _wants_select(wants):
            return self._reads.select(versions)
        shape = shape_of(wants)
        if shape is Shape.READER:
            return self._reads.stream(versions)
        if shape is Shape.DUCKDB and self._reads.values(versions) > _MOST_VALUES:
            return duck.of_streams(partial(self._reads.stream, versions))
        tables = [self._reads.whole(version) for version in versions]
        if len(tables) == 1:
            return present(tables[0], wants)
        return present(joined(tables), wants)

    def look(self, version: StoredVersion) -> object:
        self._reads.found(version)  # it is there, and what was written
        return self._staged(version.address, version.id).data

    def publish(self, address: Address, version: str, token: int) -> None:
        staged = self._table(address, version)
        with saying("publishing", address), self._turns[address.asset]:  # not each database makes the others wait
            if not self._warehouse.able.has_transactional_ddl:
                with self._writing() as session:
                    if self._may_publish(session, address, version, token):
                        self._published.prepare(session, address, staged)
            with self._writing() as session:
                session.alone(f"tidegate {address.asset}")  # its table is made, widened and filled by one at a time
                if not self._may_publish(session, address, version, token):
                    return
                seen = self._registry.lock(session, address)
                if seen is None or seen.version != version:
                    shown = self._published.prepare(session, address, staged)
                    self._published.replace(session, address, staged, shown)
                self._registry.point(session, address, version, token, seen)

    def pointer(self, address: Address) -> Pointer | None:
        with saying("reading", address), self._reading() as session:
            return self._registry.pointer(session, address)

    def has(self, address: Address, version: str) -> bool:
        with saying("reading", address), self._reading() as session:
            return self._is_whole(session, address, version)

    def versions(self, address: Address) -> tuple[str, ...]:
        with saying("listing", address), self._reading() as session:
            return self._registry.known(session, address)

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        with saying("sweeping", address), self._reading() as session:
            seen = self._registry.pointer(session, address)
            known = set(keep) | ({seen.version} if seen else set())
            left = tuple(version for version in self._registry.known(session, address) if version not in known)
        for version in left:
            self._remove(address, version)
        return left

    def drop(self, address: Address) -> None:
        with saying("removing", address):
            with self._turns[address.asset], self._writing() as session:
                session.alone(f"tidegate {address.asset}")
                self._published.withdraw(session, address)
            for version in self.versions(address):
                self._remove(address, version)

    def _stage_chunks(self, address: Address, version: str, chunks: Chunks) -> StagedData:
        """Write each chunk in a transaction of its own; the version is whole when the last one is in."""
        table = self._table(address, version)
        with self._staging(address, version):
            tables = tables_of(chunks)
            first = next(tables)
            kept, like = self._columns(first.schema), first.slice(0, 0)
            with self._writing() as session:
                self._registry.announce(session, address, version)
                created(session, table, kept, self._warehouse.able.row_column)
            hashing, rows = ContentHash(first.schema), 0
            for part in grouped(first, tables):
                encoded = arrow_columns.encode(part, kept, self._warehouse.able.keeping)
                if kept and part.num_rows:
                    with self._writing() as session:
                        session.insert(table, encoded)
                like = arrow_columns.with_categories(like, part)
                hashing.add(part)
                rows += part.num_rows
            with self._writing() as session:
                self._seal(session, address, version, like, hashing.hexdigest(), rows)
        return self._staged(address, version)

    def _stage_inside(self, address: Address, version: str, make: Callable[[Session, Table], None]) -> StagedData:
        """Let the database make the version; its rows never come here."""
        table = self._table(address, version)
        with self._staging(address, version):
            with self._writing() as session:
                self._registry.announce(session, address, version)
                make(session, table)
                like = session.described(table)
                arrow_columns.columns_of(like.schema, self._warehouse.able.keeping)
                types = repr(sorted(session.catalogue(table).items()))
                content = session.digest(table)
                digest = hashlib.sha256(f"{types}\n{content}".encode()).hexdigest()
                self._seal(session, address, version, like, digest, int(content.partition(":")[0]))
            return self._staged(address, version)

    def _staged(self, address: Address, version: str) -> StagedData:
        with self._reading() as session:
            kept = self._registry.find(session, address, version)
            declared = self._published.declared(session, address)
        assert kept is not None
        like = arrow_columns.remembered(kept.arrow)
        return StagedData(
            format=FORMAT, data_version=kept.data_version, rows=kept.rows, bytes=None,
            data=SqlRelation(
                dialect=self._warehouse.able.dialect, table=self._reads.place(kept), like=like, rows=kept.rows,
                quote=self._warehouse.quote, ask=self._ask, arrow=lambda: self._reads.rows_of(address, kept, like),
                login=self._login(kept),
            ),
            declared=declared,
        )  # fmt: skip

    def _login(self, kept: Kept) -> Login | None:
        url = self._warehouse.url
        return None if url is None else Login(url=url, schema=self._versions_schema, table=kept.table)

    def _ask(self, sql: str, limit_s: float | None = None) -> Sequence[Sequence[Any]]:
        with self._reading() as session, contextlib.nullcontext() if limit_s is None else session.limited(limit_s):
            return session.ask(sql)

    def _may_publish(self, session: Session, address: Address, version: str, token: int) -> bool:
        """Whether there is something to do; raises where it must not be done."""
        if not self._is_whole(session, address, version):
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        seen = self._registry.pointer(session, address)
        if seen is None or seen.token <= token:
            return seen != Pointer(version, token)
        if seen.version != version:
            raise LeaseLost(str(address))
        return False

    def _is_whole(self, session: Session, address: Address, version: str) -> bool:
        kept = self._registry.find(session, address, version)
        return kept is not None and kept.whole and bool(session.catalogue(self._named(kept.table)))

    def _seal(
        self, session: Session, address: Address, version: str, like: pa.Table, data_version: str, rows: int
    ) -> None:
        kept = Kept(
            version=version, table=table_name(address, version), data_version=data_version, rows=rows,
            arrow=arrow_columns.remember(like), whole=True,
        )  # fmt: skip
        self._registry.seal(session, address, kept)

    def _tabular(self, address: Address, value: object) -> pa.Table:
        table = as_table(value)
        table = records_as_table(value) if table is None else table
        if table is None:
            raise StorageError(
                f"{address}: a {type(value).__name__} is no table, and {self._warehouse.able.keeping.engine} keeps "
                "tables; nothing was published and readers keep what they had; use the files IO manager for this asset"
            )
        return table

    def _columns(self, schema: pa.Schema) -> tuple[Column, ...]:
        if self._published.partition_column in schema.names:
            raise StorageError(
                f"a column can't be called {self._published.partition_column!r}, which is where the table that readers "
                "see has its partition; nothing was published; rename it, or set partition_column= for the IO manager"
            )
        return arrow_columns.columns_of(schema, self._warehouse.able.keeping)

    def _table(self, address: Address, version: str) -> Table:
        return self._named(table_name(address, version))

    def _named(self, name: str) -> Table:
        return Table(name, MetaData(), schema=self._versions_schema)

    @contextlib.contextmanager
    def _staging(self, address: Address, version: str) -> Iterator[None]:
        """What fails leaves nothing behind, as far as the database can still be reached."""
        try:
            with saying("staging", address):
                yield
        except BaseException:
            with contextlib.suppress(StorageError):
                self._remove(address, version)
            raise

    def _remove(self, address: Address, version: str) -> None:
        with self._writing() as session:
            if session.catalogue(self._table(address, version)):
                session.run(DropTable(self._table(address, version)))
            self._registry.forget(session, address, version)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        self._ready()
        with self._warehouse.reading() as session:
            yield session

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Session]:
        self._ready()
        with self._warehouse.writing() as session:
            yield session

    def _ready(self) -> None:
        """Make the schemas and the registry's tables once a process; whoever comes second finds them there."""
        if self._is_ready:
            return
        with self._getting_ready:
            try:
                self._make()
            except StorageError:
                self._make()  # another process made them at the same moment
            if not self._warehouse.able.has_transactional_ddl:
                self._warehouse.close()  # CREATE SCHEMA also moved its connection into the new schema
            self._is_ready = True

    def _make(self) -> None:
        with self._warehouse.writing() as session:
            for schema in self._schemas if self._warehouse.able.has_schemas else ():
                session.run(CreateSchema(schema, if_not_exists=True))
            self._registry.create(session)


def _wants_select(wants: str) -> bool:
    """Whether an annotation's text asks for a SELECT of SQLAlchemy's."""
    return wants.partition("[")[0].strip("'\" ").rpartition(".")[2] == "Select"
