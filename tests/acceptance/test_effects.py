"""Monitors of what has moved, by the command: a price in another unit is held, and its words say what moved."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.acceptance.conftest import tidegate
from tests.unit.observer.test_effects import DAYS, day, pipeline, write

TOML = '[env.local]\nclock = "2024-03-01 06:00 UTC"\n'


@pytest.mark.slow
def test_a_price_in_another_unit_is_held_and_explained(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(pipeline(), encoding="utf-8")
    (tmp_path / "tidegate.toml").write_text(TOML, encoding="utf-8")
    for n in range(DAYS + 1):
        write(tmp_path, n, times=100.0 if n == DAYS else 1.0)
    done = tidegate(tmp_path, "run", "orders", "--partition", f"{day(0)}..{day(DAYS - 1)}")
    assert done.code == 0, done.err
    done = tidegate(tmp_path, "run", "orders", "--partition", day(DAYS))
    assert done.code == 1, done.err
    assert "Shift of amount" in done.out
    assert "values over " in done.out

    done = tidegate(tmp_path, "monitors", "orders")
    assert "distribution(amount)" in done.out
    assert "categories(carrier)" in done.out
    done = tidegate(tmp_path, "history", "orders", "distribution", "--column", "amount", "--format", "json")
    *before, last = json.loads(done.out)
    assert last["held"]
    assert last["shift"] > 0.8 > np.mean([point["shift"] for point in before if point["shift"] is not None]) * 4
    done = tidegate(tmp_path, "backtest", "orders", "--monitor", "distribution(amount)", "--format", "json")
    (monitor,) = json.loads(done.out)["monitors"]
    assert (monitor["here"]["held"], monitor["here"]["held_found"]) == (1, 1)
    assert {fault["recall"] for fault in monitor["here"]["faults"] if fault["fault"] == "unit_change"} == {1.0}
