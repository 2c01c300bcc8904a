"""One part: what is kept of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observer.collectors.sketches import Sketch
from observer.model import Distribution, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is kept of one part of the data, and of one of its columns.

    Parameters
    ----------
    name: what sentences call it.
    seen: what was measured, of the table and of the column, by metric.
    sketch, spread: of the column's values; None where none is kept.
    """

    name: str
    seen: Mapping[str, Observation]
    sketch: Sketch | None = None
    spread: Distribution | None = None

    @property
    def rows(self) -> float:
        """How many rows it has; NaN where they weren't counted."""
        return self._number("row_count")

    @property
    def values(self) -> float:
        """How many values its column has, without nulls; NaN where they weren't counted."""
        there = 0.0 if self.rows == 0 else self.rows * (1 - self._number("null_rate"))
        return there if math.isnan(there) else float(round(there))

    def _number(self, metric: str) -> float:
        seen = self.seen.get(metric)
        return math.nan if seen is None or seen.value is None else seen.value


def lacking(parts: Sequence[Part], column: str | None) -> str | None:
    """Why nothing of a column (None: of the table) can be said of all parts; None where something can."""
    for part in parts:
        if math.isnan(part.rows):
            reason = part.seen["row_count"].reason if "row_count" in part.seen else None
            return f"{part.name} was not measured" if reason is None else f"{part.name}: {reason}"
        if column is None or not part.rows:
            continue
        if "null_rate" not in part.seen:
            return f"{part.name} has no column {column}"
        if math.isnan(part.values):
            return f"{part.name}: {part.seen['null_rate'].reason}"
    return None
