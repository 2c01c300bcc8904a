"""A user's aggregate: parsed once, its columns spelled as a relation calls them, in the words of its engine."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from observer.collectors.relation import Relation
from observer.errors import CheckError

_WRITTEN_IN = "duckdb"
_NAMES = {"postgresql": "postgres"}


@lru_cache(maxsize=512)
def parsed(sql: str, where: str) -> exp.Expression:
    """One aggregate expression; raises CheckError where it is something else."""
    try:
        found = [one for one in parse(f"SELECT {sql}", dialect=_WRITTEN_IN) if one is not None]
    except SqlglotError as error:
        raise CheckError(f"{where}: sql={sql!r} can't be read: {str(error).splitlines()[0]}") from None
    if len(found) != 1 or not isinstance(found[0], exp.Select) or set(_clauses(found[0])) - {"expressions"}:
        raise CheckError(f"{where}: sql={sql!r} is more than an expression; write an aggregate such as 'sum(amount)'")
    if len(found[0].expressions) != 1:
        raise CheckError(f"{where}: sql={sql!r} has several expressions; write a metric for each")
    expression: exp.Expression = found[0].expressions[0].unalias()
    if expression.find(exp.Query, exp.Window) is not None:
        raise CheckError(f"{where}: sql={sql!r} holds a query or a window; write an aggregate over the columns")
    loose = [column for column in expression.find_all(exp.Column, exp.Star) if not _is_in_aggregate(column)]
    if loose or expression.find(exp.AggFunc, exp.Anonymous) is None:
        raise CheckError(f"{where}: sql={sql!r} gives a value for each row; write an aggregate such as 'sum(amount)'")
    return expression


_OF_ALL = (
    exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Variance, exp.VariancePop, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.LogicalAnd, exp.LogicalOr,
)  # fmt: skip
"""Aggregates whose result is no value of a row: what any other gives is taken for one."""


def shown(sql: str, where: str) -> frozenset[str]:
    """The columns, in lower case, of which an aggregate may give a value; ``"*"`` stands for all.

    >>> sorted(shown("max(pay) - avg(bonus)", "here")), shown("max(length(name))", "here")
    (['pay'], frozenset())
    """
    found = set()
    for column in parsed(sql, where).find_all(exp.Column, exp.Star):
        inside = column.find_ancestor(exp.AggFunc, exp.Anonymous, exp.Filter, exp.Length)
        if not isinstance(inside, (*_OF_ALL, exp.Filter, exp.Length)):
            found.add("*" if isinstance(column, exp.Star) else column.name.lower())
    return frozenset(found)


def _clauses(select: exp.Select) -> list[str]:
    return [name for name, value in select.args.items() if value]


def _is_in_aggregate(node: exp.Expression) -> bool:
    return node.find_ancestor(exp.AggFunc, exp.Anonymous, exp.Filter) is not None


def spelled(sql: str, relation: Relation, where: str) -> str:
    """The aggregate as the relation's engine takes it.

    Raises
    ------
    LookupError
        The relation has no such column, or it can't be looked into.
    CheckError
        The engine's SQL has no words for it.
    """
    expression = parsed(sql, where).copy()
    for column in list(expression.find_all(exp.Column)):
        alias = exp.column(relation.field(_name(column, relation)).sql)
        if column is expression:
            expression = alias
        else:
            column.replace(alias)
    name = relation.dialect.name
    try:
        return expression.sql(dialect=_NAMES.get(name, name))
    except SqlglotError as error:
        raise CheckError(f"{where}: {str(error).splitlines()[0]}") from None


def _name(column: exp.Column, relation: Relation) -> str:
    """The column's name as the data has it: an unquoted one fits in any case, as in DuckDB."""
    known = [each.name for each in relation.schema.columns]
    if column.name in known or column.this.args.get("quoted"):
        return column.name
    return next((name for name in known if name.lower() == column.name.lower()), column.name)
