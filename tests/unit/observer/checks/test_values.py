"""The checks of form, length, age, order, time and columns: what they say of good, bad, empty and unfit data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from observer.audit import measure
from observer.checks import (
    Check,
    fresh,
    has_schema,
    increasing,
    matches,
    no_gaps,
    not_null,
    text_length,
    unique,
)
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity, Way
from tests.support.checked import MADE_AT, outcome, outcomes, staged

TAILS = pd.DataFrame({"tail": ["N14228", "N24211", "n1", "", None], "n": [1, 2, 3, 4, 5]})


def test_matches_wants_some_part_of_each_text_to_match() -> None:
    found = outcome(matches("tail", r"^N\d{5}$"), TAILS)
    assert (found.passed, found.failing_rows) == (False, 2)
    assert found.message == r"2 of 5 rows have a tail that is not like '^N\\d{5}$', for example ''"
    assert outcome(matches("tail", "1|^$"), TAILS).passed is True
    assert outcome(matches("tail", "^N", severity="warn"), TAILS.astype({"tail": "category"})).failing_rows == 2
    assert outcome(matches("n", "1"), TAILS).passed is None


@pytest.mark.parametrize("pattern", ["", "(", "(?=a)b", "(?<!a)b", r"(a)\1", 3])
def test_what_is_no_pattern_of_re2_is_refused(pattern: str) -> None:
    with pytest.raises(CheckError):
        matches("tail", pattern)


def test_a_pattern_that_only_looks_like_more_is_taken() -> None:
    assert outcome(matches("tail", r"\\1|\(\?=|^"), TAILS).passed is True


def test_text_length_counts_characters() -> None:
    found = outcome(text_length("tail", 1, 6), TAILS)
    assert found.message == "1 of 5 rows have a tail that is not between 1 and 6 characters long, for example ''"
    assert outcome(text_length("t", 2, 2), pd.DataFrame({"t": ["öß", "日本"]})).passed is True
    assert outcome(text_length("tail", max_length=2), TAILS).failing_rows == 2
    for wrong in ({}, {"min_length": -1}, {"min_length": 3, "max_length": 2}, {"min_length": 1.5}):
        with pytest.raises(CheckError):
            text_length("tail", **wrong)  # type: ignore[arg-type]


def seen(hours: float) -> pd.DataFrame:
    newest = MADE_AT - timedelta(hours=hours)
    return pd.DataFrame({"at": [newest - timedelta(days=9), newest, None]})


def test_fresh_is_told_of_the_newest_value_when_the_version_was_made() -> None:
    check = fresh("at", "26h", warn_at="20h")
    assert outcome(check, seen(3)).passed is True
    found = outcome(check, seen(21))
    assert (found.passed, found.severity, found.observed) == (False, Severity.WARN, 21 * 3600)
    found = outcome(check, seen(27))
    assert (found.passed, found.severity) == (False, Severity.ERROR)
    assert found.message == ("the newest at is 2013-02-07 21:00 UTC, 27 h before 2013-02-09 00:00; at most 26 h may be")
    assert outcome(fresh("at", "26h", severity="warn"), seen(27)).severity is Severity.WARN
    assert fresh("at", warn_at="1h").severity is Severity.WARN
    assert outcome(check, seen(-5)).passed is True


def test_fresh_counts_days_and_zones() -> None:
    assert outcome(fresh("at", "2d"), pd.DataFrame({"at": [date(2013, 2, 8)]})).observed == 86_400
    abroad = pd.DataFrame({"at": pd.to_datetime(["2013-02-08 19:00"]).tz_localize("America/New_York")})
    assert outcome(fresh("at", "1h"), abroad).observed == 0


def test_fresh_of_nothing_is_unknown_and_of_no_rows_good() -> None:
    nothing = pd.DataFrame({"at": pd.to_datetime([None, None]), "n": [1, 2]})
    assert outcome(fresh("at", "1h"), nothing).passed is None
    assert outcome(fresh("n", "1h"), nothing).passed is None
    assert outcome(fresh("at", "1h"), nothing[:0]).passed is True
    for wrong in ((), ("soon",), ("1h", "2h")):
        with pytest.raises(CheckError):
            fresh("at", wrong[0] if wrong else None, warn_at=wrong[1] if len(wrong) > 1 else None)


def test_a_partition_made_again_is_as_fresh_as_it_was_at_its_end() -> None:
    data = pd.DataFrame({"at": [MADE_AT - timedelta(days=30, hours=1)]})
    made = measure(staged(data), [fresh("at", "2h")], until=MADE_AT - timedelta(days=30))
    assert made.outcomes[0].passed is True


HOURS = pd.date_range("2013-02-08", periods=24, freq="h")


def test_no_gaps_names_the_longest() -> None:
    data = pd.DataFrame({"at": [*HOURS[:5], *HOURS[8:20], HOURS[23], HOURS[23], None]})
    found = outcome(no_gaps("at", every="1h"), data)
    assert (found.passed, found.observed) == (False, 6)
    assert found.message == "6 of 24 steps of 1h have no at: 2013-02-08 05:00 to 2013-02-08 08:00"
    assert found.evidence["gap 2"] == "2013-02-08 20:00 to 2013-02-08 23:00"
    assert outcome(no_gaps("at", every="1d"), data).message == "each of 1 steps of 1d has a at"
    assert outcome(no_gaps("at", every="6h"), data).passed is True
    days = pd.DataFrame({"at": [date(1969, 12, 30), date(1970, 1, 2)]})
    found = outcome(no_gaps("at", every="1d"), days)
    assert found.message.endswith("1969-12-31 to 1970-01-02")


def test_a_whole_partition_has_its_beginning_and_end() -> None:
    check, data = no_gaps("at", every="1h", whole=True), pd.DataFrame({"at": HOURS[2:20]})
    since, until = datetime(2013, 2, 8, tzinfo=UTC), datetime(2013, 2, 8, 22, 30, tzinfo=UTC)

    def told(check: Check) -> CheckOutcome:
        return measure(staged(data), [check], since=since, until=until).outcomes[0]

    found = told(check)
    assert found.observed == 4  # 0, 1, 20 and 21 o'clock; 22 has not ended
    assert found.message.endswith("2013-02-08 00:00 to 2013-02-08 02:00")
    assert told(no_gaps("at", every="1h")).passed is True
    assert outcome(check, data).passed is True  # without time there is no more to expect


def test_no_gaps_of_nothing_is_good_and_of_no_time_unknown() -> None:
    assert outcome(no_gaps("at", "1h"), pd.DataFrame({"at": pd.to_datetime([None])})).passed is True
    assert outcome(no_gaps("n", "1h"), TAILS).passed is None
    for wrong in ("hourly", "0h", 3):
        with pytest.raises(CheckError):
            no_gaps("at", wrong)  # type: ignore[arg-type]


METER = pd.DataFrame({"car": ["a", "b", "a", "b", "a"], "day": [1, 1, 2, 2, 3], "km": [10.0, 900.0, 20.0, 900.0, None]})


def test_increasing_goes_by_rows_or_by_an_order_within_groups() -> None:
    found = outcome(increasing("km"), METER)
    assert found.message == "km falls in 1 of 5 rows, for example from 900 to 20"
    assert outcome(increasing("km", order_by=["day"], within="car"), METER).passed is True
    found = outcome(increasing("km", order_by="day", within=["car"], strictly=True), METER)
    assert found.message == "km does not rise in 1 of 5 rows, for example from 900 to 900"
    assert found.sample is not None
    assert found.sample.columns == ("km", "day", "car", "km before")
    assert outcome(increasing("km", warn_above=1), METER).passed is True
    assert outcome(increasing("gone"), METER).passed is None
    for wrong in ({"within": "km"}, {"order_by": ["day", "day"]}, {"order_by": [""]}):
        with pytest.raises(CheckError):
            increasing("km", **wrong)  # type: ignore[arg-type]


def test_increasing_reads_a_large_table_in_its_order() -> None:
    table = pa.table({"n": pa.array(range(300_000), pa.int64())})
    assert outcome(increasing("n", strictly=True), table).passed is True


def test_has_schema_says_what_differs() -> None:
    data = pd.DataFrame({"a": [1], "b": ["x"], "c": [True]})
    assert outcome(has_schema({"a": "bigint", "b": "text", "c": "any"}), data).passed is True
    assert outcome(has_schema({"a": "number", "c": "boolean"}), data).passed is True
    found = outcome(has_schema({"a": "varchar", "d": "text", "b": "text"}, exact=True), data)
    assert found.message == "there is no d; a is bigint, not varchar; c should not be there"
    assert (found.observed, found.columns, found.way) == (3, ("d", "a", "c"), Way.SQL)
    assert outcome(has_schema(["b", "a"], ordered=True), data).message == "the order is a, b"
    assert outcome(has_schema(["a", "c"], ordered=True), data).passed is True
    assert outcome(has_schema("a"), data[:0]).passed is True
    for wrong in ({}, {"a": ""}, {"a": 3}, [3]):
        with pytest.raises(CheckError):
            has_schema(wrong)  # type: ignore[arg-type]


EACH = [matches("x", "a"), text_length("x", 1), fresh("t", "1h"), no_gaps("t", "1h"), increasing("x")]


@pytest.mark.parametrize("check", EACH, ids=lambda check: check.name)
def test_a_table_without_rows_has_nothing_to_complain_of(check: Check) -> None:
    empty = pd.DataFrame({"x": pd.Series([], dtype="str"), "t": pd.to_datetime([])})
    found = outcome(check, empty)
    assert found.passed is True
    assert found.message.startswith("no rows")


def test_each_says_which_way_it_ran() -> None:
    checks = [not_null("n"), unique("n"), matches("tail", "."), increasing("n"), not_null("gone")]
    ways = [found.way for found in outcomes(checks, TAILS)]
    assert ways == [Way.SCAN, Way.SCAN, Way.SCAN, Way.SQL, None]
