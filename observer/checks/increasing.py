"""``increasing``: a column never falls from one row to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from observer.checks.base import CheckData, LookingCheck, columns_of, name_of
from observer.checks.sentence import shown
from observer.checks.thresholds import Limit, Thresholds, thresholds
from observer.collectors.field import Field
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from observer.collectors.scan import scalar
from observer.errors import CheckError
from observer.model import CheckOutcome, FailingRows, Severity

_SHOWN = 10  # rows


@dataclass(frozen=True, kw_only=True)
class Increasing(LookingCheck):
    """Made by ``increasing``; ``observed`` and ``failing_rows`` count the rows that lie below the one before."""

    column: str
    order_by: tuple[str, ...]
    within: tuple[str, ...]
    strictly: bool
    limits: Thresholds

    def shows(self) -> tuple[str, ...]:
        return (self.column, *self.order_by, *self.within)

    def concerns(self) -> tuple[str, ...]:
        return self.shows()

    def run(self, data: CheckData) -> CheckOutcome:
        relation = data.where_it_lies()
        if not relation.is_ordered and not self.order_by:
            return self.outcome(
                None,
                f"{self.name} could not be evaluated: rows of a {relation.dialect.name} table have no order; "
                "say by which columns: order_by=",
            )
        try:
            column, order, within = self._fields(relation)
        except NotPlain:
            relation = relation.fetched()
            column, order, within = self._fields(relation)
        over = f"PARTITION BY {', '.join(f.sql for f in within)} " if within else ""
        over += f"ORDER BY {', '.join(f.sql for f in order)}" if order else ""
        known = [column, *(field for field in (*order, *within) if field.sql != column.sql)]
        inner = [field.sql for field in known] + [f"lag({column.sql}) OVER ({over}) AS earlier"]
        falls = f"WHERE {column.sql} {'<=' if self.strictly else '<'} earlier"
        earlier = relation.shown(Field("", "earlier", column.type))
        outer = [*(relation.shown(field) for field in known), earlier, "count(*) OVER ()"]
        found = relation.windowed(inner, f"WHERE {column.sql} IS NOT NULL", outer, f"{falls} LIMIT {_SHOWN}")
        rows = [tuple(scalar(value) for value in row[:-1]) for row in found]
        return self._told(relation.rows, int(found[0][-1]) if found else 0, [field.name for field in known], rows)

    def _fields(self, relation: Relation) -> tuple[Field, list[Field], list[Field]]:
        order, within = ([relation.exact(name) for name in names] for names in (self.order_by, self.within))
        return relation.exact(self.column), order, within

    def _told(self, total: int, bad: int, names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> CheckOutcome:
        word = "rises" if self.strictly else "does not fall"
        if not bad:
            message = f"{self.column} {word} in each of {total:,} rows" if total else "no rows, so none falls"
            return self.outcome(True, message, observed=0.0, failing_rows=0)
        broken = self.limits.broken(bad, total)
        message = (
            f"{self.column} {'does not rise' if self.strictly else 'falls'} in {bad:,} of {total:,} rows, "
            f"for example from {shown(rows[0][-1])} to {shown(rows[0][0])}"
        )
        if self.limits.error_above or self.limits.warn_above:
            message += f"; {self.limits.said(broken)}"
        sample = FailingRows((*names, f"{self.column} before"), tuple(tuple(map(scalar, row)) for row in rows))
        return self.outcome(
            broken is None, message, severity=broken, observed=float(bad), failing_rows=bad, sample=sample
        )  # fmt: skip


def increasing(
    column: str,
    *,
    order_by: str | Sequence[str] = (),
    within: str | Sequence[str] = (),
    strictly: bool = False,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> Increasing:
    """Declare that a column never falls from one row to the next; rows without a value are passed over.

    Parameters
    ----------
    column: a column of numbers, dates, instants or texts.
    order_by: the columns that say which row comes next; left out, the order in which the rows were written. Rows of a
    database have no such order, so there it has to be said.
    within: columns by whose values the rows are told apart: each has a sequence of its own.
    strictly: whether it must rise: two equal values after each other break it too.
    max_rate: the share of rows that may fall, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of them (below 1), are too many, for each
    severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``increasing(a)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, one that is named twice, or a threshold that is none.

    Examples
    --------
    >>> increasing("odometer", order_by="read_at", within="car").name
    'increasing(odometer)'
    """
    (wanted,) = columns_of([column], "increasing")
    title = f"increasing({wanted})"
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    order, groups = ((one,) if isinstance(one, str) else tuple(one) for one in (order_by, within))
    for names in (order, groups):
        if names:
            columns_of(names, title)
    if wanted in groups:
        raise CheckError(f"{title}: within names {wanted} itself, of which each value is then alone; leave it out")
    return Increasing(
        name=name_of(name, title), severity=limits.severity, limits=limits, column=wanted, order_by=order,
        within=groups, strictly=strictly,
    )  # fmt: skip
