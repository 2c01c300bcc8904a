"""``matches``: a column's texts have the form of a regular expression."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from observer.checks.base import columns_of, name_of
from observer.checks.sentence import shown
from observer.checks.thresholds import Limit, thresholds
from observer.checks.values import ValuesCheck
from observer.collectors.dialect import where
from observer.collectors.field import Field
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.metrics import ColumnKind
from observer.model import Severity
from orchestration.model import Scalar

_NOT_RE2 = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!>]|<[=!])|\\[1-9])")

_ONLY_RE2 = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)|\\[zC]|\\Q.*?\\E")  # what Python's can't read


@dataclass(frozen=True, kw_only=True)
class Matches(ValuesCheck):
    """Made by ``matches``; ``observed`` and ``failing_rows`` count the rows whose text does not match."""

    is_dear: ClassVar[bool] = True

    pattern: str

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        dialect, column = relation.dialect, text_of(relation, self.column).sql
        pattern = dialect.literal(dialect.pattern(self.pattern))
        return f"NOT ({dialect.matches.format(c=column, pattern=pattern)})"

    def expected(self) -> str:
        return f"like {shown(self.pattern)}"

    def examples(self, relation: Relation) -> tuple[str, Mapping[str, Scalar]]:
        return example_of(relation, self.column, self.failing(relation))


def text_of(relation: Relation, name: str) -> Field:
    """The column of a name, if it holds texts; raises TypeError where it holds something else."""
    field = relation.exact(name)
    if field.kind is not ColumnKind.TEXT:
        raise TypeError(f"{name} is {field.type.lower()} and no text; convert the column, or ask ob.in_range of it")
    return field if not field.type.startswith("ENUM") else Field(name, f"CAST({field.sql} AS VARCHAR)", "VARCHAR")


def example_of(relation: Relation, column: str, condition: str) -> tuple[str, Mapping[str, Scalar]]:
    """The least of the texts that break a check, as its sentence ends by it and as evidence."""
    ((least,),) = relation.select([f"min({where(condition, text_of(relation, column).sql)})"])
    return f", for example {shown(least)}", {"example": least}


def matches(
    column: str,
    pattern: str,
    *,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> Matches:
    """Declare the form of a column's texts; null is left to ``not_null``.

    Parameters
    ----------
    column: a column of texts.
    pattern: a regular expression that some part of each text must match; write ``^...$`` for the whole. The language is
    RE2, whatever engine the data lies in: without look-around and back-references, ``\\d`` and ``\\w`` are ASCII, and a
    dot is no line feed.
    max_rate: the share of values that may not match, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of the values (below 1), are too many, for
    each severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``matches(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: the pattern is no regular expression, or not one of RE2.

    Examples
    --------
    >>> matches("tailnum", "^N[0-9A-Z]{1,5}$").name
    'matches(tailnum)'
    """
    (wanted,) = columns_of([column], "matches")
    title = f"matches({wanted})"
    if not isinstance(pattern, str) or not pattern:
        raise CheckError(f"{title}: pattern is {pattern!r}; write a regular expression, such as '^[A-Z]{{3}}$'")
    if found := _NOT_RE2.search(pattern):
        raise CheckError(f"{title}: {pattern!r} has {found[0]!r}, which RE2 has no words for; write it without")
    try:
        re.compile(_ONLY_RE2.sub("x", pattern))
    except re.error as error:
        raise CheckError(f"{title}: {pattern!r} is no regular expression: {error}") from None
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return Matches(
        name=name_of(name, title), severity=limits.severity, limits=limits, column=wanted, pattern=pattern
    )  # fmt: skip
