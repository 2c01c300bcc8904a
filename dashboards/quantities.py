"""Numbers as people read them: a unit, and as many digits as mean something."""

from __future__ import annotations

import math
from typing import Final

NBSP: Final = "\u00a0"
"""Between a number and its unit, so that they stay on one line."""

ABSENT: Final = "–"

AXIS_TITLES: Final = {"rows": "rows", "rate": "share of rows", "s": "duration", "bytes": "size", "": "value"}
"""What stands on the axis of a unit."""


def quantity(value: float | None, unit: str = "") -> str:
    """``value`` with its unit: 0.508 rate -> ``50.8 %``, 336776 rows -> ``336 k``, 1.24 s -> ``1.2 s``.

    ``None`` and NaN (not measured) give a dash, never a zero.
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    if unit == "rate":
        return _percent(value)
    if unit == "s":
        return _duration(value)
    if unit == "bytes":
        return _scaled(value, (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)))
    return count(value)


def measured(value: float | None, unit: str) -> str:
    """As ``quantity``, with the word for units that are words: ``926 rows``."""
    text = quantity(value, unit)
    return f"{text}{NBSP}rows" if unit == "rows" and text != ABSENT else text


def count(value: float | None) -> str:
    """A plain number: 926, 8255, 12,960, 336 k, 1.2 M, 0.037."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if abs(value) >= 100_000:
        return _scaled(value, (("G", 1e9), ("M", 1e6), ("k", 1e3)))
    separator = "," if abs(value) >= 10_000 else ""
    if float(value).is_integer():
        return f"{int(value):{separator}}"
    return f"{value:{separator}.1f}" if abs(value) >= 100 else f"{value:.3g}"


def span(lower: float | None, upper: float | None, unit: str) -> str:
    """An expected range: ``0–9.4 %``; the unit is said once where both ends share it."""
    low, high = quantity(lower, unit), quantity(upper, unit)
    number, _, suffix = low.partition(NBSP)
    if suffix and high.endswith(NBSP + suffix):
        low = number
    return f"{low}–{high}"


def _percent(rate: float) -> str:
    percent = rate * 100
    if percent == 0:
        return f"0{NBSP}%"
    if abs(percent) < 1:
        return f"{percent:.2g}{NBSP}%"
    text = f"{percent:.1f}"
    return f"{text.removesuffix('.0')}{NBSP}%"


def _duration(seconds: float) -> str:
    size = abs(seconds)
    if size == 0:
        return f"0{NBSP}s"
    if size < 0.9995:
        return f"{seconds * 1000:.0f}{NBSP}ms" if size >= 0.0095 else f"{seconds * 1000:.2g}{NBSP}ms"
    if size < 59.95:
        return f"{seconds:.1f}{NBSP}s"
    if size < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}{NBSP}min" + (f" {rest}{NBSP}s" if rest else "")
    if size < 172_800:
        return f"{seconds / 3600:.3g}{NBSP}h"
    return f"{seconds / 86_400:.3g}{NBSP}d"


def _scaled(value: float, units: tuple[tuple[str, float], ...]) -> str:
    for name, size in units:
        if abs(value) >= size:
            scaled = value / size
            text = f"{scaled:.0f}" if abs(scaled) >= 100 or scaled.is_integer() else f"{scaled:.1f}"
            return f"{text}{NBSP}{name}"
    return f"{value:.0f}{NBSP}{units[-1][0]}" if units[-1][1] == 1.0 else f"{value:g}"
