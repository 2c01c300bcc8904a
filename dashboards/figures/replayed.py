"""A replay: the measured line, and one layer of alarms a sensitivity, of which one is seen at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.figures.callout import Part, local
from dashboards.figures.scale import scale
from dashboards.figures.text import plain
from dashboards.instants import zone
from dashboards.theme import token
from observer.backtests.sensitivities import Sensitivities, Sensitivity
from observer.quantities import quantity, unbroken

LAYER: Final = "alarms at "
"""What the name of a layer begins with: ``monitor.js`` shows one of them."""


def replayed(found: Sensitivities) -> Part:
    """The figure of ``found``, with the layer of today's sensitivity to be seen."""
    place = zone(found.timezone)
    bounds = scale([one.value for one in found.points], found.unit, ticks=4, headroom=0.12)
    x = [local(one.at, place) for one in found.points]
    line: Part = {
        "type": "scatter", "name": "measured", "mode": "lines+markers", "x": x,
        "y": [one.value for one in found.points], "connectgaps": False,
        "line": {"color": token("measure"), "width": 1.5}, "marker": {"color": token("measure"), "size": 3},
        "hoverinfo": "skip",
    }  # fmt: skip
    return {
        "data": [line, *(_layer(found, level, x) for level in found.levels)],
        "layout": {
            "xaxis": {"type": "date"},
            "yaxis": {
                "range": [bounds.low, bounds.high], "tickvals": list(bounds.ticks), "ticktext": list(bounds.labels),
            },
        },
    }  # fmt: skip


def _layer(found: Sensitivities, level: Sensitivity, x: Sequence[str]) -> Part:
    there = [index for index in level.alarms if found.points[index].value is not None]
    points = [found.points[index] for index in there]
    return {
        "type": "scatter",
        "name": f"{LAYER}1 in {1 / level.alpha:,.0f}",
        "mode": "markers",
        "visible": level.current,
        "x": [x[index] for index in there],
        "y": [one.value for one in points],
        "cliponaxis": False,
        "customdata": [
            f"{plain(one.partition or '', limit=40)} {unbroken(plain(quantity(one.value, found.unit)))}".strip()
            for one in points
        ],
        "marker": {
            "symbol": "diamond", "size": 11, "color": token("warning"), "line": {"width": 1, "color": token("surface")},
        },
        "hovertemplate": "would have alerted: %{customdata}<extra></extra>",
    }  # fmt: skip
