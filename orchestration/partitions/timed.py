"""What all partitions in time share: each begins where the one before it ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime

from orchestration.errors import PartitionError
from orchestration.partitions.base import Interval, Order, Partitions
from orchestration.partitions.calendar import INSTANT


class TimePartitions(Partitions):
    """Contiguous intervals of data time, from a first one on.

    An implementation numbers them: a place is an int that grows with time, and says how places, keys and
    instants belong together.
    """

    zone: str

    @abstractmethod
    def _read(self, key: str) -> int | None:
        """The place of a key, whether or not it lies within the set; None for what is no key."""

    @abstractmethod
    def _key(self, place: int) -> str: ...

    @abstractmethod
    def _begin(self, place: int) -> datetime:
        """When the interval begins, UTC; PartitionError past the end of the calendar."""

    @abstractmethod
    def _next(self, place: int) -> int: ...

    @abstractmethod
    def _previous(self, place: int) -> int: ...

    @abstractmethod
    def _at(self, instant: datetime) -> int:
        """The place whose interval holds ``instant``, which isn't before the first."""

    @property
    @abstractmethod
    def _first(self) -> int: ...

    @property
    @abstractmethod
    def _last(self) -> int | None:
        """The last place; None for a set without an end."""

    @abstractmethod
    def _advice(self, key: str) -> str:
        """Why ``key`` is no key, and what one looks like."""

    @property
    def timezone(self) -> str:
        return self.zone

    @property
    def has_time(self) -> bool:
        return True

    def check(self, key: str) -> str:
        self._place(key)
        return key

    def interval(self, key: str) -> Interval:
        place = self._place(key)
        return Interval(self._begin(place), self._begin(self._next(place)))

    def order(self, key: str) -> Order:
        return (self._place(key),)

    def between(self, first: str, last: str) -> tuple[str, ...]:
        begin, finish = self._place(first), self._place(last)
        if begin > finish:
            raise PartitionError(f"the range {first}..{last} runs backwards; write {last}..{first}")
        return tuple(self._walk(begin, finish))

    def latest(self, now: datetime) -> str | None:
        place = self._ended(now)
        return None if place is None else self._key(place)

    def keys(self, now: datetime) -> tuple[str, ...]:
        place = self._ended(now)
        return () if place is None else tuple(self._walk(self._first, place))

    def spanning(self, keys: Iterable[str]) -> tuple[str, ...]:
        places = [place for key in keys if (place := self._read(key)) is not None and self._is_ours(place)]
        return tuple(self._walk(min(places), max(places))) if places else ()

    def overlapping(self, interval: Interval) -> tuple[str, ...]:
        begin = self._begin(self._first)
        end = max(interval.end - INSTANT, interval.start)  # a day that a zone left out is an instant
        if end < begin:
            return ()
        finish = self._at(end)
        finish = finish if self._last is None else min(finish, self._last)
        return tuple(self._walk(self._at(max(interval.start, begin)), finish))

    def window(self, key: str, count: int, offset: int = 0) -> tuple[str, ...]:
        place = self._place(key)
        found: list[str] = []
        for n in range(offset + count):
            if n >= offset:
                found.append(self._key(place))
            if place == self._first:
                break
            place = self._previous(place)
        return tuple(reversed(found))

    def _walk(self, place: int, finish: int) -> Iterator[str]:
        while place < finish:
            yield self._key(place)
            place = self._next(place)
        if place == finish:
            yield self._key(place)

    def _ended(self, now: datetime) -> int | None:
        """The last place whose interval has ended at ``now``."""
        if now < self._begin(self._first):
            return None
        place = self._at(now)
        if self._last is not None and place > self._last:
            return self._last
        return None if place == self._first else self._previous(place)

    def _place(self, key: str) -> int:
        place = self._read(key)
        if place is None:
            raise PartitionError(self._advice(key))
        if not self._is_ours(place):
            raise PartitionError(f"there is no partition {key}: the partitions are {self.describe()}")
        return place

    def _is_ours(self, place: int) -> bool:
        return self._first <= place and (self._last is None or place <= self._last)

    def _since(self) -> str:
        until = "" if self._last is None else f" until {self._key(self._last)}"
        return f"since {self._key(self._first)}{until}, {self.zone}"


def in_order(what: str, first: int, last: int | None) -> None:
    """Raise PartitionError for a set that ends before it begins."""
    if last is not None and last < first:
        raise PartitionError(f"{what}: the end lies before the start")
