"""Reading ``manifest.json``: plain JSON of a documented schema; dbt itself is not imported."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.dbt.entries import Entries, node_of
from orchestration.dbt.model import Exposure, Manifest, Node, Test
from orchestration.dbt.placing import placed
from orchestration.errors import ManifestError, UnknownName
from orchestration.garbage import uncollected
from orchestration.model import AssetKey

KNOWN_SCHEMAS = (12,)
"""dbt 1.8 to 1.12 write version 12."""
_SCHEMA = re.compile(r"/manifest/v(\d+)(?:\.json)?$")
_AGAIN = "make it anew: dbt parse"


def manifest_file(path: Path) -> Path:
    """Where the manifest of a project lies: ``path`` is the project's folder, or the manifest itself."""
    if path.suffix == ".json":
        return path
    return path / os.environ.get("DBT_TARGET_PATH", "target") / "manifest.json"


def read_manifest(path: Path, sources: Mapping[str, AssetKey] | None = None) -> Manifest:
    """Read what a dbt project says.

    Parameters
    ----------
    path:
        The project's folder, whose ``target/manifest.json`` is read, or a manifest.
    sources:
        By ``"source.table"``, the assets that make those of dbt's sources that are made here.

    Raises
    ------
    ManifestError
        There is none, it can't be read, or its schema isn't known.
    UnknownName
        ``sources`` names one that isn't declared.
    """
    file = manifest_file(path)
    with uncollected():
        said = _said(file)
        try:
            return _manifest(file, said, sources or {})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, UnknownName | ManifestError):
                raise
            raise ManifestError(
                f"{file} doesn't say what its schema asks for ({type(error).__name__}: {error}); nothing was loaded; "
                f"{_AGAIN}"
            ) from error


def _said(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_bytes())
    except FileNotFoundError:
        there = (file.parent.parent / "dbt_project.yml").is_file() or (file.parent / "dbt_project.yml").is_file()
        how = "run dbt parse in it" if there else "give ob.dbt_assets the folder that dbt_project.yml lies in"
        raise ManifestError(f"there is no {file}; nothing was loaded; {how}") from None
    except OSError as error:
        raise ManifestError(f"{file} can't be read: {error.strerror}; nothing was loaded; make it readable") from error
    except ValueError as error:  # JSON's, or UTF-8's
        raise ManifestError(f"{file} isn't whole JSON ({error}); nothing was loaded; {_AGAIN}") from error
    if not isinstance(said, dict) or not isinstance(said.get("metadata"), dict):
        raise ManifestError(f"{file} is no manifest of dbt's: it has no metadata; nothing was loaded; {_AGAIN}")
    schema = str(said["metadata"].get("dbt_schema_version") or "")
    found = _SCHEMA.search(schema)
    if found is None or int(found[1]) not in KNOWN_SCHEMAS:
        raise ManifestError(
            f"{file} is of the schema {schema or '(none)'!r}, and v{KNOWN_SCHEMAS[-1]} is known, which dbt 1.8 to 1.12 "
            "write; nothing was loaded; make it with one of these: dbt parse"
        )
    return said


def _manifest(file: Path, said: dict[str, Any], sources: Mapping[str, AssetKey]) -> Manifest:
    metadata = said["metadata"]
    entries = Entries(said, _root(file), handed_in=_handed_in(file, said, sources))
    nodes = {id_: node_of(entries, id_) for id_ in entries.kept}
    _refuse_equal(file, nodes)
    nodes, tests = placed(entries, nodes)
    exposures = tuple(_exposure(entries, entry) for entry in said.get("exposures", {}).values())
    return Manifest(
        project=str(metadata.get("project_name") or ""), root=entries.root, nodes=nodes, tests=_distinct(tests),
        dbt_version=str(metadata.get("dbt_version") or ""), adapter=str(metadata.get("adapter_type") or ""),
        exposures=exposures, handed_in=entries.handed_in,
    )  # fmt: skip


def _root(file: Path) -> Path:
    """The project's folder: where ``dbt_project.yml`` lies, which is mostly the one above."""
    folder = file.parent.absolute()
    return next((one for one in (folder, *folder.parents) if (one / "dbt_project.yml").is_file()), folder.parent)


def _handed_in(file: Path, said: dict[str, Any], sources: Mapping[str, AssetKey]) -> dict[str, AssetKey]:
    known = {f"{one['source_name']}.{one['name']}": id_ for id_, one in said.get("sources", {}).items()}
    for name in sources:
        if name not in known:
            raise UnknownName("source of dbt's", name, known, where=str(file))
    return {known[name]: key for name, key in sources.items()}


def _refuse_equal(file: Path, nodes: Mapping[str, Node]) -> None:
    seen: dict[str, str] = {}
    for id_, node in nodes.items():
        if (other := seen.setdefault(node.key, id_)) != id_:
            raise ManifestError(f"{file}: {other} and {id_} would both be the asset {node.key!r}; rename one of them")


def _distinct(tests: tuple[Test, ...]) -> tuple[Test, ...]:
    """Tests of one node by names of their own: two packages may use one name."""
    from dataclasses import replace

    seen: dict[tuple[str, str], int] = {}
    for test in tests:
        seen[test.node, test.name] = seen.get((test.node, test.name), 0) + 1
    return tuple(
        test if seen[test.node, test.name] == 1 else replace(test, name=test.id.partition(".")[2]) for test in tests
    )


def _exposure(entries: Entries, entry: Mapping[str, Any]) -> Exposure:
    owner = entry.get("owner") or {}
    return Exposure(
        name=str(entry.get("label") or entry["name"]), kind=str(entry.get("type") or ""),
        depends_on=entries.resolved((entry.get("depends_on") or {}).get("nodes") or ()),
        owner=str(owner.get("email") or owner.get("name") or ""), url=str(entry.get("url") or ""),
    )  # fmt: skip
