"""The main job, end to end, as a user runs it: `tidegate demo` in a copy of examples/flights."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.conftest import Demo, Done, copied, tidegate
from tests.support.measured import Measured

STORM = "2013-02-08"
LIMIT_S = 60.0
STORMS = {"2013-01-16", "2013-01-25", "2013-01-28", "2013-01-30", "2013-01-31"}
"""The stormy days of January, with 4 to 11 % of the flights cancelled."""


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / ".tidegate" / "state.db") as connection:
        return connection.execute(question).fetchall()


def versions(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "select id, status from versions where format <> 'observed' order by seq")


@pytest.mark.slow
def test_the_demo_ends_as_the_readme_tells(finished_demo: tuple[Path, Done], measured: Measured) -> None:
    _, done = finished_demo
    assert done.code == 0, done.out + done.err
    measured("tidegate demo --no-serve", done.seconds, "s", LIMIT_S)
    lines = {line.split("  ")[1]: line for line in done.out.splitlines() if line.startswith("  ")}
    assert re.search(rf"^flights of {STORM}: held\. Null rate of dep_time 50\.8 %, expected 0–", done.out, re.M)
    assert "daily_delays, delay_report: they never ran for that day" in lines["blocked"]
    assert re.search(r"delay_model: read \d+ published partitions of daily_delays; .*2013-02-08$", lines["went on"])
    assert "2013-02-07" in lines["readers see"]
    assert "opened for null_rate(dep_time)" in lines["incident"]
    assert "arrived, signature verified by the receiver: flights 2013-02-08 is held" in lines["webhook"]
    assert re.search(r"38 days: \d+ held \(.*\), \d+ warned \(.*\); each held only itself", lines["before it"])
    assert "39 of 39 days" in done.out
    assert "Traceback" not in done.err


def test_no_ordinary_day_of_january_is_held(finished_demo: tuple[Path, Done]) -> None:
    """Not tuned to the month: what is held before the blizzard are days of storm, if any; the summary counts them."""
    folder, done = finished_demo
    held = {day for (day,) in rows(folder, "select partition from gates where asset='flights' and outcome='held'")}
    assert held - {STORM} <= STORMS
    counted = re.search(r"38 days: (\d+) held", done.out)
    assert counted is not None
    assert int(counted[1]) == len(held) - 1


def test_a_held_day_holds_only_itself(finished_demo: tuple[Path, Done]) -> None:
    folder, _ = finished_demo
    held = {day for (day,) in rows(folder, "select partition from gates where asset='flights' and outcome='held'")}
    made = {day for (day,) in rows(folder, "select partition from versions where asset='delay_report'")}
    days = {day for (day,) in rows(folder, "select partition from versions where asset='flights_raw'")}
    assert len(days) == 39
    assert made == days - held


def test_the_gate_says_why_in_one_sentence(demo: Demo) -> None:
    held = demo("gate", "flights", "--partition", STORM)
    assert held.code == 1
    assert re.fullmatch(rf"flights {STORM}: held: Null rate of dep_time 50\.8 %, expected [^\n]*\n", held.out)
    day_before = demo("gate", "flights", "--partition", "2013-02-07")
    assert (day_before.code, day_before.err) == (0, "")
    told = json.loads(demo("gate", "flights", "-p", STORM, "--format", "json").out)
    assert (told["outcome"], told["readers_see"], told["unknown"]) == ("held", "2013-02-07", False)


def test_a_release_publishes_and_lets_downstream_run(demo: Demo) -> None:
    blocked = demo("run", "delay_report", "--partition", STORM)
    assert blocked.code == 1
    assert f"blocked   delay_report {STORM}: " in blocked.out
    assert demo("release", "flights", "--partition", STORM, "--reason", " ").code == 2
    released = demo("release", "flights", "--partition", STORM, "--reason", "the airports confirm the blizzard")
    assert released.code == 0, released.err
    assert "run what waited: tidegate run 'flights+' --partition 2013-02-08" in released.out
    assert demo("gate", "flights", "--partition", STORM).code == 0
    ran = demo("run", "delay_report", "--partition", STORM)
    assert ran.code == 0, ran.out + ran.err
    assert f"published delay_report {STORM}: " in ran.out
    (incident,) = rows(
        demo.folder,
        "select status, resolution, resolved_at >= opened_at from incidents where asset = 'flights' "
        "order by id desc limit 1",
    )
    assert incident[0] == "resolved"
    assert re.fullmatch(r"released by \w.*: the airports confirm the blizzard", str(incident[1]))
    assert incident[2] == 1
    assert demo("release", "flights", "--partition", STORM, "--reason", "again").code == 2


@pytest.mark.slow
def test_the_demo_again_makes_nothing_again(demo: Demo, finished_demo: tuple[Path, Done]) -> None:
    before = versions(demo.folder)
    again = demo("demo", "--no-serve")
    assert again.code == 0, again.out + again.err
    assert versions(demo.folder) == before
    assert again.seconds < finished_demo[1].seconds
    assert "arrived, delivered in an earlier run" in again.out


@pytest.mark.slow
def test_another_end_is_said_and_fails(demo: Demo) -> None:
    demo("release", "flights", "--partition", STORM, "--reason", "to see what the demo says")
    done = demo("demo", "--no-serve")
    assert done.code == 1
    assert f"flights of {STORM}: NOT held" in done.out
    assert done.out.endswith("That is not how the story goes; begin it again with: make demo ARGS=--fresh\n")


def test_a_project_that_is_not_the_example_is_refused(tmp_path: Path) -> None:
    assert tidegate(tmp_path, "init").code == 0
    done = tidegate(tmp_path, "demo", "--no-serve")
    assert done.code == 2
    assert "the demo needs the webhook channel of examples/flights" in done.err


def test_every_read_verb_answers_after_the_demo(finished_demo: tuple[Path, Done], tmp_path: Path) -> None:
    folder = copied(finished_demo[0], tmp_path / "flights")
    listed = tidegate(folder, "ls", "--format", "json")
    assert (listed.code, {row["key"]: row["state"] for row in json.loads(listed.out)}["flights"]) == (0, "held")
    history = tidegate(folder, "history", "flights", "null_rate", "--column", "dep_time", "--last", "2")
    assert history.code == 0
    assert re.search(rf"^{STORM} +50\.8 %  held +expected 0–", history.out, re.M)
    planned = tidegate(folder, "plan", "*", "--partition", STORM)
    assert (planned.code, "flights 2013-02-08" in planned.out, "stays held because" in planned.out) == (0, True, True)
