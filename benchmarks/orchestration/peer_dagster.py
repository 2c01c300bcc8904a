"""Dagster's side: run in an environment of its own. ``peer_dagster.py CASE SIZE`` prints a JSON object."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.orchestration.counting import counted
from benchmarks.orchestration.written import write_chain, write_fan

warnings.filterwarnings("ignore")
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
os.environ["DO_NOT_TRACK"] = "1"


_HEADER = "import dagster as dg\n"
_JOB = """

def side_by_side():
    definitions = dg.Definitions(
        assets=dg.load_assets_from_current_module(),
        jobs=[dg.define_asset_job("all", executor_def=dg.multiprocess_executor)],
    )
    return definitions.resolve_job_def("all")
"""


def cpu() -> float:
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in (0, -1))


def chain(size: int, fan: bool, checks: bool) -> list[Any]:
    import dagster as dg

    assets = []
    for n in range(size):
        upstream = [] if n == 0 else [f"a{0 if fan else n - 1}"]
        specs = [dg.AssetCheckSpec(name="c", asset=f"a{n}")] if checks else []

        ins = {name: dg.AssetIn(name) for name in upstream}
        source = f"def a{n}({', '.join(upstream)}):\n    " + (
            "yield dg.Output(1)\n    yield dg.AssetCheckResult(passed=True)\n" if checks else "return 1\n"
        )
        scope = {"dg": dg}
        exec(source, scope)
        assets.append(dg.asset(name=f"a{n}", ins=ins, check_specs=specs)(scope[f"a{n}"]))
    return assets


def materialize(
    size: int,
    *,
    fan: bool = False,
    stored: bool = False,
    checks: bool = False,
    files: bool = False,
    counts: bool = False,
) -> dict[str, float]:
    """``stored``: on the instance that keeps a history, in SQLite; ``files``: its default IO manager, which pickles."""
    import logging

    import dagster as dg

    logging.disable(logging.CRITICAL)
    assets = chain(size, fan, checks)
    with tempfile.TemporaryDirectory() as folder:
        instance = dg.DagsterInstance.local_temp(folder) if stored else dg.DagsterInstance.ephemeral()
        resources = {} if files else {"io_manager": dg.mem_io_manager}
        with instance:
            dg.materialize(chain(2, False, checks), instance=instance, resources=resources)  # warm
            time.sleep(0.3)  # as on our side
            if counts:
                with counted() as found:
                    assert dg.materialize(assets, instance=instance, resources=resources).success
                return dict(found)
            wall, spent = time.perf_counter(), cpu()
            assert dg.materialize(assets, instance=instance, resources=resources).success
            return {"wall_s": time.perf_counter() - wall, "cpu_s": cpu() - spent}


def load(size: int) -> dict[str, float]:
    """Import and resolve a chain and a selection of its half, then make the plan of steps that a run would walk."""
    import dagster as dg
    from dagster._core.execution.api import create_execution_plan

    with tempfile.TemporaryDirectory() as folder:
        write_chain(Path(folder), size, _HEADER, "@dg.asset(code_version='1')")
        sys.path.insert(0, folder)
        spent = cpu()
        assets = dg.load_assets_from_modules([importlib.import_module("pipeline")])
        selection = dg.AssetSelection.assets(f"a{size // 2}").upstream()
        definitions = dg.Definitions(assets=assets, jobs=[dg.define_asset_job("half", selection)])
        graph = definitions.resolve_asset_graph()
        assert len(selection.resolve(graph)) == size // 2 + 1
        loaded = cpu() - spent
        sys.setrecursionlimit(100_000)
        plan = create_execution_plan(definitions.resolve_job_def("half"))
        assert len(plan.step_dict) == size // 2 + 1
        return {"cpu_s": loaded, "planned_s": cpu() - spent}


def select(size: int) -> dict[str, float]:
    """Seconds a question of a chain, the best of five; ``sinks()`` is asked once."""
    import dagster as dg

    with tempfile.TemporaryDirectory() as folder:
        write_chain(Path(folder), size, _HEADER, "@dg.asset")
        sys.path.insert(0, folder)
        assets = dg.load_assets_from_modules([importlib.import_module("pipeline")])
        graph = dg.Definitions(assets=assets).resolve_asset_graph()
        half, fifth = (dg.AssetSelection.assets(f"a{size // part}").upstream() for part in (2, 5))
        questions = {
            "upstream": (half, 5),
            "compound": (half - fifth, 5),
            "sinks": (dg.AssetSelection.all().sinks(), 1),
        }
        return {name: min(_timed(asked, graph) for _ in range(times)) for name, (asked, times) in questions.items()}


def _timed(selection: Any, graph: Any) -> float:
    began = time.perf_counter()
    assert selection.resolve(graph)
    return time.perf_counter() - began


def processes(size: int, start: str) -> dict[str, float]:
    """Wall seconds of assets side by side in the multiprocess executor, on an instance with SQLite."""
    import logging

    import dagster as dg

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        write_fan(Path(folder), size, _HEADER + _JOB, "@dg.asset")
        sys.path.insert(0, folder)
        os.chdir(folder)  # where its processes look for the module
        pipeline = importlib.import_module("pipeline")
        config: dict[str, Any] = {"execution": {"config": {"start_method": {start: {}}}}}
        with dg.DagsterInstance.local_temp(folder) as instance:
            began, spent = time.perf_counter(), cpu()
            done = dg.execute_job(dg.reconstructable(pipeline.side_by_side), instance=instance, run_config=config)
            wall = time.perf_counter() - began
            assert done.success
            return {"wall_s": wall, "cpu_s": cpu() - spent}


CASES: dict[str, Callable[[int], dict[str, float]]] = {
    "chain": materialize,
    "fan": lambda n: materialize(n, fan=True),
    "chain_check": lambda n: materialize(n, checks=True),
    "chain_sqlite": lambda n: materialize(n, stored=True),
    "chain_sqlite_check": lambda n: materialize(n, stored=True, checks=True),
    "chain_sqlite_files": lambda n: materialize(n, stored=True, files=True),
    "count": lambda n: materialize(n, stored=True, counts=True),
    "count_check": lambda n: materialize(n, stored=True, checks=True, counts=True),
    "load": load,
    "select": select,
    "processes_spawn": lambda n: processes(n, "spawn"),
    "processes_forkserver": lambda n: processes(n, "forkserver"),
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
