"""The built-in checks: what they say of good, bad, empty and unfit data, and of wrong declarations."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from observer.checks import (
    Check,
    accepted_values,
    ensure_unique_names,
    in_range,
    not_null,
    row_count,
    unique,
)
from observer.errors import CheckError
from observer.model import Severity
from tests.support.checked import outcome

FRAME = pd.DataFrame(
    {
        "carrier": ["UA", "AA", "UA", None],
        "flight": [1545, 1141, 1545, 725],
        "delay": [2.0, np.nan, 33.0, -1.0],
        "day": pd.to_datetime(["2013-02-08", "2013-02-08", "2013-02-09", "2013-02-08"]),
        "ok": [True, True, False, True],
    }
)


def test_not_null_says_how_many() -> None:
    found = outcome(not_null("delay"), FRAME)
    assert found.passed is False
    assert found.message == "delay is null in 1 of 4 rows (25 %); none may be"
    assert (found.observed, found.failing_rows) == (0.25, 1)
    assert outcome(not_null("delay", max_rate=0.25), FRAME).passed is True
    assert outcome(not_null("flight", "ok"), FRAME).message == "no null in 4 rows of flight, ok"


def test_not_null_of_several_columns_holds_each_to_the_rate() -> None:
    found = outcome(not_null("flight", "delay", "carrier"), FRAME)
    assert found.passed is False
    assert found.message.endswith("so are too many of carrier")
    assert dict(found.evidence) == {"nulls of flight": 0, "nulls of delay": 1, "nulls of carrier": 1}


def test_unique_says_how_many_repeat_and_shows_one() -> None:
    found = outcome(unique("carrier", "flight"), FRAME)
    assert found.passed is False
    assert found.message == "1 of 4 rows repeat (carrier, flight), for example ('UA', 1545)"
    assert found.failing_rows == 1
    assert found.evidence["example flight"] == 1545
    assert outcome(unique("carrier", "day"), FRAME).passed is True


def test_unique_does_not_compare_rows_without_a_key() -> None:
    frame = pd.DataFrame({"a": [None, None, 1.0], "b": [None, None, None]})
    assert outcome(unique("a"), frame).passed is True
    assert outcome(unique("a", "b"), frame).passed is True
    assert outcome(unique("a", "b"), pd.concat([frame, frame])).failing_rows == 1


def test_unique_takes_any_kind_of_column() -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2013-01-01", "2013-01-01"], utc=True).tz_convert("America/New_York"),
            "list": [[1], [1]],
            "sum": pd.to_timedelta([1, 1], unit="s"),
        }
    )
    for column in frame.columns:
        found = outcome(unique(column), frame)
        assert found.passed is False, found.message
        pickle.dumps(found)


def test_accepted_values_shows_one_that_is_not() -> None:
    found = outcome(accepted_values("carrier", ["AA", "B6"]), FRAME)
    assert found.passed is False
    assert found.message == "2 of 4 rows have a carrier that is not accepted, for example 'UA'"
    assert outcome(accepted_values("carrier", {"AA", "UA", None}), FRAME).passed is True
    assert outcome(accepted_values("flight", [1545, 1141, 725.0]), FRAME).passed is True
    assert outcome(accepted_values("ok", [True]), FRAME).failing_rows == 1


def test_in_range_names_the_ends() -> None:
    found = outcome(in_range("flight", 1000, 1200), FRAME)
    assert found.passed is False
    assert found.message == "3 of 4 rows have a flight that is not between 1000 and 1200: 725 to 1545"
    assert outcome(in_range("delay", min_value=-1), FRAME).message == "every delay of 4 rows is at least -1"
    assert outcome(in_range("delay", max_value=np.float64(2)), FRAME).failing_rows == 1
    assert outcome(in_range("day", date(2013, 2, 8), date(2013, 2, 9)), FRAME).passed is True
    assert outcome(in_range("day", max_value="2013-02-08"), FRAME).failing_rows == 1
    assert outcome(in_range("carrier", "AA", "TZ"), FRAME).failing_rows == 2


def test_infinity_is_out_of_every_range() -> None:
    assert outcome(in_range("x", 0), pd.DataFrame({"x": [np.inf, 1]})).passed is True
    assert outcome(in_range("x", 0, 5), pd.DataFrame({"x": [np.inf, 1]})).failing_rows == 1


def test_row_count_has_two_sides() -> None:
    assert outcome(row_count(4, 4), FRAME).passed is True
    assert outcome(row_count(max_rows=3), FRAME).passed is False
    found = outcome(row_count(5), FRAME)
    assert (found.passed, found.message, found.observed) == (False, "4 rows; at least 5 must be there", 4)


EACH = [not_null("x"), unique("x"), accepted_values("x", [1]), in_range("x", 0), unique("x", "y")]


@pytest.mark.parametrize("check", EACH, ids=lambda check: check.name)
def test_a_table_without_rows_has_nothing_to_complain_of(check: Check) -> None:
    found = outcome(check, pd.DataFrame({"x": pd.Series([], dtype="int64"), "y": pd.Series([], dtype="str")}))
    assert found.passed is True
    assert found.message.startswith("no rows")
    assert outcome(row_count(1), pd.DataFrame({"x": []})).passed is False


@pytest.mark.parametrize("check", EACH, ids=lambda check: check.name)
def test_an_all_null_column_is_only_not_nulls_business(check: Check) -> None:
    found = outcome(check, pd.DataFrame({"x": [None, None], "y": [None, None]}))
    assert found.passed is (not check.name.startswith("not_null"))


@pytest.mark.parametrize("check", EACH, ids=lambda check: check.name)
def test_a_column_that_is_not_there_is_unknown(check: Check) -> None:
    found = outcome(check, pd.DataFrame({"xx": [1]}))
    assert found.passed is None
    assert "no column is called 'x'; did you mean 'xx'?" in found.message


@pytest.mark.parametrize("check", [*EACH, row_count(1)], ids=lambda check: check.name)
def test_what_is_no_table_is_unknown(check: Check) -> None:
    found = outcome(check, {"a": "model"})
    assert found.passed is None
    assert "the data is no table" in found.message


@pytest.mark.parametrize("check", EACH[:4], ids=lambda check: check.name)
def test_a_column_that_no_engine_reads_is_unknown(check: Check) -> None:
    found = outcome(check, pd.DataFrame({"x": [1, "a", object()]}))
    assert found.passed is None
    assert "can't be looked into" in found.message


@pytest.mark.parametrize(
    "check",
    [in_range("carrier", 0), in_range("flight", "a"), accepted_values("flight", ["x"])],
    ids=lambda c: c.name,
)
def test_values_of_another_kind_are_unknown(check: Check) -> None:
    found = outcome(check, FRAME)
    assert found.passed is None
    assert "can't be compared" in found.message


def test_values_are_only_values() -> None:
    frame = pd.DataFrame({'a"b': ["'; drop table data --", "ok"]})
    found = outcome(accepted_values('a"b', ["'; drop table data --", "ok"]), frame)
    assert found.passed is True
    assert outcome(in_range('a"b', "' OR '1'='1"), frame).passed is True


def test_nan_in_arrow_is_null_too() -> None:
    table = pa.table({"x": [1.0, float("nan"), float("nan")]})
    assert outcome(not_null("x"), table).failing_rows == 2
    assert outcome(unique("x"), table).passed is True
    assert outcome(in_range("x", 0, 2), table).passed is True


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: not_null(), "names no column"),
        (lambda: not_null(3), "is no column name"),  # type: ignore[arg-type]
        (lambda: not_null("a", max_rate=5), "share of the rows"),
        (lambda: not_null("a", severity="fatal"), "write 'warn' or 'error'"),
        (lambda: unique(), "names no column"),
        (lambda: unique("a", "a"), "names a column twice"),
        (lambda: unique("a", name=" "), "leave it out"),
        (lambda: accepted_values("a", []), "accepts nothing"),
        (lambda: accepted_values("a", "UA"), "write a list"),
        (lambda: accepted_values("a", [object()]), "no value that data can be compared with"),  # type: ignore[list-item]
        (lambda: in_range("a"), "has no bound"),
        (lambda: in_range("a", 3, 1), "swap them"),
        (lambda: in_range("a", 1, "x"), "can't be compared"),
        (lambda: in_range("a", float("nan")), "NaN can't be compared"),
        (lambda: row_count(), "has no bound"),
        (lambda: row_count(-1), "whole number"),
        (lambda: row_count(5, 3), "swap them"),
    ],
)
def test_a_wrong_declaration_is_told_at_once(declare: Callable[[], Check], says: str) -> None:
    with pytest.raises(CheckError, match=says):
        declare()


def test_severities_are_words_or_members() -> None:
    assert unique("a").severity is Severity.ERROR
    assert unique("a", severity="warn").severity is Severity.WARN
    assert unique("a", severity=Severity.WARN) == unique("a", severity="warn")


def test_two_checks_of_one_name_are_refused() -> None:
    with pytest.raises(CheckError, match=r"flights has two checks called 'unique\(a\)'"):
        ensure_unique_names([unique("a"), unique("a", severity="warn")], "flights")
    ensure_unique_names([in_range("a", 0), in_range("a", 5, severity="warn", name="a is usual")], "flights")


@pytest.mark.parametrize("check", [*EACH, row_count(1)], ids=lambda check: check.name)
def test_checks_pickle(check: Check) -> None:
    assert pickle.loads(pickle.dumps(check)) == check
