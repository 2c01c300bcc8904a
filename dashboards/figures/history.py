"""The history plot: one monitor's series with the band as it was stored, and what was surprising in it.

From below: what is not learned from (hatched) · training window (wash) · expected range (fill) · expected
value (dash) · measured line, broken where missing · missing (ticks on the axis) · held (ring) · what a person
said of it (ring) · anomalies (▲ high ▼ low) · the newest point, enlarged, with its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from dashboards.figures.anomalies import anomalies, current, marked, missing, newest, ringed
from dashboards.figures.callout import Part, callout, crowded, extent, local, spoken
from dashboards.figures.decimated import decimated
from dashboards.figures.lane import baselines, lane
from dashboards.figures.left_out import left_out
from dashboards.figures.scale import Scale, logarithmic, scale
from dashboards.figures.text import plain
from dashboards.figures.training import training
from dashboards.instants import zone
from dashboards.theme import token
from observer.reads.model import MonitorSeries, SeriesPoint
from observer.reads.monitor_model import Happening

_AXIS_TITLES = {"rows": "rows", "rate": "share of rows", "s": "duration", "bytes": "size", "": "value"}
_NUMBERS: Final = {"rate": ".1%", "rows": ",.0f", "s": ".3~s", "bytes": ".3~s"}
_SPOKEN: Final = 400
"""Points of which each says its words when pointed at; of more it says its number."""

_WEEK = timedelta(days=7)


def history(
    series: MonitorSeries,
    *,
    timezone: str,
    large: bool = True,
    at: datetime | None = None,
    log: bool = False,
    happenings: Sequence[Happening] = (),
    week_before: Sequence[SeriesPoint] | None = None,
) -> Part:
    """The figure of ``series`` with data time in ``timezone`` on x.

    Parameters
    ----------
    large: adds the learned-from label and a point's sentence; without it the figure suits a small multiple, whose
        caption says the sentence.
    at: the instant of the point that the words are of; None: of the newest.
    log: values on a logarithmic axis, where they are all above zero.
    happenings: what the lane of events shows.
    week_before: the points of the week before the first, to lay each week's over the next; None: not laid over.
    """
    everything, place = series.points, zone(timezone)
    points = decimated(everything)
    pointed = next((point for point in everything if point.at == at), None)
    tight = large and crowded(points)
    if log and can_be_logarithmic(everything):
        bounds = logarithmic(extent(everything), series.unit)
    else:
        bounds = scale(extent(everything), series.unit, ticks=5 if large else 3, headroom=0.5 if tight else 0.1)
    data: list[Part] = [part for part in (left_out(points, bounds, place, of=everything),) if part]
    if any(point.lower is not None and point.upper is not None for point in points):
        data.append(_band(points, bounds, place))
        data.append(_expected(points, place))
    if week_before is not None and (laid := _a_week_before(week_before, everything, place)):
        data.append(laid)
    data.append(_measured(points, series.unit, place, large=large))
    data += [part for part in (missing(points, bounds, place), ringed(points, place, large=large)) if part]
    data += marked(points, place, large=large)
    data += anomalies(points, place, large=large)
    shapes, notes = training(series, place, large=large)
    shapes += baselines(happenings, place)
    told = newest(everything) if pointed is None else pointed
    if told is not None and told.value is not None:
        data.append(current(told, place, large=large))
        if large:
            notes.append(callout(told, everything, bounds, place, series.unit))
    if pointed is not None:
        shapes.append(_pointer(pointed, place))
    below, axes = lane(happenings, place)
    layout: Part = {
        "xaxis": {"type": "date", "range": _window(everything, place), **axes.get("xaxis", {})},
        "yaxis": {
            **({"type": "log"} if bounds.log else {}),
            "range": [bounds.placed(bounds.low), bounds.placed(bounds.high)],
            "tickvals": list(bounds.ticks),
            "ticktext": list(bounds.labels),
            "title": {"text": _AXIS_TITLES.get(series.unit, plain(series.unit, limit=20))},
            **axes.get("yaxis", {}),
        },
        "shapes": shapes,
        "annotations": notes,
    }
    if below:
        layout["yaxis2"] = axes["yaxis2"]
    return {"data": [*data, *below], "layout": layout}


def can_be_logarithmic(points: Sequence[SeriesPoint]) -> bool:
    """Whether every value is above zero, and there are some that differ."""
    known = [point.value for point in points if point.value is not None]
    return bool(known) and 0.0 < min(known) < max(known)


def _window(points: Sequence[SeriesPoint], place: ZoneInfo) -> list[str]:
    if not points:
        return ["2000-01-01", "2000-01-02"]
    first, last = points[0].at, points[-1].at
    pad = (last - first) * 0.02 or timedelta(days=1)
    return [local(first - pad, place), local(last + pad, place)]


def _band(points: Sequence[SeriesPoint], bounds: Scale, place: ZoneInfo) -> Part:
    """One polygon a run of judged points, so that there is a gap where no band was stored."""
    x: list[str | None] = []
    y: list[float | None] = []
    for judged, group in groupby(points, key=lambda p: p.lower is not None and p.upper is not None):
        run = list(group)
        if not judged:
            continue
        times = [local(point.at, place) for point in run]
        if len(run) == 1:  # a band of one point still has a width
            half = timedelta(hours=8)
            times = [local(run[0].at - half, place), local(run[0].at + half, place)]
            run = [run[0], run[0]]
        lower = [max(bounds.low, point.lower or 0.0) for point in run]
        upper = [point.upper or 0.0 for point in run]
        x += [*times, *reversed(times), times[0], None]
        y += [*upper, *reversed(lower), upper[0], None]
    return {
        "type": "scatter",
        "name": "expected range",
        "mode": "lines",
        "x": x[:-1],
        "y": y[:-1],
        "fill": "toself",
        "fillcolor": token("band"),
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _expected(points: Sequence[SeriesPoint], place: ZoneInfo) -> Part:
    return {
        "type": "scatter",
        "name": "expected",
        "mode": "lines",
        "x": [local(point.at, place) for point in points],
        "y": [point.expected for point in points],
        "connectgaps": False,
        "line": {"color": token("expected"), "width": 1.25, "dash": "4px,3px"},
        "hoverinfo": "skip",
    }


def _a_week_before(before: Sequence[SeriesPoint], points: Sequence[SeriesPoint], place: ZoneInfo) -> Part | None:
    """The line of the week before, a week later."""
    later = [point for point in (*before, *points) if points and points[0].at <= point.at + _WEEK <= points[-1].at]
    if not later:
        return None
    kept = decimated(later)
    return {
        "type": "scatter",
        "name": "a week before",
        "mode": "lines",
        "x": [local(point.at + _WEEK, place) for point in kept],
        "y": [point.value for point in kept],
        "connectgaps": False,
        "line": {"color": token("neutral"), "width": 1.25, "dash": "1px,3px"},
        "hoverinfo": "skip",
    }


def _measured(points: Sequence[SeriesPoint], unit: str, place: ZoneInfo, *, large: bool) -> Part:
    many = len(points) > _SPOKEN
    said: Part = (
        {"hovertemplate": f"%{{y:{_NUMBERS.get(unit, '.4~g')}}}<extra></extra>"}
        if many
        else {
            "customdata": [spoken(point, unit) for point in points],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )
    return {
        "type": "scatter",
        "name": "measured",
        "mode": "lines+markers",
        "x": [local(point.at, place) for point in points],
        "y": [point.value for point in points],
        "connectgaps": False,
        "line": {"color": token("measure"), "width": 1.1 if many else 1.75 if large else 1.4},
        "marker": {"color": token("measure"), "size": 2 if many else 4 if large else 3},
        **said,
    }


def _pointer(point: SeriesPoint, place: ZoneInfo) -> Part:
    """A line through the point that the address points at."""
    at = local(point.at, place)
    return {
        "type": "line", "layer": "below", "xref": "x", "yref": "y domain", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": token("line-strong"), "width": 1},
    }  # fmt: skip
