"""Text inside a figure: Plotly reads a little HTML in labels, so what people wrote is escaped."""

from __future__ import annotations

import html


def plain(text: str, *, limit: int = 200) -> str:
    """``text`` as Plotly shows it literally, cut at ``limit`` characters."""
    clean = " ".join(text.split())
    if len(clean) > limit:
        clean = clean[: limit - 1].rstrip() + "…"
    return html.escape(clean, quote=False)
