"""The detectors of the example, tried, corrected and budgeted on the history that the demo has made, by the command."""

import hashlib
import json
import sqlite3
from contextlib import closing

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


def verdict(demo: Demo, partition: str) -> tuple[int, float, float]:
    """How many days the null rate was last judged by, its upper bound, and alpha."""
    with closing(sqlite3.connect(demo.folder / ".tidegate" / "state.db")) as connection:
        found: tuple[int, float, float] = connection.execute(
            "select n_train, upper, alpha from evaluations where asset = 'flights' and partition = ? "
            "and subject = 'null_rate(dep_time)' order by id desc limit 1",
            (partition,),
        ).fetchone()
        return found


@pytest.mark.slow
def test_a_word_and_a_budget_change_what_the_next_run_is_judged_by(demo: Demo) -> None:
    run = ("run", "flights", "--partition", "2013-02-07", "--force")
    plain = verdict(demo, "2013-02-07")
    said = demo("mark", "flights", "--partition", "2013-01-16", "--as", "bad-data", "--reason", "half of it was lost")
    assert (said.code, "2013-01-16 all monitors: is bad-data" in said.out) == (0, True), said.err
    assert demo(*run).code == 0
    marked = verdict(demo, "2013-02-07")
    assert (marked[0], marked[2]) == (plain[0] - 1, plain[2])
    assert demo("mark", "flights", "--undo", "--reason", "it was not").code == 0
    assert demo(*run).code == 0
    assert verdict(demo, "2013-02-07") == plain

    toml = demo.folder / "tidegate.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("[env.local]", "[env.local]\nfalse_alarms_per_week = 0.02", 1), encoding="utf-8")
    assert demo(*run).code == 0
    judged = verdict(demo, "2013-02-07")
    assert judged[2] < plain[2]
    assert judged[1] > plain[1]
    listed = json.loads(demo("monitors", "--format", "json").out)
    assert listed["all_false_alarms_per_week"] == pytest.approx(0.02)
    assert len(listed["monitors"]) == 19
