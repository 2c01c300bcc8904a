"""``accepted_values``: a column holds nothing but known values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
class AcceptedValues(FusedCheck):
    """Made by ``accepted_values``; ``observed`` and ``failing_rows`` count the rows with another value."""

    is_portable: ClassVar[bool] = True

    column: str
    values: tuple[Literal, ...]

    def shows(self) -> tuple[str, ...]:
        return (self.column,)

    def expressions(self, relation: Relation) -> Sequence[str]:
        field = relation.exact(self.column)
        ensure_comparable(field, self.values)
        column = field.sql
        other = f"{column} NOT IN ({', '.join(map(relation.dialect.literal, self.values))})"
        return [
            "count(*)",
            f"count({where(other)})",
            as_text(f"min({where(other, column)})"),
            relation.dialect.metrics["distinct_count"].format(c=where(other, column)),
        ]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows, bad = int(values[0] or 0), int(values[1] or 0)
        if not bad:
            message = f"every {self.column} of {rows:,} rows is an accepted value" if rows else "no rows, so no values"
            return self.outcome(True, message, observed=0.0, failing_rows=0)
        kinds = min(int(values[3] or 1), bad)
        message = (
            f"{bad:,} of {rows:,} rows have a {self.column} that is not accepted, "
            f"for example {shown(values[2])}"
            f"{f' (about {kinds:,} such values)' if kinds > 1 else ''}"
        )
        evidence: dict[str, Scalar] = {"example": values[2], "values, about": kinds}
        return self.outcome(False, message, observed=float(bad), failing_rows=bad, evidence=evidence)


def accepted_values(
    column: str,
    values: Iterable[Literal | None],
    *,
    severity: Severity | str = "error",
    name: str | None = None,
) -> AcceptedValues:
    """Declare the values that a column may hold; null is left to ``not_null``.

    Parameters
    ----------
    column: the column.
    values: texts, numbers, booleans or dates; None among them changes nothing.
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
    return AcceptedValues(
        name=name_of(name, title),
        severity=severity_of(severity, title),
        column=wanted,
        values=tuple(known.values()),
    )
