"""The real dbt, in an environment that is made for it, and projects that tests write."""

import importlib.metadata
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.apart import python_of

# It wants an older pathspec than mypy does. Files of DuckDB's are read by both, so both have one version of it.
_PACKAGES = (
    "dbt-core>=1.11,<1.12", "dbt-duckdb==1.11.1", "dbt-postgres==1.11.0",
    f"duckdb=={importlib.metadata.version('duckdb')}",
)  # fmt: skip


def dbt_python() -> str:
    """The interpreter that has dbt."""
    return str(python_of("dbt", _PACKAGES, "dbt"))


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
