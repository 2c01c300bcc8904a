"""What checks of one column's values have in common: rows that break them are counted, in the one scan."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from observer.checks.base import FusedCheck
from observer.checks.thresholds import Thresholds
from observer.collectors.dialect import where
from observer.collectors.field import Field
from observer.collectors.relation import Relation
from observer.model import CheckOutcome
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class ValuesCheck(FusedCheck):
    """A check of each value of a column by itself; null (and NaN, which reads as null) is left to ``not_null``.

    ``observed`` and ``failing_rows`` count the rows that break it; shares are of the rows that have a value.
    """

    is_portable: ClassVar[bool] = True

    column: str
    limits: Thresholds

    @abstractmethod
    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        """Return the SQL condition of the rows that break it; not true where the value is null.

        Raises
        ------
        LookupError: the column isn't there.
        TypeError: it is of a kind that this can't be asked of.
        NotPlain: this engine can't tell it exactly.
        """

    @abstractmethod
    def expected(self) -> str:
        """Return what a value must be: "between 0 and 2400"."""

    def examples(self, relation: Relation) -> tuple[str, Mapping[str, Scalar]]:
        """Return what ends the sentence about the rows that break it, and the evidence."""
        return "", {}

    def shows(self) -> tuple[str, ...]:
        return (self.column,)

    def concerns(self) -> tuple[str, ...]:
        return (self.column,)

    def is_met(self, relation: Relation) -> bool:
        """Return whether it is known without asking that no value breaks it."""
        return False

    def expressions(self, relation: Relation) -> Sequence[str | int]:
        condition, field = self.failing(relation), relation.field(self.column)  # which also tells what can't be asked
        present = relation.present(field) if self.limits.are_shares else 0
        bad = 0 if self.is_met(relation) else bad_rows(relation, field, condition, is_dear=self.is_dear)
        return ["count(*)", present, bad]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        return self._told(values, "", {})

    def closer(self, relation: Relation, values: Sequence[Scalar], outcome: CheckOutcome) -> CheckOutcome:
        return self._told(values, *self.examples(relation))

    def _told(self, values: Sequence[Scalar], more: str, evidence: Mapping[str, Scalar]) -> CheckOutcome:
        rows, present, bad = (int(value or 0) for value in values)
        if not bad:
            message = f"every {self.column} of {rows:,} rows is {self.expected()}" if rows else "no rows, so no values"
            return self.outcome(True, message, observed=0.0, failing_rows=0)
        broken = self.limits.broken(bad, present)
        message = f"{bad:,} of {rows:,} rows have a {self.column} that is not {self.expected()}{more}"
        if self.limits.error_above or self.limits.warn_above:
            message += f"; {self.limits.said(broken)}"
        return self.outcome(
            broken is None, message, severity=broken, observed=float(bad), failing_rows=bad, evidence=evidence
        )  # fmt: skip


def bad_rows(relation: Relation, field: Field, condition: str, *, is_dear: bool) -> str | int:
    """What counts the rows of which a condition about one column is true, or their number where it is known.

    ``is_dear``: it takes longer than finding the different texts does.
    """
    told = None if relation.texts is None else relation.texts.counted(field, condition, is_dear=is_dear)
    return f"count({where(condition)})" if told is None else told
