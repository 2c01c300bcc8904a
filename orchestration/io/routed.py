"""Several IO managers as one: each asset has its own, and data goes from one to another as Arrow, a batch at a time."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from orchestration.errors import StorageError
from orchestration.io.base import IOManager, Pointer, StagedData, StoredVersion, look
from orchestration.model import Address, AssetKey

_MARK = re.compile(r'"tidegate:relation:(\d+)"')
_MOST_MARKS = 10_000
_log = logging.getLogger("tidegate.io")


@dataclass(frozen=True, slots=True)
class _Relation:
    """What a mark in a query stands for."""

    keeper: IOManager
    versions: tuple[StoredVersion, ...]
    sql: str


class RoutedIOManager:
    """Implements :class:`orchestration.io.base.IOManager` by sending each asset to the one that keeps it.

    A query runs where its asset is kept. What it reads and another IO manager keeps is copied there first, through
    this process, under an address of its own, and removed when the query has ended.
    """

    def __init__(self, default: IOManager, routes: Mapping[AssetKey, IOManager]) -> None:
        self.default, self.routes = default, dict(routes)
        self._marks: OrderedDict[int, _Relation] = OrderedDict()
        self._next, self._lock = 0, threading.Lock()

    def keeper(self, asset: AssetKey) -> IOManager:
        """The IO manager of an asset."""
        return self.routes.get(asset, self.default)

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        return self.keeper(address.asset).stage(address, version, value)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        """A mark, which ``stage_query`` replaces: only it knows where the query runs."""
        keeper = self.keeper(versions[0].address.asset)
        found = _Relation(keeper, tuple(versions), keeper.relation(versions))
        with self._lock:
            self._next += 1
            self._marks[self._next] = found
            while len(self._marks) > _MOST_MARKS:
                self._marks.popitem(last=False)
            return f'"tidegate:relation:{self._next}"'

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        keeper = self.keeper(address.asset)
        with ExitStack() as copies:
            relations: dict[str, str] = {}
            for number in dict.fromkeys(_MARK.findall(sql)):
                with self._lock:
                    found = self._marks.pop(int(number))
                if found.keeper is keeper:
                    relations[number] = found.sql
                else:
                    relations[number] = copies.enter_context(_copied(found, keeper, address, version))
            query = _MARK.sub(lambda mark: relations[mark[1]], sql)
            return keeper.stage_query(address, version, query, parameters)

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        return self.keeper(versions[0].address.asset).load(versions, wants, one=one)

    def look(self, version: StoredVersion) -> object:
        return look(self.keeper(version.address.asset), version)

    def publish(self, address: Address, version: str, token: int) -> None:
        self.keeper(address.asset).publish(address, version, token)

    def pointer(self, address: Address) -> Pointer | None:
        return self.keeper(address.asset).pointer(address)

    def has(self, address: Address, version: str) -> bool:
        return self.keeper(address.asset).has(address, version)

    def versions(self, address: Address) -> tuple[str, ...]:
        return self.keeper(address.asset).versions(address)

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        return self.keeper(address.asset).sweep(address, keep)

    def drop(self, address: Address) -> None:
        self.keeper(address.asset).drop(address)

    def close(self) -> None:
        """Give back the connections of those that hold some."""
        for keeper in {id(each): each for each in (self.default, *self.routes.values())}.values():
            close(keeper)


@runtime_checkable
class Closable(Protocol):
    """An IO manager that holds connections."""

    def close(self) -> None: ...


def close(io: IOManager) -> None:
    """Give back what an IO manager holds, if it holds anything."""
    if isinstance(io, Closable):
        io.close()


def copy_address(upstream: AssetKey, reader: Address) -> Address:
    """Where ``upstream`` lies while the query of ``reader`` reads it: no asset's own name begins with a blank."""
    return Address(AssetKey(f" {upstream}"), f"{reader.asset} {reader.partition or ''}".strip())


@contextmanager
def _copied(found: _Relation, into: IOManager, reader: Address, version: str) -> Iterator[str]:
    """The relation's data in another IO manager for as long as the block lasts; a crashed copy goes with the next."""
    upstream = found.versions[0].address.asset
    here = copy_address(upstream, reader)
    rows = found.keeper.load(found.versions, "pyarrow.RecordBatchReader", one=False)
    if type(rows).__module__.partition(".")[0] != "pyarrow":
        raise StorageError(f"{reader}: {upstream} is no table, so a query can't read it; use a Python asset")
    _log.info("%s reads %s, which another IO manager keeps: it is copied for the query", reader, upstream)
    into.sweep(here, ())
    try:
        staged = into.stage(here, version, rows)
        stored = StoredVersion(address=here, id=version, format=staged.format, data_version=staged.data_version)
        yield into.relation([stored])
    finally:
        into.sweep(here, ())
