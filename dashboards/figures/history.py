"""The history plot: one monitor's series with the band as it was stored, and what was surprising in it.

From below: what is not learned from (hatched) · training window (wash) · expected range (fill) · expected
value (dash) · measured line, broken where missing · missing (ticks on the axis) · held (ring) · what a person
said of it (ring) · anomalies (▲ high ▼ low) · the newest point, enlarged, with its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, callout, crowded, extent, local, spoken
from dashboards.figures.left_out import left_out
from dashboards.figures.scale import Scale, scale
from dashboards.figures.text import plain
from dashboards.instants import zone
from dashboards.theme import token
from observer.model import EvaluationStatus, FeedbackKind
from observer.quantities import unbroken
from observer.reads.model import MonitorSeries, SeriesPoint

_AXIS_TITLES = {"rows": "rows", "rate": "share of rows", "s": "duration", "bytes": "size", "": "value"}
_SYMBOLS = {"high": "triangle-up", "low": "triangle-down", "none": "square"}
_ANOMALOUS = {EvaluationStatus.WARNED: "warning", EvaluationStatus.FAILED: "failing"}


def history(series: MonitorSeries, *, timezone: str, large: bool = True) -> Part:
    """The figure of ``series`` with data time in ``timezone`` on x.

    ``large`` adds the learned-from label and the newest point's sentence; without it the figure suits a
    small multiple, whose caption says the sentence.
    """
    points, place = series.points, zone(timezone)
    tight = large and crowded(points)
    bounds = scale(extent(points), series.unit, ticks=5 if large else 3, headroom=0.5 if tight else 0.1)
    data: list[Part] = [part for part in (left_out(points, bounds, place),) if part]
    if any(point.lower is not None and point.upper is not None for point in points):
        data.append(_band(points, bounds, place))
        data.append(_expected(points, place))
    data.append(_measured(points, series.unit, place, large=large))
    data += [part for part in (_missing(points, bounds, place), _ringed(points, place, large=large)) if part]
    data += _marked(points, place, large=large)
    data += _anomalies(points, place, large=large)
    shapes, notes = _training(series, place, large=large)
    newest = _newest(points)
    if newest is not None:
        data.append(_current(newest, place, large=large))
        if large:
            notes.append(callout(newest, points, bounds, place, series.unit))
    layout: Part = {
        "xaxis": {"type": "date", "range": _window(points, place)},
        "yaxis": {
            "range": [bounds.low, bounds.high],
            "tickvals": list(bounds.ticks),
            "ticktext": list(bounds.labels),
            "title": {"text": _AXIS_TITLES.get(series.unit, plain(series.unit, limit=20))},
        },
        "shapes": shapes,
        "annotations": notes,
    }
    return {"data": data, "layout": layout}


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


def _measured(points: Sequence[SeriesPoint], unit: str, place: ZoneInfo, *, large: bool) -> Part:
    return {
        "type": "scatter",
        "name": "measured",
        "mode": "lines+markers",
        "x": [local(point.at, place) for point in points],
        "y": [point.value for point in points],
        "connectgaps": False,
        "line": {"color": token("measure"), "width": 1.75 if large else 1.4},
        "marker": {"color": token("measure"), "size": 4 if large else 3},
        "customdata": [spoken(point, unit) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _missing(points: Sequence[SeriesPoint], bounds: Scale, place: ZoneInfo) -> Part | None:
    lost = [point for point in points if point.value is None]
    if not lost:
        return None
    return {
        "type": "scatter",
        "name": "missing",
        "mode": "markers",
        "x": [local(point.at, place) for point in lost],
        "y": [bounds.low] * len(lost),
        "cliponaxis": False,
        "marker": {
            "symbol": "line-ns-open",
            "size": 11,
            "color": token("neutral"),
            "line": {"width": 2, "color": token("neutral")},
        },
        "hovertemplate": "could not be measured<extra></extra>",
    }


def _ringed(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> Part | None:
    kept = [
        point for point in points if point.held and point.excluded and point.mark is None and point.value is not None
    ]
    if not kept:
        return None
    return {
        "type": "scatter",
        "name": "held, not learned from",
        "mode": "markers",
        "x": [local(point.at, place) for point in kept],
        "y": [point.value for point in kept],
        "cliponaxis": False,
        "marker": {
            "symbol": "circle-open",
            "size": 19 if large else 14,
            "color": token("held"),
            "line": {"width": 2 if large else 1.5, "color": token("held")},
        },
        "hoverinfo": "skip",
    }


def _marked(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> list[Part]:
    """A ring around what a person has said something of: that it is wrong, or that it is right."""
    parts: list[Part] = []
    for name, tone, bad in (("marked as bad data", "warning", True), ("marked as expected", "healthy", False)):
        said = [
            point
            for point in points
            if point.mark is not None and point.value is not None and (point.mark is FeedbackKind.BAD_DATA) is bad
        ]
        if said:
            parts.append(
                {
                    "type": "scatter",
                    "name": name,
                    "mode": "markers",
                    "x": [local(point.at, place) for point in said],
                    "y": [point.value for point in said],
                    "cliponaxis": False,
                    "customdata": [point.mark.value for point in said if point.mark is not None],
                    "marker": {
                        "symbol": "circle-x-open" if bad else "circle-open",
                        "size": 19 if large else 14,
                        "color": token(tone),
                        "line": {"width": 2 if large else 1.5, "color": token(tone)},
                    },
                    "hovertemplate": "marked as %{customdata}<extra></extra>",
                }
            )
    return parts


def _anomalies(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> list[Part]:
    parts: list[Part] = []
    for direction, symbol in _SYMBOLS.items():
        odd = [
            point
            for point in points
            if point.value is not None and point.status in _ANOMALOUS and point.direction == direction
        ]
        if odd:
            parts.append(
                {
                    "type": "scatter",
                    "name": "anomaly" if direction == "none" else f"anomaly, {direction}",
                    "mode": "markers",
                    "x": [local(point.at, place) for point in odd],
                    "y": [point.value for point in odd],
                    "cliponaxis": False,
                    "marker": {
                        "symbol": symbol,
                        "size": 11 if large else 8,
                        "color": [_tone(point) for point in odd],
                        "line": {"width": 1, "color": token("surface")},
                    },
                    "hoverinfo": "skip",
                }
            )
    return parts


def _tone(point: SeriesPoint) -> str:
    """The mark colour of a point's verdict; what is not judged is neither good nor bad."""
    if point.status is None:
        return token("measure")
    passed = "healthy" if point.status is EvaluationStatus.PASSED else "neutral"
    return token(_ANOMALOUS.get(point.status, passed))


def _newest(points: Sequence[SeriesPoint]) -> SeriesPoint | None:
    return points[-1] if points and points[-1].value is not None else None


def _current(point: SeriesPoint, place: ZoneInfo, *, large: bool) -> Part:
    odd = point.status in _ANOMALOUS
    symbol = _SYMBOLS.get(point.direction, "square") if odd else "circle"
    return {
        "type": "scatter",
        "name": "newest",
        "mode": "markers",
        "x": [local(point.at, place)],
        "y": [point.value],
        "cliponaxis": False,
        "marker": {
            "symbol": symbol,
            "size": (15 if odd else 12) if large else (11 if odd else 8),
            "color": _tone(point),
            "line": {"width": 1.5, "color": token("surface")},
        },
        "hoverinfo": "skip",
    }


def _training(series: MonitorSeries, place: ZoneInfo, *, large: bool) -> tuple[list[Part], list[Part]]:
    first, last = series.trained_from, series.trained_to
    if first is None or last is None or not series.points:
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
