"""What dbt 1.8, 1.9, 1.10 and 1.12 have written of one project: every node, edge and test, and the history it gives."""

import json
from pathlib import Path
from typing import Any

import pytest

import observer as ob
from observer.dbt_ingest import ingest
from orchestration.dbt.artifacts import read_artifacts
from orchestration.dbt.manifest import read_manifest
from tests.support.recorded_dbt import RECORDED

VERSIONS = sorted((folder.name for folder in RECORDED.iterdir()), key=lambda name: [*map(int, name.split("."))])


def read(version: str, name: str) -> Any:
    return json.loads((RECORDED / version / name).read_text(encoding="utf-8"))


def test_the_versions_are_those_that_the_guide_names() -> None:
    assert VERSIONS == ["1.8", "1.9", "1.10", "1.12"]  # 1.11 is the one that the other tests run
    assert {read(one, "manifest.json")["metadata"]["dbt_version"].rpartition(".")[0] for one in VERSIONS} == {*VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_nodes_edges_and_tests_are_those_that_this_dbt_lists(version: str) -> None:
    listed = {one["unique_id"]: one for one in read(version, "ls.json")}
    manifest = read_manifest(RECORDED / version / "manifest.json")
    ephemeral = {id_ for id_, one in listed.items() if one["config"]["materialized"] == "ephemeral"}
    kinds = {"model", "seed", "snapshot", "source"}

    def stands_for(id_: str) -> set[str]:
        above = (listed[id_].get("depends_on") or {}).get("nodes", ())
        return {id_} if id_ not in ephemeral else {found for one in above for found in stands_for(one)}

    wanted = {
        id_: {found for above in (one.get("depends_on") or {}).get("nodes", ()) for found in stands_for(above)}
        for id_, one in listed.items()
        if one["resource_type"] in kinds and id_ not in ephemeral
    }
    assert len(wanted) == 17
    assert {id_: set(node.depends_on) for id_, node in manifest.nodes.items()} == wanted
    tests = {id_ for id_, one in listed.items() if one["resource_type"] in {"test", "unit_test"}}
    assert {test.id for test in manifest.tests} == tests
    assert [one.depends_on for one in manifest.exposures] == [("model.flights.late_days",)]
    assert manifest.nodes["model.flights.fct_departures"].owners == ("analytics@example.com",)


@pytest.mark.parametrize("version", VERSIONS)
def test_its_results_are_taken_into_the_history(version: str, tmp_path: Path) -> None:
    (tmp_path / "tidegate.toml").write_text("[env.local]\n", encoding="utf-8")
    manifest = str(RECORDED / version / "manifest.json")
    (tmp_path / "pipeline.py").write_text(f"import observer as ob\n\nshop = ob.dbt_assets({manifest!r})\n", "utf-8")
    results = {one["unique_id"]: one for one in read(version, "run_results.json")["results"]}
    ages = {one["unique_id"] for one in read(version, "sources.json")["results"]}
    project = ob.open_project(tmp_path, "local")
    try:
        done = ingest(project, RECORDED / version)
        assert done.run is not None
        keys = {id_: node.key for id_, node in read_manifest(Path(manifest)).nodes.items()}
        ended = {step.asset: step.status.value for step in done.run.steps}
        built = {keys[id_] for id_ in results if id_ in keys}
        assert len(built) == 15
        assert {key: ended[key] for key in built} == dict.fromkeys(built, "published")
        assert {keys[id_] for id_ in ages} <= set(ended)
        assert not done.strangers
        page = project.reads().asset("daily_delays")
        assert page is not None
        wanted = results["model.flights.daily_delays"]["execution_time"]
        assert page.versions[0].duration_s == pytest.approx(wanted)
        assert {check.status.value for check in page.checks if check.status is not None} == {"passed"}
    finally:
        project.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_result_is_read_as_it_is_written(version: str) -> None:
    artifacts = read_artifacts(RECORDED / version)
    results = read(version, "run_results.json")["results"]
    assert {id_: one.result.status.value for id_, one in artifacts.results.items()} == {
        one["unique_id"]: one["status"] for one in results
    }
    assert {id_: one.result.failures for id_, one in artifacts.results.items()} == {
        one["unique_id"]: one["failures"] for one in results
    }
    assert artifacts.dbt_version.startswith(f"{version}.")
    assert {id_: age.seconds for id_, age in artifacts.ages.items()} == {
        one["unique_id"]: one["max_loaded_at_time_ago_in_s"] for one in read(version, "sources.json")["results"]
    }
