"""A dbt project that says its own variables, target and folder of profiles, and how its models read what is held."""

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


HELD = {
    "tidegate.toml": '[env.local]\ndbt = { python = "${DBT_PYTHON}", target = "reports" }\n',
    "shop/profiles.yml": PROFILES,
    "shop/dbt_project.yml": FILES["shop/dbt_project.yml"],
    "shop/models/above.sql": "{{ config(materialized='table') }} select {{ var('n') }} as n, {{ var('note') }} as note",
    "shop/models/waits.sql": "{{ config(materialized='table') }} select n from {{ ref('above') }}",
    "shop/models/goes_on.sql": (
        "{{ config(materialized='table') }} select n, {{ var('n') }} as now from {{ ref('above') }}"
    ),
    "shop/models/other_column.sql": "{{ config(materialized='table') }} select n from {{ ref('above') }}",
    "shop/models/all.yml": (
        "models:\n  - name: above\n    columns:\n      - name: note\n        data_tests: [not_null]\n"
    ),
}  # fmt: skip


def test_a_model_reads_the_last_good_version_where_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_PYTHON", dbt_python())
    folder = write(tmp_path, HELD)
    dbt(folder / "shop", "--quiet", "parse", "--target", "reports", "--vars", "{n: 1, note: 1}")
    reads = '{"goes_on": {"above": "use_published"}, "other_column": {"above": ob.columns("n")}}'

    def declared(n: int, note: str) -> dict[str, str]:
        said = f'ob.dbt_assets("shop", vars={{"n": {n}, "note": {note!r}}}, reads={reads})'
        (folder / "pipeline.py").write_text(f"import observer as ob\n\nshop = {said}\n", encoding="utf-8")
        return run(folder)[0]

    assert set(declared(1, "1").values()) == {"published"}
    assert declared(2, "null") == {
        "above": "held", "waits": "blocked", "goes_on": "published", "other_column": "published"
    }  # fmt: skip
    with duckdb.connect(str(folder / "shop" / "reports.duckdb"), read_only=True) as connection:
        assert connection.execute("select g.n, now, o.n from goes_on g, other_column o").fetchall() == [(1, 2, 1)]
    assert declared(2, "2") == dict.fromkeys(("above", "waits", "goes_on", "other_column"), "published")
    with duckdb.connect(str(folder / "shop" / "reports.duckdb"), read_only=True) as connection:
        assert connection.execute("select g.n, o.n from goes_on g, other_column o").fetchall() == [(2, 2)]
