"""How old the data of a source was when it was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from observer.change_times import LastChange
from observer.collectors.tabular import first_line
from observer.errors import UnknownName
from observer.metrics import AGE
from observer.model import Observation, Schema
from observer.privacy import WITHHELD, Sensitive, unquoted


def age(
    updated_by: str | LastChange,
    seen_at: datetime,
    observed: Sequence[Observation],
    schema: Schema | None,
    sensitive: Sensitive,
) -> Observation:
    """The seconds from the last change, by a column's latest value or by what keeps the data, to ``seen_at``.

    What lies ahead of ``seen_at`` by a little (clocks differ, days end) is as new as can be: 0.
    """
    if sensitive.covers(updated_by if isinstance(updated_by, str) else None):
        return Observation(metric=AGE, value=None, reason=WITHHELD)
    try:
        at = _latest(updated_by, observed, schema) if isinstance(updated_by, str) else updated_by.at()
    except Exception as error:
        # A database's error may quote the address that it was given.
        told = first_line(error) if isinstance(error, LookupError | OSError) else unquoted(first_line(error), ())
        return Observation(metric=AGE, value=None, reason=f"when it was last changed is not known: {told}")
    return Observation(metric=AGE, value=max(0.0, (seen_at - at).total_seconds()))


def _latest(column: str, observed: Sequence[Observation], schema: Schema | None) -> datetime:
    there = {one.name: one.type for one in (schema.columns if schema is not None else ())}
    if schema is None:
        raise LookupError("the data is no table")
    if column not in there:
        raise UnknownName("column", column, there)
    latest = next((one for one in observed if one.metric == "latest" and one.column == column), None)
    if latest is None:
        raise LookupError(f"{column} is {there[column]}, which is no time")
    if latest.value is None:
        raise LookupError(f"{column} has no latest value: {latest.reason}")
    return datetime.fromtimestamp(latest.value, UTC)
