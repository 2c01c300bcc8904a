"""Text inside a figure: Plotly reads a little HTML in labels, so what people wrote is escaped; and cut."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final

_DIRECTIONS: Final = re.compile("[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")
"""Characters that turn the order of others around; a plot has no element that would hold them in."""


def plain(text: str, *, limit: int = 200) -> str:
    """``text`` as Plotly shows it literally, cut at ``limit`` characters; what reads from the right is held apart."""
    clean = _DIRECTIONS.sub("", " ".join(text.split()))
    if len(clean) > limit:
        clean = clean[: limit - 1].rstrip() + "…"
    escaped = html.escape(clean, quote=False)
    if not clean.isascii() and any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in clean):
        return f"\N{FIRST STRONG ISOLATE}{escaped}\N{POP DIRECTIONAL ISOLATE}"
    return escaped


def apart(texts: Sequence[str], *, limit: int) -> list[str]:
    """``texts`` as :func:`plain` cuts them, those that would then be alike in the middle: an axis takes them for one.

    >>> apart(["daily_orders_of_north", "daily_orders_of_south", "flights"], limit=12)
    ['daily…_north', 'daily…_south', 'flights']
    """
    found: dict[str, str] = {}
    for shorten in (partial(plain, limit=limit), partial(_ends, limit=limit), plain):
        short = {text: shorten(text) for text in texts if text not in found}
        times = Counter(short.values())
        found |= {text: name for text, name in short.items() if times[name] == 1}
    return [found.get(text) or plain(text) for text in texts]


def _ends(text: str, *, limit: int) -> str:
    head = limit // 2 - 1
    return plain(text if len(text) <= limit else f"{text[:head]}…{text[head + 1 - limit :]}")


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
