"""Numbers as people read them: one place for units and sensible digits, for sentences, pages and the command."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Final

ABSENT: Final = "\N{EN DASH}"
"""What stands where nothing was measured: a dash, never a zero."""

_TO: Final = "\N{EN DASH}"
_LARGE = (("G", 1e9), ("M", 1e6), ("k", 1e3))
_SIZES = {
    "rate": (("%", 0.01),),
    "s": (("days", 345_600.0), ("h", 7200.0), ("min", 180.0), ("s", 0.0995), ("ms", 0.0)),
    "bytes": (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("bytes", 0.0)),
}
_EFFECTS = {"distance", "effect"}  # two digits tell all that there is to tell, and none is too small
_SECONDS = {"days": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 0.001}


def quantity(value: float | None, unit: str) -> str:
    """``value`` in ``unit`` ("rate", "rows", "s", "bytes", "epoch_s", "" ...) as text.

    >>> quantity(0.5081, "rate"), quantity(930, "rows"), quantity(0.0612, "s"), quantity(None, "rows")
    ('50.8 %', '930 rows', '61 ms', 'missing')
    >>> quantity(0.21349, "distance"), quantity(3.14159, "effect")
    ('0.21', '3.1')
    """
    if value is None or not isfinite(value):
        return "missing"
    if unit == "rate":
        return f"{_percent(value)} %"
    if unit == "s":
        return _seconds(value)
    if unit == "bytes":
        return _bytes(value)
    if unit == "epoch_s":
        return _instant(value)
    if unit in _EFFECTS:
        return number(float(f"{value:.2g}"))
    return f"{number(value)} {unit}".rstrip()


def span(lower: float | None, upper: float | None, unit: str) -> str:
    """An expected range, the unit said once.

    >>> span(0.0, 0.094, "rate"), span(776.4, 1091.2, "rows"), span(None, 2.0, "s")
    ('0\N{EN DASH}9.4 %', '776\N{EN DASH}1,091 rows', 'at most 2 s')
    >>> span(0.0, 0.82, "s"), span(0.01, 0.2, "s")
    ('at most 0.82 s', '10 ms to 0.2 s')
    """
    lower = lower if lower is not None and isfinite(lower) else None
    upper = upper if upper is not None and isfinite(upper) else None
    if unit == "rows":  # are counted
        lower, upper = _whole(lower), _whole(upper)
    if unit == "s" and upper is not None and lower is not None and lower < 0.0005:  # nothing takes less than none
        lower = None
    if unit in _EFFECTS:
        lower = None
    if lower is None and upper is None:
        return "anything"
    if lower is None:
        return f"at most {quantity(upper, unit)}"
    if upper is None:
        return f"at least {quantity(lower, unit)}"
    if unit == "rate":
        return f"{_percent(lower)}{_TO}{_percent(upper)} %"
    if unit in {"s", "bytes", "epoch_s"}:
        return f"{quantity(lower, unit)} to {quantity(upper, unit)}"
    dash = _TO if lower >= 0 else " to "
    return f"{number(lower)}{dash}{number(upper)} {unit}".rstrip()


def compact(value: float | None, unit: str = "") -> str:
    """``value`` for a cell of a table, on one line: a dash for nothing, no word for rows, k, M and G for large counts.

    >>> compact(930, "rows"), compact(336776, "rows"), compact(None, "rate"), compact(2013), compact(156.34)
    ('930', '337\\xa0k', '\N{EN DASH}', '2013', '156.3')
    >>> compact(0.5081, "rate"), compact(0.568, "s"), compact(34700, "bytes")
    ('50.8\\xa0%', '0.57\\xa0s', '34.7\\xa0kB')
    """
    if value is None or not isfinite(value):
        return ABSENT
    if unit in {*_SIZES, *_EFFECTS, "epoch_s"}:
        return unbroken(quantity(value, unit))
    for suffix, size in _LARGE:
        if abs(value) >= max(size, 99_999.5):
            scaled = value / size
            return unbroken(f"{scaled:,.0f} {suffix}" if abs(scaled) >= 100 else f"{scaled:.3g} {suffix}")
    separator = "," if unit == "rows" or abs(value) >= 10_000 else ""  # a year has none
    if value == round(value):
        return f"{value:{separator}.0f}"
    return f"{value:{separator}.1f}" if abs(value) >= 100 else f"{value:.3g}"


def unbroken(text: str) -> str:
    """``text`` that stays on one line: its spaces are no-break spaces."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def scaled_to(largest: float, unit: str) -> tuple[float, str]:
    """How many of ``unit`` one step of an axis up to ``largest`` counts, and what it is called there.

    >>> scaled_to(0.7, "rate"), scaled_to(0.05, "s"), scaled_to(600, "s"), scaled_to(34700, "bytes")
    ((0.01, '%'), (0.001, 'ms'), (60.0, 'min'), (1000.0, 'kB'))
    >>> scaled_to(930, "rows"), scaled_to(336776, "rows")
    ((1.0, ''), (1000.0, 'k'))
    """
    if unit in _SIZES:
        name, size = next(each for each in _SIZES[unit] if abs(largest) >= each[1] or each is _SIZES[unit][-1])
        return _SECONDS.get(name, size or 1.0), name
    return next(((size, name) for name, size in _LARGE if abs(largest) >= max(size, 1e5)), (1.0, ""))


def number(value: float) -> str:
    """A number with about four digits that matter and thousands told apart.

    >>> number(336776), number(12.3456), number(0.00012), number(1e12)
    ('336,776', '12.35', '0.00012', '1e+12')
    """
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e12 or size < 1e-4:
        return f"{value:.3g}"
    if size >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def age(seconds: float) -> str:
    """A length of time in the unit that people would say it in.

    >>> age(8), age(5400), age(108000), age(864000)
    ('8 s', '90 min', '30 h', '10 days')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 4 * 86400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def count(size: int, singular: str, plural: str | None = None) -> str:
    """``1 asset``, ``2 assets``."""
    return f"{size:,} {singular if size == 1 else plural or singular + 's'}"


def _whole(value: float | None) -> float | None:
    return None if value is None else float(round(value))


def _percent(rate: float) -> str:
    percent = rate * 100
    if abs(percent) < 0.005:
        return "0"
    return f"{percent:.2g}" if abs(percent) < 1 else f"{percent:.1f}".removesuffix(".0")


def _seconds(value: float) -> str:
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.2g} s"
    return f"{value:.0f} s" if value < 120 else age(value)


def _instant(value: float) -> str:
    try:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):  # outside the years 1 to 9999
        return f"{number(value)} s since 1970"


def _bytes(value: float) -> str:
    if value < 0:
        return f"-{_bytes(-value)}"
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
