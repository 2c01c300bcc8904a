"""Rules of expectations about single values and rows: how many of them are unexpected."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from observer.checks.gx.arguments import Arguments
from observer.checks.gx.result import Result
from observer.checks.gx.rule import Bounds, Rule, column_of, ensure_frame, ensure_kind, mostly, whole
from observer.checks.values import bad_rows
from observer.collectors.dialect import where
from observer.collectors.field import Field
from observer.collectors.patterns import NotPlain, everywhere
from observer.collectors.relation import Relation
from orchestration.model import Scalar

_ALL_MISSING = "all_values_are_missing"
_BOTH_MISSING = "both_values_are_missing"
_PLAIN_TEXT = r"[\t\x20-\x7e]*"


class Nulls(Rule):
    """``unexpected`` are the nulls, or all others; ``mostly`` is a share of all rows."""

    takes = frozenset({"column", "mostly"})

    def __init__(self, *, are_unexpected: bool) -> None:
        self._are_unexpected = are_unexpected
        self._shown_alike = ("time",) if are_unexpected else ()  # of instants that are examples the texts differ

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        given.share()
        field = column_of(relation, given)
        ensure_kind(relation, field, "whole", "float", "text", "boolean", *self._shown_alike)
        return ["count(*)", f"count({field.sql})"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, present = map(whole, values)
        unexpected = rows - present if self._are_unexpected else present
        return Result(success=mostly(given, rows, unexpected), rows=rows, unexpected=unexpected)

    def failing(self, relation: Relation, given: Arguments) -> str:
        return f"{column_of(relation, given).sql} IS {'' if self._are_unexpected else 'NOT '}NULL"


class Values(Rule):
    """Each value by itself; nulls are no values, and ``mostly`` is a share of the values."""

    def __init__(self, *takes: str) -> None:
        self.takes = frozenset({"column", "mostly", *takes})

    @abstractmethod
    def failing(self, relation: Relation, given: Arguments) -> str: ...

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str | int]:
        given.share()
        unexpected = where(self.failing(relation, given))
        return ["count(*)", f"count({column_of(relation, given).sql})", f"count({unexpected})"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, present, unexpected = map(whole, values)
        return Result(success=mostly(given, present, unexpected), rows=rows, unexpected=unexpected)


class Between(Values):
    def failing(self, relation: Relation, given: Arguments) -> str:
        bounds, field = Bounds.of(given), column_of(relation, given)
        ensure_kind(relation, field, "whole", "float")
        return bounds.outside(field.sql, relation.dialect.literal)


class Lengths(Values):
    def failing(self, relation: Relation, given: Arguments) -> str:
        field = column_of(relation, given)
        ensure_kind(relation, field, "text")
        if (equal := given.whole("value")) is not None:
            return f"length({field.sql}) <> {equal}"
        return Bounds.of_whole_numbers(given).outside(f"length({field.sql})", relation.dialect.literal)


class Matches(Values):
    """A text has a part of a form, or has none; told where the frame's and DuckDB's regular expressions agree."""

    def __init__(self, *, is_accepted: bool) -> None:
        super().__init__("regex")
        self._is_accepted = is_accepted

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str | int]:
        ensure_frame(relation)
        given.share()
        field = column_of(relation, given)
        odd = f"NOT regexp_full_match({field.sql}, '{_PLAIN_TEXT}')"
        counts = [bad_rows(relation, field, one, is_dear=True) for one in (self.failing(relation, given), odd)]
        return ["count(*)", f"count({field.sql})", *counts]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        *told, odd = values
        if whole(odd):
            raise NotPlain("a text holds more than letters, digits and signs, of which sets of characters differ")
        return super().result(given, told)

    def failing(self, relation: Relation, given: Arguments) -> str:
        field = column_of(relation, given)
        ensure_kind(relation, field, "text")
        pattern = relation.dialect.literal(everywhere(given.text("regex")))
        return f"{'NOT ' if self._is_accepted else ''}regexp_matches({field.sql}, {pattern})"


class Set(Values):
    def __init__(self, *, is_accepted: bool) -> None:
        super().__init__("value_set")
        self._is_accepted = is_accepted

    def failing(self, relation: Relation, given: Arguments) -> str:
        values, field = given.values(), column_of(relation, given)
        if isinstance(values[0], str):
            ensure_kind(relation, field, "text")
        else:
            ensure_kind(relation, field, "whole", "float")
            if field.is_whole and not all(isinstance(one, int) for one in values):
                raise NotPlain("whole numbers are compared with others")
        known = ", ".join(map(relation.dialect.literal, values))
        return f"{field.sql} {'NOT IN' if self._is_accepted else 'IN'} ({known})"


class Unique(Rule):
    """Rows whose value, or values together, another row has too; all of them are unexpected."""

    def __init__(self, *takes: str) -> None:
        self.takes = frozenset({"mostly", *takes})

    def _fields(self, relation: Relation, given: Arguments) -> Sequence[Field]:
        if "column" in self.takes:
            fields = [column_of(relation, given)]
        else:
            ensure_frame(relation)
            fields = [column_of(relation, Arguments({"column": one})) for one in given.texts("column_list")]
        for field in fields:
            ensure_kind(relation, field, "distinct")
        return fields

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        given.share()
        if "ignore_row_if" in self.takes and given.text_or("ignore_row_if", _ALL_MISSING) != _ALL_MISSING:
            raise NotPlain("rows are left out otherwise")
        fields = self._fields(relation, given)
        keyed, keys = _keyed(fields), ", ".join(field.sql for field in fields)
        repeated = (
            f"SELECT sum(n) FROM (SELECT count(*) AS n FROM {relation.rows_of(*fields)} WHERE {keyed} GROUP BY {keys} "
            "HAVING count(*) > 1) g"
        )
        return ["count(*)", f"count({where(keyed)})", f"max(({repeated}))"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, present, unexpected = map(whole, values)
        return Result(success=mostly(given, present, unexpected), rows=rows, unexpected=unexpected)

    def failing(self, relation: Relation, given: Arguments) -> str:
        fields = self._fields(relation, given)
        keys = ", ".join(field.sql for field in fields)
        same = " AND ".join(f"r{i} IS NOT DISTINCT FROM {field.sql}" for i, field in enumerate(fields))
        named = ", ".join(f"{field.sql} AS r{i}" for i, field in enumerate(fields))
        groups = f"SELECT {named} FROM {relation.rows_of(*fields)} GROUP BY {keys} HAVING count(*) > 1"
        return f"({_keyed(fields)}) AND EXISTS (SELECT 1 FROM ({groups}) g WHERE {same})"


def _keyed(fields: Sequence[Field]) -> str:
    return " OR ".join(f"{field.sql} IS NOT NULL" for field in fields)


class Pair(Rule):
    """Two columns row by row; rows that have neither are left out."""

    def __init__(self, comparison: str, *takes: str) -> None:
        self.takes = frozenset({"column_A", "column_B", "ignore_row_if", "mostly", *takes})
        self._comparison = comparison

    def _fields(self, relation: Relation, given: Arguments) -> tuple[Field, Field]:
        ensure_frame(relation)
        if given.text_or("ignore_row_if", _BOTH_MISSING) != _BOTH_MISSING:
            raise NotPlain("rows are left out otherwise")
        first, second = column_of(relation, given, "column_A"), column_of(relation, given, "column_B")
        if first.name == second.name:
            raise NotPlain("both are one column")
        kinds = ("text",) if first.type == "VARCHAR" else ("whole", "float")
        ensure_kind(relation, first, *kinds)
        ensure_kind(relation, second, *kinds)
        return first, second

    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str]:
        given.share()
        first, second = self._fields(relation, given)
        alone = f"({first.sql} IS NULL) <> ({second.sql} IS NULL)"
        both = f"{first.sql} IS NOT NULL AND {second.sql} IS NOT NULL"
        unexpected = where(self.failing(relation, given))
        return ["count(*)", f"count({where(both)})", f"count({where(alone)})", f"count({unexpected})"]

    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        rows, both, alone, unexpected = map(whole, values)
        if alone:  # what a value beside none is depends on the frame's type
            raise NotPlain("some rows have one of the two values")
        return Result(success=mostly(given, both, unexpected), rows=rows, unexpected=unexpected)

    def failing(self, relation: Relation, given: Arguments) -> str:
        first, second = self._fields(relation, given)
        sign = self._comparison + ("=" if self._comparison == ">" and given.switch("or_equal") else "")
        return f"NOT ({first.sql} {sign} {second.sql})"
