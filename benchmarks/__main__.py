"""``python -m benchmarks NAME [--json]``: measure Tidegate beside its peers, in one run on one machine."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys

from benchmarks.figures import Figure

NAMES = ("orchestration", "detection", "io", "profile", "checks", "store", "service", "dashboard")
"""What can be measured."""


def main() -> int:
    """Measure and print; 0 whether a goal is met or not, for a figure is not a test."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    names = NAMES if asked.name == "all" else (asked.name,)
    figures: list[Figure] = []
    for name in names:
        figures += importlib.import_module(f"benchmarks.{name}").measure()
    if asked.json:
        json.dump({"figures": [dataclasses.asdict(figure) for figure in figures]}, sys.stdout, indent=2)
        print()
    else:
        for figure in figures:
            print(figure.line())
    return 0


if __name__ == "__main__":
    sys.exit(main())
