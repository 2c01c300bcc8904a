"""``tidegate history --over``: what is published counts, once a partition, and what can't be told has a reason."""

from pathlib import Path

import pytest

from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import PIPELINE, put, shop

DAYS = "2024-01-30..2024-02-02"
DISTINCT = ("history", "orders", "distinct_count", "--column", "name", "--over", "month")


@pytest.fixture
def four_days(tidegate: Tidegate, folder: Path) -> Path:
    put(folder, "2024-01-30", ["ada", "bob"])
    put(folder, "2024-01-31", ["bob", None])
    put(folder, "2024-02-01", ["cy", "di", "ada"])
    put(folder, "2024-02-02", ["di"])
    assert tidegate("run", "orders", "--partition", DAYS).code == 0
    return folder


def values(tidegate: Tidegate, *what: str) -> list[float | None]:
    return [one["value"] for one in tidegate("history", "orders", *what, "--format", "json").json]


def test_a_month_is_put_together_of_its_days(tidegate: Tidegate, four_days: Path) -> None:
    done = tidegate("history", "orders", "null_rate", "--column", "name", "--over", "month")
    assert (done.code, done.err) == (0, "")
    assert_golden("history_over_month", done.out)
    assert_golden("history_over_month_distinct", tidegate(*DISTINCT).out)
    assert_golden("history_over_median", tidegate("history", "orders", "median", "--column", "id", "--over", "2").out)
    assert values(tidegate, "row_count", "--over", "month") == [4, 4]
    assert values(tidegate, "row_count", "--over", "all") == [8]
    assert values(tidegate, "max", "--column", "id", "--over", "3") == [1, 1, 2, 2]
    assert values(tidegate, "distinct_count", "--column", "name", "--over", "all") == [4]
    (accuracy,) = {one["accuracy"]["kind"] for one in tidegate(*DISTINCT, "--format", "json").json}
    assert accuracy == "approximate"


def test_the_most_frequent_values_of_a_month(tidegate: Tidegate, four_days: Path) -> None:
    asked = ("history", "orders", "distribution", "--column", "name", "--over", "month")
    assert_golden("history_over_distribution", tidegate(*asked).out)
    found = tidegate(*asked, "--format", "json").json
    assert [one["found"]["distribution"]["top"] for one in found] == [
        [["bob", 2], ["ada", 1]], [["di", 2], ["ada", 1], ["cy", 1]],
    ]  # fmt: skip


def test_a_held_version_does_not_count_and_one_made_again_does(tidegate: Tidegate, four_days: Path) -> None:
    put(four_days, "2024-02-02", ["bad"])
    assert tidegate("run", "orders", "--partition", "2024-02-02", "--force").code == 1
    assert values(tidegate, *DISTINCT[2:]) == [2, 3], "readers still have what was published before"
    put(four_days, "2024-02-03", ["bad"])
    assert tidegate("run", "orders", "--partition", "2024-02-03").code == 1
    put(four_days, "2024-02-02", ["ed", "flo"])
    assert tidegate("run", "orders", "--partition", "2024-02-02", "--force").code == 0
    assert values(tidegate, *DISTINCT[2:]) == [2, 5]
    assert values(tidegate, "row_count", "--over", "month") == [4, 5]
    missing = tidegate(*DISTINCT, "--format", "json").json[-1]["missing"]
    assert missing == [f"2024-02-{n:02}" for n in range(3, 30)]
    why = ("--reason", "bad is a customer")
    assert tidegate("release", "orders", "--partition", "2024-02-03", *why).code == 0
    assert values(tidegate, *DISTINCT[2:]) == [2, 6]
    assert tidegate("rollback", "orders", "--partition", "2024-02-02", *why).code == 0
    assert values(tidegate, *DISTINCT[2:]) == [2, 4]


def test_what_is_not_kept_says_so(tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = '[env.local]\nclock = "2024-03-01 06:00 UTC"\nprofile = { sketches = false, distributions = false }\n'
    made = shop(tmp_path / "shop", pipeline=PIPELINE, toml=toml)
    monkeypatch.chdir(made)
    for day in ("2024-02-01", "2024-02-02"):
        put(made, day)
    assert tidegate("run", "orders", "--partition", "2024-02-01..2024-02-02").code == 0
    (point,) = tidegate(*DISTINCT, "--format", "json").json
    assert (point["value"], point["partitions"]) == (None, 2)
    assert point["reason"].startswith("no sketch of 2024-02-01 is kept")
    (median,) = tidegate("history", "orders", "median", "--column", "id", "--over", "all", "--format", "json").json
    assert median["value"] is None
    assert "how the values of 2024-02-01 are spread is not kept" in median["reason"]
    assert values(tidegate, "mean", "--column", "id", "--over", "all") == [0.5]


def test_what_can_not_be_put_together_is_refused(tidegate: Tidegate, four_days: Path) -> None:
    for said, *asked in (
        ("no window; write one of day, week", "row_count", "--over", "fortnight"),
        ("can't be told from that of each", "score", "--over", "month"),
        ("can't be told from that of each", "duration", "--over", "month"),
        ("did you mean 'name'", "null_rate", "--column", "nmae", "--over", "month"),
        ("did you mean 'name'", "distribution", "--column", "nmae", "--over", "month"),
        ("--column C", "distribution", "--over", "month"),
        ("leave --segment out", "row_count", "--over", "month", "--segment", "name=ada"),
        ("--over day", "row_count", "--over", "month", "--daily"),
    ):
        done = tidegate("history", "orders", *asked)
        assert (done.code, said in done.err) == (2, True), done.err
    assert tidegate("run", "whole").code == 0
    whole = tidegate("history", "whole", "row_count", "--over", "month")
    assert (whole.code, "whole is not partitioned" in whole.err) == (2, True)


def test_nothing_published_says_what_to_do(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("history", "orders", "row_count", "--over", "month")
    assert (done.code, "no partition of orders is published; materialize some: tidegate run orders" in done.out) == (
        0, True,
    )  # fmt: skip
