"""``not_null``: at most a share of a column's values is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from observer.checks.base import FusedCheck, columns_of, name_of, severity_of
from observer.checks.sentence import percent
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class NotNull(FusedCheck):
    """Made by ``not_null``; ``observed`` is the highest null rate of its columns."""

    is_portable: ClassVar[bool] = True

    columns: tuple[str, ...]
    max_rate: float

    def shows(self) -> tuple[str, ...]:
        return ()

    def expressions(self, relation: Relation) -> Sequence[str]:
        return ["count(*)", *(f"count({relation.field(column).sql})" for column in self.columns)]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows, *present = (int(value or 0) for value in values)
        if rows == 0:
            return self.outcome(True, "no rows, so no nulls")
        nulls = {column: rows - count for column, count in zip(self.columns, present, strict=True)}
        worst = max(nulls, key=lambda column: nulls[column])
        rate = nulls[worst] / rows
        passed = rate <= self.max_rate
        limit = f"at most {percent(self.max_rate)} may be" if self.max_rate else "none may be"
        message = f"{worst} is null in {nulls[worst]:,} of {rows:,} rows ({percent(rate)}); {limit}"
        if len(self.columns) > 1 and not passed:
            others = [column for column in self.columns if column != worst and nulls[column] > self.max_rate * rows]
            message += f"; so are too many of {', '.join(others)}" if others else ""
        if passed and not nulls[worst]:
            message = f"no null in {rows:,} rows of {', '.join(self.columns)}"
        evidence: dict[str, Scalar] = {f"nulls of {column}": count for column, count in nulls.items()}
        return self.outcome(passed, message, observed=rate, failing_rows=nulls[worst], evidence=evidence)


def not_null(
    *columns: str, max_rate: float = 0.0, severity: Severity | str = "error", name: str | None = None
) -> NotNull:
    """Declare that columns have values; NaN counts as null.

    Parameters
    ----------
    columns: one or several; each is held to ``max_rate`` by itself.
    max_rate: the share of rows that may be null, 0..1.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``not_null(a, b)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, or ``max_rate`` is no share.

    Examples
    --------
    >>> not_null("carrier", "flight").name
    'not_null(carrier, flight)'
    """
    wanted = columns_of(columns, "not_null")
    title = f"not_null({', '.join(wanted)})"
    if isinstance(max_rate, bool) or not isinstance(max_rate, int | float) or not 0 <= max_rate < 1:
        raise CheckError(
            f"{title}: max_rate is {max_rate!r}; write a share of the rows from 0 to below 1, such as 0.05"
        )
    return NotNull(
        name=name_of(name, title),
        severity=severity_of(severity, title),
        columns=wanted,
        max_rate=float(max_rate),
    )
