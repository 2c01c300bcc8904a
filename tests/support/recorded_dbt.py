"""Artifacts of other versions of dbt, kept in `tests/recorded/dbt/<version>`, and how they were made.

    python -m tests.support.recorded_dbt <the Python of an environment with dbt-core and dbt-duckdb> ...

builds `examples/dbt` with each of them: `dbt ls` is kept as `ls.json`. Paths, times, ids of invocations, dbt's own
macros and what was compiled are left out; whatever else is in a file is dbt's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

RECORDED = ROOT / "tests" / "recorded" / "dbt"
FILES = ("manifest.json", "run_results.json", "sources.json", "catalog.json")
AT = "2026-01-01T00:00:00.000000Z"
_MADE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
_CREATED = re.compile(r'"created_at":[0-9.e+]+')
_DROPPED = ("docs", "parent_map", "child_map", "group_map", "selectors", "disabled")
_CODE = ("compiled_code", "compiled_path", "build_path", "compiled", "doc_blocks", "extra_ctes", "extra_ctes_injected")
_SOURCES = """
create table departures as select 2013 as year, 1 as month, 1 + n % 9 as day, ['UA', 'AA', 'B6'][1 + n % 3] as carrier,
  n as flight, ['EWR', 'JFK', 'LGA'][1 + n // 9 % 3] as origin, 'BOS' as dest, 600 as sched_dep_time,
  600.0 as dep_time, (n % 40)::double as dep_delay, timestamp '2013-01-09' as loaded_at from range(540) t(n);
create table usual_delays as select unnest(['EWR', 'JFK', 'LGA']) as origin, 10.0 as usual, 2.0 as spread;
"""
_OLD_SNAPSHOT = """{% snapshot airlines_history %}
{{ config(target_schema=target.schema, unique_key='carrier', strategy='check', check_cols=['carrier_name']) }}
select * from {{ ref('stg_airlines') }}
{% endsnapshot %}
"""


def main() -> None:
    """Record each version anew."""
    for python in map(Path, sys.argv[1:]):
        version = _said(python, "-c", "import importlib.metadata as m; print(m.version('dbt-core'))").strip()
        record(python, tuple(map(int, version.split(".")[:2])))
        print(version)


def record(python: Path, version: tuple[int, ...]) -> None:
    """Build the example by one version, and keep what that leaves behind."""
    with tempfile.TemporaryDirectory() as made:
        project = _project(Path(made), version)
        database = project.parent / ".tidegate" / "flights.duckdb"
        database.parent.mkdir()
        _said(python, "-c", f"import duckdb; duckdb.connect({str(database)!r}).execute({_SOURCES!r})")
        dbt = (str(python.with_name("dbt")), "--quiet", "--no-version-check")
        for verb in (("build",), ("docs", "generate"), ("source", "freshness"), ("build",)):
            _said(*dbt, *verb, folder=project)
        folder = RECORDED / ".".join(map(str, version))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        keys = ("unique_id", "resource_type", "depends_on", "config", "tags")
        listed = _said(*dbt, "ls", "--output", "json", "--output-keys", *keys, folder=project)
        lines = [json.loads(line) for line in listed.splitlines() if line.startswith("{")]
        for one in lines:
            one["config"] = {"materialized": one["config"].get("materialized")}
        (folder / "ls.json").write_text(_text(sorted(lines, key=lambda one: str(one["unique_id"]))), encoding="utf-8")
        for name in FILES:
            said = json.loads((project / "target" / name).read_text(encoding="utf-8"))
            text = _text(_lean(said)).replace(str(project), "/project").replace(made, "/")
            text = _CREATED.sub('"created_at":0.0', _MADE.sub(AT, text))
            (folder / name).write_text(text, encoding="utf-8")


def _project(folder: Path, version: tuple[int, ...]) -> Path:
    """A copy of the example with a freshness, in words that the version takes."""
    project = folder / "example" / "dbt"
    ignored = shutil.ignore_patterns("target", "logs")
    shutil.copytree(ROOT / "examples" / "dbt" / "dbt", project, ignore=ignored)
    declared = project / "models" / "sources.yml"
    fresh = ("- name: departures", "loaded_at_field: loaded_at", "freshness: {warn_after: {count: 1, period: day}}")
    declared.write_text(declared.read_text().replace(fresh[0], f"\n{' ' * 8}".join(fresh)))
    if version < (1, 10):
        for file in project.rglob("*.yml"):
            file.write_text(_flat(file.read_text()))
    if version < (1, 9):
        seeds = next(file for file in project.rglob("*.yml") if "snapshots:" in file.read_text())
        seeds.write_text(seeds.read_text().partition("snapshots:")[0])
        (project / "snapshots").mkdir()
        (project / "snapshots" / "airlines_history.sql").write_text(_OLD_SNAPSHOT)
    return project


def _flat(text: str) -> str:
    """Tests' arguments without the key `arguments`, which older versions don't know."""

    def lines() -> Iterator[str]:
        inside: int | None = None
        for line in text.splitlines():
            depth = len(line) - len(line.lstrip())
            if inside is not None and depth > inside:
                yield line[2:]
                continue
            inside = None
            if line.strip() == "arguments:":
                inside = depth
            elif line.strip().startswith("arguments: {"):
                for pair in line.strip()[len("arguments: {") : -1].split(", "):
                    yield " " * depth + pair
            else:
                yield line

    return "\n".join(lines()) + "\n"


def _lean(said: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in said.items() if name not in _DROPPED}
    kept = ("dbt_schema_version", "dbt_version", "project_name", "adapter_type", "generated_at")
    said["metadata"] = {name: said["metadata"].get(name) for name in kept} | {"invocation_id": "recorded"}
    if "macros" in said:
        said["macros"] = {id_: one for id_, one in said["macros"].items() if one["package_name"] == "flights"}
    for one in (*said.get("nodes", {}).values(), *said.get("results", ())):
        for name in _CODE:
            one.pop(name, None)
    if "args" in said:
        said["args"] = {}
    return said


def _text(said: object) -> str:
    return json.dumps(said, indent=None, separators=(",", ":"), sort_keys=True) + "\n"


def _said(*command: str | Path, folder: Path | None = None) -> str:
    environment = {"DO_NOT_TRACK": "1", "PATH": os.environ["PATH"], "HOME": str(folder or Path.cwd())}
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout[-3000:]} {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
