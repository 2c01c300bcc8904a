"""``accepted_values``: a column holds nothing but known values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from observer.checks.base import columns_of, name_of
from observer.checks.comparison import ensure_comparable
from observer.checks.sentence import shown
from observer.checks.thresholds import Limit, thresholds
from observer.checks.values import ValuesCheck
from observer.collectors.dialect import as_text, where
from observer.collectors.relation import Relation
from observer.collectors.scan import scalar
from observer.collectors.sql import Literal, literal, plain
from observer.errors import CheckError
from observer.model import Severity
from orchestration.model import Scalar

_FEW = 20  # values


@dataclass(frozen=True, kw_only=True)
class AcceptedValues(ValuesCheck):
    """Made by ``accepted_values``; ``observed`` and ``failing_rows`` count the rows with another value."""

    values: tuple[Literal, ...]

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        field = relation.swift(relation.exact(self.column))
        ensure_comparable(field, self.values)
        values = [relation.dialect.literal(value) for value in self.values]
        if len(values) > _FEW:
            return f"{field.sql} NOT IN ({', '.join(values)})"
        return " AND ".join(f"{field.sql} <> {value}" for value in values)  # takes a fifth of what NOT IN does

    def is_met(self, relation: Relation) -> bool:
        """Where whole numbers are accepted without a gap, as in a range."""
        field = relation.exact(self.column)
        ends, whole = relation.ends(field), {one for one in self.values if type(one) is int}
        if ends is None or not field.is_whole or ends[1] - ends[0] >= len(self.values):
            return False
        return whole.issuperset(range(int(ends[0]), int(ends[1]) + 1))

    def expected(self) -> str:
        return "accepted"

    def examples(self, relation: Relation) -> tuple[str, Mapping[str, Scalar]]:
        other, column = self.failing(relation), relation.exact(self.column).sql
        ((least, kinds),) = relation.select(
            [
                as_text(f"min({where(other, column)})"),
                relation.dialect.metrics["distinct_count"].format(c=where(other, column)),
            ]
        )
        example, several = scalar(least), int(kinds or 1)
        more = f", for example {shown(example)}{f' (about {several:,} such values)' if several > 1 else ''}"
        return more, {"example": example, "values, about": several}


def accepted_values(
    column: str,
    values: Iterable[Literal | None],
    *,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> AcceptedValues:
    """Declare the values that a column may hold; null is left to ``not_null``.

    Parameters
    ----------
    column: the column.
    values: texts, numbers, booleans or dates; None among them changes nothing.
    max_rate: the share of values that may be others, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of the values (below 1), are too many, for
    each severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``accepted_values(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no value, or one that data can't be compared with.

    Examples
    --------
    >>> accepted_values("origin", ["EWR", "JFK", "LGA"]).name
    'accepted_values(origin)'
    """
    (wanted,) = columns_of([column], "accepted_values")
    title = f"accepted_values({wanted})"
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise CheckError(f"{title}: values is {values!r}; write a list of values, such as ['EWR', 'JFK']")
    known = {literal(value): cast(Literal, plain(value)) for value in values if value is not None}
    if not known:
        raise CheckError(f"{title} accepts nothing; write the values that the column may hold")
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return AcceptedValues(
        name=name_of(name, title),
        severity=limits.severity,
        limits=limits,
        column=wanted,
        values=tuple(known.values()),
    )
