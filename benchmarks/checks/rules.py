"""Fifty rules over the trips, in nobody's words: each way of checking says them in its own."""

from __future__ import annotations

from typing import Any

_FULL = (
    "trip", "vendor", "picked_up_at", "dropped_off_at", "distance", "from_zone", "to_zone", "payment", "fare", "extra",
    "tax", "tip", "tolls", "total", "medallion", "shared",
)  # fmt: skip
_PARTLY = ("passengers", "rate", "forwarded", "congestion")
_RANGES: dict[str, tuple[float, float]] = {
    "trip": (0, 1e9), "vendor": (1, 2), "passengers": (0, 6), "distance": (0, 1000), "rate": (1, 99),
    "from_zone": (1, 265), "to_zone": (1, 265), "payment": (1, 5), "fare": (0, 1e6), "extra": (0, 2.5), "tax": (0, 0.5),
    "tip": (0, 1e6), "tolls": (0, 100), "total": (0, 1e6), "congestion": (0, 2.5),
}  # fmt: skip
_VALUES: dict[str, list[Any]] = {
    "vendor": [1, 2], "forwarded": ["Y", "N"], "payment": [1, 2, 3, 4, 5], "rate": [1, 2, 3, 4, 5, 99],
    "passengers": [0, 1, 2, 3, 4, 5, 6], "extra": [0, 0.5, 1, 2.5], "tax": [0, 0.5], "congestion": [0, 2.5],
    "tolls": [0, 6.55],
}  # fmt: skip

RULES: tuple[tuple[Any, ...], ...] = (
    *(("not_null", column, 0.0) for column in _FULL),
    *(("not_null", column, 0.1) for column in _PARTLY),
    *(("range", column, *ends) for column, ends in _RANGES.items()),
    *(("values", column, values) for column, values in _VALUES.items()),
    ("regex", "medallion", "^TLC[0-9]{5}$"),
    ("regex", "forwarded", "^[YN]$"),
    ("length", "medallion", 8, 8),
    ("length", "forwarded", 1, 1),
    ("unique", "trip"),
    ("rows", 1, 1_000_000_000),
)
assert len(RULES) == 50
