"""The marks on a history: what was surprising, held, said of by a person, missing; and the newest point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, local
from dashboards.figures.scale import Scale
from dashboards.theme import token
from observer.model import EvaluationStatus, FeedbackKind
from observer.reads.model import SeriesPoint

SYMBOLS: Final = {"high": "triangle-up", "low": "triangle-down", "none": "square"}
ANOMALOUS: Final = {EvaluationStatus.WARNED: "warning", EvaluationStatus.FAILED: "failing"}


def missing(points: Sequence[SeriesPoint], bounds: Scale, place: ZoneInfo) -> Part | None:
    """A tick on the axis for each point without a value."""
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


def ringed(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> Part | None:
    """A ring around what is held."""
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


def marked(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> list[Part]:
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


def anomalies(points: Sequence[SeriesPoint], place: ZoneInfo, *, large: bool) -> list[Part]:
    """A mark for each anomaly, pointing where it lies: filled, or hollow once somebody has taken it up."""
    parts: list[Part] = []
    for taken_up in (True, False):
        for direction, symbol in SYMBOLS.items():
            odd = [
                point
                for point in points
                if point.value is not None
                and point.status in ANOMALOUS
                and (point.direction, point.taken_up) == (direction, taken_up)
            ]
            if odd:
                parts.append(_anomaly(odd, direction, symbol, place, large=large, taken_up=taken_up))
    return parts


def _anomaly(
    odd: Sequence[SeriesPoint], direction: str, symbol: str, place: ZoneInfo, *, large: bool, taken_up: bool
) -> Part:
    name = "anomaly" if direction == "none" else f"anomaly, {direction}"
    tones = [tone(point) for point in odd]
    return {
        "type": "scatter",
        "name": f"{name}, taken up" if taken_up else name,
        "mode": "markers",
        "x": [local(point.at, place) for point in odd],
        "y": [point.value for point in odd],
        "cliponaxis": False,
        "marker": {
            "symbol": symbol,
            "size": (10 if taken_up else 11) if large else (7 if taken_up else 8),
            "color": token("surface") if taken_up else tones,
            "line": {"width": 1.5, "color": tones} if taken_up else {"width": 1, "color": token("surface")},
        },
        "hoverinfo": "skip",
    }


def tone(point: SeriesPoint) -> str:
    """The mark colour of a point's verdict; what is not judged is neither good nor bad."""
    if point.status is None:
        return token("measure")
    passed = "healthy" if point.status is EvaluationStatus.PASSED else "neutral"
    return token(ANOMALOUS.get(point.status, passed))


def newest(points: Sequence[SeriesPoint]) -> SeriesPoint | None:
    """The last point, where it has a value."""
    return points[-1] if points and points[-1].value is not None else None


def current(point: SeriesPoint, place: ZoneInfo, *, large: bool) -> Part:
    """The point that the plot's words are of, enlarged."""
    odd = point.status in ANOMALOUS
    symbol = SYMBOLS.get(point.direction, "square") if odd else "circle"
    hollow = odd and point.taken_up
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
            "color": token("surface") if hollow else tone(point),
            "line": {"width": 1.5, "color": tone(point) if hollow else token("surface")},
        },
        "hoverinfo": "skip",
    }
