"""Numbers as people read them: one place for units and sensible digits, for sentences, pages and the command."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite


def quantity(value: float | None, unit: str) -> str:
    """``value`` in ``unit`` ("rate", "rows", "s", "bytes", "epoch_s", "" ...) as text.

    >>> quantity(0.5081, "rate"), quantity(930, "rows"), quantity(0.0612, "s"), quantity(None, "rows")
    ('50.8 %', '930 rows', '61 ms', 'missing')
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
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{number(value)} {unit}".rstrip()


def span(lower: float | None, upper: float | None, unit: str) -> str:
    """An expected range, the unit said once.

    >>> span(0.0, 0.094, "rate"), span(900.2, 961.0, "rows"), span(None, 2.0, "s")
    ('0-9.4 %', '900-961 rows', 'at most 2 s')
    """
    lower = lower if lower is not None and isfinite(lower) else None
    upper = upper if upper is not None and isfinite(upper) else None
    if lower is None and upper is None:
        return "anything"
    if lower is None:
        return f"at most {quantity(upper, unit)}"
    if upper is None:
        return f"at least {quantity(lower, unit)}"
    if unit == "rate":
        return f"{_percent(lower)}-{_percent(upper)} %"
    if unit in {"s", "bytes", "epoch_s"}:
        return f"{quantity(lower, unit)} to {quantity(upper, unit)}"
    dash = "-" if lower >= 0 else " to "
    return f"{number(lower)}{dash}{number(upper)} {unit}".rstrip()


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


def _bytes(value: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
