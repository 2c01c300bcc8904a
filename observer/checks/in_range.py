"""``in_range``: a column's values lie between bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from observer.checks.base import columns_of, name_of
from observer.checks.comparison import ensure_comparable
from observer.checks.sentence import between, shown
from observer.checks.thresholds import Limit, thresholds
from observer.checks.values import ValuesCheck
from observer.collectors.dialect import as_text, where
from observer.collectors.relation import Relation
from observer.collectors.scan import scalar
from observer.collectors.sql import Literal, literal, plain
from observer.errors import CheckError
from observer.model import Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class InRange(ValuesCheck):
    """Made by ``in_range``; ``observed`` and ``failing_rows`` count the rows outside."""

    min_value: Literal | None
    max_value: Literal | None

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        field = relation.swift(relation.exact(self.column))
        ensure_comparable(field, [bound for bound in (self.min_value, self.max_value) if bound is not None])
        sides = []
        if self.min_value is not None:
            sides.append(f"{field.sql} < {relation.dialect.literal(self.min_value)}")
        if self.max_value is not None:
            sides.append(f"{field.sql} > {relation.dialect.literal(self.max_value)}")
        return " OR ".join(sides)

    def is_met(self, relation: Relation) -> bool:
        ends = relation.ends(relation.exact(self.column))
        if ends is None:
            return False
        bounds = (self.min_value, self.max_value)
        least, most = (one if isinstance(one, int | float | Decimal) else None for one in bounds)
        return (least is None or least <= ends[0]) and (most is None or ends[1] <= most)

    def expected(self) -> str:
        return between(*(None if one is None else shown(one) for one in (self.min_value, self.max_value)))

    def examples(self, relation: Relation) -> tuple[str, Mapping[str, Scalar]]:
        outside, column = self.failing(relation), relation.exact(self.column).sql
        (ends,) = relation.select([as_text(f"{end}({where(outside, column)})") for end in ("min", "max")])
        lowest, highest = map(scalar, ends)
        more = f": {lowest}" if lowest == highest else f": {lowest} to {highest}"
        return more, {"lowest outside": lowest, "highest outside": highest}


def in_range(
    column: str,
    min_value: Literal | None = None,
    max_value: Literal | None = None,
    *,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> InRange:
    """Declare the bounds of a column, both included; null is left to ``not_null``, infinity is outside.

    Parameters
    ----------
    column: a column of numbers, dates, instants or texts.
    min_value, max_value: of the column's own type; None leaves that side open. An instant without a zone is
    UTC.
    max_rate: the share of values that may lie outside, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of the values (below 1), are too many, for
    each severity; instead of ``max_rate`` and ``severity``.
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
        upside_down = min_value is not None and max_value is not None and bool(min_value > max_value)  # type: ignore[operator]  # else a TypeError
    except TypeError:
        raise CheckError(
            f"{title}: {min_value!r} and {max_value!r} can't be compared; write both in the column's type"
        ) from None
    if upside_down:
        raise CheckError(f"{title}: min_value {min_value!r} is above max_value {max_value!r}; swap them")
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return InRange(
        name=name_of(name, title),
        severity=limits.severity,
        limits=limits,
        column=wanted,
        min_value=cast(Literal | None, plain(min_value)),
        max_value=cast(Literal | None, plain(max_value)),
    )
