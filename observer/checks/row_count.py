"""``row_count``: a table has at least and at most so many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from observer.checks.base import FusedCheck, name_of
from observer.checks.thresholds import severity_of
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class RowCount(FusedCheck):
    """Made by ``row_count``; ``observed`` is the number of rows."""

    is_portable: ClassVar[bool] = True

    min_rows: int | None
    max_rows: int | None

    def shows(self) -> tuple[str, ...]:
        return ()

    def expressions(self, relation: Relation) -> Sequence[str]:
        return ["count(*)"]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows = int(values[0] or 0)
        few = self.min_rows is not None and rows < self.min_rows
        many = self.max_rows is not None and rows > self.max_rows
        sides = [f"at least {self.min_rows:,}"] if self.min_rows is not None else []
        sides += [f"at most {self.max_rows:,}"] if self.max_rows is not None else []
        noun = "row" if rows == 1 else "rows"
        message = f"{rows:,} {noun}; {' and '.join(sides)} must be there"
        return self.outcome(not (few or many), message, observed=float(rows))


def row_count(
    min_rows: int | None = None,
    max_rows: int | None = None,
    *,
    severity: Severity | str = "error",
    name: str | None = None,
) -> RowCount:
    """Declare how many rows a version has; ``row_count(1)`` says that it isn't empty.

    Parameters
    ----------
    min_rows, max_rows: bounds, both included; None leaves that side open.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``row_count``, isn't unique on the asset.

    Raises
    ------
    CheckError: no bound, one that is no number of rows, or a minimum above the maximum.

    Examples
    --------
    >>> row_count(1).name
    'row_count'
    """
    if min_rows is None and max_rows is None:
        raise CheckError("row_count has no bound; write min_rows=, max_rows= or both")
    for side, bound in (("min_rows", min_rows), ("max_rows", max_rows)):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
            raise CheckError(f"row_count: {side} is {bound!r}; write a whole number from 0 on")
    if min_rows is not None and max_rows is not None and min_rows > max_rows:
        raise CheckError(f"row_count: min_rows {min_rows:,} is above max_rows {max_rows:,}; swap them")
    return RowCount(
        name=name_of(name, "row_count"),
        severity=severity_of(severity, "row_count"),
        min_rows=min_rows,
        max_rows=max_rows,
    )
