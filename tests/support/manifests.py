"""Manifests of dbt's version 12, with as much in them as a test is about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

V12 = "https://schemas.getdbt.com/dbt/manifest/v12.json"
Entry = dict[str, Any]


def model(name: str, *reads: str, materialized: str = "table", package: str = "shop", **more: Any) -> Entry:
    """A model that reads the nodes whose ids are given."""
    config = {"materialized": materialized, **more.pop("config", {})}
    return _node("model", name, package, reads, {"config": config, **more})


def seed(name: str, **more: Any) -> Entry:
    """A seed."""
    return _node("seed", name, "shop", (), {"config": {"materialized": "seed"}, **more})


def snapshot(name: str, *reads: str) -> Entry:
    """A snapshot."""
    return _node("snapshot", name, "shop", reads, {"config": {"materialized": "snapshot"}})


def source(group: str, name: str, **more: Any) -> Entry:
    """A table that dbt only reads."""
    found = _node("source", name, "shop", (), {"source_name": group, "identifier": name, **more})
    return {**found, "unique_id": f"source.shop.{group}.{name}", "fqn": ["shop", group, name]}


def generic(name: str, attached: str, *reads: str, column: str | None = None, **config: Any) -> Entry:
    """A test that is declared with a node."""
    more = {"attached_node": attached, "column_name": column, "config": {"severity": "ERROR", **config}}
    return _node("test", name, "shop", (attached, *reads), more)


def singular(name: str, *reads: str) -> Entry:
    """A test that is a query of its own."""
    return _node("test", name, "shop", reads, {"config": {"severity": "ERROR"}})


def manifest(*nodes: Entry, schema: str = V12, **parts: Any) -> Entry:
    """A whole manifest."""
    metadata = {
        "dbt_schema_version": schema, "dbt_version": "1.11.16", "project_name": "shop", "adapter_type": "duckdb",
        "invocation_id": "one",
    }  # fmt: skip
    made = [node for node in nodes if node["resource_type"] != "source"]
    return {
        "metadata": metadata, "nodes": {node["unique_id"]: node for node in made},
        "sources": {node["unique_id"]: node for node in nodes if node["resource_type"] == "source"},
        "macros": {}, "exposures": {}, "groups": {}, "disabled": {}, "unit_tests": {}, **parts,
    }  # fmt: skip


def written(folder: Path, said: Mapping[str, Any]) -> Path:
    """The project's folder with the manifest in it."""
    (folder / "target").mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text("name: shop\n", encoding="utf-8")
    (folder / "target" / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    return folder


def _node(kind: str, name: str, package: str, reads: Sequence[str], more: Mapping[str, Any]) -> Entry:
    return {
        "unique_id": f"{kind}.{package}.{name}", "resource_type": kind, "name": name, "alias": name,
        "package_name": package, "fqn": [package, name], "tags": [], "description": "", "columns": {},
        "depends_on": {"nodes": list(reads), "macros": []}, "checksum": {"name": "sha256", "checksum": f"of {name}"},
        "original_file_path": f"models/{name}.sql", "raw_code": "select 1", "config": {}, **more,
    }  # fmt: skip
