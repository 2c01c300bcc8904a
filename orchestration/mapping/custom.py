"""Which partitions belong together, said by a function of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.errors import PartitionError
from orchestration.mapping.base import PartitionMapping
from orchestration.model import PartitionKey
from orchestration.partitions import KeysOf, Partitions

KeyFunction = Callable[[Any], str | Iterable[str]]
"""From a downstream key (None for an asset without partitions) to one upstream key or several."""


@dataclass(frozen=True, slots=True)
class Mapped(PartitionMapping):
    """What ``function`` says; ``single`` where it always names one key."""

    up: Partitions
    function: KeyFunction
    single: bool

    @property
    def is_single(self) -> bool:
        return self.single

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        try:
            said = self.function(key)
            found = (said,) if isinstance(said, str) else tuple(said)
        except Exception as error:  # the function is the user's own code
            raise PartitionError(
                f"ob.mapped(): the function raised {type(error).__name__} for the partition {key}: {error}"
            ) from error
        if self.single and len(found) != 1:
            raise PartitionError(
                f"ob.mapped(single=True): the function named {len(found)} partitions for {key}, not one"
            )
        for each in found:
            try:
                self.up.check(each)
            except PartitionError as error:
                raise PartitionError(f"ob.mapped() for the partition {key}: {error}") from None
        return found

    def bound(self, keys_of: KeysOf) -> PartitionMapping:
        return Mapped(self.up.bound(keys_of), self.function, self.single)
