"""Dagster's side: run in an environment of its own. ``peer_dagster.py CASE SIZE`` prints a JSON object."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from typing import Any

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


def materialize(size: int, fan: bool, stored: bool, checks: bool) -> dict[str, float]:
    import logging

    import dagster as dg

    logging.disable(logging.CRITICAL)
    assets = chain(size, fan, checks)
    with tempfile.TemporaryDirectory() as folder:
        instance = dg.DagsterInstance.local_temp(folder) if stored else dg.DagsterInstance.ephemeral()
        with instance:
            dg.materialize(chain(2, False, checks), instance=instance)  # warm
            wall, spent = time.perf_counter(), cpu()
            assert dg.materialize(assets, instance=instance).success
            return {"wall_s": time.perf_counter() - wall, "cpu_s": cpu() - spent}


def load(size: int) -> dict[str, float]:
    import dagster as dg

    spent = cpu()
    assets = chain(size, False, False)
    definitions = dg.Definitions(assets=assets)
    graph = definitions.resolve_asset_graph()
    dg.AssetSelection.assets(f"a{size // 2}").upstream().resolve(graph)
    return {"cpu_s": cpu() - spent}


CASES = {
    "chain": lambda n: materialize(n, False, False, False),
    "fan": lambda n: materialize(n, True, False, False),
    "chain_sqlite": lambda n: materialize(n, False, True, False),
    "chain_sqlite_check": lambda n: materialize(n, False, True, True),
    "load": load,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
