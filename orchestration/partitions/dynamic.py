"""Partitions by name that are added while the project runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestration.errors import PartitionError
from orchestration.partitions.base import KeysOf, Order, Partitions
from orchestration.partitions.static import NamedPartitions, check_name, few, place, span


@dataclass(frozen=True, slots=True)
class DynamicPartitions(NamedPartitions):
    """A named set whose keys are kept in the state database (:mod:`orchestration.partition_keys`).

    As declared it knows no key: :meth:`bound` gives the set with those that were added. Unbound it takes any
    key that could be one, so that a name can be checked where no database is at hand.
    """

    name: str
    added: tuple[str, ...] | None = field(default=None, compare=False)
    _places: dict[str, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {name: n for n, name in enumerate(self.added or ())})

    @property
    def rule(self) -> tuple[object, ...]:
        return ("dynamic", self.name)

    def bound(self, keys_of: KeysOf) -> Partitions:
        return replace(self, added=keys_of(self.name))

    def check(self, key: str) -> str:
        if self.added is None:
            return check_name(key)
        self._place(key)
        return key

    def order(self, key: str) -> Order:
        return (self._place(key),)

    def between(self, first: str, last: str) -> tuple[str, ...]:
        if self.added is None and first == last:
            return (self.check(first),)
        return span(self._added(), self._place(first), self._place(last))

    def latest(self, now: datetime) -> str | None:
        return self.added[-1] if self.added else None

    def keys(self, now: datetime) -> tuple[str, ...]:
        return self._added()

    def spanning(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(keys) if self.added is None else self.added

    def describe(self) -> str:
        if self.added is None:
            return f"dynamic {self.name!r}"
        return f"dynamic {self.name!r}: {few(self.added) or 'none added yet'}"

    def _place(self, key: str) -> int:
        self._added()
        return place(self._places, key, self)

    def _added(self) -> tuple[str, ...]:
        if self.added is None:
            raise PartitionError(f"the keys of dynamic {self.name!r} are in the state database; name one of them")
        return self.added


def dynamic(name: str) -> DynamicPartitions:
    """Partitions whose keys are added at run time.

    Parameters
    ----------
    name:
        The set's name; assets that name the same set share its keys.

    Raises
    ------
    PartitionError
        A text that can't be a name.

    >>> dynamic("customers").bound(lambda name: ("ada", "bob")).between("ada", "bob")
    ('ada', 'bob')
    """
    return DynamicPartitions(check_name(name))
