"""A word-sized line: the points of a small inline SVG, broken where a value is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_INSET: Final = 4.0  # room for the last point's mark


@dataclass(frozen=True, slots=True)
class Sparkline:
    """``segments`` are polylines, ``dots`` values without neighbours, ``last`` is the newest value."""

    width: int
    height: int
    segments: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    last: tuple[float, float] | None


def sparkline(values: Sequence[float | None], *, width: int = 96, height: int = 24) -> Sparkline | None:
    """The line of ``values`` (oldest first) in ``width`` x ``height`` pixels; None if nothing was measured.

    The vertical axis spans the values: it shows shape, not level. ``last`` is None if the newest is missing.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    low, high = min(known), max(known)
    span = high - low
    step = (width - 2 * _INSET) / max(1, len(values) - 1)

    def place(index: int, value: float) -> tuple[float, float]:
        share = (value - low) / span if span else 0.5
        return round(_INSET + index * step, 1), round(height - _INSET - share * (height - 2 * _INSET), 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None or not math.isfinite(value):
            runs.append([])
        else:
            runs[-1].append(place(index, value))
    newest = values[-1]
    has_last = newest is not None and math.isfinite(newest)
    return Sparkline(
        width=width,
        height=height,
        segments=tuple(" ".join(f"{x:g},{y:g}" for x, y in run) for run in runs if len(run) > 1),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        last=runs[-1][-1] if has_last else None,
    )
