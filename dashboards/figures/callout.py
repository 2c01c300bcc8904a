"""What stands beside the newest point of a history plot: inside the plot, where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from dashboards.figures.scale import Scale
from dashboards.figures.text import plain
from dashboards.theme import token
from observer.quantities import quantity, span, unbroken
from observer.reads.model import SeriesPoint

Part = dict[str, object]


@lru_cache(maxsize=8_192)  # the traces of a plot, and the plots of a page, have the same instants
def local(at: datetime, place: ZoneInfo) -> str:
    """The instant as Plotly takes it: wall clock, midnight without its time."""
    text = at.astimezone(place).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    return text.removesuffix(" 00:00:00")


def extent(points: Sequence[SeriesPoint]) -> Iterator[float | None]:
    """Every number that the plot must have room for."""
    for point in points:
        yield from (point.value, point.lower, point.upper)


def crowded(points: Sequence[SeriesPoint]) -> bool:
    """Whether neither above nor below the newest points is room for words."""
    return bool(points) and min(_busy(points)) > 1


def _busy(points: Sequence[SeriesPoint]) -> tuple[int, int]:
    """How many of the newest values stand in the upper and in the lower part of the plot."""
    known = [value for value in extent(points) if value is not None]
    values = [point.value for point in points[len(points) * 2 // 5 :] if point.value is not None]
    if not known:
        return 0, 0
    low, high = min(known), max(known)
    upper = sum(value > low + 0.6 * (high - low) for value in values)
    lower = sum(value < low + 0.4 * (high - low) for value in values)
    return upper, lower


def spoken(point: SeriesPoint, unit: str) -> str:
    """Two short lines: value and verdict, then the range that was expected."""
    lines = f"<b>{unbroken(plain(quantity(point.value, unit)))}</b>"
    if point.status is not None:
        lines += unbroken(f"  {point.status.value}")
    if point.lower is not None or point.upper is not None:
        lines += f"<br>expected {unbroken(plain(span(point.lower, point.upper, unit)))}"
    return lines


def callout(told: SeriesPoint, points: Sequence[SeriesPoint], bounds: Scale, place: ZoneInfo, unit: str) -> Part:
    """A point in words, inside the plot beside the point: left of it if it is the newest, else where most room is."""
    assert told.value is not None
    upper, lower = _busy(points)
    above = crowded(points) or upper <= lower
    alone = len(points) == 1
    early = not alone and told.at - points[0].at < (points[-1].at - points[0].at) * 0.45
    x, y = local(told.at, place), bounds.placed(told.value)
    low, high = bounds.placed(bounds.low), bounds.placed(bounds.high)
    room = (high if above else low) - y
    return {
        "text": spoken(told, unit),
        "xref": "x",
        "yref": "y",
        "x": x,
        "y": y,
        "ax": 0 if alone else 26 if early else -26,
        "ay": y + room * 0.9 if abs(room) > 0.3 * (high - low) else y,
        "axref": "pixel",
        "ayref": "y",
        "xanchor": "center" if alone else "left" if early else "right",
        "yanchor": "top" if above else "bottom",
        "align": "left",
        "standoff": 11,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": token("line-strong"),
        "bgcolor": token("surface"),
        "bordercolor": token("line-strong"),
        "borderpad": 7,
        "font": {"size": 12, "color": token("ink")},
    }
