"""What the query of a SQL asset says before it runs: whether it can be parsed, and which columns it reads."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.assets import Asset
from orchestration.errors import DefinitionError
from orchestration.model import AssetKey
from orchestration.query import references, render

if TYPE_CHECKING:
    from sqlglot.expressions import Query

DIALECTS: Mapping[str, str] = {
    "duckdb": "duckdb",
    "files": "duckdb",
    "iceberg": "duckdb",
    "memory": "duckdb",
    "postgres": "postgres",
    "snowflake": "snowflake",
    "sqlite": "sqlite",
}
"""kind of IO manager -> the SQL that its queries are written in."""

_REFERENCE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


@dataclass(frozen=True, slots=True, order=True)
class ColumnRead:
    """A column of an upstream asset."""

    asset: AssetKey
    column: str


def check_syntax(asset: Asset, dialect: str) -> None:
    """Raise DefinitionError, which says where, for a query that can't be parsed in ``dialect``.

    DuckDB's and SQLite's own parsers are in this process and decide; for the others sqlglot does.
    """
    text = _standing_alone(asset)
    engine = _ENGINES[dialect](text) if dialect in _ENGINES else None
    if engine == "":
        return
    where, near = _stops_at(text, dialect)
    if engine is None and where is None:
        return
    said = near or f": {engine}"
    raise DefinitionError(
        f"the SQL of {asset.key}{f' ({asset.where})' if asset.where else ''}{where or ''}: {dialect} can't parse it"
        f"{said}; nothing was run"
    )


def column_lineage(asset: Asset, dialect: str) -> dict[str, tuple[ColumnRead, ...] | None]:
    """Which upstream columns each column of a SQL asset is made from; None where the query alone doesn't say.

    It does not for ``*``, and for a column without its table where several are joined.
    """
    from sqlglot import exp, parse_one

    query = parse_one(_standing_alone(asset), dialect=dialect)
    if not isinstance(query, exp.Query):
        return {}
    return {name: _reads(name, query, dialect) for name in query.named_selects if name}


def _reads(name: str, query: Query, dialect: str) -> tuple[ColumnRead, ...] | None:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    if name == "*":
        return None
    try:
        leaves = [node for node in lineage(name, query, {}, dialect=dialect).walk() if not node.downstream]
    except (SqlglotError, ValueError):
        return None
    found = set()
    for leaf in leaves:
        if isinstance(leaf.expression, exp.Table):
            column = exp.to_column(leaf.name, dialect=dialect).name
            if column == "*":
                return None
            found.add(ColumnRead(AssetKey(leaf.expression.name), column))
        elif isinstance(leaf.expression, exp.Placeholder) or leaf.expression.find(exp.Column):
            return None  # a column whose table isn't said
    return tuple(sorted(found))


def _standing_alone(asset: Asset) -> str:
    """The query with a quoted name in place of each reference, as wide as it where that is possible."""
    assert asset.sql is not None
    text = _REFERENCE.sub(lambda found: f'"{found[1]}"'.ljust(len(found[0])), asset.sql)
    if not _TEMPLATE.search(text):
        return text
    return render(asset.sql, {name: f'"{name}"' for name in references(asset.key, asset.sql)})


def _stops_at(text: str, dialect: str) -> tuple[str | None, str]:
    """Where sqlglot stops, and at what; None where it takes the text."""
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        parse_one(text, dialect=dialect)
    except SqlglotError as error:
        first: dict[str, Any] = next(iter(getattr(error, "errors", ())), {})
        near = " ".join(str(first.get("highlight") or "").split())
        line, end = first.get("line"), first.get("col")
        where = f", line {line}" if line else ""
        if line and isinstance(end, int):
            where += f", column {max(1, end - len(near) + 1)}"
        return where, f" near {near!r}" if near else f": {str(error).splitlines()[0]}"
    return None, ""


def _duckdb_says(text: str) -> str:
    """What DuckDB's parser has against a text; empty where it takes it."""
    import duckdb

    try:
        duckdb.extract_statements(text)
    except duckdb.Error as error:
        return " ".join(str(error).split())
    return ""


def _sqlite_says(text: str) -> str:
    """What SQLite's parser has against a text: tables that aren't here are no matter."""
    with closing(sqlite3.connect(":memory:")) as engine:
        try:
            engine.execute(f"explain {text}")
        except sqlite3.Error as error:
            said = str(error)
            return said if any(sign in said for sign in ("syntax error", "incomplete input", "unrecognized")) else ""
    return ""


_ENGINES = {"duckdb": _duckdb_says, "sqlite": _sqlite_says}
