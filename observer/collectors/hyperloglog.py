"""The registers of a HyperLogLog, as DuckDB exports them, a byte each: put together, and what they estimate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

_HASH_BITS = 64


def union(registers: Sequence[bytes]) -> bytes:
    """The registers of all that any of them has met."""
    import numpy as np

    joined: bytes = np.maximum.reduce([np.frombuffer(one, np.uint8) for one in registers]).tobytes()
    return joined


def estimate(registers: bytes) -> int:
    """How many distinct values they have met, with an rms relative error of ``error(registers)``.

    The improved raw estimator of Ertl (2017), "New cardinality estimation algorithms for HyperLogLog sketches",
    without constants that were fitted.
    """
    size, counts = len(registers), Counter(registers)
    longest = _HASH_BITS - size.bit_length() + 1
    z = size * _tau((size - counts[longest + 1]) / size)
    for register in range(longest, 0, -1):
        z = 0.5 * (z + counts[register])
    z += size * _sigma(counts[0] / size)
    return 0 if math.isinf(z) else round(size * size / (2 * math.log(2) * z))


def error(registers: bytes) -> float:
    """The rms relative error of an estimate (Flajolet, Fusy, Gandouet and Meunier, 2007)."""
    return round(1.04 / math.sqrt(len(registers)), 4)


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
