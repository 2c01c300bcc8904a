"""kill -9 at any instant leaves whole published versions, and running again finishes without doing anything twice."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from orchestration.database import reading
from orchestration.model import RunStatus
from orchestration.settlement import MOST
from orchestration.state import known_versions
from orchestration.tables import runs
from tests.support.core import close_states
from tests.support.repository import ROOT
from tests.support.walked import addresses, expected, project, walk


@pytest.fixture(autouse=True)
def closed_states(state_url: str) -> Iterator[None]:
    yield
    close_states()


def start(url: str, folder: Path, days: int) -> "subprocess.Popen[str]":
    """The walking process, as soon as it has begun."""
    command = [sys.executable, "-m", "tests.support.walked", url, str(folder), str(days)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def kill_after(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Kill it like a power cut; whether it was still walking."""
    with process:
        time.sleep(seconds)
        process.kill()
        return process.wait() == -9


def assert_whole(url: str, folder: Path, days: int, *, others: bool = False) -> int:
    """Every pointer names a whole, readable version that says what it should; returns how many there are.

    With `others` at work, `total` may have been made of fewer days than there are.
    """
    core, seen = project(url, folder), 0
    assert core.io is not None
    for address in addresses(days):
        pointer = core.io.pointer(address)
        if pointer is None:
            assert "published" not in core.versions(address.asset, address.partition), f"{address} lost its pointer"
            continue
        seen += 1
        with reading(core.engine) as connection:
            versions = {version.id: version for version in known_versions(connection, address)}
        assert pointer.version in versions, f"{address}: the log does not know what readers see"
        assert core.io.has(address, pointer.version)
        read = core.io.load([versions[pointer.version].stored()], "", one=True)
        if address.partition is not None or not others:
            assert read == expected(address, days), address
    return seen


def assert_finished(url: str, folder: Path, days: int, kills: int) -> None:
    core = project(url, folder)
    assert assert_whole(url, folder, days) == 2 * days + 1
    for address in addresses(days):
        # What was judged good was published once and never made again.
        assert core.versions(address.asset, address.partition) == ["published"], address
    with reading(core.engine) as connection:
        ended = connection.execute(select(runs.c.status, func.count()).group_by(runs.c.status)).all()
    assert dict(ended)[RunStatus.SUCCEEDED] >= 1
    assert dict(ended).get(RunStatus.INTERRUPTED, 0) <= kills
    assert RunStatus.RUNNING not in dict(map(tuple, ended))
    assert core.leases_held() == 0
    leftovers = list((folder / "data").rglob(".*.writing"))
    assert leftovers == []
    noted = (folder / "made.txt").read_text().splitlines()
    twice = len(noted) - len(set(noted))
    assert twice <= kills * MOST, f"{twice} functions were called again after {kills} kills: only what was not settled"


def kill_and_finish(url: str, folder: Path, days: int, kills: int, seed: int) -> None:
    chance, killed = random.Random(seed), 0
    for _ in range(kills):
        process = start(url, folder, days)
        killed += kill_after(process, chance.uniform(0.05, 1.2))
        assert_whole(url, folder, days)
        close_states()
    assert killed, "every process had ended before it was killed; give it more days"
    run = walk(url, folder, days)
    assert run.status is RunStatus.SUCCEEDED
    assert_finished(url, folder, days, killed)


def test_killed_a_few_times(state_url: str, tmp_path: Path) -> None:
    kill_and_finish(state_url, tmp_path, days=40, kills=3, seed=int.from_bytes(os.urandom(4), "big"))


@pytest.mark.soak
def test_killed_many_times(state_url: str, tmp_path: Path) -> None:
    kill_and_finish(state_url, tmp_path, days=250, kills=25, seed=int.from_bytes(os.urandom(4), "big"))


def test_two_processes_at_once_and_one_is_killed(state_url: str, tmp_path: Path) -> None:
    """Both walk the same days; what one holds, the other leaves; a third finishes after the kill."""
    first, second = start(state_url, tmp_path, 10), start(state_url, tmp_path, 10)
    kill_after(first, 0.4)
    with second:
        second.wait(60)
    assert_whole(state_url, tmp_path, 10, others=True)
    close_states()
    assert walk(state_url, tmp_path, 10).status is RunStatus.SUCCEEDED
    assert_whole(state_url, tmp_path, 10)
    core = project(state_url, tmp_path)
    for address in addresses(10):
        versions = core.versions(address.asset, address.partition)
        assert versions[-1] == "published"
        if address.partition is not None:  # `total` may see fewer days while the other is at work
            assert versions == ["published"], f"{address} was published more than once: {versions}"
