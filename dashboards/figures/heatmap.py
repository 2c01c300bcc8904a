"""Null rates, columns by partitions: one colour scale for every asset, held partitions marked on top."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from dashboards.figures.text import apart
from dashboards.theme import token
from observer.reads.model import NullHeatmap

Part = dict[str, object]

_ROW_PX: Final = 19
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True, slots=True)
class Bin:
    """Rates from ``low`` up to the next bin's have one colour."""

    low: float
    label: str
    token: str


BINS: Final = (
    Bin(0.0, "under 0.5 %", "heat-0"),
    Bin(0.005, "0.5 %", "heat-1"),
    Bin(0.02, "2 %", "heat-2"),
    Bin(0.05, "5 %", "heat-3"),
    Bin(0.1, "10 %", "heat-4"),
    Bin(0.25, "25 %", "heat-5"),
    Bin(0.5, "50 % and more", "heat-6"),
)
"""The scale, the same everywhere, so that a colour always means the same rate."""


def null_heatmap(heatmap: NullHeatmap) -> Part:
    """The figure of ``heatmap``; a rate that was not measured leaves its cell empty."""
    dated = bool(heatmap.partitions) and all(_DAY.match(name) for name in heatmap.partitions)
    days = list(heatmap.partitions) if dated else apart(heatmap.partitions, limit=24)
    cells: Part = {
        "type": "heatmap",
        "x": days,
        "y": apart(heatmap.columns, limit=28),
        "z": [[_rounded(rate) for rate in row] for row in heatmap.rates],
        "zmin": 0,
        "zmax": 1,
        "colorscale": _colorscale(),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "<b>%{y}</b><br>%{x}: %{z:.1%} null<extra></extra>",
    }
    return {
        "data": [cells],
        "layout": {
            "height": 62 + _ROW_PX * max(1, len(heatmap.columns)),
            "xaxis": {"type": "date" if dated else "category"},
            "yaxis": {"type": "category", "autorange": "reversed", "dtick": 1},
            "annotations": [_held(day) for day in _held_days(heatmap, days)],
        },
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


def _colorscale() -> list[list[object]]:
    steps: list[list[object]] = []
    for here, after in pairwise(BINS):
        steps += [[here.low, token(here.token)], [after.low, token(here.token)]]
    return [*steps, [BINS[-1].low, token(BINS[-1].token)], [1.0, token(BINS[-1].token)]]


def _held_days(heatmap: NullHeatmap, days: Sequence[str]) -> list[str]:
    held = set(heatmap.held)
    return [day for name, day in zip(heatmap.partitions, days, strict=True) if name in held]


def _held(day: str) -> Part:
    return {
        "text": "‖",
        "hovertext": f"{day} is held",
        "xref": "x",
        "x": day,
        "y": 1,
        "yref": "y domain",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 15, "color": token("held-text")},
    }
