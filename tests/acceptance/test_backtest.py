"""The detectors of the example, tried on the history that the demo has made, by the command as users call it."""

import hashlib
import json

import pytest

from tests.acceptance.conftest import Demo


@pytest.mark.slow
def test_the_flights_are_replayed_and_nothing_is_changed(demo: Demo) -> None:
    state = demo.folder / ".tidegate" / "state.db"
    demo("ls")
    before = hashlib.sha256(state.read_bytes()).hexdigest()
    done = demo("backtest", "flights", "--format", "json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    nulls = next(one for one in said["monitors"] if one["monitor"] == "null_rate(dep_time)")
    assert nulls["points"] == 39
    assert nulls["here"]["held_found"] == nulls["here"]["held"] >= 1  # the blizzard
    faults = {(fault["fault"], fault["size"]): fault for fault in nulls["here"]["faults"]}
    assert faults["null_burst", 0.5]["recall"] >= 0.9
    assert said["here"]["false_alarms_per_week"] <= 2
    assert hashlib.sha256(state.read_bytes()).hexdigest() == before


@pytest.mark.slow
def test_a_change_of_the_pipeline_is_compared_before_it_is_merged(demo: Demo) -> None:
    pipeline = (demo.folder / "pipeline.py").read_text(encoding="utf-8")
    declared = 'ob.monitor("null_rate", column="dep_time", severity="error"'
    assert declared in pipeline
    (demo.folder / "proposed.py").write_text(pipeline.replace(declared, f"{declared}, alpha=0.05"), encoding="utf-8")
    chosen = ("--monitor", "null_rate(dep_time)", "--compare", "proposed.py", "--format", "json")
    done = demo("backtest", "flights", *chosen)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["other"]["found"] > said["here"]["found"]
    assert said["other"]["promised_per_week"] > said["here"]["promised_per_week"]
