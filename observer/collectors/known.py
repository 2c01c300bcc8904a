"""What is known of a column before any statement: Parquet's footers and Arrow's arrays say it at next to no cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.parquet as pq

_AT_ONCE = 65_536  # values: half a megabyte
_CANCELS = 1000.0  # the sums' rounding errors grow by no more than this
_MOST_CHUNKS = 20_000  # of all columns in all row groups: each takes 10 us


@dataclass(frozen=True, slots=True)
class Known:
    """A column's values that aren't null (NaN is one here), its smallest and its largest number; None: not known.

    ``zeros`` and ``negatives`` count, ``mean`` and ``std`` are the moments of all values.
    """

    values: int | None = None
    low: float | None = None
    high: float | None = None
    zeros: int | None = None
    negatives: int | None = None
    mean: float | None = None
    std: float | None = None

    def metrics(self) -> Mapping[str, float]:
        """By the catalogue's names, as a statement would count them; ``values`` besides."""
        told = {
            "values": self.values, "min": self.low, "max": self.high, "zero_rate": self.zeros,
            "negative_rate": self.negatives, "mean": self.mean, "std": self.std,
        }  # fmt: skip
        found = {name: float(value) for name, value in told.items() if value is not None}
        if self.low is not None and self.high is not None:
            found |= {"zero_rate": 0.0} if self.low > 0 or self.high < 0 else {}
            found |= {"negative_rate": 0.0} if self.low >= 0 else {}
        return found

    def counted(self) -> Known:
        """Without the extremes, for values that aren't read as they lie there."""
        return Known(self.values)

    def spot(self) -> tuple[float, float]:
        """A number near the values where they lie close together, else 0; and how far they lie apart, or -1.

        Sums of values less that number don't cancel as those of the values themselves would.
        """
        if self.low is None or self.high is None:
            return 0.0, -1.0
        middle, width = self.low / 2 + self.high / 2, self.high - self.low
        return (middle if abs(middle) > 2 * width else 0.0), width


UNKNOWN = Known()


def of_files(footers: Sequence[pq.FileMetaData]) -> list[Known]:
    """What the statistics in the footers of Parquet files of one schema say of each column; nothing of nested ones."""
    schema = footers[0].schema
    names = schema.to_arrow_schema().names
    is_flat = [schema.column(at).path for at in range(len(schema))] == names
    chunks = sum(footer.num_row_groups for footer in footers) * len(names)
    if not is_flat or chunks > _MOST_CHUNKS or not all(footer.schema.equals(schema) for footer in footers):
        return [UNKNOWN] * len(names)
    return [_of_chunks(footers, at) for at in range(len(names))]


def _of_chunks(footers: Sequence[pq.FileMetaData], column: int) -> Known:
    values, lows, highs = 0, [], []
    for footer in footers:
        for group in range(footer.num_row_groups):
            chunk = footer.row_group(group).column(column)
            said = chunk.statistics
            if said is None or not said.has_null_count:
                return UNKNOWN
            there = chunk.num_values - said.null_count
            values += there
            if there:
                lows.append(said.min if said.has_min_max else None)
                highs.append(said.max if said.has_min_max else None)
    return Known(values, *_extremes(lows, highs))


class OfTable(Sequence[Known]):
    """What Arrow's own arrays say of each column, found out when it is asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._found: dict[int, Known] = {}

    def __len__(self) -> int:
        return int(self._table.num_columns)

    def __getitem__(self, at: Any) -> Any:  # by number: nobody slices it
        if not 0 <= at < len(self):
            raise IndexError(at)
        if at not in self._found:
            self._found[at] = _of_array(self._table.column(at))
        return self._found[at]

    def may_be_nan(self, at: int) -> bool:
        """Whether a column holds a NaN that isn't null."""
        import pyarrow as pa

        column = self._table.column(at)
        return pa.types.is_floating(column.type) and any(_has_nan(chunk) for chunk in column.chunks if len(chunk))


def _of_array(column: pa.ChunkedArray) -> Known:
    import pyarrow as pa

    type_ = column.type
    if not (pa.types.is_primitive(type_) or pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        return UNKNOWN  # the nulls of a dictionary or a union lie elsewhere
    values = len(column) - column.null_count
    if not values or not (pa.types.is_integer(type_) or pa.types.is_floating(type_)):
        return Known(values)
    chunks = [chunk for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1 and not chunks[0].null_count:
        return _of_values(chunks[0].to_numpy())
    lows, highs = zip(*(_ends(chunk) for chunk in chunks if chunk.null_count < len(chunk)), strict=True)
    return Known(values, *_extremes(lows, highs))


def _ends(chunk: pa.Array) -> tuple[Any, Any]:
    """The least and the largest value, NaN apart. numpy finds those of floats in a sixth of Arrow's time."""
    import pyarrow.compute as pc

    values = (chunk.fill_null(pc.first(chunk)) if chunk.null_count else chunk).to_numpy()
    low, high = values.min().item(), values.max().item()
    if low == low:
        return low, high
    found = pc.min_max(chunk)
    return found["min"].as_py(), found["max"].as_py()


def _has_nan(chunk: pa.Array) -> bool:
    import pyarrow.compute as pc

    if chunk.null_count:
        return bool(pc.any(pc.is_nan(chunk)).as_py())
    return math.isnan(chunk.to_numpy().min())  # it is NaN where one is


def _of_values(values: npt.NDArray[Any]) -> Known:
    """Of numbers that lie side by side: each part of them is looked at while it is in the processor's cache."""
    import numpy as np

    lows, highs, zeros, negatives, total, squares = [], [], 0, 0, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        pivot = float(values[:_AT_ONCE].mean(dtype=np.float64))
        for begin in range(0, len(values), _AT_ONCE):
            part = values[begin : begin + _AT_ONCE]
            around = np.subtract(part, pivot, dtype=np.float64)
            lows.append(part.min().item())
            highs.append(part.max().item())
            zeros += len(part) - int(np.count_nonzero(part))
            negatives += int(np.count_nonzero(part < 0)) if lows[-1] < 0 else 0
            total += float(around.sum())
            squares += float(np.square(around, out=around).sum())  # np.dot() wakes threads that wait at full speed
    low, high = _extremes(lows, highs)
    if low is None:
        return Known(len(values))  # where there are NaN or infinities
    mean, std = _moments(len(values), pivot, total, squares)
    return Known(len(values), low, high, zeros, negatives, mean, std)


def _moments(count: int, pivot: float, total: float, squares: float) -> tuple[float | None, float | None]:
    """Mean and standard deviation from sums of what values are above ``pivot``; None where those cancel."""
    off = total / count
    around = squares - total * off
    if count < 2 or not math.isfinite(squares) or around * _CANCELS < squares:
        return None, None
    return pivot + off, math.sqrt(max(around, 0.0) / (count - 1))


def _extremes(lows: Iterable[Any], highs: Iterable[Any]) -> tuple[float | None, float | None]:
    """The lowest and the highest, where all of them are plain numbers; zero has no sign."""
    numbers = [*lows, *highs]
    if not numbers or not all(type(one) in (int, float) and math.isfinite(one) for one in numbers):
        return None, None
    return min(numbers) + 0.0, max(numbers) + 0.0
