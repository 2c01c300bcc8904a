"""What ``plots.js`` makes of a packed figure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dashboards.figures.packed import INSTANTS


def unpacked(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure as it was, but for the digits of its numbers."""
    return {**figure, "data": [{name: _column(value) for name, value in trace.items()} for trace in figure["data"]]}


def _column(value: Any) -> Any:
    if not (isinstance(value, dict) and INSTANTS in value):
        return value
    first, *pairs = value[INSTANTS]
    at, found = first, [_local(first)]
    for step, times in zip(pairs[::2], pairs[1::2], strict=True):
        for _ in range(times):
            at = at if step is None else at + step
            found.append(None if step is None else _local(at))
    return found


def _local(seconds: int) -> str:
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(" 00:00:00")
