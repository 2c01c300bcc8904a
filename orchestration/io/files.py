"""Versions as files: the embedded default. Parquet for frames, one atomically replaced pointer an address.

    <root>/<asset>/<partition>/versions/<version>/data.parquet, manifest.json
    <root>/<asset>/<partition>/current.json          what readers see

Any number of processes read while others write; publishing copies nothing, and a held version is a version that no
pointer names.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import formats
from orchestration.io.base import ParquetFiles, Pointer, StagedData, StoredVersion
from orchestration.model import Address

_LONGEST_NAME = 120


class FilesIOManager:
    """Implements :class:`orchestration.io.base.IOManager` in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        with self._staging(address, version) as folder:
            written = formats.write(folder, value, _sync)
            _write_json(folder / "manifest.json", {"format": written.format, "sha256": written.sha256})
        data = ParquetFiles((str(self._file(address, version, formats.PARQUET)),)) if (
            written.format == formats.PARQUET
        ) else value  # fmt: skip
        return StagedData(
            format=written.format, data_version=written.sha256, rows=written.rows, bytes=written.bytes, data=data
        )

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        from orchestration.io import duck

        return self.stage(address, version, duck.query(sql, parameters))

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        from orchestration.io import duck

        return duck.relation([str(self._file(v.address, v.id, self._frame(v))) for v in versions])

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
        folder = self._version(version.address, version.id)
        try:
            self._verify(version)
            return formats.read(folder, version.format, wants)
        except FileNotFoundError as error:
            raise CorruptData(
                f"{version.address}: version {version.id} is missing ({error.filename}); the log still names it; "
                f"materialize it again: tidegate run {version.address.asset} --force"
            ) from error
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise CorruptData(f"{version.address}: version {version.id} can't be read: {error}") from error

    def _verify(self, version: StoredVersion) -> None:
        """Refuse what is not what was written; a pickle could otherwise run anything."""
        file = self._file(version.address, version.id, version.format)
        if version.format == formats.PARQUET and file.stat().st_size > 64 * 2**20:
            return  # Parquet checks its own pages; hashing gigabytes at each read would not pay
        with open(file, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != version.data_version:
            raise CorruptData(
                f"{version.address}: version {version.id} isn't what was written (its hash differs); it was not loaded; "
                f"materialize it again: tidegate run {version.address.asset} --force"
            )

    def publish(self, address: Address, version: str, token: int) -> None:
        folder = self._address(address)
        if not self.has(address, version):
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        with _refusing("publishing", address), _locked(folder / "lock"):
            seen = self.pointer(address)
            if seen is not None and seen.version == version:
                return
            if seen is not None and seen.token > token:
                raise LeaseLost(str(address))
            _write_json(folder / "current.json", {"version": version, "token": token})

    def pointer(self, address: Address) -> Pointer | None:
        file = self._address(address) / "current.json"
        try:
            body = json.loads(file.read_bytes())
            return Pointer(body["version"], body["token"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptData(
                f"{address}: its pointer {file} can't be read ({error}); it was left as it is; materialize it again "
                f"after moving that file away: tidegate run {address.asset} --force"
            ) from error

    def has(self, address: Address, version: str) -> bool:
        return (self._version(address, version) / "manifest.json").is_file()

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        folder = self._address(address) / "versions"
        if not folder.is_dir():
            return ()
        seen = self.pointer(address)
        known = set(keep) | ({seen.version} if seen else set())
        left = sorted(path.name for path in folder.iterdir() if path.name not in known)
        for name in left:
            shutil.rmtree(folder / name, ignore_errors=True)
        return tuple(left)

    @contextmanager
    def _staging(self, address: Address, version: str) -> Iterator[Path]:
        """A folder that becomes the version when the block ends, and nothing at all when it fails."""
        final = self._version(address, version)
        working = final.with_name(f".{final.name}.writing")
        with _refusing("staging", address):
            working.mkdir(parents=True)
            try:
                yield working
                _sync_folder(working)
                os.rename(working, final)
                _sync_folder(final.parent)
            except BaseException:
                shutil.rmtree(working, ignore_errors=True)
                raise

    def _address(self, address: Address) -> Path:
        part = "whole" if address.partition is None else f"p={_file_name(address.partition)}"
        return self.root / _file_name(address.asset) / part

    def _version(self, address: Address, version: str) -> Path:
        return self._address(address) / "versions" / version

    def _file(self, address: Address, version: str, kind: str) -> Path:
        return self._version(address, version) / formats.FILE_NAMES[kind]


def _file_name(name: str) -> str:
    """A name as one safe part of a path, different for different names."""
    safe = quote(name, safe="").replace(".", "%2E")
    if len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[:60]}~{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _write_json(file: Path, body: Mapping[str, object]) -> None:
    """Replace a file in one step: a reader sees the old text or the new one."""
    working = file.with_name(f".{file.name}.{os.getpid()}")
    with open(working, "w", encoding="utf-8") as stream:
        json.dump(body, stream)
        stream.flush()
        _sync(stream)
    os.replace(working, file)
    _sync_folder(file.parent)


def _sync(file: Any) -> None:
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
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
            f"{doing} {address}: {error.strerror or error}: {error.filename or ''}; nothing of it was published and "
            "readers keep what they had; make room or make the folder writable, then run it again"
        ) from error
