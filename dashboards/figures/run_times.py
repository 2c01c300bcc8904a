"""Runs over time: when each began against how long it took, its result as shape and colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from dashboards.figures.scale import scale
from dashboards.figures.text import plain
from dashboards.instants import exact
from dashboards.theme import look, token
from observer.quantities import compact
from observer.reads.run_model import RunLine

Part = dict[str, object]

_SYMBOLS: Final = {
    "succeeded": "circle", "held": "diamond", "failed": "square", "interrupted": "triangle-down", "cancelled": "x-thin",
}  # fmt: skip
_ROUND: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 86_400.0, 864_000.0)
_FAR_APART: Final = 50.0
"""Of lengths this many times longer than others the short ones would lie on the axis: it counts powers then."""


def run_times(lines: Sequence[RunLine]) -> Part | None:
    """The figure of runs that have begun and ended; None where there is none. Instants on x are UTC."""
    drawn = [(line, line.duration_s) for line in lines if line.started_at is not None and line.duration_s is not None]
    if not drawn:
        return None
    lengths = [max(length, 0.001) for _, length in drawn]
    statuses = dict.fromkeys(line.status for line, _ in drawn)
    return {
        "data": [_trace(status, [each for each in drawn if each[0].status == status]) for status in statuses],
        "layout": {"height": 260, "xaxis": {"type": "date"}, "yaxis": _axis(lengths)},
    }


def _axis(lengths: Sequence[float]) -> Part:
    low, high = min(lengths), max(lengths)
    if high < low * _FAR_APART:
        bounds = scale([0.0, high], "s", ticks=4)
        return {"range": [0, bounds.high], "tickvals": list(bounds.ticks), "ticktext": list(bounds.labels)}
    ticks = [tick for tick in _ROUND if low / 2 <= tick <= high * 2]
    return {
        "type": "log",
        "range": [math.log10(low) - 0.15, math.log10(high) + 0.15],
        "tickvals": ticks,
        "ticktext": [compact(tick, "s") for tick in ticks],
    }


def _trace(status: str, drawn: Sequence[tuple[RunLine, float]]) -> Part:
    seen = look(status)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": seen.word,
        "x": [exact(line.at) for line, _ in drawn],
        "y": [round(max(length, 0.001), 4) for _, length in drawn],
        "marker": {
            "symbol": _SYMBOLS.get(status, "circle-open"),
            "size": 10 if status != "succeeded" else 8,
            "color": token(seen.tone),
            "line": {"width": 2 if status == "cancelled" else 0, "color": token(seen.tone)},
        },
        "customdata": [
            [f"{plain(line.selection or '*', limit=60)}, {compact(length, 's')}", line.id] for line, length in drawn
        ],
        "hovertemplate": "<b>%{fullData.name}</b> %{x|%-d %b %H:%M}<br>%{customdata[0]}<extra></extra>",
    }
