"""A figure as it travels: long columns of instants as steps, long columns of numbers with the digits that matter.

``plots.js`` undoes it before it draws; what a notebook gets is the figure itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from dashboards.figures.callout import Part

LONG: Final = 64
"""Entries from which on a column is packed."""

INSTANTS: Final = "$t"
"""What packed instants are called: the first in seconds, then pairs of a step in seconds and how often it comes; a
pair whose step is null is that many gaps."""

_DIGITS: Final = 4
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?\Z")


def packed(figure: Part) -> Part:
    """``figure`` with its traces' long columns packed."""
    data = figure["data"]
    assert isinstance(data, Sequence)
    return {**figure, "data": [{name: _packed(name, value) for name, value in trace.items()} for trace in data]}


def _packed(name: str, column: object) -> object:
    if name not in {"x", "y"} or not isinstance(column, list) or len(column) < LONG:
        return column
    if all(one is None or isinstance(one, int | float) for one in column):
        return [one if one is None or isinstance(one, int) else rounded(one) for one in column]
    if all(one is None or (isinstance(one, str) and _LOCAL.match(one)) for one in column) and column[0] is not None:
        return {INSTANTS: _steps(column)}
    return column


def rounded(value: float) -> float | int:
    """``value`` with four digits that matter; a whole number without its point."""
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _steps(column: Sequence[str | None]) -> list[int | None]:
    """The first instant, and pairs of a step and how often it comes."""
    seconds = [None if one is None else _seconds(one) for one in column]
    last = seconds[0]
    steps: list[int | None] = []
    for one in seconds[1:]:
        steps.append(None if one is None or last is None else one - last)
        last = last if one is None else one
    found: list[int | None] = [seconds[0]]
    for step, run in groupby(steps):
        found += [step, len(list(run))]
    return found


def _seconds(local: str) -> int:
    """Since 1970 of a wall clock's reading, whatever its zone."""
    return int(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp())
