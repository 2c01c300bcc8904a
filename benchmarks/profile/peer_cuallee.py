"""cuallee on a pandas frame read from the file: ``python peer_cuallee.py FILE``; no text lengths, no quartiles."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from cuallee import Check, CheckLevel


def main() -> None:
    """Validate once and say what it cost."""
    before = time.process_time()
    frame = pd.read_parquet(sys.argv[1])
    check = Check(CheckLevel.WARNING, "trips")
    for name in frame.columns:
        check.is_complete(name)
        check.is_unique(name)
        if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            check.has_min(name, 0).has_max(name, 0).has_mean(name, 0).has_std(name, 0).is_positive(name)
    result = check.validate(frame)
    cost = time.process_time() - before
    if len(result) < 100:
        raise RuntimeError(f"only {len(result)} rules were evaluated")
    print(json.dumps({"cpu_s": cost, "rss_mb": 0.0}))


if __name__ == "__main__":
    main()
