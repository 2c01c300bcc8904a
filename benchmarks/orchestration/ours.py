"""Our side: ``ours.py CASE SIZE`` prints a JSON object. The log is a SQLite file, the gate is real, fsync is on."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import observer as ob
from observer.config import EnvironmentConfig
from observer.loading import define
from observer.project import Project, compose
from observer.store.schema import ensure
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import open_database
from orchestration.io.base import IOManager
from orchestration.io.files import FilesIOManager
from orchestration.io.memory import MemoryIOManager


def cpu() -> float:
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in (0, -1))


def assets(size: int, fan: bool) -> list[Asset]:
    """A chain or a fan of functions that return 1."""
    made = []
    for n in range(size):
        upstream = "" if n == 0 else f"a{0 if fan else n - 1}"
        scope: dict[str, object] = {}
        exec(f"def a{n}({upstream}):\n    return 1\n", scope)
        made.append(ob.asset(code_version="1")(scope[f"a{n}"]))  # type: ignore[arg-type]
    return made


@contextmanager
def project(made: list[Asset], files: bool) -> Iterator[Project]:
    folder = Path(tempfile.mkdtemp(prefix="tidegate-benchmark-"))
    config = EnvironmentConfig(
        name="benchmark", root=folder, project=folder, state=f"sqlite:///{folder}/state.db", io_path=folder / "data",
        channels=(), clock=None, url=None, secrets=(),
    )  # fmt: skip
    engine = open_database(config.state)
    try:
        ensure(engine)
        io: IOManager = FilesIOManager(config.io_path) if files else MemoryIOManager()
        yield compose(config, define(made, ()), engine, io, Clock(), (), None)
    finally:
        engine.dispose()
        shutil.rmtree(folder)


def materialize(size: int, fan: bool, files: bool) -> dict[str, float]:
    with project(assets(2, False), files) as warm:
        warm.run(warm.plan("*", None), trigger="benchmark")
    with project(assets(size, fan), files) as work:
        plan = work.plan("*", None)
        wall, spent = time.perf_counter(), cpu()
        done = work.run(plan, trigger="benchmark")
        assert done.status == "succeeded", done.status
        found = {"wall_s": time.perf_counter() - wall, "cpu_s": cpu() - spent}
    return found | {"rss_mb": resource.getrusage(0).ru_maxrss / 1024}


CASES = {
    "chain": lambda n: materialize(n, False, False),
    "fan": lambda n: materialize(n, True, False),
    "chain_files": lambda n: materialize(n, False, True),
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
