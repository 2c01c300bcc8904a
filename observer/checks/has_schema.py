"""``has_schema``: a table has the columns that it should, of the types that they should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from observer.checks.base import CheckData, LookingCheck, columns_of, name_of
from observer.checks.thresholds import severity_of
from observer.collectors.field import Field
from observer.errors import CheckError
from observer.metrics import ColumnKind
from observer.model import CheckOutcome, Severity

_ANY = "any"


@dataclass(frozen=True, kw_only=True)
class HasSchema(LookingCheck):
    """Made by ``has_schema``; ``observed`` counts what differs. It asks the data for nothing but its columns."""

    columns: tuple[tuple[str, str], ...]
    exact: bool
    ordered: bool

    def shows(self) -> tuple[str, ...]:
        return ()

    def run(self, data: CheckData) -> CheckOutcome:
        there = {column.name: column.type for column in data.where_it_lies().schema.columns}
        wanted = dict(self.columns)
        missing = [name for name in wanted if name not in there]
        other = [name for name, kind in wanted.items() if name in there and not _is(there[name], kind)]
        more = [name for name in there if name not in wanted] if self.exact else []
        order = [name for name in there if name in wanted]
        moved = self.ordered and not missing and order != list(wanted)
        said = [f"there is no {', '.join(missing)}"] if missing else []
        said += [f"{name} is {there[name]}, not {wanted[name]}" for name in other]
        said += [f"{', '.join(more)} should not be there"] if more else []
        said += [f"the order is {', '.join(order)}"] if moved else []
        faults = (*missing, *other, *more)
        told = self.outcome(
            not said,
            "; ".join(said) or f"the {len(wanted)} columns are as they should be",
            observed=float(len(faults) + moved),
        )
        return replace(told, columns=() if moved else faults)


def _is(type_: str, wanted: str) -> bool:
    if wanted in (_ANY, type_):
        return True
    return Field("", "", type_.upper()).kind.value == wanted


def has_schema(
    columns: Mapping[str, str] | Iterable[str],
    *,
    exact: bool = False,
    ordered: bool = False,
    severity: Severity | str = "error",
    name: str | None = None,
) -> HasSchema:
    """Declare the columns of a table; unlike the monitor ``schema`` it compares with what you say, not with before.

    Parameters
    ----------
    columns: by name, the type: one of DuckDB's in lower case ("bigint", "varchar"), or "number", "text", "boolean",
    "time" or "any". A list of names takes any types.
    exact: whether no other column may be there.
    ordered: whether they must come in this order; others may stand between.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``has_schema``, isn't unique on the asset.

    Raises
    ------
    CheckError: no column, or a type that is no text.

    Examples
    --------
    >>> has_schema({"carrier": "text", "flight": "bigint"}, exact=True).name
    'has_schema'
    """
    names = [columns] if isinstance(columns, str) else columns
    given = columns if isinstance(columns, Mapping) else dict.fromkeys(names, _ANY)
    wanted = columns_of(list(given), "has_schema")
    for column in wanted:
        if not isinstance(given[column], str) or not given[column].strip():
            kinds = ", ".join(kind.value for kind in ColumnKind)
            raise CheckError(f"has_schema: the type of {column} is {given[column]!r}; write 'bigint' or one of {kinds}")
    return HasSchema(
        name=name_of(name, "has_schema"), severity=severity_of(severity, "has_schema"), exact=exact, ordered=ordered,
        columns=tuple((column, given[column].strip().lower()) for column in wanted),
    )  # fmt: skip
