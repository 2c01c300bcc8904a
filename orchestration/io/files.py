"""Versions as files: the embedded default. Parquet for frames, one atomically replaced pointer an address.

    <root>/<asset>/<partition>/versions/<version>/data.parquet, manifest.json
    <root>/<asset>/<partition>/current.json          what readers see

Any number of processes read while others write; publishing copies nothing, and a held version is a version
that no pointer names.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import formats
from orchestration.io.base import ParquetFiles, Pointer, StagedData, StoredVersion
from orchestration.io.options import ensure_known, text
from orchestration.model import Address

_LONGEST_NAME = 120
_HASHED_BYTES = 64 * 2**20


class FilesIOManager:
    """Implements :class:`orchestration.io.base.IOManager` in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        with self._staging(address, version) as folder:
            written = formats.write(folder, value, _synced_later)
            manifest = {"format": written.format, "sha256": written.sha256, "bytes": written.bytes}
            _write_new(folder / "manifest.json", manifest)
        data = value
        if written.format == formats.PARQUET:
            data = ParquetFiles((str(self._file(address, version, formats.PARQUET)),))
        return StagedData(
            format=written.format,
            data_version=written.sha256,
            rows=written.rows,
            bytes=written.bytes,
            data=data,
        )

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        from orchestration.io import duck

        return self.stage(address, version, duck.query(sql, parameters))

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        from orchestration.io import duck

        return duck.relation([str(self._sound(version)) for version in versions])

    def _sound(self, version: StoredVersion) -> Path:
        """The file of a frame, if it is what was written; a query would read whatever lies there."""
        file = self._file(version.address, version.id, self._frame(version))
        again = f"materialize it again: tidegate run {version.address.asset} --force"
        try:
            if file.stat().st_size > _HASHED_BYTES:
                return file  # Parquet knows its own layout; hashing gigabytes at each read would not pay
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise CorruptData(
                f"{version.address}: version {version.id} can't be read: {error.strerror}: {error.filename}; {again}"
            ) from error
        if found != version.data_version:
            raise CorruptData(
                f"{version.address}: version {version.id} isn't what was written (its hash differs); it was not read; "
                f"{again}"
            )
        return file

    @staticmethod
    def _frame(version: StoredVersion) -> str:
        if version.format != formats.PARQUET:
            raise StorageError(
                f"{version.address} is stored as {version.format}, which a query can't read; read it in a Python asset"
            )
        return version.format

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        values = [self._load(version, wants) for version in versions]
        if one:
            return values[0]
        if all(version.format == formats.PARQUET for version in versions):
            if formats.wants_arrow(wants):
                import pyarrow as pa

                return pa.concat_tables(values, promote_options="permissive")
            import pandas as pd

            return pd.concat(values, ignore_index=True)
        return {version.address.partition: value for version, value in zip(versions, values, strict=True)}

    def _load(self, version: StoredVersion, wants: str) -> Any:
        file = self._file(version.address, version.id, version.format)
        again = f"materialize it again: tidegate run {version.address.asset} --force"
        try:
            if version.format == formats.PARQUET and file.stat().st_size > _HASHED_BYTES:
                # Parquet knows its own layout; hashing gigabytes at each read would not pay.
                return formats.read(file, version.format, wants)
            body = file.read_bytes()
            if hashlib.sha256(body).hexdigest() != version.data_version:  # a pickle could otherwise run anything
                raise CorruptData(
                    f"{version.address}: version {version.id} isn't what was written (its hash differs); it "
                    f"was not loaded; {again}"
                )
            return formats.read(body, version.format, wants)
        except FileNotFoundError as error:
            raise CorruptData(
                f"{version.address}: version {version.id} is missing ({error.filename}); the log still names "
                f"it; {again}"
            ) from error
        except StorageError:
            raise
        except Exception as error:  # whatever a reader of a damaged file or pickle says
            raise CorruptData(
                f"{version.address}: version {version.id} can't be read ({type(error).__name__}: {error}); {again}"
            ) from error

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
    part = "whole" if address.partition is None else f"p={_file_name(address.partition)}"
    return root / _file_name(address.asset) / part


def _file_name(name: str) -> str:
    """A name as one safe part of a path, different for different names."""
    safe = quote(name, safe="").replace(".", "%2E")
    if len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[:60]}~{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def from_options(options: Mapping[str, object], root: Path) -> FilesIOManager:
    """An IO manager of kind ``files``: ``path`` is its folder, counted from ``root``."""
    ensure_known("files", options, ("path",))
    return FilesIOManager(root / text("files", options, "path", ".tidegate/data"))


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


def _synced_later(file: Any) -> None:
    """Leave it to the end of the staging."""


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
