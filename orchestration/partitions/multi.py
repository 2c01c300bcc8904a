"""Partitions by several dimensions at once, such as region and day."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from orchestration.errors import PartitionError
from orchestration.partitions.base import Interval, KeysOf, Order, Partitions, split_range

_NAME = re.compile(r"[A-Za-z_]\w*")
_ESCAPED = {"%": "%25", "|": "%7C", "=": "%3D"}


@dataclass(frozen=True, slots=True)
class MultiPartitions(Partitions):
    """A key for each combination: ``day=2013-02-08|region=EU``, dimensions in alphabetical order.

    ``%``, ``|`` and ``=`` within a key of a dimension are written ``%25``, ``%7C`` and ``%3D``. At most one
    dimension has time: it orders the keys, then the other dimensions in alphabetical order do.
    """

    dimensions: tuple[tuple[str, Partitions], ...]  # sorted by name

    @property
    def timezone(self) -> str:
        return self._timed.timezone if self._timed is not None else "UTC"

    @property
    def has_time(self) -> bool:
        return self._timed is not None

    @property
    def rule(self) -> tuple[object, ...]:
        return ("multi", *((name, partitions.rule) for name, partitions in self.dimensions))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.dimensions)

    def dimension(self, name: str) -> Partitions:
        """The partitions of one dimension; raises PartitionError."""
        try:
            return dict(self.dimensions)[name]
        except KeyError:
            raise PartitionError(f"there is no dimension {name!r}: there are {', '.join(self.names)}") from None

    def parse(self, key: str) -> dict[str, str]:
        """``day=2013-02-08|region=EU`` as ``{"day": "2013-02-08", "region": "EU"}``; raises PartitionError."""
        found = self._split(key)
        if tuple(found) != self.names or self._join(found) != key:
            raise PartitionError(self._advice(key))
        for name, partitions in self.dimensions:
            partitions.check(found[name])
        return found

    def format(self, **keys: str) -> str:
        """The key for one key of each dimension; raises PartitionError.

        >>> from orchestration.partitions import daily, static
        >>> multi(region=static("EU", "US"), day=daily("2013-01-01")).format(region="EU", day="2013-02-08")
        'day=2013-02-08|region=EU'
        """
        if set(keys) != set(self.names):
            raise PartitionError(f"a key needs each of {', '.join(self.names)}, not {', '.join(keys) or 'none'}")
        for name, partitions in self.dimensions:
            partitions.check(keys[name])
        return self._join(keys)

    def check(self, key: str) -> str:
        self.parse(key)
        return key

    def interval(self, key: str) -> Interval | None:
        found = self.parse(key)
        return next((p.interval(found[name]) for name, p in self.dimensions if p.has_time), None)

    def order(self, key: str) -> Order:
        found = self.parse(key)
        return tuple(itertools.chain(*(p.order(found[name]) for name, p in self._by_time())))

    def between(self, first: str, last: str) -> tuple[str, ...]:
        begin, finish = self.parse(first), self.parse(last)
        return self._product({name: p.between(begin[name], finish[name]) for name, p in self.dimensions})

    def latest(self, now: datetime) -> str | None:
        found = {name: p.latest(now) for name, p in self.dimensions}
        whole = {name: key for name, key in found.items() if key is not None}
        return self._join(whole) if len(whole) == len(found) else None

    def keys(self, now: datetime) -> tuple[str, ...]:
        return self._product({name: p.keys(now) for name, p in self.dimensions})

    def spanning(self, keys: Iterable[str]) -> tuple[str, ...]:
        found = [split for key in keys if (split := self._known(key))]
        if not found and self.has_time:
            return ()
        return self._product({name: p.spanning([f[name] for f in found]) for name, p in self.dimensions})

    def overlapping(self, interval: Interval) -> tuple[str, ...]:
        """The keys of each combination that is defined; those of a dynamic dimension only when bound."""
        if not self.has_time:
            return ()
        return self._product(
            {name: p.overlapping(interval) if p.has_time else p.spanning(()) for name, p in self.dimensions}
        )

    def window(self, key: str, count: int, offset: int = 0) -> tuple[str, ...]:
        found = self.parse(key)
        name = next((name for name, p in self.dimensions if p.has_time), None)
        if name is None:
            return Partitions.window(self, key, count, offset)
        return tuple(self._join({**found, name: at}) for at in self.dimension(name).window(found[name], count, offset))

    def series(self, key: str) -> str:
        found = self.parse(key)
        return self._join({name: found[name] for name, p in self.dimensions if not p.has_time})

    def bound(self, keys_of: KeysOf) -> Partitions:
        return MultiPartitions(tuple((name, p.bound(keys_of)) for name, p in self.dimensions))

    def named(self, text: str, now: datetime) -> tuple[str, ...]:
        """Also by dimension: ``day=2013-02-01..2013-02-08|region=EU``; one that isn't named stands for all its keys."""
        if text == "*":
            return Partitions.named(self, text, now)
        if ".." in text and self._known(split_range(text)[0]) is not None:
            return self.between(*split_range(text))
        asked = self._split(text)
        if not set(asked) <= set(self.names):
            raise PartitionError(self._advice(text))
        return self._product({name: p.named(asked.get(name, "*"), now) for name, p in self.dimensions})

    def describe(self) -> str:
        return "; ".join(f"{name}: {partitions.describe()}" for name, partitions in self.dimensions)

    @property
    def _timed(self) -> Partitions | None:
        return next((p for _, p in self.dimensions if p.has_time), None)

    def _by_time(self) -> list[tuple[str, Partitions]]:
        """The dimensions as they order the keys: time first."""
        return sorted(self.dimensions, key=lambda each: not each[1].has_time)

    def _product(self, keys: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
        order = [name for name, _ in self._by_time()]
        return tuple(
            self._join(dict(zip(order, each, strict=True)))
            for each in itertools.product(*(tuple(keys[name]) for name in order))
        )

    def _known(self, key: str) -> dict[str, str] | None:
        try:
            return self.parse(key)
        except PartitionError:
            return None

    def _split(self, text: str) -> dict[str, str]:
        if not isinstance(text, str):
            raise PartitionError(self._advice(str(text)))
        parts = [part.partition("=") for part in text.split("|")]
        found = {name: unquote(value) for name, equals, value in parts if equals}
        if len(found) != len(parts):
            raise PartitionError(self._advice(text))
        return found

    def _join(self, keys: Mapping[str, str]) -> str:
        return "|".join(f"{name}={_escape(keys[name])}" for name in sorted(keys))

    def _advice(self, key: str) -> str:
        return (
            f"{key!r} isn't a partition by {' and '.join(self.names)}; write {'|'.join(n + '=...' for n in self.names)}"
        )


def multi(**dimensions: Partitions) -> MultiPartitions:
    """Partitions by several dimensions, one key for each combination.

    Parameters
    ----------
    dimensions:
        By name, such as ``region=static("EU", "US"), day=daily("2013-01-01")``: two or more, at most one in time.

    Raises
    ------
    PartitionError
        Fewer than two dimensions, two in time, or what isn't partitions of one dimension.

    >>> from orchestration.partitions import daily, static
    >>> multi(region=static("EU", "US"), day=daily("2013-01-01")).parse("day=2013-02-08|region=EU")["region"]
    'EU'
    """
    if len(dimensions) < 2:
        raise PartitionError("multi() needs two dimensions or more, such as multi(region=static(...), day=daily(...))")
    for name, partitions in dimensions.items():
        if not isinstance(partitions, Partitions) or isinstance(partitions, MultiPartitions):
            raise PartitionError(f"multi({name}=...) takes daily(...), static(...) or the like, not {partitions!r}")
        if not _NAME.fullmatch(name):
            raise PartitionError(f"{name!r} can't name a dimension; write a word")
    timed = [name for name, partitions in dimensions.items() if partitions.has_time]
    if len(timed) > 1:
        raise PartitionError(f"multi() takes one dimension in time, not {' and '.join(timed)}")
    return MultiPartitions(tuple(sorted(dimensions.items())))


def _escape(key: str) -> str:
    return "".join(_ESCAPED.get(c, c) for c in key)
