"""The kinds of IO managers: a name, and the function that makes one from what the project file says."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from orchestration.errors import UnknownName
from orchestration.io.base import IOManager

KINDS: Mapping[str, str] = {
    "duckdb": "orchestration.io.duckdb_file:from_options",
    "files": "orchestration.io.files:from_options",
    "iceberg": "orchestration.io.iceberg:from_options",
    "memory": "orchestration.io.memory:from_options",
    "postgres": "orchestration.io.postgres:from_options",
    "snowflake": "orchestration.io.snowflake:from_options",
    "sqlite": "orchestration.io.sqlite:from_options",
}
"""kind -> "module:function", imported only when it is used; the function checks its own options."""


def open_kind(kind: str, options: Mapping[str, object], root: Path, *, where: str = "") -> IOManager:
    """Make an IO manager of a kind.

    Parameters
    ----------
    kind:
        A name of ``KINDS``.
    options:
        What is said of it, without ``kind``.
    root:
        What relative paths among the options are counted from.
    where:
        The place of the options, for errors.

    Raises
    ------
    UnknownName
        There is no such kind, or no such option of it.
    StorageError
        An option's value can't be used, or a driver is missing; which, and what to install.
    """
    if kind not in KINDS:
        raise UnknownName("kind of IO manager", kind, KINDS, where=where)
    module, function = KINDS[kind].split(":")
    made: IOManager = getattr(importlib.import_module(module), function)(options, root)
    return made
