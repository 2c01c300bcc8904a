"""``no_gaps``: every step of time, from the first to the last, has rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import floor
from typing import ClassVar

from observer.checks.base import FusedCheck, columns_of, name_of
from observer.checks.thresholds import severity_of
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.metrics import ColumnKind
from observer.model import CheckOutcome, Severity
from orchestration.errors import DefinitionError
from orchestration.freshness import duration
from orchestration.model import Scalar

_SHOWN = 3  # gaps


@dataclass(frozen=True, kw_only=True)
class NoGaps(FusedCheck):
    """Made by ``no_gaps``; ``observed`` counts the steps of time without a row."""

    is_portable: ClassVar[bool] = True

    column: str
    every: timedelta
    step: str
    whole: bool
    since: datetime | None = None
    until: datetime | None = None

    def shows(self) -> tuple[str, ...]:
        return (self.column,)

    def concerns(self) -> tuple[str, ...]:
        return (self.column,)

    def as_of(self, since: datetime | None, until: datetime) -> NoGaps:
        return replace(self, since=since, until=until) if self.whole else self

    def expressions(self, relation: Relation) -> Sequence[str]:
        bucket = self._bucket(relation)
        return ["count(*)", f"min({bucket})", f"max({bucket})", f"count(DISTINCT {bucket})"]

    def _bucket(self, relation: Relation) -> str:
        field = relation.exact(self.column)
        if field.kind is not ColumnKind.TIME:
            raise TypeError(f"{self.column} is {field.type.lower()}, which is no time; convert the column")
        seconds = relation.dialect.epoch.format(c=field.sql)
        return f"floor({seconds} / {self.every.total_seconds()!r})"

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        if not values[0]:
            return self.outcome(True, "no rows, so no time without any", observed=0.0)
        if values[1] is None:
            return self.outcome(True, f"{self.column} has no value, so there is no time between", observed=0.0)
        steps, gone = self._steps(values), self._gone(values)
        if not gone:
            return self.outcome(True, f"each of {steps:,} steps of {self.step} has a {self.column}", observed=0.0)
        return self.outcome(
            False, f"{gone:,} of {steps:,} steps of {self.step} have no {self.column}", observed=float(gone)
        )

    def _ends(self, values: Sequence[Scalar]) -> tuple[int, int]:
        """The first and the last step that must be there: those of the data, or of its whole partition."""
        first, last = int(float(values[1] or 0)), int(float(values[2] or 0))
        if self.since is not None and self.until is not None:
            every = self.every.total_seconds()
            first = min(first, floor(self.since.timestamp() / every))
            last = max(last, floor(self.until.timestamp() / every) - 1)  # what has not ended may still come
        return first, last

    def _steps(self, values: Sequence[Scalar]) -> int:
        first, last = self._ends(values)
        return last - first + 1

    def _gone(self, values: Sequence[Scalar]) -> int:
        return self._steps(values) - int(values[3] or 0)

    def closer(self, relation: Relation, values: Sequence[Scalar], outcome: CheckOutcome) -> CheckOutcome:
        """Tell the longest gaps."""
        bucket = self._bucket(relation)
        width = f"lead({bucket}) OVER (ORDER BY {bucket}) - {bucket}"
        found = relation.windowed(
            [f"{bucket} AS step", f"{width} AS width"], f"WHERE {bucket} IS NOT NULL GROUP BY {bucket}",
            ["step", "width"], f"WHERE width > 1 ORDER BY width DESC, step LIMIT {_SHOWN}",
        )  # fmt: skip
        gaps = [(int(step) + 1, int(step + width)) for step, width in found]
        first, last = self._ends(values)
        inside_first, inside_last = int(float(values[1] or 0)), int(float(values[2] or 0))
        gaps += [(first, inside_first)] if first < inside_first else []
        gaps += [(inside_last + 1, last + 1)] if inside_last < last else []
        gaps.sort(key=lambda gap: gap[0] - gap[1])
        texts = [f"{self._instant(start)} to {self._instant(end)}" for start, end in gaps[:_SHOWN]]
        evidence: dict[str, Scalar] = {f"gap {n}": text for n, text in enumerate(texts, start=1)}
        return replace(outcome, message=f"{outcome.message}: {texts[0]}", evidence=evidence)

    def _instant(self, step: int) -> str:
        at = datetime.fromtimestamp(step * self.every.total_seconds(), UTC)
        return f"{at:%Y-%m-%d}" if self.every % timedelta(days=1) == timedelta() else f"{at:%Y-%m-%d %H:%M}"


def no_gaps(
    column: str,
    every: str,
    *,
    whole: bool = False,
    severity: Severity | str = "error",
    name: str | None = None,
) -> NoGaps:
    """Declare that no step of time, from a column's first instant to its last, is without rows.

    Steps are counted from 1970 on, in UTC: an hour from one full hour to the next. Instants without a zone are taken as
    they stand, so an hour that clocks skip in spring is a gap; keep instants in UTC.

    Parameters
    ----------
    column: a column of dates or instants.
    every: how long a step is: "15m", "1h", "1d".
    whole: whether of a partition in time its beginning and end must be there too, as far as it has ended.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``no_gaps(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: ``every`` is no length of time.

    Examples
    --------
    >>> no_gaps("observed_at", every="1h").name
    'no_gaps(observed_at)'
    """
    (wanted,) = columns_of([column], "no_gaps")
    title = f"no_gaps({wanted})"
    try:
        length = duration(every)
    except (DefinitionError, AttributeError):
        raise CheckError(f"{title}: every is {every!r}; write a length of time, such as '15m', '1h' or '1d'") from None
    if not length:
        raise CheckError(f"{title}: every is {every!r}; a step lasts longer than nothing")
    return NoGaps(
        name=name_of(name, title), severity=severity_of(severity, title), column=wanted, every=length,
        step=every.strip(), whole=whole,
    )  # fmt: skip
