"""A dbt project that says its own variables, target and folder of profiles."""

from pathlib import Path

import duckdb
import pytest

import observer as ob
from observer.doctor.dbt import look_at_dbt
from observer.doctor.model import Diagnosis, Health
from tests.support.dbt import dbt, dbt_python, write

pytestmark = pytest.mark.slow

PROFILES = """
shop:
  target: nowhere
  outputs:
    nowhere: {type: postgres, host: nowhere, user: a, password: b, dbname: c, port: 1, schema: s, threads: 1}
    reports: {type: duckdb, path: reports.duckdb, schema: main, threads: 1}
"""
FILES = {
    "tidegate.toml": '[env.local]\ndbt = { python = "${DBT_PYTHON}", target = "nowhere" }\n',
    "elsewhere/profiles.yml": PROFILES,
    "shop/dbt_project.yml": "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n",
    "shop/models/numbers.sql": "{{ config(materialized='table') }} select {{ var('n', 0) }} as n",
    "shop/models/apart.sql": "{{ config(materialized='table') }} select '{{ target.name }}' as name",
}


def declare(folder: Path, variables: str) -> None:
    declared = f'ob.dbt_assets("shop", target="reports", profiles="elsewhere", vars={variables})'
    (folder / "pipeline.py").write_text(f"import observer as ob\n\nshop = {declared}\n", encoding="utf-8")


def run(folder: Path, times: int = 1) -> list[dict[str, str]]:
    """What becomes of the assets in so many runs of a project."""
    project = ob.open_project(folder, "local")
    try:
        runs = [project.run(project.plan("*", None), trigger="test") for _ in range(times)]
        return [{step.asset: step.status.value for step in done.steps} for done in runs]
    finally:
        project.close()


def test_it_is_run_with_them_and_made_again_when_a_variable_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_PYTHON", dbt_python())
    folder = write(tmp_path, FILES)
    dbt(folder / "shop", "--quiet", "parse", "--profiles-dir", "../elsewhere", "--target", "reports")
    built = {"numbers": "published", "apart": "published"}

    def made() -> list[tuple[object, ...]]:
        with duckdb.connect(str(folder / "shop" / "reports.duckdb"), read_only=True) as connection:
            return connection.execute("select n, name from numbers, apart").fetchall()

    declare(folder, "{'n': 7}")
    assert (run(folder, 2), made()) == ([built, dict.fromkeys(built, "skipped")], [(7, "reports")])
    declare(folder, "{'n': 8}")
    assert (run(folder), made()) == ([built], [(8, "reports")])

    project, diagnosis = ob.open_project(folder, "local"), Diagnosis()
    look_at_dbt(diagnosis, project.config.dbt, project.graph)
    project.close()
    (found,) = diagnosis.findings
    assert (found.health, found.said.split(",")[0]) == (
        Health.OK, "its target reports is schema main of a database of kind duckdb"
    )  # fmt: skip
