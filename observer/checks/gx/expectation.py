"""``expect``: an expectation of Great Expectations, told from the scan or by the library itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from observer.checks.base import CheckData, FusedCheck, LookingCheck, columns_of, name_of
from observer.checks.gx.arguments import Arguments
from observer.checks.gx.declared import Declared, columns_of_data, of_name, of_object
from observer.checks.gx.request import Ask
from observer.checks.gx.result import EXAMPLES, of_library, outcome_of, sample_of
from observer.checks.gx.rule import Rule
from observer.checks.gx.rules import RULES
from observer.checks.gx.worker import ask
from observer.checks.thresholds import severity_of
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from observer.collectors.scan import scalar
from observer.errors import CheckError, ExpectationError, UnknownName
from observer.model import CheckOutcome, FailingRows, Severity, Way
from orchestration.model import Scalar

_OF_NAMES = "ExpectColumnToExist"
_OF_COLUMNS = ("ExpectColumn", "ExpectCompoundColumns", "ExpectMulticolumn", "ExpectSelectColumn")


@dataclass(frozen=True, kw_only=True)
class ExpectationCheck(FusedCheck, LookingCheck):
    """Made by ``expect`` and ``expectations``; ``observed`` is the observed value, or the share of unexpected values.

    It is told from the collector's scan where ``RULES`` promise that the library would say the same of such a column,
    and else by the library, in a process of its own.
    """

    is_portable: ClassVar[bool] = True
    way: ClassVar[Way] = Way.LIBRARY

    expectation: str
    arguments: tuple[tuple[str, object], ...]
    module: str | None = None
    keys: tuple[str, ...] = ()
    note: str = ""

    def concerns(self) -> tuple[str, ...]:
        return columns_of_data(self.expectation, dict(self.arguments))

    def shows(self) -> tuple[str, ...] | None:
        if self.module is not None or "row_condition" in dict(self.arguments):
            return None  # what its exceptions quote
        if self.expectation.startswith("ExpectTable"):
            return ()
        return (*self.concerns(), *self.keys) if self.expectation.startswith(_OF_COLUMNS) else None

    def expressions(self, relation: Relation) -> Sequence[str | int]:
        return self._rule().expressions(relation, self._given())

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        return outcome_of(self, self._rule().result(self._given(), values), self.note)

    def closer(self, relation: Relation, values: Sequence[Scalar], outcome: CheckOutcome) -> CheckOutcome:
        rule, given = self._rule(), self._given()
        condition = rule.failing(relation, given)
        if condition is None:
            return outcome
        fields = [relation.field(name) for name in (*self.concerns(), *self.keys)]
        rows = relation.select([relation.shown(field) for field in fields], f"WHERE {condition} LIMIT {EXAMPLES}")
        plain = [tuple(scalar(value) for value in row) for row in rows]
        wide = len(self.concerns())
        examples = tuple(row[0] if wide == 1 else row[:wide] for row in plain)
        told = outcome_of(self, replace(rule.result(given, values), examples=examples), self.note)
        if not self.keys:
            return told
        return replace(told, sample=FailingRows((*self.concerns(), *self.keys), tuple(plain)))

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str | None:
        return self._rule().failing(relation, self._given())

    def run(self, data: CheckData) -> CheckOutcome:
        there = [column.name for column in data.where_it_lies().schema.columns]
        wanted = () if self.expectation == _OF_NAMES else self.concerns()
        for column in (*wanted, *self.keys):
            if column not in there:
                raise UnknownName("column", column, there)
        try:
            answer = ask(data, self._question)
        except ExpectationError as error:
            return self.outcome(None, f"{self.name} could not be evaluated: {error}")
        found = of_library(answer)
        if found.rows is None and found.unexpected is None and self.expectation != _OF_NAMES:
            found = replace(found, rows=data.where_it_lies().rows)
        told = outcome_of(self, found, self.note)
        return replace(told, sample=sample_of(answer, (*self.concerns(), *self.keys))) if self.keys else told

    def _question(self, data: int) -> Ask:
        return Ask(
            data=data, expectation=self.expectation, arguments=dict(self.arguments), module=self.module,
            keys=self.keys, examples=EXAMPLES,
        )  # fmt: skip

    def _rule(self) -> Rule:
        rule = None if self.module is not None else RULES.get(self.expectation)
        if rule is None:
            raise NotPlain(f"{self.expectation} is for the library")
        return rule

    def _given(self) -> Arguments:
        given = Arguments(dict(self.arguments))
        given.ensure_only(self._rule().takes)
        return given


def expect(
    expectation: object,
    *,
    severity: Severity | str | None = None,
    name: str | None = None,
    keys: Sequence[str] = (),
    **arguments: object,
) -> ExpectationCheck:
    """Declare an expectation of Great Expectations; the library is never loaded into this process.

    Where the collector's scan tells exactly the same, it is told from the scan, at next to no cost; else the library
    is asked in a process of its own, which stays for the next one. An exception in the library is unknown, never a
    failure. On a table without rows the library decides; what it then can't observe (a mean, a maximum) is unknown.

    Parameters
    ----------
    expectation: the name of the class, such as "ExpectColumnValuesToBeBetween", or an expectation object of the
    library's or your own. An object has its arguments, and a severity.
    severity: ``error`` holds the version, ``warn`` tells people. Left out, an object's own: "critical" is ``error``,
    "warning" and "info" are ``warn``.
    name: where the default, ``Expect...(column)``, isn't unique on the asset.
    keys: columns that say which rows are unexpected; left out, those of the object's ``unexpected_index_column_names``.
    arguments: the expectation's own, such as ``column=`` and ``mostly=``; also ``notes=`` and ``description=``.

    Raises
    ------
    CheckError: it is no expectation, or an object is given arguments.
    UnknownName: the library has no expectation of the name; says the nearest ones.

    Examples
    --------
    >>> expect("ExpectColumnValuesToBeBetween", column="sched_dep_time", min_value=0, max_value=2400).name
    'ExpectColumnValuesToBeBetween(sched_dep_time)'
    """
    if isinstance(expectation, str):
        return made(of_name(expectation, arguments), severity=severity, name=name, keys=keys)
    if arguments:
        raise CheckError(
            f"expect({type(expectation).__name__}(...)) has arguments of its own; write {', '.join(arguments)} there"
        )
    return made(of_object(expectation), severity=severity, name=name, keys=keys)


def made(
    declared: Declared, *, severity: Severity | str | None, name: str | None, keys: Sequence[str] = ()
) -> ExpectationCheck:
    """The check of what was declared."""
    return ExpectationCheck(
        name=name_of(name, declared.title),
        severity=declared.severity if severity is None else severity_of(severity, declared.title),
        expectation=declared.expectation,
        arguments=tuple(declared.arguments.items()),
        module=declared.module,
        keys=columns_of(keys, "keys") if keys else declared.keys,
        note=declared.note,
    )
