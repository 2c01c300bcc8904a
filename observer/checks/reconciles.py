"""``reconciles``: a table agrees with another asset in its rows, sums and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observer.checks.base import CheckData, LookingCheck, columns_of, name_of
from observer.checks.references import asset_named
from observer.checks.sentence import shown
from observer.checks.thresholds import severity_of
from observer.collectors.relation import Relation
from observer.collectors.sql import identifier
from observer.errors import CheckError
from observer.model import CheckOutcome, FailingRows, Severity
from orchestration.model import AssetKey, Scalar

_SHOWN = 10  # keys
_OTHER = "tidegate beside"


@dataclass(frozen=True, kw_only=True)
class Reconciles(LookingCheck):
    """Made by ``reconciles``; ``observed`` is the largest difference as a share of the other's number."""

    other: AssetKey
    rows: bool
    sums: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    tolerance: float

    def shows(self) -> tuple[str, ...]:
        return tuple(own for own, _ in (*self.sums, *self.keys))

    def compares(self) -> tuple[AssetKey, ...]:
        return (self.other,)

    def run(self, data: CheckData) -> CheckOutcome:
        relation = data.table()
        for column in self.shows():
            relation.field(column)
        relation.beside(_OTHER, data.other(self.other))
        pairs = self._pairs(relation)
        said = [_said(what, own, other) for what, own, other in pairs if _apart(own, other) > self.tolerance]
        lost, sample = self._lost(relation) if self.keys else ([], None)
        evidence: dict[str, Scalar] = {}
        for what, own, other in pairs:
            evidence |= {what: own, f"{what} of {self.other}": other}
        agree = ", ".join([what for what, _, _ in pairs] + (["keys"] if self.keys else []))
        message = "; ".join([*said, *lost]) or f"{agree} agree with {self.other}"
        apart = max((_apart(own, other) for _, own, other in pairs), default=0.0)
        return self.outcome(not (said or lost), message, observed=apart, evidence=evidence, sample=sample)

    def _pairs(self, relation: Relation) -> list[tuple[str, float, float]]:
        own = ["count(*)", *(f"coalesce(sum({identifier(column)}), 0)" for column, _ in self.sums)]
        other = ["count(*)", *(f"coalesce(sum({identifier(column)}), 0)" for _, column in self.sums)]
        (here,) = relation.query(f"SELECT {', '.join(own)} FROM data")
        (there,) = relation.query(f"SELECT {', '.join(other)} FROM {identifier(_OTHER)}")
        names = ["rows", *(f"the sum of {column}" for column, _ in self.sums)]
        found = [(name, float(a), float(b)) for name, a, b in zip(names, here, there, strict=True)]
        return found if self.rows else found[1:]

    def _lost(self, relation: Relation) -> tuple[list[str], FailingRows | None]:
        """The keys that only one of both has, in words and some of them."""
        own, others = ([identifier(pair[side]) for pair in self.keys] for side in (0, 1))
        names = [f"k{n}" for n in range(len(own))]
        here = f"SELECT {', '.join(f'{c} AS {n}' for c, n in zip(own, names, strict=True))} FROM data"
        across = ", ".join(f"{c} AS {n}" for c, n in zip(others, names, strict=True))
        there = f"SELECT {across} FROM {identifier(_OTHER)}"
        said, rows = [], []
        for where, first, second in (("here", here, there), (self.other, there, here)):
            found = relation.query(
                f"SELECT *, count(*) OVER () FROM ({first} EXCEPT {second}) x "
                f"ORDER BY {', '.join(names)} LIMIT {_SHOWN}"
            )
            if found:
                key = ", ".join(shown(value) for value in found[0][:-1])
                said.append(f"{int(found[0][-1]):,} keys are only in {where}, for example {key}")
                rows += [(*map(_plain, row[:-1]), str(where)) for row in found]
        columns = (*(name for name, _ in self.keys), "only in")
        return said, FailingRows(columns, tuple(rows[:_SHOWN])) if rows else None


def _plain(value: object) -> Scalar:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _apart(own: float, other: float) -> float:
    """The difference as a share of the other's number."""
    if own == other:
        return 0.0
    return abs(own - other) / abs(other) if other else float("inf")


def _said(what: str, own: float, other: float) -> str:
    verb = "are" if what == "rows" else "is"
    return f"{what} {verb} {own:,.12g} here and {other:,.12g} there"


def reconciles(
    other: object,
    *,
    rows: bool = True,
    sums: Mapping[str, str] | Sequence[str] = (),
    keys: Mapping[str, str] | Sequence[str] = (),
    tolerance: float = 0.0,
    severity: Severity | str = "error",
    name: str | None = None,
) -> Reconciles:
    """Declare that a table agrees with another asset: in how many rows there are, in sums, in keys.

    It is compared with what readers see of the other when the version is judged, of the partition that belongs to the
    one at hand; where that is nothing, it is unknown. Null adds nothing to a sum, and is a key like any other.

    Parameters
    ----------
    other: the other asset, or its key.
    rows: whether both have as many rows.
    sums: columns whose sums agree; where they are called otherwise there, a mapping of names here to names there.
    keys: columns that together make keys which both have, all of them; as ``sums``.
    tolerance: how far rows and sums may lie apart, as a share of the other's: 0.01.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``reconciles(other)``, isn't unique on the asset.

    Raises
    ------
    CheckError: nothing to compare, ``other`` is no asset, or ``tolerance`` is no share.

    Examples
    --------
    >>> reconciles("flights_raw", sums=["distance"], keys={"id": "flight_id"}, tolerance=0.001).name
    'reconciles(flights_raw)'
    """
    key = asset_named(other, "reconciles")
    title = f"reconciles({key})"
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < 1:
        raise CheckError(f"{title}: tolerance is {tolerance!r}; write a share from 0 to below 1, such as 0.01")
    summed, keyed = _pairs_of(sums, title), _pairs_of(keys, title)
    if not (rows or summed or keyed):
        raise CheckError(f"{title} compares nothing; write rows=True, sums=[...] or keys=[...]")
    return Reconciles(
        name=name_of(name, title), severity=severity_of(severity, title), other=key, rows=rows, sums=summed, keys=keyed,
        tolerance=float(tolerance),
    )  # fmt: skip


def _pairs_of(given: Mapping[str, str] | Sequence[str], where: str) -> tuple[tuple[str, str], ...]:
    if not given:
        return ()
    names = [given] if isinstance(given, str) else given
    named = given if isinstance(given, Mapping) else {column: column for column in names}
    columns_of(list(named), where)
    columns_of(list(named.values()), where)
    return tuple(named.items())
