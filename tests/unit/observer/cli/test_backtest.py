"""`tidegate backtest`: its text, its JSON and its exit codes."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import put


@pytest.fixture
def month(tidegate: Tidegate, folder: Path) -> Path:
    """Thirty days of orders; the last one has hardly any names and is held."""
    days = [(date(2024, 1, 31) + timedelta(days=n)).isoformat() for n in range(30)]
    for n, day in enumerate(days):
        put(folder, day, (["ada"] if day != days[-1] else [None]) * (40 + n * 7 % 11))
    assert tidegate("run", "orders", "--partition", f"{days[0]}..{days[-1]}").code == 1
    return folder


def test_it_tells_false_alarms_catches_and_what_it_finds(tidegate: Tidegate, month: Path) -> None:
    done = tidegate("backtest", "orders", "--monitor", "row_count")
    assert (done.code, done.err) == (0, "")
    assert_golden("backtest", done.out)
    (month / "stricter.toml").write_text("[env.local]\nfalse_alarms_per_week = 0.0001\n", encoding="utf-8")
    compared = tidegate("backtest", "orders", "--monitor", "null_rate(name)", "--compare", "stricter.toml")
    assert (compared.code, compared.err) == (0, "")
    assert_golden("backtest_compare", compared.out)
    said = tidegate("backtest", "orders", "--monitor", "null_rate(name)", "--format", "json").json
    assert (said["configuration"], said["compared_with"], said["never_measured"]) == ("local", None, [])
    nulls = said["monitors"][0]
    assert (nulls["here"]["held"], nulls["here"]["held_found"], nulls["other"]) == (1, 1, None)
    assert said["here"]["injected"] == sum(fault["injected"] for fault in nulls["here"]["faults"]) > 0


def test_a_history_that_is_too_short_is_unknown_and_says_so(tidegate: Tidegate, month: Path) -> None:
    done = tidegate("backtest", "orders", "--last", "4", "--monitor", "row_count")
    assert done.code == 3
    assert "needs 4 more runs until it can judge" in done.out
    assert "none of which can judge yet; nothing is known of false alarms" in done.out
    never = tidegate("backtest", "report")
    assert (never.code, "materialize it: tidegate run report" in never.out) == (3, True)


def test_wrong_use_says_what_there_is(tidegate: Tidegate, folder: Path) -> None:
    missing = tidegate("backtest", "orders", "--compare", "nowhere.py")
    assert (missing.code, "nowhere.py" in missing.err) == (2, True)
    assert tidegate("backtest", "orders", "--alpha", "0.9").code == 2
    assert tidegate("backtest", "orders", "--monitor", "row_cont").code == 2


def test_monitors_say_what_they_cost_and_what_they_would_notice(tidegate: Tidegate, month: Path) -> None:
    done = tidegate("monitors", "orders")
    assert (done.code, done.err) == (0, "")
    timeless = [line for line in done.out.splitlines(keepends=True) if "orders duration" not in line]
    assert_golden("monitors", "".join(timeless))
    toml = month / "tidegate.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "false_alarms_per_week = 0.01\n", encoding="utf-8")
    said = tidegate("monitors", "orders", "--format", "json").json
    assert said["budget"] == 0.01
    assert said["all_false_alarms_per_week"] == pytest.approx(0.01)
    assert said["false_alarms_per_week"] < 0.01  # the other assets have their share
    nulls = next(line for line in said["monitors"] if line["monitor"] == "null_rate(name)")
    assert (nulls["sight"]["below"], nulls["status"]) == (None, "failed")
    assert 0 < nulls["sight"]["smallest"] <= nulls["sight"]["above"] < 1
    never = tidegate("monitors", "report")
    assert (never.code, "never     report row_count" in never.out) == (0, True)
