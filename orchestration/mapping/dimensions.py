"""Several dimensions: the same key on each that is shared, every key on the others."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.errors import PartitionError
from orchestration.mapping.base import PartitionMapping
from orchestration.mapping.overlap import contains
from orchestration.model import PartitionKey
from orchestration.partitions import KeysOf, MultiPartitions, Partitions

_ONLY = ""
"""The name of the dimension of partitions that have but one."""


@dataclass(frozen=True, slots=True)
class Dimensions(PartitionMapping):
    """For each upstream dimension the downstream one that it is read by; what isn't shared is read whole.

    ``shared`` pairs upstream with downstream dimensions, which are cut alike or overlap in time.
    """

    up: Partitions
    down: Partitions
    shared: tuple[tuple[str, str], ...]

    @property
    def is_single(self) -> bool:
        up, down, shared = dimensions_of(self.up), dimensions_of(self.down), dict(self.shared)
        return all(name in shared and contains(cut, down[shared[name]]) for name, cut in up.items())

    @property
    def needs_known(self) -> bool:
        """Time that isn't shared has no end of its own."""
        shared = dict(self.shared)
        return any(cut.has_time and name not in shared for name, cut in dimensions_of(self.up).items())

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        if key is None:
            return ()
        up, down, here, shared = (
            dimensions_of(self.up),
            dimensions_of(self.down),
            _split(self.down, key),
            dict(self.shared),
        )
        wanted: dict[str, tuple[str, ...]] = {}
        for name, cut in up.items():
            if name not in shared:
                wanted[name] = _every(cut, name, self.up, known)
                continue
            other = down[shared[name]]
            wanted[name] = _facing(cut, other, here[shared[name]])
        by_time = sorted(up, key=lambda name: not up[name].has_time)
        return tuple(
            _join(self.up, dict(zip(by_time, each, strict=True)))
            for each in itertools.product(*(wanted[name] for name in by_time))
        )

    def bound(self, keys_of: KeysOf) -> PartitionMapping:
        return Dimensions(self.up.bound(keys_of), self.down.bound(keys_of), self.shared)


def shared_dimensions(up: Partitions, down: Partitions) -> tuple[tuple[str, str], ...] | None:
    """Which dimensions belong together: those of one name, or cut alike; None where it isn't plain."""
    above, below = dimensions_of(up), dimensions_of(down)
    shared = []
    for name, cut in above.items():
        named = [name] if name and name in below else []
        alike = [other for other in below if below[other].rule == cut.rule]
        in_time = [other for other in below if below[other].has_time and cut.has_time]
        found = named or alike or in_time
        if len(found) > 1 or (named and named[0] not in (*alike, *in_time)):
            return None
        if found:
            shared.append((name, found[0]))
    return tuple(shared) if shared and len({other for _, other in shared}) == len(shared) else None


def dimensions_of(partitions: Partitions) -> Mapping[str, Partitions]:
    """The dimensions by name; partitions of one dimension are one without a name."""
    return dict(partitions.dimensions) if isinstance(partitions, MultiPartitions) else {_ONLY: partitions}


def _split(partitions: Partitions, key: str) -> Mapping[str, str]:
    return partitions.parse(key) if isinstance(partitions, MultiPartitions) else {_ONLY: key}


def _join(partitions: Partitions, keys: Mapping[str, str]) -> str:
    return partitions.format(**keys) if isinstance(partitions, MultiPartitions) else keys[_ONLY]


def _facing(up: Partitions, down: Partitions, key: str) -> tuple[str, ...]:
    """The keys of an upstream dimension that belong to one of the downstream dimension."""
    if up.rule == down.rule:
        try:
            return (up.check(key),)
        except PartitionError:  # the upstream begins later
            return ()
    interval = down.interval(key)
    return () if interval is None else up.overlapping(interval)


def _every(cut: Partitions, name: str, up: Partitions, known: Sequence[str]) -> tuple[str, ...]:
    """Every key of a dimension that isn't shared: all that are defined; in time, all that are known."""
    if not cut.has_time:
        return cut.spanning(())
    return tuple(dict.fromkeys(_split(up, key)[name] for key in known))
