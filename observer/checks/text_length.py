"""``text_length``: a column's texts are neither too short nor too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observer.checks.base import columns_of, name_of
from observer.checks.matches import example_of, text_of
from observer.checks.sentence import between
from observer.checks.thresholds import Limit, thresholds
from observer.checks.values import ValuesCheck
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.model import Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class TextLength(ValuesCheck):
    """Made by ``text_length``; ``observed`` and ``failing_rows`` count the rows whose text is too short or long."""

    min_length: int | None
    max_length: int | None

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str:
        length = f"length({text_of(relation, self.column).sql})"
        sides = [] if self.min_length is None else [f"{length} < {self.min_length}"]
        sides += [] if self.max_length is None else [f"{length} > {self.max_length}"]
        return " OR ".join(sides)

    def expected(self) -> str:
        sides = [None if one is None else f"{one:,}" for one in (self.min_length, self.max_length)]
        return f"{between(*sides)} characters long"

    def examples(self, relation: Relation) -> tuple[str, Mapping[str, Scalar]]:
        return example_of(relation, self.column, self.failing(relation))


def text_length(
    column: str,
    min_length: int | None = None,
    max_length: int | None = None,
    *,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> TextLength:
    """Declare how long a column's texts are, in characters; null is left to ``not_null``.

    Parameters
    ----------
    column: a column of texts.
    min_length, max_length: bounds, both included; None leaves that side open.
    max_rate: the share of values that may be shorter or longer, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of the values (below 1), are too many, for
    each severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``text_length(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no bound, one that is no length, or a minimum above the maximum.

    Examples
    --------
    >>> text_length("origin", 3, 3).name
    'text_length(origin)'
    """
    (wanted,) = columns_of([column], "text_length")
    title = f"text_length({wanted})"
    if min_length is None and max_length is None:
        raise CheckError(f"{title} has no bound; write min_length=, max_length= or both")
    for side, bound in (("min_length", min_length), ("max_length", max_length)):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
            raise CheckError(f"{title}: {side} is {bound!r}; write a whole number from 0 on")
    if min_length is not None and max_length is not None and min_length > max_length:
        raise CheckError(f"{title}: min_length {min_length:,} is above max_length {max_length:,}; swap them")
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return TextLength(
        name=name_of(name, title), severity=limits.severity, limits=limits, column=wanted,
        min_length=min_length, max_length=max_length,
    )  # fmt: skip
