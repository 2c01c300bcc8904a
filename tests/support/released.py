"""The schemas that were released, each with rows in every table, and what the code of then says to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from observer.backups.rows import OF_THE_SCHEMA
from observer.store import schema
from orchestration.database import writing
from orchestration.tables import metadata

ROWS = 3


def revisions() -> Sequence[str]:
    """Every released one, the first first."""
    with schema.scripts() as folder:
        return [script.revision for script in ScriptDirectory(folder).walk_revisions()][::-1]


def bring_to(engine: Engine, revision: str) -> None:
    """Upgrade to a revision, which may be earlier than the newest."""
    with writing(engine) as connection, schema.scripts() as folder:
        command.upgrade(schema.configuration(folder, connection), revision)


def spoken(connection: Connection) -> dict[str, Table]:
    """The tables as the code of this revision knows them, those that others refer to first."""
    found, known = inspect(connection), MetaData()
    there = set(metadata.tables) - OF_THE_SCHEMA
    order = [name for name, _ in found.get_sorted_table_and_fkc_names() if name in there]
    return {name: _as_it_is(found.get_columns(name), found.get_pk_constraint(name), name, known) for name in order}


def _as_it_is(columns: Sequence[Any], key: Any, name: str, known: MetaData) -> Table:
    return Table(name, known, *(_column(each, each["name"] in key["constrained_columns"]) for each in columns))


def _column(said: Any, is_key: bool) -> Column[Any]:
    default = None if said["default"] is None else text(str(said["default"]))
    return Column(
        said["name"], said["type"], nullable=said["nullable"], primary_key=is_key, autoincrement=False,
        server_default=default,
    )  # fmt: skip


def fill(connection: Connection, tables: Mapping[str, Table], first: int = 1) -> None:
    """Some rows in every table, every column of them said, as by an INSERT of the code of then."""
    for table in tables.values():
        rows = [{each.name: _value(table, each, number) for each in table.c} for number in range(first, first + ROWS)]
        connection.execute(insert(table), rows)


def fill_least(connection: Connection, tables: Mapping[str, Table], first: int) -> None:
    """A row in every table, of which no more is said than has to be."""
    for table in tables.values():
        needed = [each for each in table.c if each.primary_key or (not each.nullable and each.server_default is None)]
        connection.execute(insert(table), [{each.name: _value(table, each, first) for each in needed}])


def contents(connection: Connection, tables: Mapping[str, Table]) -> Mapping[str, list[tuple[Any, ...]]]:
    """Everything, by the names that the code of then uses."""
    return {
        name: sorted(tuple(map(repr, row)) for row in connection.execute(select(*table.c)))
        for name, table in tables.items()
    }


_WORDS = {
    ("incident_turns", "kind"): "opened",
    ("events", "kind"): "run.ended",
    ("incidents", "status"): "open",
    ("steps", "run_id"): "runs",
    ("run_attempts", "run_id"): "run_queue",
    ("step_logs", "run_id"): "runs",
    ("step_spans", "run_id"): "runs",
    ("sessions", "token_id"): "tokens",
}
"""Words that migrations look for, and what refers to a row of another table."""


def _value(table: Table, column: Column[Any], number: int) -> Any:
    """A value that its type takes, and another one for each number; what refers to a row names the same number."""
    kind: TypeEngine[Any] = column.type
    if isinstance(kind, JSON):
        return {"versions": f"v{number}", "n": number} if column.name == "detail" else [f"{column.name} {number}"]
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, LargeBinary):
        return bytes([number, 0, 255])
    if kind.python_type is float:
        return number + 0.25
    if kind.python_type is int:
        return number
    word = _WORDS.get((table.name, column.name), table.name if column.name == "id" else column.name[:3])
    return word if column.name in ("kind", "status") else f"{word}{number}"
