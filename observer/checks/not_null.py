"""``not_null``: at most a share of a column's values is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from observer.checks.base import FusedCheck, columns_of, name_of
from observer.checks.sentence import percent
from observer.checks.thresholds import Limit, Thresholds, thresholds
from observer.collectors.relation import Relation
from observer.model import CheckOutcome, Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class NotNull(FusedCheck):
    """Made by ``not_null``; ``observed`` is the highest null rate of its columns."""

    is_portable: ClassVar[bool] = True

    columns: tuple[str, ...]
    limits: Thresholds

    def shows(self) -> tuple[str, ...]:
        return ()

    def concerns(self) -> tuple[str, ...]:
        return self.columns

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        return " OR ".join(f"{relation.field(column).sql} IS NULL" for column in columns or self.columns)

    def expressions(self, relation: Relation) -> Sequence[str | int]:
        return ["count(*)", *(relation.present(relation.field(column)) for column in self.columns)]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows, *present = (int(value or 0) for value in values)
        if rows == 0:
            return self.outcome(True, "no rows, so no nulls")
        nulls = {column: rows - count for column, count in zip(self.columns, present, strict=True)}
        worst = max(nulls, key=lambda column: nulls[column])
        broken, rate = self.limits.broken(nulls[worst], rows), nulls[worst] / rows
        message = f"{worst} is null in {nulls[worst]:,} of {rows:,} rows ({percent(rate)}); {self.limits.said(broken)}"
        beyond = [column for column in self.columns if self.limits.broken(nulls[column], rows) is not None]
        if others := [column for column in beyond if column != worst]:
            message += f"; so are too many of {', '.join(others)}"
        if not nulls[worst]:
            message = f"no null in {rows:,} rows of {', '.join(self.columns)}"
        evidence: dict[str, Scalar] = {f"nulls of {column}": count for column, count in nulls.items()}
        told = self.outcome(
            broken is None, message, severity=broken, observed=rate, failing_rows=nulls[worst], evidence=evidence
        )  # fmt: skip
        return replace(told, columns=tuple(beyond) or self.columns)


def not_null(
    *columns: str,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> NotNull:
    """Declare that columns have values; NaN counts as null.

    Parameters
    ----------
    columns: one or several; each is held to ``max_rate`` by itself.
    max_rate: the share of rows that may be null, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of them (below 1), are too many, for each
    severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``not_null(a, b)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, or a threshold that is none.

    Examples
    --------
    >>> not_null("carrier", "flight").name
    'not_null(carrier, flight)'
    """
    wanted = columns_of(columns, "not_null")
    title = f"not_null({', '.join(wanted)})"
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return NotNull(name=name_of(name, title), severity=limits.severity, columns=wanted, limits=limits)
