"""``unique``: no two rows have the same key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from observer.checks.base import FusedCheck, columns_of, name_of
from observer.checks.sentence import shown
from observer.checks.thresholds import Limit, Thresholds, thresholds
from observer.collectors.dialect import where
from observer.collectors.relation import Relation
from observer.collectors.scan import scalar
from observer.model import CheckOutcome, FailingRows, Severity, Way
from orchestration.model import Scalar

_SHOWN = 10  # keys


@dataclass(frozen=True, kw_only=True)
class Unique(FusedCheck):
    """Made by ``unique``; ``observed`` and ``failing_rows`` count rows that repeat the key of another.

    The scan counts how many hashes the keys have: as many as keys, and none is repeated. Fewer, or in an engine that
    makes no such hashes, the keys are grouped in a statement of their own, where they lie.
    """

    is_portable: ClassVar[bool] = True

    columns: tuple[str, ...]
    limits: Thresholds

    def shows(self) -> tuple[str, ...]:
        return self.columns

    def concerns(self) -> tuple[str, ...]:
        return self.columns

    def expressions(self, relation: Relation) -> Sequence[str | int]:
        if (dense := self._dense(relation)) is not None:
            return dense
        keys = [relation.exact(column).sql for column in self.columns]
        hashed = relation.dialect.hashed_key.format(keys=", ".join(keys))
        if not hashed:
            return ["count(*)"]
        keyed = _keyed(keys)
        return ["count(*)", f"count({where(keyed)})", f"count(DISTINCT {where(keyed, hashed)})"]

    def _dense(self, relation: Relation) -> Sequence[str | int] | None:
        """A bit for each whole number, where they lie close together: their count is exact, and takes least."""
        field = relation.exact(self.columns[0])
        ends = relation.ends(field) if len(self.columns) == 1 and relation.dialect.dense and field.is_whole else None
        if ends is None or ends[1] - ends[0] >= min(8 * relation.rows, 2**29):
            return None
        bits = relation.dialect.dense.format(c=field.sql, low=int(ends[0]), high=int(ends[1]))
        return ["count(*)", relation.present(field), bits]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        rows, *counted = (int(value or 0) for value in values)
        if not rows:
            return self.outcome(True, "no rows, so none repeats another", observed=0.0, failing_rows=0)
        if counted and counted[0] == counted[1]:
            return self._good(rows)
        return self.outcome(None, f"whether any of {rows:,} rows repeats {self._title()} could not be told")

    def closer(self, relation: Relation, values: Sequence[Scalar], outcome: CheckOutcome) -> CheckOutcome:
        fields = [relation.exact(column) for column in self.columns]
        keys = ", ".join(field.sql for field in fields)
        found = relation.select(
            [
                *(relation.shown(field) for field in fields),
                "count(*)",
                "count(*) OVER ()",
                "sum(count(*) - 1) OVER ()",
                "sum(count(*)) OVER ()",
            ],
            f"WHERE {_keyed([field.sql for field in fields])} GROUP BY {keys} HAVING count(*) > 1 "
            f"ORDER BY count(*) DESC, {keys} LIMIT {_SHOWN}",
        )
        rows = int(values[0] or 0)
        told = self._repeated(rows, found) if found else self._good(rows)
        return told if relation.dialect.hashed_key else replace(told, way=Way.SQL)

    def _repeated(self, rows: int, found: Sequence[Sequence[Any]]) -> CheckOutcome:
        """What groups of equal keys say, those with the most rows first."""
        *first, copies, groups, surplus, together = found[0]
        key, bad = [scalar(value) for value in first], int(surplus)
        text = ", ".join(shown(value) for value in key)
        broken = self.limits.broken(bad, rows)
        message = (
            f"{bad:,} of {rows:,} rows repeat {self._title()}, for example {f'({text})' if len(key) > 1 else text}"
        )
        if self.limits.error_above or self.limits.warn_above:
            message += f"; {self.limits.said(broken)}"
        evidence: dict[str, Scalar] = {
            "repeated keys": int(groups),
            "rows of repeated keys": int(together),
            "rows of the example": int(copies),
        }
        evidence |= {f"example {column}": value for column, value in zip(self.columns, key, strict=True)}
        repeated = tuple((*(scalar(value) for value in one[: len(key)]), int(one[len(key)])) for one in found)
        return self.outcome(
            broken is None, message, severity=broken, observed=float(bad), failing_rows=bad, evidence=evidence,
            sample=FailingRows((*self.columns, "rows"), repeated),
        )  # fmt: skip

    def _good(self, rows: int) -> CheckOutcome:
        return self.outcome(
            True, f"no two of {rows:,} rows have the same {self._title()}", observed=0.0, failing_rows=0
        )

    def _title(self) -> str:
        return self.columns[0] if len(self.columns) == 1 else f"({', '.join(self.columns)})"


def _keyed(keys: Sequence[str]) -> str:
    """The condition of rows that have a key."""
    return " OR ".join(f"{key} IS NOT NULL" for key in keys)


def unique(
    *columns: str,
    max_rate: float = 0.0,
    warn_above: Limit | None = None,
    error_above: Limit | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> Unique:
    """Declare that a column, or several together, are different in every row; counted exactly.

    A row whose columns are all null has no key and isn't compared; in a key of several columns null equals
    null.

    Parameters
    ----------
    columns: one or several, which make the key together.
    max_rate: the share of rows that may repeat the key of another, 0..1.
    warn_above, error_above: how many rows (a whole number), or which share of them (below 1), are too many, for each
    severity; instead of ``max_rate`` and ``severity``.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``unique(a, b)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, or a threshold that is none.

    Examples
    --------
    >>> unique("carrier", "flight", severity="warn").name
    'unique(carrier, flight)'
    """
    wanted = columns_of(columns, "unique")
    title = f"unique({', '.join(wanted)})"
    limits = thresholds(title, severity, warn_above, error_above, max_rate)
    return Unique(name=name_of(name, title), severity=limits.severity, columns=wanted, limits=limits)
