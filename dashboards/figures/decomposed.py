"""A metric taken apart: measured with its level · season · remainder, one above the other over the same time."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, local
from dashboards.figures.scale import Scale, scale
from dashboards.figures.text import plain
from dashboards.instants import zone
from dashboards.theme import token
from observer.quantities import quantity, unbroken
from observer.reads.decomposed import Decomposed, DecomposedPoint

_GAP = 0.05


def decomposed(series: Decomposed, *, timezone: str) -> Part:
    """The figure of ``series`` with data time in ``timezone`` on x; without a season that panel is left out."""
    place, points = zone(timezone), series.points
    signed: list[tuple[str, list[float | None]]] = [("remainder", [p.remainder for p in points])]
    if series.periods:
        signed.insert(0, ("season", [p.season for p in points]))
    bounds = scale([n for p in points for n in (p.value, p.level)], series.unit)
    data = [
        _line(points, "measured", [p.value for p in points], place, series.unit, axis="y", colour="measure"),
        _line(points, "level", [p.level for p in points], place, series.unit, axis="y", colour="expected"),
    ]
    heights = _domains(len(signed))
    layout: Part = {
        "xaxis": {"type": "date", "anchor": f"y{len(signed) + 1}"},
        "yaxis": _axis(bounds, heights[0], "measured, level"),
    }
    for number, (name, values) in enumerate(signed, start=2):
        data.append(_signed(points, name, values, place, series.unit, f"y{number}"))
        of_differences = scale(values, series.unit, ticks=3, signed=True)
        layout[f"yaxis{number}"] = {**_axis(of_differences, heights[number - 1], name), "zeroline": True}
    return {"data": data, "layout": layout}


def _axis(bounds: Scale, domain: list[float], title: str) -> Part:
    return {
        "domain": domain, "range": [bounds.low, bounds.high], "tickvals": list(bounds.ticks),
        "ticktext": list(bounds.labels), "title": {"text": title},
    }  # fmt: skip


def _domains(signed: int) -> list[list[float]]:
    """From the top down: the first panel has twice the height of the others."""
    one = (1 - _GAP * signed) / (signed + 2)
    found, top = [[1 - 2 * one, 1.0]], 1 - 2 * one - _GAP
    for _ in range(signed):
        found.append([max(0.0, round(top - one, 6)), round(top, 6)])
        top -= one + _GAP
    return found


def _line(
    points: Sequence[DecomposedPoint], name: str, values: Sequence[float | None], place: ZoneInfo, unit: str, *,
    axis: str, colour: str,
) -> Part:  # fmt: skip
    dashed: Part = {"dash": "4px,3px", "width": 1.25} if name == "level" else {"width": 1.75}
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": [local(p.at, place) for p in points], "y": list(values),
        "yaxis": axis, "connectgaps": False, "line": {"color": token(colour), **dashed},
        "text": _said(points, name, values, unit), "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _signed(
    points: Sequence[DecomposedPoint], name: str, values: Sequence[float | None], place: ZoneInfo, unit: str, axis: str
) -> Part:
    return {
        "type": "bar", "name": name, "x": [local(p.at, place) for p in points], "y": list(values), "yaxis": axis,
        "marker": {"color": token("expected" if name == "season" else "measure")},
        "text": _said(points, name, values, unit), "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _said(points: Sequence[DecomposedPoint], name: str, values: Sequence[float | None], unit: str) -> list[str]:
    named = (p.partition or f"{p.at:%Y-%m-%d %H:%M} UTC" for p in points)
    return [
        f"{plain(when)}: {name} {unbroken(plain(quantity(value, unit)))}"
        for when, value in zip(named, values, strict=True)
    ]
