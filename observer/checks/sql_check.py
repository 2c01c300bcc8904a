"""``sql_check``: a query whose rows break the rule, or a number with bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from observer.checks.answers import of_number, of_rows
from observer.checks.base import CheckData, LookingCheck
from observer.checks.bounds import Bounds, bounds
from observer.collectors.sql import identifier, literal
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.errors import DefinitionError
from orchestration.model import AssetKey
from orchestration.query import references, render

DATA = "data"
_PARTITION = "$partition"
_SHOWN = 10  # rows


@dataclass(frozen=True, kw_only=True)
class SqlCheck(LookingCheck):
    """Made by ``sql_check``; ``observed`` is the number, or how many rows break it.

    Attributes
    ----------
    asset: the asset whose versions it looks at, where it was declared apart from it.
    sql: DuckDB's; ``{{ data }}`` and the asset's own name stand for the version at hand, other names for what readers
    see of other assets.
    """

    asset: AssetKey | None
    sql: str
    reads: tuple[AssetKey, ...]
    bounds: Bounds

    def compares(self) -> tuple[AssetKey, ...]:
        return tuple(key for key in self.reads if key not in (DATA, self.asset))

    def on(self, asset: AssetKey) -> SqlCheck:
        return replace(self, asset=asset)

    def run(self, data: CheckData) -> CheckOutcome:
        relation = data.table()
        names = {str(key): _name(key) for key in self.compares() if key != data.asset}
        for key, name in names.items():
            relation.beside(name, data.other(key))
        own = dict.fromkeys((DATA, str(data.asset)), identifier(DATA))
        sql = render(self.sql, {key: identifier(name) for key, name in names.items()} | own)
        if _PARTITION in sql:
            sql = sql.replace(_PARTITION, "NULL" if data.partition is None else literal(data.partition))
        if self.bounds.of_value:
            return self._number(relation.query(sql))
        names_given, some, bad = relation.few(sql, _SHOWN)
        return of_rows(self, names_given, some, bad, self.bounds, data.rows)

    def _number(self, rows: Sequence[Sequence[Any]]) -> CheckOutcome:
        if len(rows) != 1 or len(rows[0]) != 1:
            return self.outcome(
                None, f"{self.name} has bounds and gave {len(rows):,} rows; write a query that gives one number"
            )
        value = rows[0][0]
        if value is None:
            return self.outcome(None, f"{self.name} gave null, which is no number")
        try:
            return of_number(self, float(value), self.bounds)
        except (TypeError, ValueError):
            return self.outcome(None, f"{self.name} gave a {type(value).__name__}, which is no number")


def _name(key: str) -> str:
    """What another asset is called in the query: no column or table of the version's own begins so."""
    return f"tidegate beside {key}"


def sql_check(
    name: str,
    sql: str,
    *,
    asset: object = None,
    min_value: float | None = None,
    max_value: float | None = None,
    warn_above: float | None = None,
    error_above: float | None = None,
    severity: Severity | str = "error",
) -> SqlCheck:
    """Declare a query whose rows break a rule; or, with a bound, one that gives a number.

    It runs in DuckDB on the version that is being judged; what lies in another database is fetched for it.

    Parameters
    ----------
    name: what it is called; unique on its asset.
    sql: ``{{ data }}``, or the asset's own name in such braces, stands for the version; ``{{ other }}`` for what
    readers see of another asset, of the partition that belongs to the one at hand; ``$partition`` for its key.
    asset: the asset or its key, where the check isn't in its ``checks=[...]``.
    min_value, max_value: the bounds of the number, both included; with one of them the query gives one number.
    warn_above, error_above: above how many rows (below 1: which share of the version's) or which number it warns and
    fails. Left out, one row is too many.
    severity: ``error`` holds the version, ``warn`` tells people.

    Raises
    ------
    CheckError: no name, a query that can't be read, or a bound that can't be meant.

    Examples
    --------
    >>> sql_check("no_orphans", "select * from {{ flights }} anti join {{ carriers }} using (carrier)").compares()
    ('carriers', 'flights')
    """
    if not isinstance(name, str) or not name.strip():
        raise CheckError(f"a SQL check is called {name!r}; write a name such as 'no_orphans'")
    where = f"sql_check({name!r})"
    if not isinstance(sql, str) or not sql.strip():
        raise CheckError(f"{where}: sql is {sql!r}; write a query")
    key = asset if isinstance(asset, str) or asset is None else getattr(asset, "key", None)
    if asset is not None and (not isinstance(key, str) or not key):
        raise CheckError(f"{where}: asset is {asset!r}; write the asset or its key")
    try:
        read = references(name, sql)
    except DefinitionError as error:
        raise CheckError(f"{where}: {error}") from None
    limits = bounds(where, severity, min_value, max_value, warn_above, error_above)
    return SqlCheck(
        name=name, severity=limits.severity, asset=None if key is None else AssetKey(key), sql=sql,
        reads=tuple(AssetKey(one) for one in read), bounds=limits,
    )  # fmt: skip
