"""An asset that comes in chunks and is larger than memory should ever be: written, judged, published, queried, read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.backends import KINDS, inline, options_of
from tests.support.measured import Measured
from tests.support.repository import ROOT
from tests.unit.observer.shop import TOML

MEGABYTES = int(os.environ.get("SOAK_STREAM_MB", "2000"))
"""Of the data, as it lies in memory; on disk its texts take little, but in SQLite."""
LIMIT_MB = 1_800
"""Of resident memory, whatever the size."""
STREAMED = [one for one in KINDS if "snowflake" not in str(one)]


@pytest.mark.soak
@pytest.mark.parametrize("kind", STREAMED)
def test_memory_is_bounded(kind: str, tmp_path: Path, request: pytest.FixtureRequest, measured: Measured) -> None:
    options = options_of(kind, request.getfixturevalue)
    (tmp_path / "tidegate.toml").write_text(f"{TOML}io.default = {inline(options)}\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.streamed", str(tmp_path), str(MEGABYTES)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    measured(f"resident memory of {MEGABYTES:,} MB in chunks through {kind}", found["peak_mb"], "MB", LIMIT_MB)
    assert found["bytes"] >= MEGABYTES * 10**6
    assert found["peak_mb"] < LIMIT_MB
