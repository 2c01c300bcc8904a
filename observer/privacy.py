"""What may not be kept or shown: the values of columns that are tagged sensitive."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from observer.checks.base import Check
from observer.collectors.tabular import described
from observer.model import CheckOutcome, FailingRows, Observation, ProfilePolicy
from observer.own_metrics import OwnMetric
from observer.quantities import count

EVERY = "*"
"""Stands for all columns."""

_SAFE = frozenset({
    "row_count", "column_count", "null_rate", "distinct_count", "zero_rate", "negative_rate", "true_rate", "mean",
    "std", "min_length", "max_length", "mean_length", "segment_count",
})  # fmt: skip
"""The metrics of a column that are none of its values. Any other is taken for one: a new metric has to be said safe."""

WITHHELD = "values of a sensitive column are not kept"
DISCLOSES = f"it may give one, and {WITHHELD}; with discloses=True it is measured"
_QUOTED = re.compile(r"""(?<!\w)'.*?'(?!\w)|(?<!\w)".*?"(?!\w)""", re.DOTALL)  # not the apostrophes of can't and O'Hara
_ROW = re.compile(r"(?<=\)=\().*?(?=\)(?:\W|$))|(?<=contains \().*(?=\))", re.DOTALL)  # PostgreSQL's: Key (a)=(1), row
_NUMBER = re.compile(
    r"(?<![\w./:@=-])[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?(?![\w/:@-]|\.\d)"  # of no name, address or date
    r"(?! (?:times|tries|rows?|columns?|bytes|bits|s|MB)\b)"
)


class Sensitive:
    """The columns of an asset whose values are not to be kept; ``"*"`` stands for all."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = frozenset(columns)

    def __bool__(self) -> bool:
        return bool(self._columns)

    def covers(self, column: str | None) -> bool:
        """Whether the values of a column, by its name in any case, are not to be kept."""
        if column is None:
            return False
        return EVERY in self._columns or column.lower() in {name.lower() for name in self._columns}

    def withholds(self, one: OwnMetric) -> bool:
        """Whether what a metric's expression gives may be a value of a sensitive column."""
        return bool(self) and any(column == EVERY or self.covers(column) for column in one.shows())

    def said(self, error: BaseException) -> str:
        """What an exception of the user's own code says: only its kind where it may quote a value."""
        if not self:
            return described(error)
        return f"{type(error).__name__}; what it said is not kept, for it may show a sensitive column"

    def observations(self, seen: Sequence[Observation], names: Collection[str]) -> tuple[Observation, ...]:
        """What was measured, without values of sensitive columns; ``names`` are those of the data's columns."""
        return tuple(self._observation(one, names) for one in seen) if self else tuple(seen)

    def _observation(self, one: Observation, names: Collection[str]) -> Observation:
        if self.covers(one.column) and one.metric not in _SAFE and one.value is not None:
            return replace(one, value=None, reason=WITHHELD)
        return one if one.reason is None else replace(one, reason=unquoted(one.reason, names))

    def outcome(self, check: Check, outcome: CheckOutcome, names: Collection[str]) -> CheckOutcome:
        """What a check saw, without examples and bounds where its columns are sensitive."""
        if not self:
            return outcome
        shows = check.shows()
        if shows is not None and not any(self.covers(column) for column in shows):
            message = unquoted(outcome.message, names) if outcome.passed is None else outcome.message
            return replace(outcome, message=message, sample=self._rows(outcome.sample))
        rows = "" if outcome.failing_rows is None else f" in {count(outcome.failing_rows, 'row')}"
        word = {True: "passed", False: f"failed{rows}", None: "could not be evaluated"}[outcome.passed]
        message = f"{check.name} {word}; what it saw is not kept, for it looks at sensitive columns"
        failing = None if outcome.failing_rows is None else float(outcome.failing_rows)
        return replace(outcome, message=message, observed=failing, evidence={}, sample=None)

    def _rows(self, sample: FailingRows | None) -> FailingRows | None:
        """Rows that break a check, without sensitive columns."""
        if sample is None:
            return None
        kept = [at for at, name in enumerate(sample.columns) if not self.covers(name)]
        rows = tuple(tuple(row[at] for at in kept) for row in sample.rows)
        return FailingRows(tuple(sample.columns[at] for at in kept), rows) if kept else None


def why_not_kept(policy: ProfilePolicy, column: str) -> str | None:
    """Why how the values of a column are spread is not kept, by a policy; None where it is."""
    if Sensitive(policy.sensitive).covers(column):
        return WITHHELD
    return "distributions=False keeps nothing of how its values are spread" if policy.distributions is False else None


def unquoted(text: str, names: Collection[str]) -> str:
    """An engine's message without what it quotes, but for names of columns: it may quote a value.

    >>> unquoted("Could not convert string 'ann@example.com' in 'email'", {"email"})
    "Could not convert string '…' in 'email'"
    """
    return _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in names else "'…'", text)


def valueless(text: str, names: Collection[str]) -> str:
    """Why something could not be made or stored, without what may be a value: neither texts in quotes nor numbers.

    >>> valueless("Integer value 48250 not in range: -128 to 127 (int8); tried 2 times", ())
    'Integer value … not in range: … to … (int8); tried 2 times'
    """
    return _NUMBER.sub("…", _ROW.sub("…", unquoted(text, names)))
