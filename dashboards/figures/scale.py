"""The value axis of a plot: its range and a few round ticks, written with the unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from observer.quantities import compact, scaled_to, unbroken


@dataclass(frozen=True, slots=True)
class Scale:
    """``low`` and ``high`` bound the axis; ``ticks`` are round numbers inside, ``labels`` say them.

    On a logarithmic axis (``log``) they are numbers all the same; ``placed`` is where Plotly has them.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    log: bool = False

    def placed(self, value: float) -> float:
        """Where ``value`` stands on the axis, in the axis' own measure."""
        return math.log10(max(value, self.low)) if self.log else value


def scale(
    values: Iterable[float | None], unit: str, *, ticks: int = 5, headroom: float = 0.08, signed: bool = False
) -> Scale:
    """A scale that holds every finite value, ``headroom`` (share of the span) above and below.

    A rate never shows less than zero, and neither does a quantity that stays close to it; unless they are ``signed``,
    differences from another of the same unit, which always show zero.
    """
    known = [value for value in values if value is not None and math.isfinite(value)] or [0.0, 1.0]
    if signed:
        known.append(0.0)
    low, high = min(known), max(known)
    if low == high:
        pad = abs(high) * 0.1 or (0.01 if unit == "rate" else 1.0)
        low, high = low - pad, high + pad
    span = high - low
    bottom, top = low - span * 0.06, high + span * headroom
    if not signed and unit in {"rate", "rows", "s", "bytes"} and (unit == "rate" or min(known) >= 0):
        near_zero = unit == "rate" or min(known) < 0.35 * max(known)
        bottom = 0.0 if near_zero else max(0.0, bottom)
    if unit == "rate" and top > 1.0 >= max(known):
        top = max(1.0 + 0.02 * headroom / 0.08, max(known) + span * headroom)
    if unit in {"rows", "bytes"} and top - bottom < 2:
        bottom, top = math.floor(bottom), math.ceil(top)
    size, name = scaled_to(max(abs(bottom), abs(top)), unit)
    step = _step((top - bottom) / size / max(1, ticks)) * size  # round in the unit that the labels have
    if unit in {"rows", "bytes"}:
        step = max(step, 1.0)
    first, last = math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9)
    marks = tuple(round(index * step, 12) for index in range(first, last + 1))
    if unit == "rate":
        marks = tuple(mark for mark in marks if mark <= 1.0)
    return Scale(bottom, top, marks, tuple(_label(mark / size, step / size, name) for mark in marks))


def logarithmic(values: Iterable[float | None], unit: str) -> Scale:
    """A logarithmic scale that holds every value above zero."""
    known = [value for value in values if value is not None and math.isfinite(value) and value > 0]
    low, high = min(known) / 1.25, max(known) * 1.6
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1.0, 2.0, 5.0) if last - first <= 3 else (1.0,)
    every = max(1, (last - first) // 6)
    marks = [10.0**power * factor for power in range(first, last + 1, every) for factor in factors]
    inside = tuple(float(f"{mark:.3g}") for mark in marks if low <= mark <= high) or (float(f"{low * 1.25:.3g}"),)
    return Scale(low, high, inside, tuple(compact(mark, unit) for mark in inside), log=True)


def _label(value: float, step: float, name: str) -> str:
    """``value`` with as many decimals as tell it from the next tick."""
    if value == 0:
        return unbroken(f"0 {name}".rstrip())
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if not math.isclose(step * 10**decimals, round(step * 10**decimals)):  # a step of 2.5
        decimals += 1
    return unbroken(f"{value:,.{decimals}f} {name}".rstrip() if abs(value) < 1e6 else f"{value:.3g} {name}".rstrip())


def _step(rough: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5):
        if factor * size >= rough - 1e-12:
            return factor * size
    return 10.0 * size
