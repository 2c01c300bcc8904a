"""What the newest verdict has learned from, as a wash behind the plot with its words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, local
from dashboards.theme import token
from observer.quantities import unbroken
from observer.reads.model import MonitorSeries


def training(series: MonitorSeries, place: ZoneInfo, *, large: bool) -> tuple[list[Part], list[Part]]:
    """The shapes and the annotations; a label only on a ``large`` plot."""
    first, last = series.trained_from, series.trained_to
    if first is None or last is None or not series.points or last < series.points[0].at:
        return [], []
    wash: Part = {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "y domain",
        "x0": local(first, place),
        "x1": local(last, place),
        "y0": 0,
        "y1": 1,
        "fillcolor": token("training"),
        "line": {"width": 0},
    }
    if not large:
        return [wash], []
    late = first - series.points[0].at > (series.points[-1].at - series.points[0].at) / 2
    label: Part = {
        "text": f"learned from {_day(first, place)} – {_day(last, place)}, {series.n_train} points",
        "xref": "x",
        "yref": "y domain",
        "x": local(min(last, series.points[-1].at) if late else max(first, series.points[0].at), place),
        "y": 1,
        "xanchor": "right" if late else "left",
        "yanchor": "bottom",
        "yshift": 3,
        "borderpad": 0,
        "showarrow": False,
        "font": {"size": 11, "color": token("muted")},
    }
    return [wash], [label]


def _day(at: datetime, place: ZoneInfo) -> str:
    local = at.astimezone(place)
    return unbroken(f"{local.day} {local:%b}")
