"""Versions as objects of a store that has no rename and no locks: S3, Google Cloud Storage, Azure, any fsspec URL.

    <root>/<asset>/<partition>/versions/<version>/data.parquet, manifest.json (written last)
    <root>/<asset>/<partition>/current/<token>       readers see the highest token's

Files are written and read through a local cache, so the gate and DuckDB look at local files.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from orchestration.errors import CorruptData, LeaseLost, StorageError, TidegateError
from orchestration.io import duck, formats, frames
from orchestration.io.base import Pointer, StagedData, StoredVersion
from orchestration.io.cache import FileCache
from orchestration.io.names import folder_of
from orchestration.io.recorded import reading, relation_of
from orchestration.model import Address

_BLOCK = 8 * 2**20
_TRIES = 5
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ObjectsIOManager:
    """Implements :class:`orchestration.io.base.IOManager` over a file system of fsspec's shape.

    It needs what the large stores give: an object appears whole or not at all, and listings and reads show what was
    written before. No conditional write is needed: each fencing token has a pointer object of its own and the
    highest counts, so what a late writer with a lower token writes is never seen.
    """

    def __init__(self, store: Any, root: str, cache: FileCache, choice: formats.Choice = formats.DEFAULT) -> None:
        self._store = store
        self._root = root.rstrip("/")
        self._cache = cache
        self._choice = choice

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        folder = self._version(address, version)
        with _refusing("staging", address):
            if self._read(f"{folder}/manifest.json") is not None:
                raise StorageError(f"{address}: there is a version {version} already; it was left as it is")
            with self._cache.working() as working:
                written = formats.write(Path(working), value, self._choice)
                name = formats.FILE_NAMES[written.format]
                local = self._cache.keep(Path(working, name), written.sha256)
            try:
                self._upload(local, f"{folder}/{name}")
                manifest = {"format": written.format, "sha256": written.sha256, "bytes": written.bytes}
                self._write(f"{folder}/manifest.json", json.dumps(manifest).encode())
            except BaseException:
                self._remove(folder)
                raise
        return StagedData(
            format=written.format,
            data_version=written.sha256,
            rows=written.rows,
            bytes=written.bytes,
            data=formats.staged(local, written.format, value),
        )

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        with duck.query(sql, parameters) as chunks:
            return self.stage(address, version, chunks)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        return relation_of(versions, self._fetched)

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        if one:
            return self._load(versions[0], wants)
        if not all(version.format in formats.FRAMES for version in versions):
            return {version.address.partition: self._load(version, wants) for version in versions}
        return formats.together(
            [partial(self._load, version) for version in versions], wants,
            lambda n: frames.schema(self._fetched(versions[n]), versions[n].format),
        )  # fmt: skip

    def _load(self, version: StoredVersion, wants: str) -> Any:
        with reading(version):
            file = self._fetched(version)
            if version.format in formats.FRAMES:
                return frames.read(file, version.format, wants)
            return formats.read(formats.checked(file.read_bytes(), version.data_version), version.format, wants)

    def _fetched(self, version: StoredVersion) -> Path:
        """The version's file in the local cache, whose content is what was recorded."""
        name = formats.FILE_NAMES[version.format]
        place = f"{self._version(version.address, version.id)}/{name}"

        def download(stream: BinaryIO) -> None:
            with self._store.open(place, "rb") as source:
                shutil.copyfileobj(source, stream, _BLOCK)

        with reading(version):
            if not self.has(version.address, version.id):
                raise FileNotFoundError(2, "no such object", place)
            return self._cache.fetch(version.data_version, PurePosixPath(name).suffix, download)

    def publish(self, address: Address, version: str, token: int) -> None:
        if not self.has(address, version):
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        with _refusing("publishing", address):
            seen = self.pointer(address)
            if seen is not None and seen.token > token:
                if seen.version == version:
                    return
                raise LeaseLost(str(address))
            if seen == Pointer(version, token):
                return
            self._write(self._current(address, token), json.dumps({"version": version, "token": token}).encode())
            self._retire(address, token)

    def _retire(self, address: Address, token: int) -> None:
        """Remove old pointers, or learn that ours has no effect because somebody's is above it.

        The last one before ours stays: a reader may have listed it a moment ago.
        """
        tokens = self._tokens(address)
        if tokens and tokens[-1] > token:
            raise LeaseLost(str(address))
        for old in tokens[:-2]:
            self._remove(self._current(address, old))

    def pointer(self, address: Address) -> Pointer | None:
        with _refusing("reading the pointer of", address):
            for _ in range(_TRIES):
                tokens = self._tokens(address)
                if not tokens:
                    return None
                place = self._current(address, tokens[-1])
                try:
                    body = self._read(place)
                except OSError:  # drivers say so of what is removed under their feet
                    if self._tokens(address)[-1:] == tokens[-1:]:
                        raise
                    continue
                if body is not None:
                    return _pointer_in(body, address, place)
            raise StorageError(
                f"{address}: its pointer changes faster than it can be read; nothing was changed; run it again"
            )

    def has(self, address: Address, version: str) -> bool:
        folder = self._version(address, version)
        with _refusing("looking for", address):
            body = self._read(f"{folder}/manifest.json")
            if body is None:
                return False
            try:
                manifest = json.loads(body)
                size = self._store.info(f"{folder}/{formats.FILE_NAMES[manifest['format']]}")["size"]
                return bool(size == manifest["bytes"])
            except (FileNotFoundError, ValueError, KeyError, TypeError):
                return False

    def versions(self, address: Address) -> tuple[str, ...]:
        with _refusing("listing", address):
            return tuple(sorted(self._names(f"{self._address(address)}/versions")))

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        seen = self.pointer(address)
        known = set(keep) | ({seen.version} if seen else set())
        left = tuple(name for name in self.versions(address) if name not in known)
        with _refusing("sweeping", address):
            for name in left:
                self._remove(self._version(address, name))
        return left

    def drop(self, address: Address) -> None:
        with _refusing("removing", address):
            for part in ("current", "versions"):  # in this order: readers see nothing rather than half
                self._remove(f"{self._address(address)}/{part}")

    def _address(self, address: Address) -> str:
        return f"{self._root}/{folder_of(address)}"

    def _version(self, address: Address, version: str) -> str:
        return f"{self._address(address)}/versions/{version}"

    def _current(self, address: Address, token: int) -> str:
        return f"{self._address(address)}/current/{token:020d}"

    def _tokens(self, address: Address) -> list[int]:
        return sorted(int(name) for name in self._names(f"{self._address(address)}/current") if name.isdigit())

    def _names(self, folder: str) -> set[str]:
        """What lies directly in a folder, read anew."""
        self._store.invalidate_cache()
        try:
            entries = self._store.ls(folder, detail=False)
        except FileNotFoundError:
            return set()
        return {PurePosixPath(entry).name for entry in entries} - {PurePosixPath(folder).name}

    def _read(self, path: str) -> bytes | None:
        try:
            return bytes(self._store.cat_file(path))
        except FileNotFoundError:
            return None

    def _write(self, path: str, body: bytes) -> None:
        with self._store.open(path, "wb") as stream:
            stream.write(body)

    def _upload(self, file: Path, path: str) -> None:
        with open(file, "rb") as source, self._store.open(path, "wb") as stream:
            shutil.copyfileobj(source, stream, _BLOCK)

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._store.rm(path, recursive=True)


def open_objects(url: str, cache: Path, storage: Mapping[str, Any], choice: formats.Choice) -> ObjectsIOManager:
    """An IO manager below a URL such as ``s3://bucket/folder``.

    Parameters
    ----------
    cache:
        A local folder for copies of what is written and read.
    storage:
        What the store's own driver is given, such as ``endpoint_override`` or ``region``; credentials come from the
        environment where it says nothing of them.

    Raises
    ------
    StorageError
        The driver is missing, or refuses what it is given.
    """
    protocol, _, path = url.partition("://")
    try:
        store = _store_of(protocol, storage)
    except ImportError as error:
        raise StorageError(
            f"the store {protocol}:// needs a driver: {error}; nothing was read or written; pip install "
            "'tidegate[objects]', and the driver that it names"
        ) from error
    except (TypeError, ValueError, OSError) as error:  # the value may be a secret: only its name is said
        names = ", ".join(sorted(storage)) or "nothing"
        raise StorageError(
            f"the store {protocol}:// can't be opened ({type(error).__name__}) with what `storage` gives it: {names}; "
            "nothing was read or written; see the driver's own options"
        ) from error
    return ObjectsIOManager(store, path if protocol != "memory" else f"/{path}", FileCache(cache), choice)


def _store_of(protocol: str, storage: Mapping[str, Any]) -> Any:
    import fsspec
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import fs

    if protocol in ("s3", "s3a"):
        return ArrowFSWrapper(fs.S3FileSystem(**storage))
    if protocol in ("gs", "gcs"):
        return ArrowFSWrapper(fs.GcsFileSystem(**storage))
    return fsspec.filesystem(protocol, **storage)


def _pointer_in(body: bytes, address: Address, place: str) -> Pointer:
    try:
        found = json.loads(body)
        version, token = found["version"], found["token"]
        if type(version) is not str or type(token) is not int:
            raise TypeError("it names no version and token")
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptData(
            f"{address}: its pointer {place} can't be read ({error}); it was left as it is; materialize it again after "
            f"moving that object away: tidegate run {address.asset} --force"
        ) from error
    return Pointer(version, token)


@contextmanager
def _refusing(doing: str, address: Address) -> Iterator[None]:
    """Say what the store refused, and what that leaves."""
    try:
        yield
    except TidegateError:
        raise
    except OSError as error:  # drivers put theirs into it
        cure = "make room for its local cache" if error.errno in _FULL else "look at the store's address and rights"
        raise StorageError(
            f"{doing} {address}: {type(error).__name__}: {' '.join(str(error).split())}; nothing of it was published "
            f"and readers keep what they had; {cure}, then run it again"
        ) from error
