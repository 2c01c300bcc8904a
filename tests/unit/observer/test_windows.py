"""Which partitions lie in which window."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

import observer as ob
from observer.windows import Over, Window, over, windows
from orchestration.errors import PartitionError
from orchestration.partitions import Partitions

DAYS = ob.daily(start="2024-01-30", timezone="America/New_York")
NOW = datetime(2024, 2, 4, 12, tzinfo=UTC)


def cut(
    partitions: Partitions, there: Collection[str], what: Over | str, last: int = 12
) -> list[tuple[str, list[str]]]:
    found = windows(partitions, there, over(what) if isinstance(what, str) else what, NOW, last)
    assert all(isinstance(one, Window) for one in found)
    return [(one.name, list(one.partitions)) for one in found]


def test_a_month_has_the_days_that_are_due_in_its_zone() -> None:
    assert cut(DAYS, ["2024-02-02", "2024-01-31"], "month") == [
        ("2024-01", ["2024-01-30", "2024-01-31"]),
        ("2024-02", ["2024-02-01", "2024-02-02", "2024-02-03"]),  # the fourth has not ended
    ]
    assert cut(DAYS, ["2024-02-02", "2024-01-31"], "month", last=1) == [
        ("2024-02", ["2024-02-01", "2024-02-02", "2024-02-03"])
    ]


def test_a_partition_that_is_there_early_counts() -> None:
    assert cut(DAYS, ["2024-02-04"], "day") == [("2024-02-04", ["2024-02-04"])]
    assert cut(DAYS, ["2024-02-04"], "year")[0][1][-1] == "2024-02-04"


def test_weeks_begin_on_monday_and_months_of_december_end() -> None:
    assert cut(DAYS, ["2024-01-30", "2024-02-03"], "week") == [
        ("2024-W05", ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02", "2024-02-03"])
    ]
    assert cut(ob.daily(start="2023-12-30"), ["2023-12-30"], "month") == [("2023-12", ["2023-12-30", "2023-12-31"])]


def test_a_number_counts_back_from_each_that_is_there() -> None:
    assert cut(DAYS, ["2024-01-30", "2024-02-01", "2024-02-02"], 3) == [
        ("2024-01-30", ["2024-01-30"]),
        ("2024-02-01", ["2024-01-30", "2024-01-31", "2024-02-01"]),
        ("2024-02-02", ["2024-01-31", "2024-02-01", "2024-02-02"]),
    ]


def test_other_dimensions_are_put_together() -> None:
    both = ob.multi(day=DAYS, region=ob.static("EU", "US"))
    there = ["day=2024-02-01|region=EU", "day=2024-02-02|region=US"]
    second = [f"day=2024-02-0{n}|region={region}" for n in (1, 2) for region in ("EU", "US")]
    assert cut(both, there, "2")[-1] == ("2024-02-02", second)
    assert cut(both, there, "day") == [("2024-02-01", second[:2]), ("2024-02-02", second[2:])]


def test_partitions_without_time_are_put_together_as_a_whole() -> None:
    regions = ob.static("EU", "US", "APAC")
    assert cut(regions, ["US"], "all") == [("all", ["EU", "US", "APAC"])]
    with pytest.raises(PartitionError, match="without time; put all together: --over all"):
        cut(regions, ["US"], "month")
    assert cut(regions, [], "month") == []


def test_what_lies_in_two_windows_is_refused() -> None:
    weeks = ob.weekly(start="2024-01-01")
    with pytest.raises(PartitionError, match="lies in 2024-01 and in 2024-02; count partitions instead"):
        cut(weeks, ["2024-01-29"], "month")
    assert cut(weeks, ["2024-01-22", "2024-01-29"], "2")[-1] == ("2024-01-29", ["2024-01-22", "2024-01-29"])


def test_keys_of_an_earlier_cut_are_passed_over() -> None:
    assert cut(DAYS, ["2024-01-29", "gone", "2024-01-30"], "day") == [("2024-01-30", ["2024-01-30"])]


@pytest.mark.parametrize("text", ["fortnight", "0", "-3", "", "1.5", "٣"])
def test_what_is_no_window_says_what_is(text: str) -> None:
    with pytest.raises(PartitionError, match="write one of day, week, month, year, all, or how many"):
        over(text)
