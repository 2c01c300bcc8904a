"""How much is too much: thresholds of both severities, over rows that break a check or over a number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from observer.checks.sentence import percent
from observer.errors import CheckError
from observer.model import Severity

Limit = int | float
"""A whole number counts rows; a fraction below 1 is a share of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The most that may break a check before it warns, and before it fails; None: it never does.

    Whole numbers count rows. A fraction is a share of what the check looks at: the rows that have a value, of a check
    of values; all rows, of any other.
    """

    warn_above: Limit | None = None
    error_above: Limit | None = None

    @property
    def severity(self) -> Severity:
        """How bad it can get."""
        return Severity.WARN if self.error_above is None else Severity.ERROR

    @property
    def are_shares(self) -> bool:
        """Whether one is a share, for which it has to be known of how many."""
        return any(isinstance(limit, float) for limit in (self.warn_above, self.error_above))

    def broken(self, bad: int, total: int) -> Severity | None:
        """How bad it is that ``bad`` of ``total`` rows break the check; None: it passes."""
        if self.error_above is not None and _exceeds(bad, total, self.error_above):
            return Severity.ERROR
        if self.warn_above is not None and _exceeds(bad, total, self.warn_above):
            return Severity.WARN
        return None

    def said(self, broken: Severity | None) -> str:
        """The threshold that was crossed, or else the worst: "none may be", "at most 5 % may be"."""
        limit = self.warn_above if broken is Severity.WARN or self.error_above is None else self.error_above
        assert limit is not None
        if not limit:
            return "none may be"
        return f"at most {f'{limit:,}' if isinstance(limit, int) else percent(limit)} may be"


def _exceeds(bad: int, total: int, limit: Limit) -> bool:
    if isinstance(limit, int):
        return bad > limit
    return total > 0 and bad / total > limit


def thresholds(
    where: str,
    severity: Severity | str,
    warn_above: Limit | None,
    error_above: Limit | None,
    max_rate: Limit = 0,
) -> Thresholds:
    """The thresholds that were declared; without any, what is above ``max_rate`` is as bad as ``severity``.

    Raises
    ------
    CheckError: one is no number of rows and no share, they contradict each other, or there is no such severity.
    """
    level = severity_of(severity, where)
    if isinstance(max_rate, bool) or not isinstance(max_rate, int | float) or not 0 <= max_rate < 1:
        raise CheckError(
            f"{where}: max_rate is {max_rate!r}; write a share of the rows from 0 to below 1, such as 0.05"
        )
    if warn_above is None and error_above is None:
        most = float(max_rate) if max_rate else 0
        return Thresholds(error_above=most) if level is Severity.ERROR else Thresholds(warn_above=most)
    if max_rate:
        raise CheckError(f"{where}: max_rate and warn_above or error_above say the same; leave max_rate out")
    if level is Severity.WARN and error_above is not None:
        raise CheckError(f"{where}: severity='warn' and error_above contradict each other; leave severity out")
    for name, limit in (("warn_above", warn_above), ("error_above", error_above)):
        if limit is not None and not _is_limit(limit):
            raise CheckError(
                f"{where}: {name} is {limit!r}; write a whole number of rows, or a share below 1.0, such as 0.05"
            )
    alike = isinstance(warn_above, int) == isinstance(error_above, int) or 0 in (warn_above, error_above)
    if warn_above is not None and error_above is not None and alike and warn_above >= error_above:
        raise CheckError(f"{where}: warn_above {warn_above} is not below error_above {error_above}, so it never warns")
    return Thresholds(warn_above=warn_above, error_above=error_above)


def _is_limit(limit: object) -> bool:
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return False
    return limit >= 0 if isinstance(limit, int) else math.isfinite(limit) and 0 <= limit < 1


def severity_of(severity: Severity | str, where: str) -> Severity:
    """Return a declared severity.

    Raises
    ------
    CheckError: there is no such severity.
    """
    try:
        return Severity(severity)
    except ValueError:
        raise CheckError(f"{where}: severity is {severity!r}; write 'warn' or 'error'") from None
