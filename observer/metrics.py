"""The catalogue of metrics: what is measured of every version, in which unit and order, with which noise.

One table, ``METRICS``; the documentation, the collectors and the default monitors read it. Conventions:

- NaN counts as null, since pandas users mean that by it.
- A rate is 0..1. ``null_rate`` is of all rows; ``zero_rate``, ``negative_rate`` and ``true_rate`` are of
  the values that are not null, so that a wave of nulls does not move them too.
- ``distinct_count`` may be approximate, and the quartiles of a big table may be those of a sample; each observation
  says so (``Observation.accuracy``). A distinct count never exceeds the number of values.
- Anything that can't be measured is None with a reason: no rows, no values, an infinite value, an engine's
  error.
- A user's own numbers (``context.add_metadata``) are metrics of the table under the name that they were
  given.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from detectors.measures import Measure
from detectors.model import MetricKind
from observer.errors import CheckError

__all__ = [
    "AGE",
    "ARRIVAL",
    "CATEGORIES",
    "DEFAULT_MONITORS",
    "DISTRIBUTION",
    "EFFECTS",
    "MEASURES",
    "METRICS",
    "NOVELTY",
    "RANKS",
    "SCHEMA",
    "ColumnKind",
    "Level",
    "Metric",
    "Order",
    "metric",
]


class Level(StrEnum):
    """What a metric is a number of."""

    TABLE = "table"
    COLUMN = "column"


class Order(StrEnum):
    """What orders a series of the metric: the partition that the data is of, or when it was made."""

    DATA_TIME = "data_time"
    WALL_CLOCK = "wall_clock"


class ColumnKind(StrEnum):
    """The kinds of columns that metrics differ by; ``other`` are lists, structs, blobs, intervals ..."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIME = "time"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One line of the catalogue.

    Parameters
    ----------
    name: what people type and the store says.
    title: how pages and sentences call it; ``{column}`` stands for the column's name.
    unit: "rows", "rate" (0..1), "s", "bytes", "epoch_s", "characters", "distance" (0..1), "effect", or "" for a plain
        number.
    kind: the kind of noise, which decides the default detector.
    level, order: see there.
    columns: the kinds of columns that have it; empty for metrics of the table.
    default_monitor: whether it is watched, with severity warn, where nobody says anything.
    numeric: False only for the schema, which is compared and not predicted.
    """

    name: str
    title: str
    unit: str = ""
    kind: MetricKind = MetricKind.VALUE
    level: Level = Level.TABLE
    order: Order = Order.DATA_TIME
    columns: tuple[ColumnKind, ...] = ()
    default_monitor: bool = False
    numeric: bool = True

    def label(self, column: str | None = None) -> str:
        """Return the title for one column.

        Examples
        --------
        >>> metric("null_rate", column="dep_time").label("dep_time")
        'Null rate of dep_time'
        """
        return self.title.replace("{column}", column or "the column")


def _column(
    name: str,
    title: str,
    unit: str,
    kind: MetricKind,
    columns: tuple[ColumnKind, ...],
    order: Order = Order.DATA_TIME,
) -> Metric:
    return Metric(name=name, title=title, unit=unit, kind=kind, level=Level.COLUMN, columns=columns, order=order)


_ALL = tuple(ColumnKind)
_NUMBER = (ColumnKind.NUMBER,)
_TEXT = (ColumnKind.TEXT,)

SCHEMA = "schema"
AGE = "age"
ARRIVAL = "arrival"
DISTRIBUTION, CATEGORIES, NOVELTY = "distribution", "categories", "novelty"

EFFECTS = frozenset({DISTRIBUTION, CATEGORIES, NOVELTY})
"""The metrics that aren't measured: they are told of what is kept of a version and of those before it, where a monitor
asks for them."""

MEASURES: Mapping[str, tuple[Measure, ...]] = {
    DISTRIBUTION: (Measure.JENSEN_SHANNON, Measure.STABILITY, Measure.WASSERSTEIN),
    CATEGORIES: (Measure.JENSEN_SHANNON, Measure.STABILITY, Measure.UNSEEN),
}
"""By what number each of them can be told; the first is used where nobody says otherwise."""

_TABLE: tuple[Metric, ...] = (
    Metric(name="row_count", title="Rows", unit="rows", kind=MetricKind.COUNT, default_monitor=True),
    Metric(name="bytes", title="Size", unit="bytes", kind=MetricKind.COUNT),
    Metric(
        name="duration",
        title="Duration",
        unit="s",
        kind=MetricKind.DURATION,
        order=Order.WALL_CLOCK,
        default_monitor=True,
    ),
    Metric(name=SCHEMA, title="Schema", default_monitor=True, numeric=False),
    Metric(
        name=AGE,
        title="Age",
        unit="s",
        kind=MetricKind.FRESHNESS,
        order=Order.WALL_CLOCK,
    ),
    Metric(name=ARRIVAL, title="Arrival", unit="s", kind=MetricKind.ARRIVAL, order=Order.WALL_CLOCK),
    Metric(name="profile_duration", title="Looking at it", unit="s", kind=MetricKind.DURATION, order=Order.WALL_CLOCK),
    Metric(name="profile_statements", title="Statements of looking at it", kind=MetricKind.COUNT),
    Metric(name="column_count", title="Columns", kind=MetricKind.COUNT),
    Metric(name=NOVELTY, title="Novelty", unit="effect", kind=MetricKind.EFFECT),
    _column("null_rate", "Null rate of {column}", "rate", MetricKind.RATE, _ALL),
    _column("distinct_count", "Distinct values of {column}", "", MetricKind.COUNT, _ALL),
    _column("zero_rate", "Zero rate of {column}", "rate", MetricKind.RATE, _NUMBER),
    _column("negative_rate", "Negative rate of {column}", "rate", MetricKind.RATE, _NUMBER),
    _column("true_rate", "True rate of {column}", "rate", MetricKind.RATE, (ColumnKind.BOOLEAN,)),
    _column("min", "Minimum of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("max", "Maximum of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("mean", "Mean of {column}", "", MetricKind.MEAN, _NUMBER),
    _column("std", "Standard deviation of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("q25", "Lower quartile of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("median", "Median of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("q75", "Upper quartile of {column}", "", MetricKind.VALUE, _NUMBER),
    _column("min_length", "Shortest text of {column}", "characters", MetricKind.VALUE, _TEXT),
    _column("max_length", "Longest text of {column}", "characters", MetricKind.VALUE, _TEXT),
    _column("mean_length", "Mean length of {column}", "characters", MetricKind.MEAN, _TEXT),
    _column("segment_count", "Segments of {column}", "", MetricKind.COUNT, ()),
    _column("latest", "Latest value of {column}", "epoch_s", MetricKind.VALUE, (ColumnKind.TIME,)),
    _column(DISTRIBUTION, "Shift of {column}", "distance", MetricKind.EFFECT, ()),
    _column(CATEGORIES, "Shift of the categories of {column}", "distance", MetricKind.EFFECT, ()),
)

METRICS: Mapping[str, Metric] = {line.name: line for line in _TABLE}
"""Every built-in metric by name, in the order in which pages list them."""

RANKS: Mapping[str, float] = {"q25": 0.25, "median": 0.5, "q75": 0.75}
"""The metrics that are the value at a rank; the error that they state is one of the rank."""

DEFAULT_MONITORS: tuple[str, ...] = tuple(line.name for line in _TABLE if line.default_monitor)
"""The metrics that are watched, with severity warn, where nobody says anything."""


def metric(name: str, *, column: str | None = None) -> Metric:
    """Return what the catalogue says of a metric.

    Parameters
    ----------
    name: a name of the catalogue, or, without a column, any name that the user's own metadata has.
    column: the column that it is asked of; None asks for a metric of the table.

    Returns
    -------
    Metric: for a name of the user's own a plain VALUE of the table.

    Raises
    ------
    CheckError: no metric of columns has the name, or it belongs to the other level.

    Examples
    --------
    >>> metric("row_count").unit, metric("orders_per_user").kind
    ('rows', <MetricKind.VALUE: 'value'>)
    """
    known = METRICS.get(name)
    if column is None:
        if not isinstance(name, str) or not name.strip():
            raise CheckError(f"a metric is called {name!r}; write a name such as 'row_count'")
        if known is None:
            return Metric(name=name, title=name)
        if known.level is Level.COLUMN:
            raise CheckError(f"{name} is measured of columns; write column='...' beside it")
        return known
    if known is None:
        columns = [line.name for line in _TABLE if line.level is Level.COLUMN]
        near = difflib.get_close_matches(name, columns, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(columns)}"
        raise CheckError(f"no metric of columns is called {name!r} (asked for column {column!r}); {hint}")
    if known.level is Level.TABLE:
        raise CheckError(f"{name} is measured of the whole table; leave column={column!r} out")
    return known
