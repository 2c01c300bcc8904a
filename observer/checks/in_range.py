"""``in_range``: a column's values lie between bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from observer.checks.base import FusedCheck, columns_of, name_of, severity_of
from observer.checks.comparison import ensure_comparable
from observer.checks.sentence import shown
from observer.collectors.dialect import as_text, where
from observer.collectors.relation import Relation
from observer.collectors.sql import Literal, literal, plain
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class InRange(FusedCheck):
    """Made by ``in_range``; ``observed`` and ``failing_rows`` count the rows outside."""

    is_portable: ClassVar[bool] = True

    column: str
    min_value: Literal | None
    max_value: Literal | None

    def shows(self) -> tuple[str, ...]:
        return (self.column,)

    def expressions(self, relation: Relation) -> Sequence[str]:
        field = relation.exact(self.column)
        ensure_comparable(field, [bound for bound in (self.min_value, self.max_value) if bound is not None])
        column = field.sql
        sides = []
        if self.min_value is not None:
            sides.append(f"{column} < {relation.dialect.literal(self.min_value)}")
        if self.max_value is not None:
            sides.append(f"{column} > {relation.dialect.literal(self.max_value)}")
        outside = " OR ".join(sides)
        return [
            "count(*)",
            f"count({where(outside)})",
            *(as_text(f"{end}({where(outside, column)})") for end in ("min", "max")),
        ]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows, bad, lowest, highest = int(values[0] or 0), int(values[1] or 0), values[2], values[3]
        if not bad:
            message = f"every {self.column} of {rows:,} rows is {self._range()}" if rows else "no rows, so no values"
            return self.outcome(True, message, observed=0.0, failing_rows=0)
        ends = str(lowest) if lowest == highest else f"{lowest} to {highest}"
        message = f"{bad:,} of {rows:,} rows have a {self.column} that is not {self._range()}: {ends}"
        evidence: dict[str, Scalar] = {"lowest outside": lowest, "highest outside": highest}
        return self.outcome(False, message, observed=float(bad), failing_rows=bad, evidence=evidence)

    def _range(self) -> str:
        if self.max_value is None:
            return f"at least {shown(self.min_value)}"
        if self.min_value is None:
            return f"at most {shown(self.max_value)}"
        return f"between {shown(self.min_value)} and {shown(self.max_value)}"


def in_range(
    column: str,
    min_value: Literal | None = None,
    max_value: Literal | None = None,
    *,
    severity: Severity | str = "error",
    name: str | None = None,
) -> InRange:
    """Declare the bounds of a column, both included; null is left to ``not_null``, infinity is outside.

    Parameters
    ----------
    column: a column of numbers, dates, instants or texts.
    min_value, max_value: of the column's own type; None leaves that side open. An instant without a zone is
    UTC.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``in_range(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no bound, a minimum above the maximum, or a bound that data can't be compared with.

    Examples
    --------
    >>> in_range("sched_dep_time", 0, 2400).name
    'in_range(sched_dep_time)'
    """
    (wanted,) = columns_of([column], "in_range")
    title = f"in_range({wanted})"
    if min_value is None and max_value is None:
        raise CheckError(f"{title} has no bound; write min_value=, max_value= or both")
    for bound in (min_value, max_value):
        if bound is not None:
            literal(bound)
    try:
        upside_down = min_value is not None and max_value is not None and bool(min_value > max_value)  # type: ignore[operator]
    except TypeError:
        raise CheckError(
            f"{title}: {min_value!r} and {max_value!r} can't be compared; write both in the column's type"
        ) from None
    if upside_down:
        raise CheckError(f"{title}: min_value {min_value!r} is above max_value {max_value!r}; swap them")
    return InRange(
        name=name_of(name, title),
        severity=severity_of(severity, title),
        column=wanted,
        min_value=cast(Literal | None, plain(min_value)),
        max_value=cast(Literal | None, plain(max_value)),
    )
