"""The lane of events under a history: what happened beside the data, a mark each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, local
from dashboards.figures.text import plain
from dashboards.theme import token
from observer.reads.monitor_model import Happening, HappeningKind

MARKS: Final[Mapping[HappeningKind, tuple[str, str]]] = {
    HappeningKind.RUN: ("circle", "neutral"),
    HappeningKind.CODE: ("diamond", "measure"),
    HappeningKind.CONFIG: ("hexagon", "measure"),
    HappeningKind.SCHEMA: ("square", "measure"),
    HappeningKind.BACKFILL: ("triangle-left", "measure"),
    HappeningKind.BASELINE: ("star", "healthy"),
}
"""Each kind's symbol and colour."""

_ROOM: Final = [0.15, 1.0]  # what the lane leaves of the height
_LANE: Final = [0.0, 0.08]


def lane(happenings: Sequence[Happening], place: ZoneInfo) -> tuple[list[Part], dict[str, Part]]:
    """Its traces, and its axis with what it leaves of the other one; nothing where nothing happened."""
    data = [
        _of_kind(kind, [one for one in happenings if one.kind is kind], place)
        for kind in HappeningKind
        if any(one.kind is kind for one in happenings)
    ]
    if not data:
        return [], {}
    axis: Part = {
        "domain": _LANE, "range": [0, 1], "tickvals": [0.5], "ticktext": ["events"], "showgrid": False,
        "anchor": "x",
    }  # fmt: skip
    return data, {"yaxis2": axis, "yaxis": {"domain": _ROOM}, "xaxis": {"anchor": "y2"}}


def baselines(happenings: Sequence[Happening], place: ZoneInfo) -> list[Part]:
    """A line across the plot where somebody said that a new normal begins."""
    return [
        {
            "type": "line", "layer": "below", "xref": "x", "yref": "y domain", "x0": local(one.at, place),
            "x1": local(one.at, place), "y0": 0, "y1": 1,
            "line": {"color": token("healthy"), "width": 1.25, "dash": "2px,3px"},
        }
        for one in happenings
        if one.kind is HappeningKind.BASELINE
    ]  # fmt: skip


def _of_kind(kind: HappeningKind, found: Sequence[Happening], place: ZoneInfo) -> Part:
    symbol, colour = MARKS[kind]
    return {
        "type": "scatter",
        "name": f"{kind}",
        "mode": "markers",
        "x": [local(one.at, place) for one in found],
        "y": [0.5] * len(found),
        "yaxis": "y2",
        "cliponaxis": False,
        "customdata": [one.run_id for one in found],
        "text": [_said(one) for one in found],
        "marker": {
            "symbol": symbol, "size": 5 if kind is HappeningKind.RUN else 10, "color": token(colour),
            "line": {"width": 1, "color": token("surface")},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _said(one: Happening) -> str:
    where = f"{plain(one.partition, limit=40)}: " if one.partition else ""
    return where + plain(one.sentence, limit=90)
