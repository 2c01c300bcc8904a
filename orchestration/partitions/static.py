"""Partitions by name, fixed in the project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.errors import PartitionError, nearest
from orchestration.partitions.base import Interval, Order, Partitions

_LONGEST_KEY = 200


class NamedPartitions(Partitions):
    """Keys without time, in the order in which they were defined."""

    @property
    def timezone(self) -> str:
        return "UTC"

    @property
    def has_time(self) -> bool:
        return False

    def interval(self, key: str) -> Interval | None:
        self.check(key)
        return None

    def series(self, key: str) -> str:
        return self.check(key)


@dataclass(frozen=True, slots=True)
class StaticPartitions(NamedPartitions):
    """The keys that are written in the project, in that order."""

    names: tuple[str, ...]
    _places: dict[str, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {name: n for n, name in enumerate(self.names)})

    @property
    def rule(self) -> tuple[object, ...]:
        return ("static", *self.names)

    def check(self, key: str) -> str:
        self.order(key)
        return key

    def order(self, key: str) -> Order:
        return (place(self._places, key, self),)

    def between(self, first: str, last: str) -> tuple[str, ...]:
        return span(self.names, self.order(first)[0], self.order(last)[0])

    def latest(self, now: datetime) -> str | None:
        return self.names[-1]

    def keys(self, now: datetime) -> tuple[str, ...]:
        return self.names

    def spanning(self, keys: Iterable[str]) -> tuple[str, ...]:
        return self.names

    def describe(self) -> str:
        return f"static {few(self.names)}"


def static(*keys: str) -> StaticPartitions:
    """Partitions by name, in the order given.

    Parameters
    ----------
    keys:
        Their names, such as ``"EU", "US"``.

    Raises
    ------
    PartitionError
        No key, one key twice, or a text that can't name a partition.

    >>> static("EU", "US", "APAC").between("US", "APAC")
    ('US', 'APAC')
    """
    if not keys:
        raise PartitionError("static() needs at least one key, such as static('EU', 'US')")
    for key in keys:
        check_name(key)
        if keys.count(key) > 1:
            raise PartitionError(f"static() names {key!r} twice")
    return StaticPartitions(keys)


def check_name(key: object) -> str:
    """``key`` if a partition can have that name; raises PartitionError."""
    if not isinstance(key, str) or not key.strip() or key != key.strip():
        raise PartitionError(f"{key!r} can't name a partition; write texts without blanks at their ends, 'EU', 'US'")
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise PartitionError(f"a partition's name has at most {_LONGEST_KEY} printable characters: {key[:40]!r}")
    if ".." in key or key == "*":
        raise PartitionError(f"{key!r} can't name a partition: '..' and '*' belong to ranges")
    return key


def place(places: Mapping[str, int], key: str, partitions: Partitions) -> int:
    """Where ``key`` stands; raises PartitionError with the nearest names."""
    try:
        return places[key]
    except (KeyError, TypeError):
        said = nearest(str(key), places) if places else ""
        raise PartitionError(f"there is no partition {key}: the partitions are {partitions.describe()}{said}") from None


def span(names: tuple[str, ...], begin: int, finish: int) -> tuple[str, ...]:
    """The names from one place to another, both included; raises PartitionError."""
    if begin > finish:
        first, last = names[begin], names[finish]
        raise PartitionError(f"the range {first}..{last} runs backwards; write {last}..{first}")
    return names[begin : finish + 1]


def few(names: tuple[str, ...]) -> str:
    """At most ten names, and how many more there are."""
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
