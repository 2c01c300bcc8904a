"""The demo as a real process, run once to its end and shared as a folder that tests copy."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

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
def finished_demo(untouched: Path) -> tuple[Path, Done]:
    """The folder in which `tidegate demo --no-serve` has run, and what it said. Copy it before you change it."""
    folder = copied(untouched, untouched.with_name("finished"))
    return folder, tidegate(folder, "demo", "--no-serve")


@dataclass(frozen=True, slots=True)
class Demo:
    """`demo("gate", "flights")` runs the command in a copy of the finished demo."""

    folder: Path

    def __call__(self, *arguments: str) -> Done:
        return tidegate(self.folder, *arguments)


@pytest.fixture
def demo(finished_demo: tuple[Path, Done], tmp_path: Path) -> Demo:
    return Demo(copied(finished_demo[0], tmp_path / "flights"))
