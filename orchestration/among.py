"""Questions about many names at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Select, Text, bindparam, column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Names(TypeDecorator[Sequence[str]]):
    """Names as one value: an array where there are any, elsewhere as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class _Each(FunctionElement[str]):
    inherit_cache = True
    type = Text()

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(bindparam(None, list(names), type_=_Names(), unique=True))


def each_of(names: Sequence[str], label: str) -> Select[tuple[str]]:
    """A row of each name, in a statement that is always the same; its column is called ``label``."""
    return select(_Each(names).table_valued(column("value", Text), name="value").c.value.label(label))


class Among(FunctionElement[bool]):
    """Whether a column's text is one of the names that a parameter gives, in a statement that is always the same.

    ``in_`` makes another one for each number of names, which takes longer than the answer.

    Parameters
    ----------
    column: of text.
    name: the parameter's, whose value is a sequence of texts.
    """

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=_Names()))

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it is: SQLAlchemy would write ``= 1`` after it, and SQLite then reads the whole table for it."""
        return self


@compiles(_Each, "sqlite")
def _each_json(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_array(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)})"  # its column is called as the alias


@compiles(Among, "sqlite")
def _among_json(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, names = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({names}))"


@compiles(Among, "postgresql")
def _among_array(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, names = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({names})"
