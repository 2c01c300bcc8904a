"""Before and after: how the values of the newest version are spread, beside those that it is compared with.

Of numbers two lines that say which share of the values lies at or below each (the farther apart, the larger the shift);
of categories two bars each.
"""

from __future__ import annotations

from dashboards.figures.callout import Part
from dashboards.figures.scale import scale
from dashboards.figures.text import plain
from dashboards.theme import token
from observer.quantities import compact
from observer.reads.model import Comparison

_ENDS = 2  # of 64: what lies farther out would stretch the axis and say little


def compared(seen: Comparison) -> Part:
    """The figure of ``seen``."""
    return _categories(seen) if seen.shares else _numbers(seen)


def _numbers(seen: Comparison) -> Part:
    inner = [value for points in (seen.before, seen.now) for value in points[_ENDS:-_ENDS]]
    across = scale(inner, "", ticks=4, headroom=0.06)
    return {
        "data": [
            _line("before", seen.before, token("expected"), "4px,3px"),
            _line("now", seen.now, token("measure"), "solid"),
        ],
        "layout": {
            "xaxis": {
                "range": [across.low, across.high], "tickvals": list(across.ticks), "ticktext": list(across.labels),
            },
            "yaxis": {
                "range": [0, 1.02], "tickvals": [0, 0.5, 1], "ticktext": ["0", "50\u00a0%", "100\u00a0%"],
                "title": {"text": "share at or below"},
            },
        },
    }  # fmt: skip


def _line(name: str, points: tuple[float, ...], colour: str, dash: str) -> Part:
    pieces = max(1, len(points) - 1)
    return {
        "type": "scatter", "name": name, "mode": "lines", "x": list(points),
        "y": [round(rank / pieces, 4) for rank in range(len(points))],
        "line": {"color": colour, "width": 1.75, "dash": dash},
        "customdata": [compact(value) for value in points],
        "hovertemplate": name + ": %{y:.0%} at or below %{customdata}<extra></extra>",
    }  # fmt: skip


def _categories(seen: Comparison) -> Part:
    names = [plain(name, limit=16) for name, _, _ in seen.shares]
    up = scale([share for _, *both in seen.shares for share in both], "rate", ticks=3)
    places = list(range(len(names)))
    return {
        "data": [
            _bars("before", places, [before for _, before, _ in seen.shares], names, token("expected")),
            _bars("now", places, [now for _, _, now in seen.shares], names, token("measure")),
        ],
        "layout": {
            "barmode": "group",
            "bargap": 0.3,
            "xaxis": {"tickvals": places, "ticktext": names, "range": [-0.6, len(names) - 0.4]},
            "yaxis": {
                "range": [0, up.high], "tickvals": list(up.ticks), "ticktext": list(up.labels),
                "title": {"text": "share of values"},
            },
        },
    }  # fmt: skip


def _bars(name: str, places: list[int], shares: list[float], names: list[str], colour: str) -> Part:
    return {
        "type": "bar", "name": name, "x": places, "y": [round(share, 4) for share in shares],
        "marker": {"color": colour}, "customdata": names,
        "hovertemplate": "%{customdata} " + name + ": %{y:.1%}<extra></extra>",
    }  # fmt: skip
