"""The code version of a dbt node: its text, its settings, the project's macros and the ephemeral models in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_NOT_CODE = frozenset({
    "access", "docs", "enabled", "group", "meta", "severity", "tags", "freshness", "event_time",
})  # fmt: skip


def code_version(nodes: Mapping[str, Any], macros: Mapping[str, Any], id_: str, root: Path, adapter: str) -> str:
    """16 hexadecimal digits; equal while dbt would run the same. dbt's own macros are taken as they are."""
    digest = hashlib.sha256()

    def add(text: str) -> None:
        digest.update(f"{text}\0".encode())

    _add_node(nodes, macros, id_, root, {"dbt", f"dbt_{adapter}"}, add, set())
    return digest.hexdigest()[:16]


def _add_node(
    nodes: Mapping[str, Any], macros: Mapping[str, Any], id_: str, root: Path, foreign: set[str],
    add: Callable[[str], None], seen: set[str],
) -> None:  # fmt: skip
    entry = nodes[id_]
    config = entry.get("config") or {}
    checksum = entry.get("checksum") or {}
    add(str(checksum.get("checksum")))
    if checksum.get("name") == "path":  # a large seed, of which dbt notes only where it lies
        add(_file_hash(root / str(entry.get("original_file_path"))))
    if not checksum.get("checksum"):
        add(str(entry.get("raw_code")))
    add(json.dumps({key: value for key, value in config.items() if key not in _NOT_CODE}, sort_keys=True, default=str))
    depends = entry.get("depends_on") or {}
    for macro in depends.get("macros") or ():
        _add_macro(macros, macro, foreign, add, seen)
    for below in depends.get("nodes") or ():
        other = nodes.get(below)
        if other is not None and (other.get("config") or {}).get("materialized") == "ephemeral" and below not in seen:
            seen.add(below)
            _add_node(nodes, macros, below, root, foreign, add, seen)


def _add_macro(
    macros: Mapping[str, Any], id_: str, foreign: set[str], add: Callable[[str], None], seen: set[str]
) -> None:
    macro = macros.get(id_)
    if macro is None or id_ in seen or macro.get("package_name") in foreign:
        return
    seen.add(id_)
    add(str(macro.get("macro_sql")))
    for below in (macro.get("depends_on") or {}).get("macros") or ():
        _add_macro(macros, below, foreign, add, seen)


def _file_hash(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
