"""Peers live in environments of their own, made once below ``.venv-peers/``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def python_of(name: str, *requirements: str) -> Path | None:
    """The interpreter of a peer's environment, made if it isn't there; None where it can't be installed."""
    folder = ROOT / ".venv-peers" / name
    python, done = folder / "bin" / "python", folder / ".done"
    if done.is_file():
        return python
    uv = Path(sys.executable).with_name("uv")
    commands = (
        [uv, "venv", "--quiet", "--clear", folder],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *requirements],
    )
    for command in commands:
        finished = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if finished.returncode:
            said = finished.stderr.strip()[-300:]
            print(f"{name} can't be installed, so nothing is compared: {said}", file=sys.stderr)
            return None
    done.touch()
    return python


def run_json(python: Path, script: Path, *arguments: object, most_mb: int | None = None) -> Any:
    """Run a script in a fresh process and read the JSON object on the last line of its output.

    ``most_mb``: it gets no more memory than that, and fails where it asks for more.
    """
    command = [str(python), str(script), *map(str, arguments)]
    if most_mb is not None:
        command = ["sh", "-c", f'ulimit -d {most_mb * 1024} && exec "$@"', "sh", *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr[-3000:]}")
    return json.loads(finished.stdout.strip().splitlines()[-1])
