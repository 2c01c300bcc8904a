"""Our side of whole projects on disk: ``ours_project.py CASE SIZE`` prints a JSON object.

The state database is there before it is measured, as each load after the first finds it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from benchmarks.orchestration.ours import cpu
from benchmarks.orchestration.written import write_chain, write_fan
from observer.project import Project, open_project
from orchestration.database import writing
from orchestration.plan import Plan
from orchestration.tables import versions

_HEADER = "import observer as ob\n"
_TOML = '[env.local]\nstate = "sqlite:///state.db"\n'
_OPEN = "import sys; from observer.project import open_project; open_project(sys.argv[1]).engine.dispose()"
_DAYS = """
days = ob.daily(start="1990-01-01")

@ob.asset(partitions=days)
def raw(context: ob.Context):
    return 1

@ob.asset(partitions=days)
def clean(raw):
    return 1

@ob.asset(partitions=days, reads={"clean": ob.last(7)})
def rolling(clean):
    return 1
"""


@contextmanager
def _folder(executor: str = "") -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as name:
        folder = Path(name)
        (folder / "tidegate.toml").write_text(_TOML + executor)
        (folder / "pipeline.py").write_text(_HEADER + "\n\n@ob.asset\ndef warm():\n    return 1\n")
        open_project(folder).engine.dispose()
        sys.modules.pop("pipeline")
        yield folder


def load(size: int, decorator: str, *, again: bool = False) -> dict[str, float]:
    """Open a project of a chain and plan the half of it; ``again``: as each load after the first finds it."""
    with _folder() as folder:
        write_chain(folder, size, _HEADER, decorator)
        if again:
            writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            subprocess.run([sys.executable, "-c", _OPEN, str(folder)], check=True, env=writing)
        spent = cpu()
        project = open_project(folder)
        opened = cpu() - spent
        assert len(project.plan(f"+a{size // 2}", None).steps) == size // 2 + 1
        return {"cpu_s": cpu() - spent, "opened_s": opened}


def select(size: int) -> dict[str, float]:
    """Seconds a question, the best of five, of a chain; the sink is what is not upstream of the last but one."""
    questions = {
        "upstream": f"+a{size // 2}",
        "compound": f"+a{size // 2}, -+a{size // 5}",
        "sinks": f"*, -+a{size - 2}",
    }
    with _folder() as folder:
        write_chain(folder, size, _HEADER, "@ob.asset")
        project = open_project(folder)
        return {name: min(_timed(project, question) for _ in range(5)) for name, question in questions.items()}


def _timed(project: Project, question: str) -> float:
    began = time.perf_counter()
    assert project.select(question)
    return time.perf_counter() - began


def backfill(size: int) -> dict[str, float]:
    """Wall seconds of planning partitions of three assets, from nothing and once every one is published."""
    last = date(1990, 1, 1) + timedelta(days=size - 1)
    with _folder() as folder:
        (folder / "pipeline.py").write_text(_HEADER + _DAYS)
        project = open_project(folder)

        def plan() -> tuple[Plan, float]:
            began = time.perf_counter()
            planned = project.plan("+rolling", f"1990-01-01..{last}")
            assert len(planned.steps) == 3 * size
            return planned, time.perf_counter() - began

        planned, fresh_s = plan()
        _publish(project, planned)
        return {"fresh_s": fresh_s, "published_s": plan()[1]}


def _publish(project: Project, planned: Plan) -> None:
    """Enter a published version for each step, as if all of it had been made by other code."""
    rows: list[dict[str, object]] = [
        {
            "id": f"v{n}", "asset": step.address.asset, "partition": step.address.partition, "run_id": "r",
            "status": "published", "materialized_at": project.clock.now(), "data_version": "d", "code_version": "1",
            "fingerprint": "f.f", "duration_s": 0.1, "format": "x", "metadata": {}, "inputs": [],
        }
        for n, step in enumerate(planned.steps)
    ]  # fmt: skip
    with writing(project.engine) as connection:
        connection.execute(versions.insert(), rows)


def processes(size: int) -> dict[str, float]:
    """Wall seconds of assets side by side in worker processes, the start of the workers included."""
    with _folder('executor = { kind = "processes" }\n') as folder:
        write_fan(folder, size, _HEADER, "@ob.asset")
        project = open_project(folder)
        plan = project.plan("*", None)
        began, spent = time.perf_counter(), cpu()
        done = project.run(plan, trigger="benchmark")
        wall = time.perf_counter() - began
        assert done.status == "succeeded", done.status
        assert len(done.steps) == size
        return {"wall_s": wall, "cpu_s": cpu() - spent}


CASES = {
    "load": lambda n: load(n, "@ob.asset(code_version='1')"),
    "load_derived": lambda n: load(n, "@ob.asset", again=True),
    "load_derived_first": lambda n: load(n, "@ob.asset"),
    "select": select,
    "backfill": backfill,
    "processes": processes,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
