"""Versions in the memory of one process: for tests and for work that need not outlive it."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import formats
from orchestration.io.base import Pointer, StagedData, StoredVersion
from orchestration.io.options import ensure_known
from orchestration.io.tables import as_table, joined, present
from orchestration.model import Address

if TYPE_CHECKING:
    import pyarrow as pa

_RELATION = re.compile(r'"memory:(\d+)"')


@dataclass(slots=True)
class _Kept:
    """One address: its versions, and which one readers see."""

    versions: dict[str, tuple[str, object]] = field(default_factory=dict)  # id -> content hash, value
    pointer: Pointer | None = None


class MemoryIOManager:
    """Implements :class:`orchestration.io.base.IOManager`; frames are handed out as copies that share their data."""

    def __init__(self) -> None:
        self._kept: dict[Address, _Kept] = {}
        self._relations: list[tuple[StoredVersion, ...]] = []
        self._lock = threading.Lock()

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        table = as_table(value)
        kept: object = value if table is None else table
        written = formats.measure_object(kept) if table is None else formats.measure(kept)
        with self._lock:
            versions = self._kept.setdefault(address, _Kept()).versions
            if version in versions:
                raise StorageError(f"{address}: there is a version {version} already; it was left as it is")
            versions[version] = (written.sha256, kept if table is not None else copy.deepcopy(value))
        return StagedData(
            format=written.format, data_version=written.sha256, rows=written.rows, bytes=written.bytes, data=kept
        )

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        from orchestration.io import duck

        used = {int(number) for number in _RELATION.findall(sql)}
        tables = {f"memory:{number}": self._table(self._relations[number]) for number in used}
        with duck.query(sql, parameters, tables) as chunks:
            return self.stage(address, version, chunks)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        for version in versions:
            if version.format not in formats.FRAMES:
                raise StorageError(
                    f"{version.address} is kept as {version.format}, which a query can't read; read it in a "
                    "Python asset"
                )
        with self._lock:
            self._relations.append(tuple(versions))
            return f'"memory:{len(self._relations) - 1}"'

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        values = [self._load(version, wants) for version in versions]
        if one:
            return values[0]
        if all(version.format in formats.FRAMES for version in versions):
            return present(self._table(versions), wants)
        return {version.address.partition: value for version, value in zip(versions, values, strict=True)}

    def _load(self, version: StoredVersion, wants: str) -> Any:
        value = self._value(version)
        if version.format in formats.FRAMES:
            return present(value, wants)
        own = copy.deepcopy(value)
        return formats.as_asked(own, wants) if version.format == formats.JSON else own

    def _value(self, version: StoredVersion) -> Any:
        kept = self._kept.get(version.address)
        found = kept.versions.get(version.id) if kept else None
        if found is None or found[0] != version.data_version:
            raise CorruptData(f"{version.address}: version {version.id} isn't in this process's memory")
        return found[1]

    def _table(self, versions: Sequence[StoredVersion]) -> pa.Table:
        return joined([self._value(version) for version in versions])

    def publish(self, address: Address, version: str, token: int) -> None:
        if not self.has(address, version):
            raise StorageError(f"{address}: version {version} is not there whole, so it can't be published")
        with self._lock:
            kept = self._kept[address]
            seen = kept.pointer
            if seen is not None and seen.version == version:
                return
            if seen is not None and seen.token > token:
                raise LeaseLost(str(address))
            kept.pointer = Pointer(version, token)

    def pointer(self, address: Address) -> Pointer | None:
        kept = self._kept.get(address)
        return kept.pointer if kept else None

    def has(self, address: Address, version: str) -> bool:
        kept = self._kept.get(address)
        return kept is not None and version in kept.versions

    def versions(self, address: Address) -> tuple[str, ...]:
        kept = self._kept.get(address)
        return tuple(sorted(kept.versions)) if kept else ()

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        seen = self.pointer(address)
        known = set(keep) | ({seen.version} if seen else set())
        left = tuple(name for name in self.versions(address) if name not in known)
        with self._lock:
            for name in left:
                del self._kept[address].versions[name]
        return left

    def drop(self, address: Address) -> None:
        with self._lock:
            self._kept.pop(address, None)


def from_options(options: Mapping[str, object], root: Path) -> MemoryIOManager:
    """An IO manager of kind ``memory``, which has no options: what one process keeps, another can't read."""
    ensure_known("memory", options, ())
    return MemoryIOManager()
