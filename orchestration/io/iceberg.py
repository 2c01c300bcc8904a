"""Versions in Iceberg tables: one table an asset, staged on branches, published onto main."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlparse

from orchestration.errors import CorruptData, LeaseLost, StorageError, TidegateError
from orchestration.io import duck, formats, frames, iceberg_tables
from orchestration.io.base import ParquetFiles, Pointer, StagedData, StoredVersion
from orchestration.io.cache import FileCache
from orchestration.io.iceberg_tables import PARTITION_COLUMN, StagedFile, Tables
from orchestration.io.options import ensure_known, table, text
from orchestration.io.plain import from_plain, plain_schema, to_plain
from orchestration.io.recorded import reading
from orchestration.io.streams import Part, stream
from orchestration.io.tables import Shape, present, records_as_table, shape_of, tables_in
from orchestration.model import Address, AssetKey

FORMAT = "iceberg"
_BLOCK = 8 * 2**20
_PATIENCE_S = 60.0
_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0

_Done = TypeVar("_Done")


class IcebergIOManager:
    """Implements :class:`orchestration.io.base.IOManager` for tables, in an Iceberg catalog.

    A version is one Parquet file and a branch that names it. Publishing re-applies the file to main as it is then, in
    one commit that fails where another came first, and is tried again after asking for the pointer once more.
    """

    def __init__(self, tables: Tables, cache: FileCache) -> None:
        self._tables = tables
        self._cache = cache
        self._turns: defaultdict[AssetKey, threading.Lock] = defaultdict(threading.Lock)

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        tables = tables_in(value if (rows := records_as_table(value)) is None else rows)
        if tables is None:
            raise StorageError(
                f"{address}: a {type(value).__name__} is no table, and an Iceberg table keeps nothing else; nothing "
                "was published; keep this asset by the files IO manager"
            )
        first = next(tables)
        if PARTITION_COLUMN in first.column_names:
            raise StorageError(
                f"{address}: the column {PARTITION_COLUMN!r} is kept for the partition; nothing was published; rename "
                "it"
            )
        schema = plain_schema(first.schema)
        plain = (to_plain(given, schema) for given in _all(first, tables))
        with _refusing("staging", address):
            found, declared = self._committing(address, lambda: self._tables.prepared(address, schema))
            if iceberg_tables.staged_file(found, address, version) is not None:
                raise StorageError(f"{address}: there is a version {version} already; it was left as it is")
            path = iceberg_tables.data_path(found, address, version)
            try:
                file = _written(found, path, plain)
                self._committing(address, lambda: self._branch(address, version, file))
            except BaseException:
                self._clear(found, path)
                raise
            local = self._local(found, file)
        return StagedData(
            format=FORMAT, data_version=file.sha256, rows=file.rows, bytes=file.bytes,
            data=ParquetFiles((str(local),)), declared=declared,
        )  # fmt: skip

    def _branch(self, address: Address, version: str, file: StagedFile) -> None:
        found = self._tables.find(address.asset)
        assert found is not None
        if iceberg_tables.staged_file(found, address, version) is None:  # else an earlier try did it unheard
            iceberg_tables.stage(found, address, version, file)

    @staticmethod
    def _clear(found: Any, path: str) -> None:
        try:
            found.io.delete(path)
        except OSError:
            return  # it wasn't there yet, or stays for ``sweep``

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        with duck.query(sql, parameters) as chunks:
            return self.stage(address, version, chunks)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        return duck.relation([str(self._file(version)) for version in versions])

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        if one:
            return self._load(versions[0], wants)
        return formats.together(
            [partial(self._load, version) for version in versions], wants,
            lambda n: from_plain(frames.schema(self._file(versions[n]), frames.PARQUET).empty_table()).schema,
        )  # fmt: skip

    def _load(self, version: StoredVersion, wants: str) -> Any:
        with reading(version):
            file = self._file(version)
            shape = shape_of(wants)
            if shape is Shape.DUCKDB:
                return duck.of_files([str(file)])
            found = frames.read(file, frames.PARQUET, "pa.RecordBatchReader" if shape is Shape.READER else "pa.Table")
            if shape is Shape.READER:
                return _from_plain(found)
            return present(from_plain(found), wants)

    def _file(self, version: StoredVersion) -> Path:
        """A local file with the version's rows, if they are what was written."""
        with reading(version):
            found = self._tables.find(version.address.asset)
            file = None if found is None else iceberg_tables.staged_file(found, version.address, version.id)
            if file is None:
                raise FileNotFoundError(2, "no such branch", iceberg_tables.branch_of(version.address, version.id))
            if file.sha256 != version.data_version:
                raise CorruptData("it isn't what was written (its hash differs)")
            return self._local(found, file)

    def _local(self, found: Any, file: StagedFile) -> Path:
        """The file itself where it is local, else a copy of it."""
        if (path := _local_path(file.path)) is not None:
            if path.stat().st_size != file.bytes:
                raise CorruptData("it isn't what was written (its size differs)")
            return path

        def download(stream: BinaryIO) -> None:
            with found.io.new_input(file.path).open() as source:
                shutil.copyfileobj(source, stream, _BLOCK)

        return self._cache.fetch(file.sha256, ".parquet", download)

    def publish(self, address: Address, version: str, token: int) -> None:
        with _refusing("publishing", address):
            self._committing(address, lambda: self._publish(address, version, token))

    def _publish(self, address: Address, version: str, token: int) -> None:
        found = self._tables.find(address.asset)
        file = None if found is None else self._whole(found, address, version)
        if file is None:
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        seen = iceberg_tables.pointer_in(found, address)
        if seen is not None and seen.token > token:
            if seen.version == version:
                return
            raise LeaseLost(str(address))
        if seen != Pointer(version, token):
            iceberg_tables.publish(found, address, version, token, file)

    def pointer(self, address: Address) -> Pointer | None:
        with _refusing("reading the pointer of", address):
            found = self._tables.find(address.asset)
            return None if found is None else iceberg_tables.pointer_in(found, address)

    def has(self, address: Address, version: str) -> bool:
        with _refusing("looking for", address):
            found = self._tables.find(address.asset)
            return found is not None and self._whole(found, address, version) is not None

    @staticmethod
    def _whole(found: Any, address: Address, version: str) -> StagedFile | None:
        file = iceberg_tables.staged_file(found, address, version)
        if file is None:
            return None
        there = found.io.new_input(file.path)
        return file if there.exists() and len(there) == file.bytes else None

    def versions(self, address: Address) -> tuple[str, ...]:
        with _refusing("listing", address):
            found = self._tables.find(address.asset)
            if found is None:
                return ()
            return tuple(sorted({*iceberg_tables.branches(found, address), *iceberg_tables.files_of(found, address)}))

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        seen = self.pointer(address)
        known = set(keep) | ({seen.version} if seen else set())
        left = tuple(name for name in self.versions(address) if name not in known)
        with _refusing("sweeping", address):
            if left:
                self._committing(address, partial(self._forget, address, left))
        return left

    def drop(self, address: Address) -> None:
        with _refusing("removing", address):
            self._committing(address, lambda: self._drop(address))

    def _drop(self, address: Address) -> None:
        found = self._tables.find(address.asset)
        if found is None:
            return
        if iceberg_tables.is_alone(found, address):
            self._tables.remove(found)
            return
        iceberg_tables.withdraw(found, address)
        self._forget(address, self.versions(address))

    def close(self) -> None:
        """Give back the catalog's connections."""
        self._tables.close()

    def _forget(self, address: Address, versions: Collection[str]) -> None:
        iceberg_tables.forget(self._tables.find(address.asset), address, versions)

    def _committing(self, address: Address, commit: Callable[[], _Done]) -> _Done:
        """Do it until no other commit comes first: one at a time in this process, patiently beside others."""
        with self._turns[address.asset]:
            tries, until = 0, time.monotonic() + _PATIENCE_S
            while True:
                try:
                    return commit()
                except Exception as error:
                    if not iceberg_tables.is_overtaken(error):
                        raise
                    if time.monotonic() > until:
                        raise StorageError(_too_late(address, error)) from error
                time.sleep(random.uniform(0.5, 1.0) * min(_WAIT_S * 2**tries, _LONGEST_WAIT_S))
                tries += 1


def from_options(options: Mapping[str, object], root: Path) -> IcebergIOManager:
    """An IO manager of kind ``iceberg``.

    ``path`` is a folder, counted from ``root``, for a catalog in SQLite and its warehouse. ``catalog`` is a table of
    pyiceberg's properties instead, such as ``uri`` and ``warehouse`` of a REST catalog, and ``name``, "tidegate" where
    it isn't given. ``namespace`` is where the tables are, ``cache`` a local folder for copies of remote files.
    """
    ensure_known("iceberg", options, ("path", "catalog", "namespace", "cache"))
    cache = FileCache(root / text("iceberg", options, "cache", ".tidegate/cache"))
    properties = {str(name): str(value) for name, value in table("iceberg", options, "catalog").items()}
    if not properties:
        folder = (root / text("iceberg", options, "path", ".tidegate/iceberg")).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        properties = {"type": "sql", "uri": f"sqlite:///{folder / 'catalog.db'}", "warehouse": folder.as_uri()}
    properties.setdefault("py-io-impl", "pyiceberg.io.pyarrow.PyArrowFileIO")
    properties.setdefault("pool_pre_ping", "true")  # a catalog in a database that was restarted since
    return IcebergIOManager(Tables(properties, text("iceberg", options, "namespace", "tidegate")), cache)


def _all(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _written(found: Any, path: str, tables: Iterator[Any]) -> StagedFile:
    with found.io.new_output(path).create(overwrite=True) as stream:
        hashing = formats.Hashing(stream)
        rows = frames.save(tables, hashing, frames.PARQUET)
    return StagedFile(path, hashing.sha256.hexdigest(), hashing.size, rows)


def _from_plain(reader: Any) -> Any:
    """A reader's batches in the schema that they came with."""
    import pyarrow as pa

    tables = (from_plain(pa.Table.from_batches([batch])) for batch in reader)
    return stream([Part(from_plain(reader.schema.empty_table()).schema, lambda: tables)])


def _local_path(path: str) -> Path | None:
    parts = urlparse(path)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def _too_late(address: Address, error: Exception) -> str:
    return (
        f"{address}: for {_PATIENCE_S:g} s each commit came too late, or the catalog was locked ({_said(error)}); "
        "nothing of it was published and readers keep what they had; see who else writes the table or has the catalog "
        "open, then run it again"
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: " + " ".join(str(error).split("\n[SQL")[0].split())


@contextmanager
def _refusing(doing: str, address: Address) -> Iterator[None]:
    """Say what the catalog or its storage refused, and what that leaves."""
    try:
        yield
    except TidegateError:
        raise
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not isinstance(error, OSError) and library not in ("pyiceberg", "sqlalchemy"):
            raise  # what the asset's own function raised between two chunks
        raise StorageError(
            f"{doing} {address}: {_said(error)}; nothing of it was published and readers keep what "
            "they had; look at the catalog's address, its rights and the room that is left, then run it again"
        ) from error
