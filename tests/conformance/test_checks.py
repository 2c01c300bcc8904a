"""Each built-in check says the same of the same data in every engine, and what plain Python says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from observer.checks import (
    Check,
    accepted_values,
    fresh,
    has_schema,
    in_range,
    increasing,
    matches,
    no_gaps,
    not_null,
    row_count,
    text_length,
    unique,
)
from observer.model import ProfilePolicy, Way
from tests.conformance.conftest import Form
from tests.support.checked import MADE_AT, outcome, outcomes

NAN = float("nan")
WHOLE = [3, -1, 0, None, 7, 7, 0, 12]
REAL = [0.5, -2.25, NAN, None, 0.0, 1e6, 1e-6, 3.5]
TEXT = ["abc", "ö'\"", None, "", "日本語", "abc", "N1\n", "a\\b"]
SAID = [True, False, None, True, True, False, None, True]
DAYS = [date(2013, 2, 8), None, date(2013, 2, 6), *[date(2013, 2, 5)] * 4, date(2013, 2, 1)]
AT = [datetime(2013, 2, 8, hour, tzinfo=UTC) if hour is not None else None for hour in (1, 2, None, 3, 7, 7, 9, 10)]
TABLE = pa.table(
    {
        "id": pa.array(range(8), pa.int64()),
        "whole": pa.array(WHOLE, pa.int64()),
        "real": pa.array(REAL, pa.float64()),
        "text": pa.array(TEXT, pa.string()),
        "said": pa.array(SAID, pa.bool_()),
        "day": pa.array(DAYS, pa.date32()),
        "at": pa.array(AT, pa.timestamp("us", "UTC")),
    }
)


def known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None and value == value]


def breaking(values: list[Any], good: Callable[[Any], bool]) -> int:
    return sum(not good(value) for value in known(values))


CASES: list[tuple[Check, int]] = [
    (not_null("whole"), 1),
    (not_null("real"), 2),
    (unique("whole"), 2),
    (unique("text"), 1),
    (unique("id"), 0),
    (unique("said", "day"), 1),
    (accepted_values("whole", [3, -1, 0]), breaking(WHOLE, lambda x: x in (3, -1, 0))),
    (accepted_values("text", ["abc", "", "a\\b", "ö'\""]), breaking(TEXT, lambda x: x in ("abc", "", "a\\b", "ö'\""))),
    (accepted_values("said", [True]), 2),
    (accepted_values("day", [date(2013, 2, 5)]), 3),
    (in_range("real", -1, 5), breaking(REAL, lambda x: -1 <= x <= 5)),
    (in_range("whole", 0), 1),
    (in_range("day", date(2013, 2, 5), date(2013, 2, 8)), 1),
    (in_range("at", max_value=datetime(2013, 2, 8, 9, tzinfo=UTC)), 1),
    (text_length("text", 1, 3), breaking(TEXT, lambda x: 1 <= len(x) <= 3)),
    *(
        (matches("text", pattern, name=pattern), breaking(TEXT, lambda x, p=python: bool(re.search(p, x, re.ASCII))))
        for pattern, python in (
            (r"^[a-z]+$", r"^[a-z]+\Z"),
            (r"\d$", r"\d\Z"),
            (r"^.{3}$", r"^.{3}\Z"),
            (r"^(abc|.*\\.*|\w+)", r"^(abc|.*\\.*|\w+)"),
            (r"[^a-c\d]", r"[^a-c\d]"),
            (r"\W|^$", r"\W|^\Z"),
            (r"(?i)ABC", r"(?i)ABC"),  # only DuckDB is asked
            (r"\p{L}", r"[^\W\d_]|[^\x00-\x7f]"),  # the same
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].name)
def test_every_engine_counts_the_same_failing_rows(form: Form, case: tuple[Check, int]) -> None:
    check, bad = case
    found = outcome(check, form(TABLE))
    assert (found.passed, found.failing_rows) == (bad == 0, bad), found.message
    if bad:
        assert found.sample is not None, found.message
        assert 0 < len(found.sample.rows) <= bad


def test_every_engine_says_the_same_of_the_whole_table(form: Form) -> None:
    data = form(TABLE)
    checks = [
        row_count(8, 8),
        fresh("at", "14h"),
        fresh("day", "1d", name="days"),
        no_gaps("at", "1h"),
        no_gaps("day", "1d"),
        has_schema({"id": "bigint", "text": "text", "said": "boolean", "at": "time"}),
        increasing("at", order_by="id"),
        increasing("whole", order_by="id", within="said", strictly=True),
    ]
    found = {one.check: one for one in outcomes(checks, data)}
    assert {name: one.passed for name, one in found.items() if not one.passed} == {
        "no_gaps(at)": False, "no_gaps(day)": False, "increasing(whole)": False,
    }, found  # fmt: skip
    assert found["fresh(at)"].observed == (MADE_AT - AT[-1]) / timedelta(seconds=1)  # type: ignore[operator]
    assert found["no_gaps(at)"].observed == 4
    assert found["no_gaps(day)"].message.endswith(": 2013-02-02 to 2013-02-05")
    assert found["increasing(whole)"].failing_rows == 1


def test_many_checks_cost_one_statement(form: Form) -> None:
    checks: list[Check] = [row_count(1)]
    for n in range(10):
        checks += [not_null("id", name=f"a{n}"), in_range("id", 0, 7 + n, name=f"b{n}")]
        checks += [accepted_values("whole", WHOLE, name=f"c{n}"), text_length("text", 0, 9 + n, name=f"d{n}")]
        checks += [matches("text", "^[^%]*$", name=f"e{n}")]
    data = form(TABLE)
    found = outcomes(checks, data, ProfilePolicy(distributions=False))
    assert {one.passed for one in found} == {True}
    assert {one.way for one in found} == {Way.SCAN}


def test_a_table_without_rows_has_nothing_to_complain_of(form: Form) -> None:
    checks = [check for check, _ in CASES] + [fresh("at", "1h"), no_gaps("at", "1h"), increasing("id", order_by="at")]
    for found in outcomes(checks, form(TABLE[:0])):
        assert found.passed is True, found.message


def test_a_column_that_is_not_there_is_unknown(form: Form) -> None:
    checks = [not_null("gone"), unique("id", "gone"), matches("gone", "x"), fresh("gone", "1h"), increasing("gone")]
    for found in outcomes(checks, form(TABLE)):
        assert found.passed is None, found.message
