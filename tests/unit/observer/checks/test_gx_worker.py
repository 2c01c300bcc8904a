"""The process that has the library: warm, apart from this one, and replaced when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from observer.checks import CheckData, expect
from observer.checks.gx import worker as module
from observer.checks.gx.expectation import ExpectationCheck
from observer.checks.gx.worker import worker
from observer.collectors.opening import opened
from observer.model import ProfilePolicy
from orchestration.model import AssetKey
from tests.support.checked import outcome, outcomes
from tests.support.measured import Measured
from tests.support.repository import ROOT

pytestmark = pytest.mark.slow  # the library's process takes seconds to start

FRAME = pd.DataFrame({"x": [1.0, 2.0, 300.0, None]})
DEVIATION = expect("ExpectColumnStdevToBeBetween", column="x", max_value=1000)
MEDIAN = expect("ExpectColumnMedianToBeBetween", column="x", max_value=10)
SLOW = """
import time
import great_expectations.expectations as gxe

class ExpectTableRowCountInTime(gxe.ExpectTableRowCountToEqual):
    value: int = 4

    def _validate(self, *args, **kwargs):
        time.sleep(60)
"""


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExpectationCheck:
    """An expectation of a project's own that takes a minute."""
    (tmp_path / "slow_expectations.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    return ExpectationCheck(
        name="slow", severity=DEVIATION.severity, expectation="ExpectTableRowCountInTime", arguments=(),
        module="slow_expectations",
    )  # fmt: skip


def test_it_stays_warm_and_this_process_without_the_library() -> None:
    outcome(DEVIATION, FRAME)
    first = worker().pid
    assert first is not None
    assert outcome(MEDIAN, FRAME).passed is True
    assert worker().pid == first
    assert "great_expectations" not in sys.modules


def test_one_that_is_killed_in_the_middle_is_unknown_and_the_rest_go_on_in_another(slow: ExpectationCheck) -> None:
    outcome(DEVIATION, FRAME)  # so that it is warm
    first = worker().pid
    assert first is not None
    killing = threading.Timer(1.5, os.kill, (first, signal.SIGKILL))
    killing.start()
    before, killed, after = outcomes([DEVIATION, slow, MEDIAN], FRAME)
    killing.join()
    assert (before.passed, after.passed) == (True, True)
    assert killed.passed is None
    assert killed.message == (
        "slow could not be evaluated: the process of Great Expectations was ended by SIGKILL; the next expectation "
        "starts another"
    )
    assert worker().pid not in (None, first)


def test_one_that_takes_too_long_is_unknown_and_ended(slow: ExpectationCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 1.0)
    found = outcome(slow, FRAME)
    assert found.passed is None
    assert "took longer than it may" in found.message
    assert worker().pid is None


def test_the_budget_of_a_version_bounds_it(slow: ExpectationCheck) -> None:
    began = time.monotonic()
    found = outcome(slow, FRAME, ProfilePolicy(max_seconds=1.5))
    assert found.passed is None
    assert "the budget of 1.5 s was spent" in found.message
    assert time.monotonic() - began < 30
    assert worker().pid is None


def test_data_that_cannot_be_handed_over_is_unknown() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "odd": [threading.Lock(), None]})
    found = outcome(DEVIATION, frame)
    assert found.passed is None
    assert "can't be handed to Great Expectations" in found.message
    assert outcome(DEVIATION, FRAME).passed is True


def test_data_is_handed_over_once_and_forgotten_with_the_version() -> None:
    one = worker()
    with opened(FRAME) as relation:
        held = CheckData(asset=AssetKey("a"), partition=None, value=FRAME, relation=relation)
        DEVIATION.run(held)
        (number,) = [number for number in one._held if number == one._known[held]]
        MEDIAN.run(held)
        assert one._known[held] == number
    del held
    assert number not in one._held


PROJECT = """
import pandas as pd
import observer as ob

@ob.asset(checks=[
    ob.expect("ExpectColumnStdevToBeBetween", column="n", min_value=0),
    ob.expect("ExpectColumnValuesToBeBetween", column="n", min_value=0),
])
def numbers() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2, 4]})
"""
RUN = """
import sys
from observer.checks.gx.worker import worker
from observer.cli import main

for verb in ("run", "check"):
    sys.argv = ["tidegate", verb, "numbers"]
    try:
        main()
    except SystemExit as end:
        print(end.code or 0, "great_expectations" in sys.modules, worker().pid)
"""


def test_a_run_never_loads_the_library_leaves_no_file_and_no_process(tmp_path: Path, measured: Measured) -> None:
    home, work, temporary = (tmp_path / name for name in ("home", "work", "tmp"))
    for folder in (home, work, temporary):
        folder.mkdir()
    (work / "pipeline.py").write_text(PROJECT)
    (work / "tidegate.toml").write_text('project = "pipeline.py"\n[env.local]\n')
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=work, capture_output=True, text=True, check=True,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    measured("a run whose expectations start Great Expectations", time.perf_counter() - began, "s", 120)
    code, loaded, pid = done.stdout.split()[-3:]
    assert (code, loaded) == ("0", "False"), done.stdout
    assert "ExpectColumnStdevToBeBetween(n) (a library)" in done.stdout
    assert "ExpectColumnValuesToBeBetween(n) (one scan)" in done.stdout
    assert not list(home.iterdir())
    assert not list(temporary.iterdir())
    assert {one.name for one in work.iterdir()} == {".tidegate", "pipeline.py", "tidegate.toml"} | (
        {"__pycache__"} if (work / "__pycache__").exists() else set()
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
