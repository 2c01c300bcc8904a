"""The real dbt, in an environment that is made for it, and projects that tests write."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.alone import alone
from tests.support.repository import ROOT
from tests.support.require import require

# It wants an older pathspec than mypy does. Files of DuckDB's are read by both, so both have one version of it.
_PACKAGES = (
    "dbt-core>=1.11,<1.12", "dbt-duckdb==1.11.1", "dbt-postgres==1.11.0",
    f"duckdb=={importlib.metadata.version('duckdb')}",
)  # fmt: skip
_FOLDER = ROOT / ".venv" / "dbt"


def dbt_python() -> str:
    """The interpreter that has dbt; its environment is made once a clone."""
    python, stamp = _FOLDER / "bin" / "python", _FOLDER / ".made"
    if stamp.exists() and stamp.read_text() == repr(_PACKAGES):
        return str(python)
    with alone("dbt"):
        if not (stamp.exists() and stamp.read_text() == repr(_PACKAGES)):
            uv = Path(sys.executable).with_name("uv")
            for command in (
                ["venv", "-q", "--clear", "--python", sys.executable, str(_FOLDER)],
                ["pip", "install", "-q", "--compile-bytecode", "--python", str(python), *_PACKAGES],
            ):
                try:
                    subprocess.run([str(uv), *command], check=True, capture_output=True, text=True, timeout=300)
                except (OSError, subprocess.SubprocessError) as error:
                    said = getattr(error, "stderr", None) or str(error)
                    require("dbt", f"its environment can't be made: {' '.join(str(said).split())[-300:]}")
                    raise
            stamp.write_text(repr(_PACKAGES))
    return str(python)


def dbt(project: Path, *arguments: str, may_fail: bool = False) -> str:
    """Run dbt's own command in a project; gives what it prints. ``may_fail``: a node of it may."""
    done = subprocess.run(
        [str(Path(dbt_python()).with_name("dbt")), *arguments, "--no-version-check"], cwd=project, text=True,
        capture_output=True, timeout=300, env={"DO_NOT_TRACK": "1", "PATH": "/usr/bin:/bin", "HOME": str(project)},
    )  # fmt: skip
    assert done.returncode == 0 or (may_fail and done.returncode == 1), f"{done.stdout}\n{done.stderr}"
    return done.stdout


def write(project: Path, files: Mapping[str, str]) -> Path:
    """Write the files of a project."""
    for name, text in files.items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return project
