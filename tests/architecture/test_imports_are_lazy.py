"""The face costs nothing: heavy libraries load when a project uses them, not when a name is imported."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.measured import Measured
from tests.support.repository import PACKAGES, ROOT, command

HEAVY = ("duckdb", "fastapi", "great_expectations", "pandas", "plotly", "scipy", "statsmodels")
HELP_CPU_LIMIT_S = 0.5


@pytest.mark.parametrize("module", [*PACKAGES, "observer.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], f"`import {module}` loads {done.stdout.strip()}; import it where it is used"


def test_help_answers_at_once(tmp_path: Path, measured: Measured) -> None:
    """Processor time of the whole process, with bytecode present, as it is for every start but the first."""
    help_command = [command("tidegate"), "--help"]
    cpu_seconds(help_command, bytecode=tmp_path)
    cpu_s = statistics.median(cpu_seconds(help_command, bytecode=tmp_path) for _ in range(3))
    measured("tidegate --help, processor time (median of 3)", cpu_s, "s", HELP_CPU_LIMIT_S)
    assert cpu_s < HELP_CPU_LIMIT_S


def cpu_seconds(arguments: list[str], *, bytecode: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{' '.join(arguments)} ended with {process.returncode}"
    return usage.ru_utime + usage.ru_stime
