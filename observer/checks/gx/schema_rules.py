"""Rules of expectations about the columns that there are: no row is looked at."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence

from observer.checks.gx.arguments import Arguments
from observer.checks.gx.result import Result
from observer.checks.gx.rule import Bounds, Rule, ensure_frame
from observer.collectors.relation import Relation
from orchestration.model import Scalar


class _OfColumns(Rule):
    """What the names of the columns say; they go through the scan as a constant, and cost nothing."""

    @abstractmethod
    def of_names(self, given: Arguments, names: Sequence[str]) -> Result: ...

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        ensure_frame(relation)
        self.of_names(given, ())  # whether the arguments are plain
        names = relation.dialect.literal(json.dumps([column.name for column in relation.schema.columns]))
        return [f"coalesce(max({names}), {names})"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        return self.of_names(given, json.loads(str(values[0])))


class Exists(_OfColumns):
    """A column is there, at its place where that is said."""

    takes = frozenset({"column", "column_index"})

    def of_names(self, given: Arguments, names: Sequence[str]) -> Result:
        name, at = given.text("column"), given.whole("column_index")
        if not at:  # the library takes the first place for none
            return Result(success=name in names)
        return Result(success=-len(names) <= at < len(names) and names[at] == name)


class ColumnCount(_OfColumns):
    """How many columns there are: between bounds, or a number."""

    def __init__(self, *takes: str) -> None:
        self.takes = frozenset(takes)

    def of_names(self, given: Arguments, names: Sequence[str]) -> Result:
        return Result(success=Bounds.of_count(given).holds(len(names)), observed=len(names))


class SameColumns(_OfColumns):
    """The columns are a set."""

    takes = frozenset({"column_set", "exact_match"})

    def of_names(self, given: Arguments, names: Sequence[str]) -> Result:
        wanted, there = set(given.texts("column_set")), set(names)
        success = wanted == there or (not given.switch("exact_match", default=True) and wanted <= there)
        return Result(success=success, observed=sorted(there))


class OrderedColumns(_OfColumns):
    """The columns are a list."""

    takes = frozenset({"column_list"})

    def of_names(self, given: Arguments, names: Sequence[str]) -> Result:
        return Result(success=list(given.texts("column_list")) == list(names), observed=list(names))
