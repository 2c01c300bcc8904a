"""A project whose runs a test can stop half-way, and what run and doctor say of its backend in trouble."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from observer.doctor.examine import examine
from observer.doctor.model import Finding, Health
from observer.project import Project
from tests.support.backends import inline
from tests.unit.observer.shop import TOML

OTHER_DAY, DAY = "2024-02-01", "2024-02-02"
SECRET = "hunter2-secret"
KEPT = "readers keep what they had"

PIPELINE = """
import json
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import observer as ob

HERE = Path(__file__).parent
days = ob.daily(start="2024-01-01")


@ob.asset(partitions=days)
def orders(context: ob.Context) -> Iterator[pd.DataFrame]:
    for part in json.loads((HERE / f"{context.partition}.json").read_text()):
        if part == "wait":
            (HERE / "waiting").touch()
            while (HERE / "waiting").exists():
                time.sleep(0.01)
        elif part == "large":
            for n in range(6):
                yield pd.DataFrame({"n": np.random.default_rng(n).integers(0, 2**60, 500_000)})
        else:
            yield pd.DataFrame(part)
"""

Fixture = Callable[[str], object]


def project(folder: Path, more: str = "") -> Path:
    """A project of one asset whose parts a test writes with ``put``; ``more`` is what else is in its pipeline."""
    folder.mkdir()
    (folder / "pipeline.py").write_text(PIPELINE + more)
    return folder


def environment(folder: Path, options: object) -> Path:
    (folder / "tidegate.toml").write_text(f"{TOML}io.default = {inline(options)}\n")
    return folder


def put(folder: Path, day: str, *parts: object) -> None:
    (folder / f"{day}.json").write_text(json.dumps(parts))


def run(work: Project, day: str = DAY) -> tuple[str, str]:
    """How the step of `orders` ended, and what it says."""
    step = work.run(work.plan("orders", day, force=True), trigger="test").steps[-1]
    return step.status.value, step.error or ""


def storage(folder: Path, *, fix: bool = False) -> Finding:
    """What the doctor says of the IO manager; nothing that it says shows the secret."""
    found = examine(folder, None, fix=fix, deep=True, send=False)
    assert SECRET not in repr(found)
    return next(one for one in found if one.part == "io.default")


def rows(work: Project, day: str, asset: str = "orders") -> list[object]:
    found = work.load(asset, day, wants="pd.DataFrame")
    assert isinstance(found, pd.DataFrame)
    return list(found["n"])


def left_behind(folder: Path) -> list[Finding]:
    """What else the doctor finds; nobody is told of anything in these environments."""
    found = examine(folder, None, fix=False, deep=True, send=False)
    return [one for one in found if one.health is not Health.OK and one.part != "channels"]
