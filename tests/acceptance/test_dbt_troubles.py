"""What goes wrong with dbt is said of what it concerns, and nothing else is held up by it."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select

import observer as ob
from observer.doctor.examine import examine
from observer.rechecking import recheck
from observer.store.tables import series
from orchestration.database import reading
from orchestration.dbt.invoke import Dbt
from orchestration.dbt.manifest import read_manifest
from orchestration.dbt.model import Build
from orchestration.dbt.settings import DbtSettings
from orchestration.errors import DbtError
from orchestration.model import Run, StepRecord
from tests.support.dbt import dbt_python
from tests.support.small_dbt import copied, small_project

pytestmark = pytest.mark.slow
NewDatabase = Callable[[], str]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project(tmp_path_factory.mktemp("small") / "shop")


@pytest.fixture
def folder(parsed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DBT_PYTHON", dbt_python())
    return copied(parsed, tmp_path / "project")


def run(
    folder: Path, selection: str, environment: str = "local", listener: Callable[[StepRecord], None] | None = None
) -> dict[str, StepRecord]:
    project = ob.open_project(folder, environment)
    try:
        done: Run = project.run(project.plan(selection, None), trigger="test", listener=listener)
    finally:
        project.close()
    return {step.asset: step for step in done.steps}


def statuses(steps: dict[str, StepRecord]) -> dict[str, str]:
    return {name: step.status.value for name, step in steps.items()}


def test_a_model_that_cannot_be_compiled_fails_alone(folder: Path) -> None:
    changed = folder / "shop" / "models" / "changed.sql"
    changed.write_text(changed.read_text(encoding="utf-8") + " -- since", encoding="utf-8")
    steps = run(folder, "*")
    assert statuses(steps) == {
        "apart": "published", "first": "published", "good": "published", "below": "published",
        "inside": "published", "broken": "failed", "under_broken": "blocked", "changed": "failed",
    }  # fmt: skip
    assert "models/broken.sql" in str(steps["broken"].error)
    assert "no such thing" in str(steps["broken"].error)
    assert "readers keep what they had" in str(steps["broken"].error)
    assert "has changed since the manifest was made" in str(steps["changed"].error)
    assert "run dbt parse" in str(steps["changed"].error)
    remembered(folder)
    looked = {one.part: one for one in examine(folder, "local", fix=False, deep=False, send=False)}
    assert looked["dbt shop"].said == "its target dev is schema main of a database of kind duckdb, for 6 assets"
    assert {one.health.value for one in looked.values()} <= {"ok", "warning"}, looked


def remembered(folder: Path) -> None:
    """What a version carries, read as the pages read it, and looked at again."""
    project = ob.open_project(folder, "local")
    try:
        page = project.reads().asset("good")
        assert page is not None
        found = {one.name: one.status and one.status.value for one in page.checks if one.name != "schema"}
        assert found == {
            "not_null_good_id": "passed", "unique_good_id": "passed",
        }  # fmt: skip
        assert (page.description, page.consumers) == ("The good ones.", ("dashboard board (eve@example.com)",))
        assert page.kind == "dbt, built aside and judged before"
        assert {column.name: column.null_rate for column in page.schema} == {"id": 0.0, "name": 0.0}
        with reading(project.engine) as connection:
            measured = set(connection.execute(select(series.c.metric).where(series.c.asset == "good")).scalars())
        assert {"row_count", "dbt_compile_s", "dbt_execute_s"} <= measured
        view = project.reads().asset("first")
        assert view is not None
        assert view.kind == "dbt, built in place and judged after"
        (again,) = recheck(project, "good")
        assert {one.subject: one.status.value for one in again.evaluations} == found
        assert project.load("good", wants="list") == [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]
    finally:
        project.close()


def test_dbt_that_is_not_installed_is_named_with_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_PYTHON", sys.executable)
    steps = run(folder, "*")
    assert steps["apart"].status.value == "published", steps["apart"].error
    assert steps["first"].status.value == "failed"
    assert f"dbt isn't installed for {sys.executable} " in str(steps["first"].error)
    assert "pip install 'tidegate[dbt]'" in str(steps["first"].error)
    file = folder / "tidegate.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("${DBT_PYTHON}", "/nowhere/python"), encoding="utf-8")
    assert "dbt can't be run by /nowhere/python" in str(run(folder, "first")["first"].error)


@pytest.mark.postgres
def test_a_database_that_goes_away_fails_what_needs_it_and_nothing_else(
    folder: Path, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(new_database())
    monkeypatch.setenv("PGHOST", str(url.query["host"]))
    monkeypatch.setenv("PGUSER", str(url.username))
    monkeypatch.setenv("PGDATABASE", str(url.database))

    def drop(step: StepRecord) -> None:
        if step.asset == "first" and step.status.value == "published":
            engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE "{url.database}" WITH (FORCE)')
            engine.dispose()

    steps = run(folder, "apart,below", "server", drop)
    assert steps["first"].status.value == "published"
    assert steps["good"].status.value == "failed"
    assert str(url.database) in str(steps["good"].error)
    assert "secret-word" not in str(steps["good"].error)
    assert steps["below"].status.value == "blocked"
    assert steps["apart"].status.value == "published"


def test_dbt_that_is_killed_is_started_again_and_builds_what_it_is_asked_for(folder: Path) -> None:
    manifest = read_manifest(folder / "shop")
    dbt = Dbt(folder / "shop", DbtSettings(target="dev", python=dbt_python()))
    try:
        assert (dbt.target.kind, dbt.target.schema) == ("duckdb", "main")
        process = dbt._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for name in ("first", "good"):  # beside the model `good` lies a folder of that name
            node = manifest.nodes[f"model.shop.{name}"]
            tests = manifest.tests_of(node.id)
            built = dbt.build(Build(project=folder / "shop", node=node, tests=tests), None)
            assert built.results.keys() == {node.id, *(test.id for test in tests)}
        assert dbt._process is not process
        view = Build(project=folder / "shop", node=manifest.nodes["model.shop.first"])
        with pytest.raises(DbtError, match=r"first\.sql is made as view for this target.*run dbt parse"):
            dbt.build(view, ("main", "aside"))
    finally:
        dbt.close()
