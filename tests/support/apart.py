"""Environments of their own, for what can't be installed beside us; each is made once a clone."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.alone import alone
from tests.support.repository import ROOT
from tests.support.require import require


def python_of(name: str, packages: Sequence[str], what: str) -> Path:
    """The interpreter of the environment `name`, which has the packages; `what` can't be had where it can't be made."""
    folder = ROOT / ".venv" / name
    python, stamp, wanted = folder / "bin" / "python", folder / ".made", repr(tuple(packages))
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    with alone(name):
        if not (stamp.exists() and stamp.read_text() == wanted):
            uv = str(Path(sys.executable).with_name("uv"))
            for command in (
                ["venv", "-q", "--clear", "--python", sys.executable, str(folder)],
                ["pip", "install", "-q", "--compile-bytecode", "--python", str(python), *packages],
            ):
                try:
                    subprocess.run([uv, *command], check=True, capture_output=True, text=True, timeout=300)
                except (OSError, subprocess.SubprocessError) as error:
                    said = getattr(error, "stderr", None) or str(error)
                    require(what, f"its environment can't be made: {' '.join(str(said).split())[-300:]}")
                    raise
            stamp.write_text(wanted)
    return python
