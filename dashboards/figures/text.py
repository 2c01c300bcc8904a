"""Text inside a figure: Plotly reads a little HTML in labels, so what people wrote is escaped and wrapped."""

from __future__ import annotations

import html
import textwrap


def plain(text: str, *, limit: int = 200) -> str:
    """``text`` as Plotly shows it literally, cut at ``limit`` characters."""
    clean = " ".join(text.split())
    if len(clean) > limit:
        clean = clean[: limit - 1].rstrip() + "…"
    return html.escape(clean, quote=False)


def wrapped(text: str, *, width: int, lines: int) -> str:
    """``text`` over at most ``lines`` lines of ``width`` characters, broken with Plotly's ``<br>``."""
    parts = textwrap.wrap(" ".join(text.split()), width=width, max_lines=lines, placeholder=" …")
    return "<br>".join(html.escape(part, quote=False) for part in parts)
