"""`tidegate history ASSET CHECK`, and mutes in it: until when, by whom and why stays with what was judged meanwhile."""

from pathlib import Path

from tests.unit.observer.cli.conftest import Tidegate
from tests.unit.observer.shop import put, put_lost_names

NEW_FEED = ("--for", "2h", "--reason", "a new feed")
DAYS = [f"2024-02-0{n}" for n in (1, 2, 3)]


def test_a_check_is_shown_a_line_a_version_with_the_mute_that_it_had(tidegate: Tidegate, folder: Path) -> None:
    never = tidegate("history", "orders", "known")
    assert (never.code, never.out) == (0, "known of orders was never run; materialize it: tidegate run orders\n")
    for day, names in zip(DAYS, (["ada"], ["bad"], ["bad"]), strict=True):
        put(folder, day, names)
    assert tidegate("run", "orders", "--partition", f"{DAYS[0]}..{DAYS[1]}").code == 1
    assert tidegate("mute", "orders", "known", *NEW_FEED).code == 0
    assert tidegate("run", "orders", "--partition", DAYS[2]).code == 0
    assert tidegate("unmute", "orders", "known").code == 0
    done = tidegate("history", "orders", "known")
    title, passed, failed, muted = done.out.splitlines()
    assert title == "known of orders  1 passed, 2 failed, 1 of them muted"
    assert [line.split()[:2] for line in (passed, failed, muted)] == [
        [DAYS[0], "passed"], [DAYS[1], "failed"], [DAYS[2], "failed"]
    ]  # fmt: skip
    assert "muted" not in passed + failed
    assert muted.count("muted until 2024-03-01 08:00 UTC by ") == 1
    assert muted.endswith(": a new feed")
    (last,) = tidegate("history", "orders", "known", "--last", "1", "--format", "json").json
    assert (last["partition"], last["status"]) == (DAYS[2], "failed")
    assert last["muted"].endswith(": a new feed")


def test_a_metric_comes_before_a_check_of_its_name(tidegate: Tidegate, folder: Path) -> None:
    file = folder / "pipeline.py"
    file.write_text(file.read_text().replace("checks=[", "checks=[ob.row_count(min_rows=1), ", 1))
    put(folder, DAYS[0])
    assert tidegate("run", "orders", "--partition", DAYS[0]).code == 0
    assert tidegate("history", "orders", "row_count").out.startswith("Rows of orders")
    assert tidegate("history", "orders", "unique(id)").out.startswith("unique(id) of orders  1 passed")


def test_a_muted_monitor_says_so_at_each_point(tidegate: Tidegate, folder: Path) -> None:
    days = put_lost_names(folder)
    assert tidegate("mute", "orders", "null_rate(name)", *NEW_FEED).code == 0
    assert tidegate("run", "orders", "--partition", f"{days[0]}..{days[-1]}").code == 0
    done = tidegate("history", "orders", "null_rate", "--column", "name", "--last", "2")
    *_, quiet, muted = done.out.splitlines()
    assert "muted" not in quiet
    assert (muted.split()[0], muted.count("muted until"), muted.endswith(": a new feed")) == (days[-1], 1, True), muted
