"""How values and shares read in a check's sentence."""

from __future__ import annotations


def percent(rate: float) -> str:
    """Return a share as people read it; what isn't nothing never reads as 0, what isn't all never as 100.

    Examples
    --------
    >>> percent(0.508), percent(0.00001), percent(0.99999), percent(0.05)
    ('50.8 %', '< 0.1 %', '> 99.9 %', '5 %')
    """
    if 0 < rate < 0.001:
        return "< 0.1 %"
    if 0.999 < rate < 1:
        return "> 99.9 %"
    return f"{rate * 100:.1f}".removesuffix(".0") + " %"


def shown(value: object) -> str:
    """Return one value, bounded.

    Examples
    --------
    >>> shown("UA"), shown(1545.0), shown("x" * 100)
    ("'UA'", '1545', "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…")
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def between(least: str | None, most: str | None) -> str:
    """Return bounds in words; None: that side is open.

    Examples
    --------
    >>> between("0", "2400"), between(None, "5")
    ('between 0 and 2400', 'at most 5')
    """
    if most is None:
        return f"at least {least}"
    if least is None:
        return f"at most {most}"
    return f"between {least} and {most}"
