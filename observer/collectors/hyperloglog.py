"""The registers of a HyperLogLog, as DuckDB exports them: put together, and what they estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence

_HASH_BITS = 64


def union(registers: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The registers of all that any of them has met."""
    return tuple(map(max, zip(*registers, strict=True)))


def estimate(registers: Sequence[int]) -> int:
    """How many distinct values they have met, with an rms relative error of 1.04 / sqrt(len(registers)).

    The improved raw estimator of Ertl (2017), "New cardinality estimation algorithms for HyperLogLog sketches",
    without constants that were fitted.
    """
    size = len(registers)
    longest = _HASH_BITS - size.bit_length() + 1
    counts = [0] * (longest + 2)
    for register in registers:
        counts[register] += 1
    z = size * _tau((size - counts[longest + 1]) / size)
    for count in reversed(counts[1 : longest + 1]):
        z = 0.5 * (z + count)
    z += size * _sigma(counts[0] / size)
    return 0 if math.isinf(z) else round(size * size / (2 * math.log(2) * z))


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3
