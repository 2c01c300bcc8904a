"""Running the evaluation kit, which lies beside the project (``--kit`` of the environment variable below)."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection.simulation import LENGTHS, false_alarms
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.peers import ROOT
from detectors import Adaptive, Cadence, MetricKind
from detectors.calibrate import DEFAULT_ALPHA
from detectors.fleet import replay_many
from detectors.synthetic import NOISE_CASES

KIT = "TIDEGATE_DETECTION_KIT"
"""Names the folder of the kit; ``../shared/detection`` beside the project, if unset."""

TOGETHER = 1.5
"""Alarms in 100 clean points at which drift and stuck values are asked for, over all detectors of the table."""


def measure() -> list[Figure]:
    """Figures of the default table on the public half; without the kit only those that need none."""
    found = [*_simulated(), _many_series()]
    folder = Path(os.environ.get(KIT) or ROOT.parent / "shared" / "detection")
    if not (folder / "eval" / "dq_eval.py").is_file():
        print(f"the evaluation kit is not in {folder}; name its folder with {KIT}", file=sys.stderr)
        return found
    return [*_series(folder), *_streams(folder), *_partitions(folder), *found]


def _series(folder: Path) -> list[Figure]:
    sys.path.insert(0, str(folder / "eval"))
    kit = importlib.import_module("dq_eval")
    from benchmarks.detection.adapters import Series

    series = kit.load_series("public", None, "dq_series")
    out, cost = kit.run(Series, series, False)
    found = kit.evaluate(series, out)
    kinds = {kind: float(share) / (100 * DEFAULT_ALPHA) for kind, share in found["FA100_kind"].items()}
    names = ("F1", "F1best", "R1@1", "Rany@1", "FA100_postrelease")
    f1, best, first, anywhere, released = (float(found[name]) for name in names)
    return [
        at_least("dq_series: F1 at the default threshold", f1, "", 0.55, 0.372),
        at_least("dq_series: best F1", best, "", 0.57, 0.388),
        at_least("dq_series: flagged at the first faulty point, at 1 % false alarms", first, "", 0.62, 0.456),
        at_least("dq_series: found at any of its points, at 1 % false alarms", anywhere, "", 0.60, 0.415),
        at_most("dq_series: false alarms beside the promise, worst kind", max(kinds.values()), "times", 2.0),
        at_least("dq_series: false alarms beside the promise, least kind", min(kinds.values()), "times", 0.5),
        at_most("dq_series: false alarms in 100 points after a release", released, "", 1.0),
        *_together(kit, series, out),
        at_most("dq_series: CPU an update", cost, "us", 100.0),
    ]


def _together(kit: Any, series: Any, out: Any) -> list[Figure]:
    """Recall of drift and of stuck values at TOGETHER alarms in 100 clean points."""
    clean = np.concatenate([scores[kit.masks(one)[4]] for one, (scores, *_) in zip(series, out, strict=True)])
    threshold = np.nextafter(np.quantile(clean, 1.0 - TOGETHER / 100.0), np.inf)
    found = []
    for fault, goal in (("drift", 0.45), ("stuck", 0.80)):
        hits = [
            scores[event["start"] : event["end"] + 1].max() >= threshold
            for one, (scores, *_) in zip(series, out, strict=True)
            for event in one["events"]
            if event["type"] == fault
        ]
        found.append(
            at_least(f"dq_series: {fault} found, at {TOGETHER} % false alarms", float(np.mean(hits)), "", goal)
        )
    return found


def _streams(folder: Path) -> list[Figure]:
    row = _run(folder, "nab_eval.py", "Minutes", "run")[0]
    return [at_least("NAB, standard profile", float(row["standard"]), "", 57.0, 56.7)]


def _partitions(folder: Path) -> list[Figure]:
    rows = _run(folder, "part_eval.py", "Partitions")
    found = {name: float(np.mean([row[name] for row in rows])) for name in ("auc", "r5", "F1", "FA")}
    return [
        at_least("partitions: area under the curve", found["auc"], "", 0.90, 0.801),
        at_least("partitions: recall at 5 % false alarms", found["r5"], "", 0.60, 0.477),
        at_least("partitions: F1 at its own decision", found["F1"], "", 0.70, 0.693),
        at_most("partitions: false alarms at its own decision", found["FA"], "%", 5.0),
    ]


def _run(folder: Path, script: str, adapter: str, *more: str) -> Any:
    where = Path(__file__).with_name("adapters.py")
    with tempfile.TemporaryDirectory() as here:
        result = Path(here) / "result.json"
        command = [sys.executable, str(folder / "eval" / script), *more, "--half", "public", "--json", str(result)]
        subprocess.run([*command, f"{where}:{adapter}"], check=True, stdout=sys.stderr)
        return json.loads(result.read_text())


def _simulated() -> list[Figure]:
    """False alarms at 1 % on known noise, as multiples of it."""
    rates = {
        (name, n): 100 * false_alarms(case, n, 0.01, series=5000) for name, case in NOISE_CASES.items() for n in LENGTHS
    }
    honest = [rate for (name, n), rate in rates.items() if NOISE_CASES[name].continuous and n >= 14]
    return [
        at_most("simulated noise: most false alarms beside the promise", max(rates.values()), "times", 2.0),
        at_least("simulated continuous noise, n >= 14: fewest", min(honest), "times", 0.5),
    ]


def _many_series() -> Figure:
    values = np.random.default_rng(1).normal(1000.0, 30.0, (10_000, 100))
    at = np.arange(100) * 86400.0
    replay_many(Adaptive(MetricKind.COUNT, Cadence.DAILY), at, values[:10], alpha=DEFAULT_ALPHA)
    began = time.process_time()
    replay_many(Adaptive(MetricKind.COUNT, Cadence.DAILY), at, values, alpha=DEFAULT_ALPHA)
    return at_most("10,000 series x 100 points in one call", time.process_time() - began, "s", 2.0)
