"""Versions as files: the embedded default. Parquet for frames, one atomically replaced pointer an address.

    <root>/<asset>/<partition>/versions/<version>/data.parquet, manifest.json
    <root>/<asset>/<partition>/current.json          what readers see

Any number of processes read while others write; publishing copies nothing, and a held version is a version
that no pointer names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import duck, formats, frames
from orchestration.io.base import IOManager, Pointer, StagedData, StoredVersion
from orchestration.io.names import folder_of
from orchestration.io.options import ensure_known, one_of, table, text
from orchestration.io.recorded import reading, relation_of
from orchestration.io.tables import Shape, shape_of
from orchestration.model import Address

_HASHED_BYTES = 64 * 2**20
"""Larger frames are read as they are: they know their own layout, and hashing gigabytes at each read would not pay."""


class FilesIOManager:
    """Implements :class:`orchestration.io.base.IOManager` in a local folder."""

    def __init__(self, root: Path, choice: formats.Choice = formats.DEFAULT) -> None:
        self.root = root
        self._choice = choice

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        with self._staging(address, version) as folder:
            written = formats.write(folder, value, self._choice)
            manifest = {"format": written.format, "sha256": written.sha256, "bytes": written.bytes}
            _write_new(folder / "manifest.json", manifest)
        return StagedData(
            format=written.format,
            data_version=written.sha256,
            rows=written.rows,
            bytes=written.bytes,
            data=formats.staged(self._file(address, version, written.format), written.format, value),
        )

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        with duck.query(sql, parameters) as chunks:
            return self.stage(address, version, chunks)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        return relation_of(versions, self._sound)

    def look(self, version: StoredVersion) -> object:
        if version.format not in formats.FRAMES:
            return self._load(version, "")
        return formats.staged(self._sound(version), version.format, None)

    def _sound(self, version: StoredVersion) -> Path:
        """The file of a frame, if it is what was written; a query would read whatever lies there."""
        file = self._file(version.address, version.id, version.format)
        with reading(version):
            if file.stat().st_size <= _HASHED_BYTES:
                formats.checked(file.read_bytes(), version.data_version)
        return file

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        if one:
            return self._load(versions[0], wants)
        if not all(version.format in formats.FRAMES for version in versions):
            return {version.address.partition: self._load(version, wants) for version in versions}
        return formats.together(
            [partial(self._load, version) for version in versions], wants, lambda n: self._schema(versions[n])
        )

    def _schema(self, version: StoredVersion) -> Any:
        with reading(version):
            return frames.schema(self._file(version.address, version.id, version.format), version.format)

    def _load(self, version: StoredVersion, wants: str) -> Any:
        file = self._file(version.address, version.id, version.format)
        with reading(version):
            if version.format not in formats.FRAMES:
                return formats.read(formats.checked(file.read_bytes(), version.data_version), version.format, wants)
            if file.stat().st_size > _HASHED_BYTES:
                return frames.read(file, version.format, wants)
            body = formats.checked(frames.body(file), version.data_version)
            return frames.read(file if shape_of(wants) is Shape.DUCKDB else body, version.format, wants)

    def publish(self, address: Address, version: str, token: int) -> None:
        folder = self._address(address)
        if not self.has(address, version):
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        with _refusing("publishing", address), _locked(folder / "lock"):
            seen = self.pointer(address)
            if seen is not None and seen.token > token:
                if seen.version == version:
                    return
                raise LeaseLost(str(address))
            if seen != Pointer(version, token):
                _write_json(folder / "current.json", {"version": version, "token": token})

    def pointer(self, address: Address) -> Pointer | None:
        file = self._address(address) / "current.json"
        try:
            body = json.loads(file.read_bytes())
            version, token = body["version"], body["token"]
            if type(version) is not str or type(token) is not int:
                raise TypeError("it names no version and token")
            return Pointer(version, token)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptData(
                f"{address}: its pointer {file} can't be read ({error}); it was left as it is; materialize "
                f"it again after moving that file away: tidegate run {address.asset} --force"
            ) from error
        except OSError as error:
            raise StorageError(
                f"{address}: its pointer {file} can't be read: {error.strerror or error}; nothing of it was "
                "published and readers keep what they had; make the folder readable, then run it again"
            ) from error

    def has(self, address: Address, version: str) -> bool:
        folder = self._version(address, version)
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            size = (folder / formats.FILE_NAMES[manifest["format"]]).stat().st_size
            return bool(size == manifest["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def versions(self, address: Address) -> tuple[str, ...]:
        folder = self._address(address) / "versions"
        if not folder.is_dir():
            return ()
        with _refusing("listing", address):
            return tuple(sorted(os.listdir(folder)))

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        seen = self.pointer(address)
        known = set(keep) | ({seen.version} if seen else set())
        left = tuple(name for name in self.versions(address) if name not in known)
        for name in left:
            shutil.rmtree(self._version(address, name), ignore_errors=True)
        return left

    def drop(self, address: Address) -> None:
        folder = self._address(address)
        with _refusing("removing", address), suppress(FileNotFoundError):
            (folder / "current.json").unlink(missing_ok=True)  # first: readers see nothing rather than half
            shutil.rmtree(folder)
            with suppress(OSError):  # other partitions lie there
                folder.parent.rmdir()

    @contextmanager
    def _staging(self, address: Address, version: str) -> Iterator[Path]:
        """A folder that becomes the version when the block ends, and nothing at all when it fails."""
        final = self._version(address, version)
        working = final.with_name(f".{final.name}.writing")
        with _refusing("staging", address):
            grown = _make_folders(working.parent)
            working.mkdir()
            try:
                yield working
                # All is written before anything is synced: what waits in the journal goes to disk with the first.
                for name in os.listdir(working):
                    _sync(working / name)
                _sync(working)
                os.rename(working, final)
                for folder in (final.parent, *grown):
                    _sync(folder)
            except BaseException:
                shutil.rmtree(working, ignore_errors=True)
                raise

    def _address(self, address: Address) -> Path:
        return _folder_of(self.root, address)

    def _version(self, address: Address, version: str) -> Path:
        return self._address(address) / "versions" / version

    def _file(self, address: Address, version: str, kind: str) -> Path:
        return self._version(address, version) / formats.FILE_NAMES[kind]


@lru_cache(maxsize=4096)
def _folder_of(root: Path, address: Address) -> Path:  # each step asks for it a dozen times
    return root / folder_of(address)


def from_options(options: Mapping[str, object], root: Path) -> IOManager:
    """An IO manager of kind ``files``.

    ``path`` is its folder, counted from ``root``, or a URL such as ``s3://bucket/folder``. ``frames`` is ``parquet`` or
    ``arrow``, ``objects`` is ``pickle`` or ``joblib``. With a URL, ``storage`` is a table for its driver and ``cache``
    a local folder for copies.
    """
    path = text("files", options, "path", ".tidegate/data").removeprefix("file://")
    is_url = "://" in path
    ensure_known("files", options, ("path", "frames", "objects", *(("storage", "cache") if is_url else ())))
    choice = formats.Choice(
        frames=one_of("files", options, "frames", formats.FRAMES),
        objects=one_of("files", options, "objects", formats.OBJECTS),
    )
    if not is_url:
        return FilesIOManager(root / path, choice)
    from orchestration.io.objects import open_objects

    cache = root / text("files", options, "cache", ".tidegate/cache")
    return open_objects(path, cache, table("files", options, "storage"), choice)


def _write_new(file: Path, body: Mapping[str, object]) -> None:
    with open(file, "x", encoding="utf-8") as stream:
        stream.write(json.dumps(body))


def _write_json(file: Path, body: Mapping[str, object]) -> None:
    """Replace a file in one step: a reader sees the old text or the new one."""
    working = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        working.unlink(missing_ok=True)  # of a dead process with our number
        _write_new(working, body)
        _sync(working)
        os.replace(working, file)
    except BaseException:
        working.unlink(missing_ok=True)
        raise
    _sync(file.parent)


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; those that gained an entry must be synced, or a power cut takes it away."""
    if folder.is_dir():
        return []
    grown = _make_folders(folder.parent) if folder.parent != folder else []
    folder.mkdir(exist_ok=True)
    return [folder.parent, *grown]


def _sync(path: Path) -> None:
    """Let a file or a folder reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with open(file, "a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def _refusing(doing: str, address: Address) -> Iterator[None]:
    """Say what the operating system refused, and what that leaves."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"{doing} {address}: {error.strerror or error}: {error.filename or ''}; nothing of it was "
            "published and "
            "readers keep what they had; make room or make the folder writable, then run it again"
        ) from error
