"""What one IO manager keeps and a query in another reads is handed over in parts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import KINDS
from tests.support.measured import Measured
from tests.support.repository import ROOT

LIMIT_MB = 250
CHUNKS = 40
DATA_MB = 160  # whole in memory on the way it takes 430 MB and more


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if "snowflake" not in str(kind)), "iceberg"])
def test_a_copy_is_never_whole_in_memory(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, measured: Measured
) -> None:
    new: Callable[[], str] = (
        request.getfixturevalue("new_database") if kind == "postgres" else lambda: str(tmp_path / f"there.{kind}")
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.copied", new(), str(tmp_path), str(CHUNKS)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows, grown_mb = done.stdout.split()
    measured(f"memory of copying {DATA_MB} MB through {kind}", float(grown_mb), "MB", LIMIT_MB)
    assert int(rows) == 800_000
    assert float(grown_mb) < LIMIT_MB
