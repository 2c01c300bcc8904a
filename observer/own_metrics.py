"""``ob.metric``: a number of the user's own, or one of the catalogue by segment, measured of every version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from observer.checks.base import CheckData
from observer.checks.function import Wants, data_for, wants_of
from observer.errors import CheckError
from observer.metrics import METRICS, Level
from observer.metrics import metric as catalogued

MOST = 20
"""How many segments are measured, if nobody says otherwise."""

BY_SEGMENT = (
    "row_count", "null_rate", "distinct_count", "zero_rate", "negative_rate", "true_rate", "min", "max", "mean",
)  # fmt: skip
"""The metrics of the catalogue that can be measured by segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetric:
    """Made by :func:`metric`: an aggregate, a function, or a metric of the catalogue of each segment."""

    name: str
    sql: str | None = None
    function: Callable[..., object] | None = None
    wants: Wants = Wants.PANDAS
    column: str | None = None
    segment: str | None = None
    most: int = MOST
    discloses: bool = False

    @property
    def id(self) -> str:
        """What it is called where something is wrong with it."""
        column = "" if self.column is None else f"({self.column})"
        return f"{self.name}{column}" + ("" if self.segment is None else f" by {self.segment}")

    def shows(self) -> frozenset[str]:
        """The columns, in lower case, of which its expression may give a value that nobody said may be seen."""
        if self.sql is None or self.discloses:
            return frozenset()
        from observer.collectors.aggregate import shown  # the parser is loaded only by those who write SQL

        return shown(self.sql, f"metric({self.name!r})")

    def run(self, data: CheckData) -> object:
        """What the function says of the data."""
        assert self.function is not None
        return self.function(data_for(self.wants, data))


def metric(
    name: str,
    *,
    sql: str | None = None,
    function: Callable[..., object] | None = None,
    column: str | None = None,
    segment: str | None = None,
    most: int = MOST,
    discloses: bool = False,
) -> OwnMetric:
    """Measure a number of your own on every version, or any by segment.

    Parameters
    ----------
    name:
        What it is called; a name of the catalogue only with ``segment=`` and without ``sql=`` and ``function=``.
    sql:
        One aggregate over the columns in DuckDB's SQL, such as ``"sum(amount) / count(*)"``; where the data lies in
        another database it is translated. It is measured in the scan that measures everything else.
    function:
        Takes the data as a function of ``ob.check`` does, and returns a number, or None where there is none.
    column:
        The column, for a metric of the catalogue that is one of columns.
    segment:
        A column: one series for each of its values, all in one grouped statement. Not with ``function=``.
    most:
        How many segments are measured, 1 to 1,000: those with the most rows. ``segment_count`` says how many there are.
    discloses:
        True: what ``sql=`` gives may be kept, though it may be a value of a sensitive column.

    Raises
    ------
    CheckError
        A name, expression or segment that can't be, and why.

    >>> metric("revenue_per_order", sql="sum(amount) / count(*)").id
    'revenue_per_order'
    >>> metric("row_count", segment="carrier").id
    'row_count by carrier'
    """
    where = f"metric({name!r})"
    if not isinstance(name, str) or not name.strip():
        raise CheckError(f"a metric is called {name!r}; write a name such as 'revenue_per_order'")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 1000:
        raise CheckError(f"{where}: most is how many segments are measured, 1 to 1,000, not {most!r}")
    if sql is not None and function is not None:
        raise CheckError(f"{where}: write sql= or function=, not both")
    if discloses and sql is None:
        raise CheckError(f"{where}: discloses=True goes with sql=; what a function returns is kept as it is")
    if name in METRICS:
        _check_catalogued(name, sql, function, column, segment)
    elif sql is None and function is None:
        raise CheckError(f"{where} says nothing; write sql='sum(amount) / count(*)' or function=")
    elif column is not None:
        raise CheckError(f"{where}: column= goes with a metric of the catalogue; name the column in sql= instead")
    if function is not None and segment is not None:
        raise CheckError(f"{where}: a function can't be measured by segment; write sql=")
    if sql is not None:
        from observer.collectors.aggregate import parsed  # the parser is loaded only by those who write SQL

        parsed(sql, where)
    wants = Wants.PANDAS if function is None else wants_of(function, where)
    return OwnMetric(
        name=name, sql=sql, function=function, wants=wants, column=column, segment=segment, most=most,
        discloses=discloses,
    )  # fmt: skip


def _check_catalogued(
    name: str, sql: str | None, function: Callable[..., object] | None, column: str | None, segment: str | None
) -> None:
    where = f"metric({name!r})"
    if sql is not None or function is not None:
        raise CheckError(f"{where}: the catalogue has a metric of that name; give yours another one")
    if segment is None:
        raise CheckError(f"{where} is measured of every version anyway; write segment= to have it by segment")
    if name not in BY_SEGMENT:
        raise CheckError(f"{where}: by segment there are {', '.join(BY_SEGMENT)}")
    if METRICS[name].level is Level.COLUMN or column is not None:
        catalogued(name, column=column)
