"""Rules of expectations about one number of a whole table or column."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

from observer.checks.gx.arguments import EXACT, Arguments
from observer.checks.gx.result import Result
from observer.checks.gx.rule import Bounds, Rule, column_of, ensure_frame, ensure_kind, whole
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from orchestration.model import Scalar

_ROUNDING = 2.0**-52
_OVERFLOWS = 2.0**62


class RowCount(Rule):
    """How many rows there are: between bounds, or a number."""

    def __init__(self, *takes: str) -> None:
        self.takes = frozenset(takes)

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        Bounds.of_count(given)
        return ["count(*)"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows = whole(values[0])
        return Result(success=Bounds.of_count(given).holds(rows), rows=rows, observed=rows)


class _OfColumn(Rule):
    """A number of a column between bounds."""

    takes = Bounds.names | {"column"}

    @abstractmethod
    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]: ...

    @abstractmethod
    def observed(self, values: Sequence[Scalar]) -> float | None:
        """Return what the measures say; None where there is nothing to observe."""

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        Bounds.of(given)
        return ["count(*)", *self.measures(relation, given)]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, observed = whole(values[0]), self.observed(values[1:])
        success = observed is not None and Bounds.of(given).holds(observed)
        return Result(success=success, rows=rows, observed=observed)


class Extreme(_OfColumn):
    """The smallest or the largest value."""

    def __init__(self, aggregate: str) -> None:
        self._aggregate = aggregate

    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]:
        field = column_of(relation, given)
        ensure_kind(relation, field, "whole", "float")
        return [f"{self._aggregate}({field.sql})"]

    def observed(self, values: Sequence[Scalar]) -> float | None:
        (found,) = values
        if found is not None and (not isinstance(found, int | float) or not math.isfinite(found)):
            raise NotPlain(f"{self._aggregate} is {found}")
        return found


class DistinctCount(_OfColumn):
    """How many different values there are."""

    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]:
        Bounds.of_whole_numbers(given)
        return [_distinct(relation, given)]

    def observed(self, values: Sequence[Scalar]) -> float:
        return whole(values[0])


class DistinctRate(_OfColumn):
    """How many different values there are for each value."""

    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]:
        return [_distinct(relation, given), f"count({column_of(relation, given).sql})"]

    def observed(self, values: Sequence[Scalar]) -> float:
        different, present = map(whole, values)
        return different / present if present else 0


def _distinct(relation: Relation, given: Arguments) -> str:
    field = column_of(relation, given)
    ensure_kind(relation, field, "distinct")
    return f"count(DISTINCT {field.sql})"


class PresentRate(_OfColumn):
    """The share of rows that have a value."""

    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]:
        ensure_frame(relation)
        field = column_of(relation, given)
        ensure_kind(relation, field, "whole", "float", "text", "boolean", "time")
        return [f"count({field.sql})"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, present = map(whole, values)
        return super().result(given, [rows, present / rows if rows else 0])

    def observed(self, values: Sequence[Scalar]) -> float:
        (rate,) = values
        assert isinstance(rate, int | float)
        return rate


class Total(_OfColumn):
    """The sum or the mean of numbers.

    Two ways to add floats differ in their last digits, by no more than a rounding error a value of what their
    magnitudes add up to. Where a bound lies within that of the sum, the library has to add them up itself.
    """

    def __init__(self, *, is_mean: bool) -> None:
        self._is_mean = is_mean

    def measures(self, relation: Relation, given: Arguments) -> Sequence[str]:
        ensure_frame(relation)
        field = column_of(relation, given)
        ensure_kind(relation, field, "whole", "float")
        return [f"count({field.sql})", f"sum({field.sql})", f"sum(abs(CAST({field.sql} AS DOUBLE)))"]

    def observed(self, values: Sequence[Scalar]) -> float | None:
        present, total = whole(values[0]), values[1]
        if not present:
            return None if self._is_mean else 0
        assert isinstance(total, int | float)
        return total / present if self._is_mean else total

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        present, total, magnitude = whole(values[1]), values[2], values[3] or 0.0
        assert isinstance(magnitude, int | float)
        if not math.isfinite(magnitude) or magnitude >= _OVERFLOWS:
            raise NotPlain("infinite values, or more than whole numbers of 64 bits hold")
        found = super().result(given, values)
        is_exact = isinstance(total, int) and magnitude < EXACT
        if present and not is_exact:
            error = 4 * _ROUNDING * magnitude * (1 if self._is_mean else present)
            self._ensure_clear(given, found.observed, error)
        return found

    @staticmethod
    def _ensure_clear(given: Arguments, observed: object, error: float) -> None:
        assert isinstance(observed, int | float)
        bounds = Bounds.of(given)
        for bound in (bounds.low, bounds.high):
            if bound is not None and abs(observed - bound) <= error:
                raise NotPlain("it lies too near a bound to tell without rounding as the library does")
