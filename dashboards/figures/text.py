"""Text inside a figure: Plotly reads a little HTML in labels, so what people wrote is escaped; and cut."""

from __future__ import annotations

import html
import unicodedata


def plain(text: str, *, limit: int = 200) -> str:
    """``text`` as Plotly shows it literally, cut at ``limit`` characters."""
    clean = " ".join(text.split())
    if len(clean) > limit:
        clean = clean[: limit - 1].rstrip() + "…"
    return html.escape(clean, quote=False)


def fitted(text: str, columns: int) -> str:
    """``text`` on one line, cut with an ellipsis where it takes more than so many columns of a fixed font.

    >>> fitted("daily_delays_by_carrier", 12), fitted("売上の日次集計", 8), fitted("flights", 12)
    ('daily_delay…', '売上の…', 'flights')
    """
    clean = " ".join(text.split())
    if sum(map(_columns, clean)) <= columns:
        return clean
    left, kept = columns - 1, ""
    for character in clean:
        left -= _columns(character)
        if left < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
