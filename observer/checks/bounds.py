"""What a check's own code may answer with: bounds of a number, or how many rows are too many."""

from __future__ import annotations

import math
from dataclasses import dataclass

from observer.checks.sentence import between, percent, shown
from observer.checks.thresholds import severity_of
from observer.errors import CheckError
from observer.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds of an answer, of both severities.

    ``min_value`` and ``max_value`` are those of a number, and as bad as ``severity``. ``warn_above`` and
    ``error_above`` are of a number, or of rows: whole numbers count them, fractions below 1 are a share of all.
    """

    severity: Severity
    min_value: float | None = None
    max_value: float | None = None
    warn_above: float | None = None
    error_above: float | None = None

    @property
    def judges_numbers(self) -> bool:
        return (self.min_value, self.max_value, self.warn_above, self.error_above) != (None,) * 4

    @property
    def of_value(self) -> bool:
        """Whether there are bounds that only a number can have."""
        return self.min_value is not None or self.max_value is not None

    def number(self, value: float) -> Severity | None:
        """How bad a number is; None: it lies within."""
        if self.error_above is not None and value > self.error_above:
            return Severity.ERROR
        below = self.min_value is not None and value < self.min_value
        if below or (self.max_value is not None and value > self.max_value):
            return self.severity
        return Severity.WARN if self.warn_above is not None and value > self.warn_above else None

    def rows(self, bad: int, total: int | None) -> Severity | None:
        """How bad it is that so many rows break the check; None: it passes.

        Raises
        ------
        LookupError: a share is asked for, and nobody knows of how many.
        """
        if self.warn_above is None and self.error_above is None:
            return self.severity if bad else None
        for limit, severity in ((self.error_above, Severity.ERROR), (self.warn_above, Severity.WARN)):
            if limit is not None and _exceeds(bad, total, limit):
                return severity
        return None

    def said(self) -> str:
        """The bounds of a number in words."""
        least, most = (None if one is None else shown(one) for one in (self.min_value, self.max_value))
        said = [between(least, most)] if self.of_value else []
        said += [f"at most {shown(self.error_above)}"] if self.error_above is not None else []
        said += [f"at most {shown(self.warn_above)}, or it warns"] if self.warn_above is not None else []
        return " and ".join(said)

    def rows_said(self) -> str:
        """How many rows may break it, in words; "" for none."""
        limits = [limit for limit in (self.error_above, self.warn_above) if limit]
        if not limits:
            return ""
        return f"; at most {percent(limits[0]) if 0 < limits[0] < 1 else f'{limits[0]:,.0f}'} may"


def _exceeds(bad: int, total: int | None, limit: float) -> bool:
    if not 0 < limit < 1:
        return bad > limit
    if total is None:
        raise LookupError("a share of the rows is asked for, and how many there are is not known; write a whole number")
    return total > 0 and bad / total > limit


def bounds(
    where: str,
    severity: Severity | str,
    min_value: float | None,
    max_value: float | None,
    warn_above: float | None,
    error_above: float | None,
) -> Bounds:
    """The bounds that were declared.

    Raises
    ------
    CheckError: one is no number, or they contradict each other.
    """
    level = severity_of(severity, where)
    given = {"min_value": min_value, "max_value": max_value, "warn_above": warn_above, "error_above": error_above}
    for name, value in given.items():
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
        ):
            raise CheckError(f"{where}: {name} is {value!r}; write a number")
    if min_value is not None and max_value is not None and min_value > max_value:
        raise CheckError(f"{where}: min_value {min_value} is above max_value {max_value}; swap them")
    if warn_above is not None and error_above is not None and warn_above >= error_above:
        raise CheckError(f"{where}: warn_above {warn_above} is not below error_above {error_above}, so it never warns")
    if level is Severity.WARN and error_above is not None:
        raise CheckError(f"{where}: severity='warn' and error_above contradict each other; leave severity out")
    only_warns = warn_above is not None and error_above is None and min_value is None and max_value is None
    return Bounds(
        severity=Severity.WARN if only_warns else level, min_value=min_value, max_value=max_value,
        warn_above=warn_above, error_above=error_above,
    )  # fmt: skip
