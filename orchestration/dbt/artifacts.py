"""What a run of dbt's has left behind: ``run_results.json``, ``catalog.json``, ``sources.json`` of dbt 1.8 to 1.12."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.dbt.model import Result, ResultStatus
from orchestration.errors import ManifestError

_KNOWN = {"run_results.json": ("run-results", 6), "sources.json": ("sources", 3), "catalog.json": ("catalog", 1)}
_ROWS, _BYTES = ("row_count", "num_rows"), ("bytes", "num_bytes", "size")
_NO_ANSWER = "runtime error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of one node or test, when it ended (UTC) and how many seconds it took."""

    result: Result
    ended_at: datetime
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old a source was at an instant; ``seconds`` is None where dbt could not tell, and ``reason`` says why."""

    at: datetime
    seconds: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """One invocation of dbt's by what it has written; rows and bytes are the catalogue's, where it has them."""

    invocation: str
    dbt_version: str
    generated_at: datetime
    results: Mapping[str, Recorded]
    ages: Mapping[str, Age] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    bytes: Mapping[str, int] = field(default_factory=dict)


def read_artifacts(folder: Path) -> Artifacts:
    """Read what a target folder holds; either ``run_results.json`` or ``sources.json`` has to be there.

    Raises
    ------
    ManifestError
        There is neither, one can't be read, or its schema isn't known.
    """
    said = {name: _said(folder / name) for name in _KNOWN}
    main = said["run_results.json"] or said["sources.json"]
    if main is None:
        raise ManifestError(
            f"{folder} has no run_results.json and no sources.json; nothing was read; give the folder that dbt writes "
            "its artifacts to, which is target/ in its project"
        )
    try:
        metadata = main["metadata"]
        rows, sizes = _sizes(said["catalog.json"] or {})
        return Artifacts(
            invocation=str(metadata["invocation_id"]), dbt_version=str(metadata.get("dbt_version") or ""),
            generated_at=_instant(metadata["generated_at"]), results=_results(said["run_results.json"] or {}),
            ages=_ages(said["sources.json"] or {}), rows=rows, bytes=sizes,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ManifestError(
            f"the artifacts in {folder} don't say what their schemas ask for ({type(error).__name__}: {error}); "
            "nothing was read; have dbt write them anew"
        ) from error


def _said(file: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(f"{file} can't be read: {error.strerror}; nothing was read; make it readable") from error
    except ValueError as error:
        raise ManifestError(f"{file} isn't whole JSON ({error}); nothing was read; have dbt write it anew") from error
    kind, version = _KNOWN[file.name]
    metadata = said.get("metadata") if isinstance(said, dict) else None
    schema = str((metadata or {}).get("dbt_schema_version") or "")
    if not re.search(rf"/{kind}/v{version}(?:\.json)?$", schema):
        raise ManifestError(
            f"{file} is of the schema {schema or '(none)'!r}, and {kind} v{version} is known, which dbt 1.8 to 1.12 "
            "write; nothing was read"
        )
    assert isinstance(said, dict)
    return said


def _results(said: Mapping[str, Any]) -> dict[str, Recorded]:
    written = _instant(said["metadata"]["generated_at"]) if said else None
    found = {}
    for one in said.get("results") or ():
        assert written is not None
        ends = [_instant(step["completed_at"]) for step in one.get("timing") or () if step.get("completed_at")]
        status = str(one["status"])
        found[str(one["unique_id"])] = Recorded(
            result=Result(
                id=str(one["unique_id"]), status=ResultStatus("error" if status == _NO_ANSWER else status),
                message=" ".join(str(one.get("message") or "").split())[:1000], failures=one.get("failures"),
                compile_s=_seconds(one, "compile"), execute_s=_seconds(one, "execute"),
            ),
            ended_at=max(ends, default=written), took_s=float(one.get("execution_time") or 0.0),
        )  # fmt: skip
    return found


def _seconds(one: Mapping[str, Any], name: str) -> float | None:
    for step in one.get("timing") or ():
        if step.get("name") == name and step.get("started_at") and step.get("completed_at"):
            return (_instant(step["completed_at"]) - _instant(step["started_at"])).total_seconds()
    return None


def _ages(said: Mapping[str, Any]) -> dict[str, Age]:
    found = {}
    for one in said.get("results") or ():
        if one.get("status") == _NO_ANSWER or "snapshotted_at" not in one:
            why = " ".join(str(one.get("error") or "dbt could not tell").split())
            found[str(one["unique_id"])] = Age(at=_instant(said["metadata"]["generated_at"]), seconds=None, reason=why)
            continue
        found[str(one["unique_id"])] = Age(
            at=_instant(one["snapshotted_at"]), seconds=float(one["max_loaded_at_time_ago_in_s"])
        )
    return found


def _sizes(said: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    rows: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for id_, one in {**(said.get("nodes") or {}), **(said.get("sources") or {})}.items():
        for into, names in ((rows, _ROWS), (sizes, _BYTES)):
            for name in names:
                stat = (one.get("stats") or {}).get(name)
                if stat and stat.get("include", True) and isinstance(stat.get("value"), int | float):
                    into.setdefault(id_, int(stat["value"]))
    return rows, sizes


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
