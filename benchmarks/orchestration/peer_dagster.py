"""Dagster's side: run in an environment of its own. ``peer_dagster.py CASE SIZE`` prints a JSON object."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.orchestration.counting import counted

warnings.filterwarnings("ignore")
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
os.environ["DO_NOT_TRACK"] = "1"


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
            if counts:
                with counted() as found:
                    assert dg.materialize(assets, instance=instance, resources=resources).success
                return dict(found)
            wall, spent = time.perf_counter(), cpu()
            assert dg.materialize(assets, instance=instance, resources=resources).success
            return {"wall_s": time.perf_counter() - wall, "cpu_s": cpu() - spent}


def load(size: int) -> dict[str, float]:
    import dagster as dg

    spent = cpu()
    assets = chain(size, False, False)
    definitions = dg.Definitions(assets=assets)
    graph = definitions.resolve_asset_graph()
    dg.AssetSelection.assets(f"a{size // 2}").upstream().resolve(graph)
    return {"cpu_s": cpu() - spent}


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
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
