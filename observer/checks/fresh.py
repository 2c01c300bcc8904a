"""``fresh``: the newest instant of a column isn't too old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from observer.checks.base import FusedCheck, columns_of, name_of
from observer.checks.thresholds import severity_of
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.metrics import ColumnKind
from observer.model import CheckOutcome, Severity
from observer.quantities import quantity
from orchestration.errors import DefinitionError
from orchestration.freshness import duration
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class Fresh(FusedCheck):
    """Made by ``fresh``; ``observed`` is the age of the newest value in seconds."""

    is_portable: ClassVar[bool] = True

    column: str
    max_age: timedelta | None
    warn_at: timedelta | None
    until: datetime | None = None

    def shows(self) -> tuple[str, ...]:
        return (self.column,)

    def concerns(self) -> tuple[str, ...]:
        return (self.column,)

    def as_of(self, since: datetime | None, until: datetime) -> Fresh:
        return replace(self, until=until)

    def expressions(self, relation: Relation) -> Sequence[str]:
        field = relation.field(self.column)
        if field.kind is not ColumnKind.TIME:
            raise TypeError(f"{self.column} is {field.type.lower()}, which is no time; convert the column")
        return ["count(*)", relation.metric("latest", field)]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        if not values[0]:
            return self.outcome(True, "no rows, so none is too old")
        if values[1] is None or self.until is None:
            return self.outcome(None, f"{self.column} has no value, so how old the newest is can't be told")
        newest = datetime.fromtimestamp(float(values[1]), UTC)
        age = self.until - newest
        broken = self._broken(age)
        limit = self.max_age if broken is not Severity.WARN and self.max_age is not None else self.warn_at
        assert limit is not None
        message = (
            f"the newest {self.column} is {newest:%Y-%m-%d %H:%M} UTC, {quantity(age.total_seconds(), 's')} before "
            f"{self.until:%Y-%m-%d %H:%M}; at most {quantity(limit.total_seconds(), 's')} may be"
        )
        return self.outcome(broken is None, message, severity=broken, observed=age.total_seconds())

    def _broken(self, age: timedelta) -> Severity | None:
        if self.max_age is not None and age > self.max_age:
            return self.severity
        return Severity.WARN if self.warn_at is not None and age > self.warn_at else None


def fresh(
    column: str,
    max_age: str | None = None,
    *,
    warn_at: str | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> Fresh:
    """Declare how old the newest instant of a column may be, when the version is made.

    Of a partition in time it is told at the partition's end, if that was earlier: what is made again later is no older
    by it. A column without a value is unknown.

    Parameters
    ----------
    column: a column of dates or instants; one without a zone is UTC.
    max_age: above, it fails: "26h", "90m", "7d".
    warn_at: above, it warns, whatever the severity.
    severity: ``error`` holds the version that is older than ``max_age``, ``warn`` tells people.
    name: where the default, ``fresh(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no age, one that can't be read, or a ``warn_at`` beyond ``max_age``.

    Examples
    --------
    >>> fresh("updated_at", "26h", warn_at="20h").name
    'fresh(updated_at)'
    """
    (wanted,) = columns_of([column], "fresh")
    title = f"fresh({wanted})"
    level = severity_of(severity, title)
    if max_age is None and warn_at is None:
        raise CheckError(f"{title} has no age; write max_age='26h', warn_at= or both")
    try:
        oldest = None if max_age is None else duration(max_age)
        older = None if warn_at is None else duration(warn_at)
    except DefinitionError as error:
        raise CheckError(f"{title}: {error}") from None
    if oldest is not None and older is not None and older >= oldest:
        raise CheckError(f"{title}: warn_at={warn_at!r} is not below max_age={max_age!r}, so it never warns")
    return Fresh(
        name=name_of(name, title), severity=level if oldest is not None else Severity.WARN, column=wanted,
        max_age=oldest, warn_at=older,
    )  # fmt: skip
