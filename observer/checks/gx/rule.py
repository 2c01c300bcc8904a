"""How one expectation is told from a scan: read this file and you can write a rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from observer.checks.gx.arguments import Arguments
from observer.checks.gx.result import Result
from observer.collectors.dialect import DUCKDB
from observer.collectors.field import Field
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from orchestration.model import Scalar

FLOAT = frozenset({"DOUBLE"})  # the library compares shorter ones with shortened bounds
TIME = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
ASKED = frozenset({"duckdb", "postgresql", "sqlite"})
"""Where the library would ask the same: of DuckDB's relations it sees a pandas frame, of the others the table."""


class Rule(ABC):
    """How one expectation is told from a scan."""

    takes: frozenset[str]
    """The names of its arguments: with any other the library is asked."""

    @abstractmethod
    def expressions(self, relation: Relation, given: Arguments) -> Sequence[str | int]:
        """Return the aggregates that it needs; raises NotPlain where the library has to be asked."""

    @abstractmethod
    def result(self, given: Arguments, values: Sequence[Scalar]) -> Result:
        """Return what the library would give; raises NotPlain where the values don't tell that for certain."""

    def failing(self, relation: Relation, given: Arguments) -> str | None:
        """Return the condition of the rows that are unexpected; None where no single row is."""
        return None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What lies between ``min_value`` and ``max_value``, as every expectation of the library spells it."""

    low: int | float | None
    high: int | float | None
    is_above: bool = False
    is_below: bool = False

    names: ClassVar[frozenset[str]] = frozenset({"min_value", "max_value", "strict_min", "strict_max"})

    @classmethod
    def of(cls, given: Arguments) -> Bounds:
        low, high = given.number("min_value"), given.number("max_value")
        if low is None and high is None:
            raise NotPlain("there is no bound")
        if low is not None and high is not None and low > high:
            raise NotPlain("the bounds are upside down")
        return cls(low, high, given.switch("strict_min"), given.switch("strict_max"))

    @classmethod
    def of_whole_numbers(cls, given: Arguments) -> Bounds:
        """The same where only whole numbers will do."""
        given.whole("min_value"), given.whole("max_value")
        return cls.of(given)

    @classmethod
    def of_count(cls, given: Arguments) -> Bounds:
        """The same of a number of rows or columns, which may also be one ``value``."""
        equal = given.whole("value")
        return cls.of_whole_numbers(given) if equal is None else cls(equal, equal)

    def outside(self, expression: str, literal: Callable[[object], str]) -> str:
        """The condition of values that don't lie between them."""
        sides = []
        if self.low is not None:
            sides.append(f"{expression} {'<=' if self.is_above else '<'} {literal(self.low)}")
        if self.high is not None:
            sides.append(f"{expression} {'>=' if self.is_below else '>'} {literal(self.high)}")
        return " OR ".join(sides)

    def holds(self, value: float) -> bool:
        above = self.low is None or (value > self.low if self.is_above else value >= self.low)
        return above and (self.high is None or (value < self.high if self.is_below else value <= self.high))


def column_of(relation: Relation, given: Arguments, name: str = "column") -> Field:
    """The column that an expectation is about; NotPlain where only the library can look into it."""
    wanted, engine = given.text(name), relation.dialect.name
    if engine not in ASKED:
        raise NotPlain(f"{engine} is not asked")
    if any(one.name == wanted for one in relation.unreadable):
        raise NotPlain(f"{wanted} can't be looked into here")
    field = relation.exact(wanted)
    # Of a table in a database the library sees NaN as the number that it is there.
    return field.bare if field.type in FLOAT and engine == "postgresql" else field


def ensure_kind(relation: Relation, field: Field, *kinds: str) -> None:
    """Refuse a column of another kind than what the library and the engine compare alike.

    "distinct" are the kinds whose equal values are counted as one by both.
    """
    is_frame = relation.dialect is DUCKDB
    is_float, is_boolean = field.type in FLOAT, field.type == "BOOLEAN" and is_frame
    held = {
        "whole": field.is_whole,
        "float": is_float,
        "text": field.type == "VARCHAR",
        "boolean": is_boolean,
        "time": field.type in TIME and is_frame,
        "distinct": field.is_whole or field.type == "VARCHAR" or is_boolean or (is_float and is_frame),
    }
    if not any(held[kind] for kind in kinds):
        raise NotPlain(f"{field.name} is {field.type.lower()}")


def ensure_frame(relation: Relation) -> None:
    if relation.dialect is not DUCKDB:
        raise NotPlain("the library asks a database something else")


def whole(value: Scalar) -> int:
    return int(value or 0)


def mostly(given: Arguments, of: int, unexpected: int) -> bool:
    return of == 0 or (float(of) - float(unexpected)) / float(of) >= given.share()
