"""What of a history is not learned from, as hatched windows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from statistics import median
from zoneinfo import ZoneInfo

from dashboards.figures.callout import Part, local
from dashboards.figures.scale import Scale
from dashboards.theme import token
from observer.reads.model import SeriesPoint


def left_out(
    points: Sequence[SeriesPoint], bounds: Scale, place: ZoneInfo, *, of: Sequence[SeriesPoint]
) -> Part | None:
    """One hatched window a run of points that teach nothing, half a step wider on each side; None without any.

    ``of`` are all points, of which ``points`` may be some: they say what a step is.
    """
    runs = [list(run) for out, run in groupby(points, key=lambda point: point.excluded) if out]
    if not runs:
        return None
    half = _step(of) / 2
    x: list[str | None] = []
    y: list[float | None] = []
    for run in runs:
        first, last = local(run[0].at - half, place), local(run[-1].at + half, place)
        x += [first, last, last, first, first, None]
        y += [bounds.low, bounds.low, bounds.high, bounds.high, bounds.low, None]
    return {
        "type": "scatter",
        "name": "not learned from",
        "mode": "lines",
        "x": x[:-1],
        "y": y[:-1],
        "fill": "toself",
        "fillcolor": "rgba(0,0,0,0)",
        "fillpattern": {"shape": "/", "size": 7, "solidity": 0.12, "fgcolor": token("neutral"), "fgopacity": 0.5},
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _step(points: Sequence[SeriesPoint]) -> timedelta:
    """The usual time from one point to the next; of one alone, a day."""
    gaps = [(after.at - before.at).total_seconds() for before, after in pairwise(points)]
    return timedelta(seconds=median(gaps)) if gaps else timedelta(days=1)
