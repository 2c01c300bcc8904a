"""The port of partitions: the named slices of an asset, and the interval of data time that each covers."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestration.errors import PartitionError

KeysOf = Callable[[str], tuple[str, ...]]
"""The keys that were added to a dynamic set, by its name, in the order in which they came."""

Order = tuple[int, ...]
"""Where a key stands in its set: compare two of one set."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open: ``start <= t < end``, aware UTC."""

    start: datetime
    end: datetime


class Partitions(ABC):
    """A set of partition keys in an order: of data time where the keys have one, else of their definition.

    Implementations are frozen and compare equal when they are declared alike. Every method is pure; ``now`` is
    a parameter, and what was added to a dynamic set at run time comes in through :meth:`bound`.
    """

    @property
    @abstractmethod
    def timezone(self) -> str:
        """The IANA name of the zone in which the keys are cut; UTC where they have no time."""

    @property
    @abstractmethod
    def has_time(self) -> bool:
        """Whether each key covers an interval of data time."""

    @property
    @abstractmethod
    def rule(self) -> tuple[object, ...]:
        """How the keys are cut, without where they begin and end: equal rules give equal keys equal meaning."""

    @abstractmethod
    def check(self, key: str) -> str:
        """Return ``key`` if it is one of ours; raise PartitionError that says what a key looks like."""

    @abstractmethod
    def interval(self, key: str) -> Interval | None:
        """The data time that ``key`` covers, None where keys have no time; raises PartitionError."""

    @abstractmethod
    def order(self, key: str) -> Order:
        """Where ``key`` stands among ours, data time first; raises PartitionError."""

    @abstractmethod
    def between(self, first: str, last: str) -> tuple[str, ...]:
        """Every key from ``first`` to ``last``, both included, in order; raises PartitionError."""

    @abstractmethod
    def latest(self, now: datetime) -> str | None:
        """The newest key whose interval has ended at ``now``, or the last one defined; None if there is none."""

    @abstractmethod
    def keys(self, now: datetime) -> tuple[str, ...]:
        """Every key whose interval has ended at ``now``, or that is defined, in order."""

    @abstractmethod
    def spanning(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Every key that should be there if ``keys`` are: no gap in time, nothing defined left out.

        Keys that are none of ours (any more) are passed over.
        """

    @abstractmethod
    def describe(self) -> str:
        """A few words for people: ``daily since 2013-01-01, America/New_York``."""

    def overlapping(self, interval: Interval) -> tuple[str, ...]:
        """The keys whose data time meets ``interval``, in order; none where keys have no time."""
        return ()

    def window(self, key: str, count: int, offset: int = 0) -> tuple[str, ...]:
        """The ``count`` keys in time that end ``offset`` before ``key``, fewer at the beginning; PartitionError."""
        raise PartitionError(f"{self.describe()}: these partitions have no order in time, so none comes before {key}")

    def series(self, key: str) -> str:
        """The part of ``key`` that isn't time: keys with the same one are points of one history."""
        return ""

    def ours(self, keys: Iterable[str]) -> Iterator[str]:
        """Those of ``keys`` that are keys of this set."""
        for key in keys:
            with contextlib.suppress(PartitionError):
                yield self.check(key)

    def bound(self, keys_of: KeysOf) -> Partitions:
        """The set with what was added to it at run time."""
        return self

    def named(self, text: str, now: datetime) -> tuple[str, ...]:
        """The keys that a person asked for: ``KEY``, ``FIRST..LAST``, or ``*`` for all up to ``now``.

        Raises
        ------
        PartitionError
            It is none of them, or names nothing.
        """
        if text == "*":
            if not (found := self.keys(now)):
                raise PartitionError(f"there is no partition yet: the partitions are {self.describe()}")
            return found
        first, last = split_range(text)
        return self.between(first, last)


def split_range(text: str) -> tuple[str, str]:
    """``2013-02-08`` or ``2013-01-01..2013-02-07`` as first and last key; raises PartitionError."""
    first, dots, last = text.partition("..")
    if not first or (dots and not last):
        raise PartitionError(f"{text!r} isn't a partition or a range; write KEY or FIRST..LAST")
    return first, last or first
