"""Running the evaluation kit, which lies beside the project (``--kit`` of the environment variable below)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.peers import ROOT

KIT = "TIDEGATE_DETECTION_KIT"
"""Names the folder of the kit; ``../shared/detection`` beside the project, if unset."""


def measure() -> list[Figure]:
    """Figures of the default table on the public half of ``dq_series``; none where the kit isn't there."""
    folder = Path(os.environ.get(KIT) or ROOT.parent / "shared" / "detection")
    if not (folder / "eval" / "dq_eval.py").is_file():
        print(f"the evaluation kit is not in {folder}; name its folder with {KIT}", file=sys.stderr)
        return []
    found = _run(folder)
    return [
        at_least("dq_series: F1 at the default threshold", found["F1"], "", 0.55, 0.372),
        at_least("dq_series: flagged at the first faulty point, at 1 % false alarms", found["R1@1"], "", 0.62, 0.456),
        at_least("dq_series: found at any of its points, at 1 % false alarms", found["Rany@1"], "", 0.60, 0.415),
        at_most("dq_series: false alarms in 100 points after a release", found["FA_after"], "", 1.0),
        at_most("dq_series: CPU an update", found["us"], "us", 100.0),
    ]


def _run(folder: Path) -> dict[str, float]:
    adapter = Path(__file__).with_name("adapters.py")
    with tempfile.TemporaryDirectory() as here:
        result = Path(here) / "result.json"
        command = [sys.executable, str(folder / "eval" / "dq_eval.py"), "--half", "public", "--set", "dq_series"]
        subprocess.run([*command, "--json", str(result), f"{adapter}:Series"], check=True, stdout=sys.stderr)
        return _figures(json.loads(result.read_text()))


def _figures(result: Any) -> dict[str, float]:
    row = result[0]
    names = {"F1": "F1", "R1@1": "R1@1", "Rany@1": "Rany@1", "FA_after": "FA100_postrelease", "us": "us"}
    return {ours: float(row[theirs]) for ours, theirs in names.items()}
