"""A series in one line."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars, a blank where a value is missing.

    >>> sparkline([0, 1, None, 2])
    '▁▄ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, wide = min(known), (max(known) - min(known)) or 1.0
    return "".join(" " if v is None else _BARS[min(7, int((v - low) / wide * 7.999))] for v in values)
