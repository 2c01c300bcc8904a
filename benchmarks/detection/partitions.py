"""What the kit's part C asks for: a table's partitions, profiled, and judged by all their numbers together."""

from __future__ import annotations

import re
import sys
from collections import Counter
from math import log, log1p
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from detectors.distribution import CategoryPool
from detectors.novelty import Batches, Quantity

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
SHAPES = {
    ord(c): kind
    for kind, of in (("a", "abcdefghijklmnopqrstuvwxyz"), ("A", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), ("9", "0123456789"))
    for c in of
}
REPEATED = re.compile(r"(.)\1+")
Profile = tuple[dict[str, Quantity], dict[str, Counter[object]]]
ALPHA = 0.05


def shape(word: str) -> str:
    """Return what a word looks like: letters and digits as classes, repetitions folded."""
    return REPEATED.sub(r"\1+", word.translate(SHAPES))


def numbers(name: str, column: pd.Series, rows: int) -> Profile:
    """Profile a column of numbers."""
    values = pd.to_numeric(column, errors="coerce").dropna().to_numpy(float)
    found = {f"{name} null": Quantity(1.0 - len(values) / rows, rows)}
    if not len(values):
        return found, {}
    for share, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True):
        found[f"{name} q{share:g}"] = Quantity(float(value))
    counted = Counter[object](values.tolist())
    found |= {
        f"{name} mean": Quantity(float(values.mean())),
        f"{name} spread": Quantity(log(values.std() + 1e-9), floor=0.02),
        f"{name} zero": Quantity(float((values == 0).mean()), rows),
        f"{name} negative": Quantity(float((values < 0).mean()), rows),
        f"{name} fraction": Quantity(float((values != np.round(values)).mean()), rows),
        f"{name} distinct": Quantity(len(counted) / rows**0.5),
        f"{name} most frequent": Quantity(max(counted.values()) / rows, rows),
    }
    return found, {f"{name} number": counted}


def words(name: str, column: pd.Series, rows: int) -> Profile:
    """Profile a column of words."""
    values = [str(value) for value in column.dropna().tolist()]
    found = {f"{name} null": Quantity(1.0 - len(values) / rows, rows)}
    if not values:
        return found, {}
    lengths = np.array([len(value) for value in values])
    counted = Counter[object](values)
    found |= {
        f"{name} length": Quantity(float(lengths.mean())),
        f"{name} length spread": Quantity(float(lengths.std())),
        f"{name} distinct": Quantity(len(counted) / rows**0.5),
        f"{name} most frequent": Quantity(max(counted.values()) / rows, rows),
    }
    return found, {f"{name} word": counted, f"{name} shape": Counter[object](map(shape, values))}


class Partitions:
    """Novelty over all numbers of a partition, with category pools for its columns."""

    name: ClassVar[str] = "tidegate"

    def __init__(self) -> None:
        self.batches = Batches()
        self.pools: dict[str, CategoryPool] = {}
        self.numeric: dict[str, bool] = {}

    def profile(self, frame: pd.DataFrame) -> Profile:
        """Profile a partition; the first decides which columns hold numbers."""
        if not self.numeric:
            self.numeric = {str(name): pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
        rows = len(frame)
        found = {
            "rows": Quantity(log1p(rows), floor=0.05),
            "duplicates": Quantity(float(frame.duplicated().mean()), rows),
        }
        counts: dict[str, Counter[object]] = {}
        for name, numeric in self.numeric.items():
            quantities, counted = (numbers if numeric else words)(name, frame[name], rows)
            found |= quantities
            counts |= counted
        return found, counts

    def _quantities(self, profile: Profile) -> dict[str, Quantity]:
        quantities, counts = dict(profile[0]), profile[1]
        for name, counted in counts.items():
            if name in self.pools:
                shift = self.pools[name].shift(counted)
                quantities[f"{name} unseen"] = Quantity(shift.unseen, float(counted.total()))
                if not name.endswith(" number"):
                    quantities[f"{name} shift"] = Quantity(log1p(shift.largest), floor=0.05)
                    quantities[f"{name} distance"] = Quantity(shift.distance, floor=0.05)
        return quantities

    def judge(self, profile: Profile) -> tuple[float, bool]:
        """Return the score and the decision."""
        verdict = self.batches.judge(self._quantities(profile))
        return verdict.score, verdict.anomalous(ALPHA)

    def learn(self, profile: Profile) -> None:
        """Take in an accepted partition."""
        self.batches.learn(self._quantities(profile))
        for name, counted in profile[1].items():
            self.pools.setdefault(name, CategoryPool()).learn(counted)
