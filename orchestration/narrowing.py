"""An input with the columns alone that its reader says it reads: a fault in others can't reach it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestration.errors import AssetError, UnknownName

if TYPE_CHECKING:
    from orchestration.work import Input


def narrowed(value: Any, given: Input) -> object:
    """A frame of pandas or Polars, or an Arrow table, with some of its columns.

    Raises
    ------
    UnknownName
        It has no such column.
    AssetError
        It is nothing of which columns can be taken.
    """
    assert given.columns is not None
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if kind not in ("pandas.DataFrame", "polars.DataFrame", "pyarrow.Table"):
        raise AssetError(
            f"{given.upstream} comes as {kind}, of which no columns can be taken; read it as a frame, or leave "
            "columns out of reads="
        )
    there = value.column_names if kind == "pyarrow.Table" else [str(name) for name in value.columns]
    for name in given.columns:
        if name not in there:
            raise UnknownName("column", name, there, where=str(given.upstream))
    names = list(given.columns)
    return value.select(names) if kind == "pyarrow.Table" else value[names]


def selected(relation: str, columns: Sequence[str]) -> str:
    """SQL text for some columns of a relation."""
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    return f"(SELECT {names} FROM {relation} whole)"
