"""``unique``: no two rows have the same key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from observer.checks.base import CheckData, LookingCheck, columns_of, name_of, severity_of
from observer.checks.sentence import shown
from observer.collectors.dialect import NotPlain, as_text
from observer.collectors.relation import Field, Relation
from observer.metrics import ColumnKind
from observer.model import CheckOutcome, Severity
from orchestration.model import Scalar


@dataclass(frozen=True, kw_only=True)
class Unique(LookingCheck):
    """Made by ``unique``; ``observed`` and ``failing_rows`` count rows that repeat the key of another."""

    columns: tuple[str, ...]

    def shows(self) -> tuple[str, ...]:
        return self.columns

    def run(self, data: CheckData) -> CheckOutcome:
        relation, fields = _comparable(data, self.columns)
        keys = ", ".join(field.sql for field in fields)
        keyed = " OR ".join(f"{field.sql} IS NOT NULL" for field in fields)
        example = [_readable(field) for field in fields]
        found = relation.select(
            [*example, "count(*)", "count(*) OVER ()", "sum(count(*) - 1) OVER ()"],
            f"WHERE {keyed} GROUP BY {keys} HAVING count(*) > 1 ORDER BY count(*) DESC, {keys} LIMIT 1",
        )
        rows = relation.rows
        title = self.columns[0] if len(self.columns) == 1 else f"({', '.join(self.columns)})"
        if not found:
            message = f"no two of {rows:,} rows have the same {title}" if rows else "no rows, so none repeats another"
            return self.outcome(True, message, observed=0.0, failing_rows=0)
        *key, copies, keys_repeated, surplus = found[0]
        count = int(surplus)
        text = ", ".join(shown(value) for value in key)
        message = f"{count:,} of {rows:,} rows repeat {title}, for example {f'({text})' if len(key) > 1 else text}"
        evidence: dict[str, Scalar] = {
            "repeated keys": int(keys_repeated),
            "rows of the example": int(copies),
        }
        evidence |= {f"example {column}": value for column, value in zip(self.columns, key, strict=True)}
        return self.outcome(False, message, observed=float(count), failing_rows=count, evidence=evidence)


def _comparable(data: CheckData, columns: Sequence[str]) -> tuple[Relation, list[Field]]:
    """Where the columns can be compared exactly: in the database that the data lies in, or here."""
    relation = data.where_it_lies()
    try:
        return relation, [relation.exact(column) for column in columns]
    except NotPlain:
        relation = relation.fetched()
        return relation, [relation.field(column) for column in columns]


def _readable(field: Field) -> str:
    plain = field.kind in (ColumnKind.NUMBER, ColumnKind.BOOLEAN)
    return field.sql if plain and not field.type.startswith("DECIMAL") else as_text(field.sql)


def unique(*columns: str, severity: Severity | str = "error", name: str | None = None) -> Unique:
    """Declare that a column, or several together, are different in every row; counted exactly.

    A row whose columns are all null has no key and isn't compared; in a key of several columns null equals
    null.

    Parameters
    ----------
    columns: one or several, which make the key together.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``unique(a, b)``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column.

    Examples
    --------
    >>> unique("carrier", "flight", severity="warn").name
    'unique(carrier, flight)'
    """
    wanted = columns_of(columns, "unique")
    title = f"unique({', '.join(wanted)})"
    return Unique(name=name_of(name, title), severity=severity_of(severity, title), columns=wanted)
