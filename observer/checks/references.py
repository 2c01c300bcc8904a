"""``references``: every key of a table is one of another asset's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from observer.checks.answers import of_rows
from observer.checks.base import CheckData, LookingCheck, columns_of, name_of
from observer.checks.bounds import Bounds, bounds
from observer.checks.sentence import shown
from observer.collectors.sql import identifier
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.model import AssetKey

_SHOWN = 10  # keys
_OTHER = "tidegate beside"


@dataclass(frozen=True, kw_only=True)
class References(LookingCheck):
    """Made by ``references``; ``observed`` and ``failing_rows`` count the rows whose key the other doesn't have."""

    columns: tuple[str, ...]
    other: AssetKey
    keys: tuple[str, ...]
    bounds: Bounds

    def shows(self) -> tuple[str, ...]:
        return self.columns

    def concerns(self) -> tuple[str, ...]:
        return self.columns

    def compares(self) -> tuple[AssetKey, ...]:
        return (self.other,)

    def run(self, data: CheckData) -> CheckOutcome:
        relation = data.table()
        for column in self.columns:
            relation.field(column)
        relation.beside(_OTHER, data.other(self.other))
        pairs = zip(self.columns, self.keys, strict=True)
        alike = " AND ".join(f"d.{identifier(column)} = o.{identifier(key)}" for column, key in pairs)
        own = ", ".join(f"d.{identifier(column)}" for column in self.columns)
        there = " AND ".join(f"d.{identifier(column)} IS NOT NULL" for column in self.columns)
        found = relation.query(
            f"SELECT {own}, count(*) AS n, sum(count(*)) OVER () FROM data d WHERE {there} "
            f"AND NOT EXISTS (SELECT 1 FROM {identifier(_OTHER)} o WHERE {alike}) "
            f"GROUP BY ALL ORDER BY n DESC, {own} LIMIT {_SHOWN}"
        )
        bad = int(found[0][-1]) if found else 0
        told = of_rows(self, (*self.columns, "rows"), [row[:-1] for row in found], bad, self.bounds, data.rows)
        if told.passed is None or not bad:
            return told if told.passed is None else self._good(data.rows or 0)
        title, key = _title(self.columns), _title([shown(value) for value in found[0][:-2]])
        more = self.bounds.rows_said()
        message = f"{bad:,} of {data.rows or 0:,} rows have a {title} that {self.other} doesn't have, for example {key}"
        return self.outcome(
            told.passed, message + more, severity=None if told.passed else told.severity, observed=float(bad),
            failing_rows=bad, sample=told.sample,
        )  # fmt: skip

    def _good(self, rows: int) -> CheckOutcome:
        message = f"{self.other} has every {_title(self.columns)} of {rows:,} rows" if rows else "no rows, so no keys"
        return self.outcome(True, message, observed=0.0, failing_rows=0)


def _title(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def references(
    columns: str | Sequence[str],
    other: object,
    keys: str | Sequence[str] | None = None,
    *,
    warn_above: float | None = None,
    error_above: float | None = None,
    severity: Severity | str = "error",
    name: str | None = None,
) -> References:
    """Declare that another asset has every key of a column, or of several together.

    It is compared with what readers see of the other when the version is judged, of the partition that belongs to the
    one at hand; where that is nothing, it is unknown. Rows in which a column of the key is null are passed over.

    Parameters
    ----------
    columns: the column, or several that make a key together.
    other: the other asset, or its key.
    keys: what these columns are called there; the same, if left out.
    warn_above, error_above: above how many rows (below 1: which share of all) it warns and fails. Left out, one is too
    many.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``references(a, other)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, not as many keys as columns, or ``other`` is no asset.

    Examples
    --------
    >>> references("carrier", "carriers", "code").name
    'references(carrier, carriers)'
    """
    wanted = columns_of([columns] if isinstance(columns, str) else list(columns), "references")
    key = asset_named(other, "references")
    title = f"references({', '.join(wanted)}, {key})"
    given = wanted if keys is None else columns_of([keys] if isinstance(keys, str) else list(keys), title)
    if len(given) != len(wanted):
        raise CheckError(
            f"{title}: {len(wanted)} columns and {len(given)} keys can't be compared; write as many of both"
        )
    limits = bounds(title, severity, None, None, warn_above, error_above)
    return References(
        name=name_of(name, title), severity=limits.severity, columns=wanted, other=key, keys=given, bounds=limits
    )  # fmt: skip


def asset_named(other: object, where: str) -> AssetKey:
    """The key of an asset that a check names; raises CheckError where it is none."""
    key = other if isinstance(other, str) else getattr(other, "key", None)
    if not isinstance(key, str) or not key:
        raise CheckError(f"{where}: {other!r} is no asset; write the asset or its key")
    return AssetKey(key)
