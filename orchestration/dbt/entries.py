"""The entries of a manifest as nodes: which of them become assets, what these read, what they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestration.dbt.model import Materialized, Node, Publication
from orchestration.dbt.node_code import code_version
from orchestration.freshness import FreshnessPolicy
from orchestration.model import AssetKey

TAG = "dbt"
"""The tag of every asset that dbt makes."""
_MADE = frozenset({"model", "seed", "snapshot"})
_THIS = re.compile(r"\{[{%][^}]*\bthis\b")
_PERIODS = {"minute": "m", "hour": "h", "day": "d"}
_STAGEABLE = frozenset({"duckdb", "postgres"})
_ROWS_APART = frozenset({Materialized.TABLE, Materialized.SEED})


class Entries:
    """A manifest's entries, and the questions that their edges answer."""

    def __init__(self, said: Mapping[str, Any], root: Path, *, handed_in: Mapping[str, AssetKey]) -> None:
        self.root, self.handed_in = root, dict(handed_in)
        self.adapter = str(said["metadata"].get("adapter_type") or "")
        self.project = str(said["metadata"].get("project_name") or "")
        self.macros: Mapping[str, Any] = said.get("macros") or {}
        self.all: dict[str, Any] = {**said["nodes"], **(said.get("sources") or {})}
        self.unit_tests: Mapping[str, Any] = said.get("unit_tests") or {}
        self.kept = [id_ for id_ in self.all if id_ not in self.handed_in and self._is_asset(id_)]
        self._resolved: dict[str, tuple[str, ...]] = {}
        self._owners = {
            str(group["name"]): _said_owner(group.get("owner")) for group in (said.get("groups") or {}).values()
        }
        self._names = Counter(self._name(id_) for id_ in self.kept)

    def is_ephemeral(self, id_: str) -> bool:
        entry = self.all.get(id_) or {}
        return entry.get("resource_type") == "model" and (entry.get("config") or {}).get("materialized") == "ephemeral"

    def tests(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """The tests of data, then those of models' logic."""
        yield from ((id_, one) for id_, one in self.all.items() if one["resource_type"] == "test")
        yield from self.unit_tests.items()

    def resolved(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Nodes that are assets, in place of ephemeral ones what these read; once each."""
        found: dict[str, None] = {}
        for id_ in ids:
            found.update(dict.fromkeys(self._standing_for(id_)))
        return tuple(found)

    def key(self, id_: str) -> AssetKey:
        """The asset's name: the node's own; with its package's where two packages use it."""
        name = self._name(id_)
        entry = self.all[id_]
        if self._names[name] > 1 and entry["package_name"] != self.project:
            name = f"{entry['package_name']}.{name}"
        return AssetKey(name)

    def owners(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Those of its group, and the one that its ``meta`` names."""
        group = self._owners.get(str(group_of(entry) or ""), "")
        meta = {**(entry.get("meta") or {}), **((entry.get("config") or {}).get("meta") or {})}
        owner = meta.get("owner")
        given = owner if isinstance(owner, list) else [owner]
        return tuple(dict.fromkeys(one for one in (group, *given) if isinstance(one, str) and one))

    def _is_asset(self, id_: str) -> bool:
        kind = self.all[id_]["resource_type"]
        return kind == "source" or (kind in _MADE and not self.is_ephemeral(id_))

    def _standing_for(self, id_: str) -> tuple[str, ...]:
        if id_ not in self.all:
            return ()
        if self.is_ephemeral(id_):
            if id_ not in self._resolved:
                self._resolved[id_] = self.resolved(reads(self.all[id_]))
            return self._resolved[id_]
        return (id_,) if self._is_asset(id_) else ()

    def _name(self, id_: str) -> str:
        entry = self.all[id_]
        if entry["resource_type"] == "source":
            return f"{entry['source_name']}.{entry['name']}"
        version = entry.get("version")
        return str(entry["name"]) if version is None else f"{entry['name']}_v{version}"


def reads(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the nodes that an entry reads."""
    return tuple((entry.get("depends_on") or {}).get("nodes") or ())


def group_of(entry: Mapping[str, Any]) -> str | None:
    """dbt's own group."""
    found = entry.get("group") or (entry.get("config") or {}).get("group")
    return str(found) if found else None


def node_of(entries: Entries, id_: str) -> Node:
    """One entry as a node."""
    entry = entries.all[id_]
    kind = _materialized(entry)
    path = tuple(map(str, entry.get("fqn") or ()))
    folder = path[-2] if len(path) > 2 else entry["package_name"]
    is_source = kind is Materialized.SOURCE
    return Node(
        id=id_, key=entries.key(id_), materialized=kind,
        depends_on=() if is_source else entries.resolved(reads(entry)),
        group=group_of(entry) or str(entry["source_name"] if is_source else folder), owners=entries.owners(entry),
        tags=tuple(dict.fromkeys((*map(str, entry.get("tags") or ()), TAG))),
        description=" ".join(str(entry.get("description") or "").split()),
        columns={
            str(column["name"]): " ".join(str(column.get("description") or "").split())
            for column in (entry.get("columns") or {}).values()
        },
        freshness=_freshness(entry) if is_source else None, loaded_at=_loaded_at(entry) if is_source else None,
        checksum=str((entry.get("checksum") or {}).get("checksum") or ""),
        code_version="" if is_source else code_version(entries.all, entries.macros, id_, entries.root, entries.adapter),
        file=str(entry.get("original_file_path") or ""), publication=_publication(entry, kind, entries.adapter),
    )  # fmt: skip


def _materialized(entry: Mapping[str, Any]) -> Materialized:
    kind = entry["resource_type"]
    if kind in ("source", "seed", "snapshot"):
        return Materialized(kind)
    said = (entry.get("config") or {}).get("materialized")
    own = (Materialized.TABLE, Materialized.VIEW, Materialized.INCREMENTAL)
    return next((one for one in own if one.value == said), Materialized.OTHER)


def _publication(entry: Mapping[str, Any], kind: Materialized, adapter: str) -> Publication:
    """Staged where a copy of the rows is all there is to it: a hook, a grant or an index would miss its table."""
    config = entry.get("config") or {}
    looks_at_itself = bool(_THIS.search(str(entry.get("raw_code") or "")))
    is_more = looks_at_itself or any(
        config.get(word) for word in ("pre-hook", "post-hook", "grants", "indexes", "persist_docs")
    )
    bound = bool(entry.get("constraints")) or any(
        column.get("constraints") for column in (entry.get("columns") or {}).values()
    )
    if kind in _ROWS_APART and adapter in _STAGEABLE and not is_more and not bound:
        return Publication.STAGED
    return Publication.AFTER_BUILD


def _freshness(entry: Mapping[str, Any]) -> FreshnessPolicy | None:
    """How old a source may be; none where nothing tells how old it is, since nobody could hold it to that."""
    said = entry.get("freshness") or {}
    warn, error = _length(said.get("warn_after")), _length(said.get("error_after"))
    if (warn is None and error is None) or _loaded_at(entry) is None:
        return None
    return FreshnessPolicy(max_age=error or warn or "", warn_at=warn if error is not None else None)


def _length(said: Mapping[str, Any] | None) -> str | None:
    if not said or not said.get("count") or not said.get("period"):
        return None
    return f"{said['count']}{_PERIODS[str(said['period'])]}"


def _loaded_at(entry: Mapping[str, Any]) -> str | None:
    """The column that tells how old a source is; None where it is an expression or a query of dbt's own."""
    config = entry.get("config") or {}
    name = str(entry.get("loaded_at_field") or config.get("loaded_at_field") or "")
    return name if name.isidentifier() else None


def _said_owner(owner: Any) -> str:
    said = owner if isinstance(owner, dict) else {}
    return str(said.get("email") or said.get("name") or "")
