"""Artifacts of dbt's as records, by their documented schemas."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.dbt.artifacts import read_artifacts
from orchestration.dbt.model import ResultStatus
from orchestration.errors import ManifestError

AT = "2026-02-08T06:00:00.500000Z"


def artifact(kind: str, **more: Any) -> dict[str, Any]:
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{kind}.json", "generated_at": AT,
        "invocation_id": "abc", "dbt_version": "1.8.0",
    }  # fmt: skip
    return {"metadata": metadata, **more}


def result(id_: str, status: str, **more: Any) -> dict[str, Any]:
    timing = [
        {"name": "compile", "started_at": "2026-02-08T05:59:00Z", "completed_at": "2026-02-08T05:59:01Z"},
        {"name": "execute", "started_at": "2026-02-08T05:59:01Z", "completed_at": "2026-02-08T05:59:03Z"},
    ]
    return {"unique_id": id_, "status": status, "timing": timing, "execution_time": 3.5, "message": "m", **more}


def write(folder: Path, **files: Any) -> Path:
    for name, said in files.items():
        text = said if isinstance(said, str) else json.dumps(said)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_results_sizes_and_ages_are_read(tmp_path: Path) -> None:
    stats = {
        "has_stats": {"id": "has_stats", "value": True, "include": False},
        "row_count": {"id": "row_count", "value": 336776.0, "include": True},
        "bytes": {"id": "bytes", "value": 11, "include": True},
    }
    fresh = {
        "unique_id": "source.s.raw.o", "max_loaded_at": AT, "snapshotted_at": AT, "status": "pass",
        "max_loaded_at_time_ago_in_s": 60.5, "criteria": {}, "execution_time": 0.1,
    }  # fmt: skip
    broken = {"unique_id": "source.s.raw.p", "error": "no such\n column", "status": "runtime error"}
    found = read_artifacts(
        write(
            tmp_path,
            run_results=artifact(
                "run-results/v6",
                results=[result("model.s.a", "success"), result("test.s.t", "fail", failures=4)],
            ),
            catalog=artifact("catalog/v1", nodes={"model.s.a": {"stats": stats}}, sources={}),
            sources=artifact("sources/v3", results=[fresh, broken]),
        )
    )
    made = found.results["model.s.a"]
    assert (made.took_s, made.result.compile_s, made.result.execute_s) == (3.5, 1.0, 2.0)
    assert made.ended_at == datetime(2026, 2, 8, 5, 59, 3, tzinfo=UTC)
    test = found.results["test.s.t"].result
    assert (test.status, test.failures) == (ResultStatus.FAIL, 4)
    assert (found.invocation, found.rows, found.bytes) == ("abc", {"model.s.a": 336776}, {"model.s.a": 11})
    assert found.ages["source.s.raw.o"].seconds == 60.5
    assert (found.ages["source.s.raw.p"].seconds, found.ages["source.s.raw.p"].reason) == (None, "no such column")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no run_results.json and no sources.json"),
        ({"run_results": '{"metadata"'}, "isn't whole JSON"),
        ({"run_results": artifact("run-results/v99")}, "v99.*run-results v6 is known"),
        ({"run_results": "[]"}, r"\(none\)"),
        ({"run_results": artifact("run-results/v6", results=[{"status": "pass"}])}, "don't say what their schemas"),
        ({"run_results": artifact("run-results/v6", results=[result("a", "odd")])}, "don't say what their schemas"),
        ({"sources": artifact("sources/v3", results=[]), "catalog": artifact("catalog/v7")}, "catalog v1 is known"),
    ],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, files: dict[str, Any], said: str) -> None:
    with pytest.raises(ManifestError, match=said) as told:
        read_artifacts(write(tmp_path, **files))
    assert "nothing was read" in str(told.value)
