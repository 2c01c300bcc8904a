"""Imports run one way; the contracts stand in pyproject.toml."""

import subprocess

from tests.support.repository import ROOT, command


def test_the_contracts_are_kept() -> None:
    done = subprocess.run(
        [command("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
