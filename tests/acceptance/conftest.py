"""The demo as a real process, run once to its end and shared as a folder that tests copy."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.support.alone import alone
from tests.support.repository import ROOT, command

LONGEST_S = 300.0
"""Far beyond what the demo takes: only a demo that hangs gets there."""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str
    seconds: float


def environment() -> dict[str, str]:
    """This process's, without the developer's own settings."""
    foreign = ("TIDEGATE_", "FLIGHTS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`tidegate ...` in a folder, with a process group of its own."""
    return subprocess.Popen(
        [command("tidegate"), *arguments], cwd=folder, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def tidegate(folder: Path, *arguments: str) -> Done:
    """`tidegate ...` in a folder, to its end."""
    began = time.monotonic()
    with start(folder, *arguments) as process:
        try:
            out, err = process.communicate(timeout=LONGEST_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Done(process.returncode, out, err, time.monotonic() - began)


def copied(source: Path, target: Path) -> Path:
    """A project of its own, with whatever state it has, even while somebody still reads the source's."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "state.db*"))
    state = Path(".tidegate", "state.db")
    if (source / state).exists():
        with closing(sqlite3.connect(source / state)) as theirs, closing(sqlite3.connect(target / state)) as ours:
            theirs.backup(ours)
    return target


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """examples/flights as it is in the clone, never run."""
    folder = copied(ROOT / "examples" / "flights", tmp_path_factory.mktemp("demo") / "untouched")
    shutil.rmtree(folder / ".tidegate", ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def finished_demo(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The folder in which `tidegate demo --no-serve` has run, and what it said. Copy it before you change it.

    It runs once for all worker processes of a test run.
    """
    base = tmp_path_factory.getbasetemp()
    ours = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, said = ours / "finished-demo", ours / "finished-demo.json"
    with alone("demo"):
        if not said.exists():
            said.write_text(json.dumps(asdict(tidegate(copied(untouched, folder), "demo", "--no-serve"))))
    return folder, Done(**json.loads(said.read_text()))


@dataclass(frozen=True, slots=True)
class Demo:
    """`demo("gate", "flights")` runs the command in a copy of the finished demo."""

    folder: Path

    def __call__(self, *arguments: str) -> Done:
        return tidegate(self.folder, *arguments)


@pytest.fixture
def demo(finished_demo: tuple[Path, Done], tmp_path: Path) -> Demo:
    return Demo(copied(finished_demo[0], tmp_path / "flights"))
