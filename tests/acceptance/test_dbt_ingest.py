"""dbt runs elsewhere; its artifacts alone give the same history, once."""

import json
from pathlib import Path

import pytest

import observer as ob
from observer.dbt_ingest import Ingested, ingest
from observer.reads.model import AssetPage
from tests.support.dbt import dbt_python
from tests.support.small_dbt import copied, small_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that dbt's own command has built, with what that leaves behind."""
    return small_project(tmp_path_factory.mktemp("elsewhere") / "shop", built=True)


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DBT_PYTHON", dbt_python())
    return copied(built, tmp_path / "project")


def taken(folder: Path) -> Ingested:
    project = ob.open_project(folder, "local")
    try:
        return ingest(project, folder / "shop" / "target")
    finally:
        project.close()


def page(folder: Path, asset: str) -> AssetPage:
    project = ob.open_project(folder, "local")
    try:
        found = project.reads().asset(asset)
        assert found is not None
        return found
    finally:
        project.close()


def test_what_dbt_built_elsewhere_is_in_the_history_once(folder: Path) -> None:
    said = json.loads((folder / "shop" / "target" / "run_results.json").read_text(encoding="utf-8"))
    wanted = {one["unique_id"]: one for one in said["results"]}
    done = taken(folder)
    assert done.run is not None
    assert {step.asset: step.status.value for step in done.run.steps} == {
        "first": "published", "good": "published", "changed": "published", "inside": "published", "broken": "failed",
    }  # fmt: skip
    assert "no such thing" in str(next(step.error for step in done.run.steps if step.asset == "broken"))
    good = page(folder, "good")
    assert good.versions[0].duration_s == pytest.approx(wanted["model.shop.good"]["execution_time"])
    passed = {one.name: one.status and one.status.value for one in good.checks if one.name.endswith("_id")}
    assert passed == {"not_null_good_id": "passed", "unique_good_id": "passed"}

    assert statuses(folder, "good") == {"first": "skipped", "good": "skipped"}, "it isn't built here as well"
    again = taken(folder)
    assert (again.is_new, again.run) == (False, None)
    assert len(page(folder, "good").versions) == len(good.versions) == 1


def test_a_test_that_failed_elsewhere_holds_what_is_below_here(folder: Path) -> None:
    file = folder / "shop" / "target" / "run_results.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    for one in said["results"]:
        if one["unique_id"].startswith("test.shop.unique_good_id"):
            one |= {"status": "fail", "failures": 2, "message": "Got 2 results, configured to fail if != 0"}
    file.write_text(json.dumps(said), encoding="utf-8")
    done = taken(folder)
    assert done.run is not None
    assert {step.asset: step.status.value for step in done.run.steps}["good"] == "held"
    assert "unique_good_id: 2 failing rows" in page(folder, "good").gate.sentence
    assert "readers see it" in page(folder, "good").gate.sentence
    assert statuses(folder, "below") == {"first": "skipped", "good": "held", "below": "blocked"}


def statuses(folder: Path, selection: str) -> dict[str, str]:
    project = ob.open_project(folder, "local")
    try:
        done = project.run(project.plan(selection, None), trigger="test")
        return {step.asset: step.status.value for step in done.steps}
    finally:
        project.close()
