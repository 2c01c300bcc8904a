"""Thresholds of both severities: rows or shares, what each says, and what can't be meant."""

from __future__ import annotations

import pandas as pd
import pytest

from observer.checks import Check, accepted_values, in_range, matches, not_null, text_length, unique
from observer.checks.thresholds import Thresholds, thresholds
from observer.errors import CheckError
from observer.model import Severity
from tests.support.checked import outcome

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 50.0, 60.0, None, None], "t": list("abcdeeee")})


@pytest.mark.parametrize(
    ("given", "bad", "total", "broken"),
    [
        (Thresholds(error_above=0), 0, 10, None),
        (Thresholds(error_above=0), 1, 10, Severity.ERROR),
        (Thresholds(warn_above=0, error_above=5), 5, 10, Severity.WARN),
        (Thresholds(warn_above=0, error_above=5), 6, 10, Severity.ERROR),
        (Thresholds(warn_above=0.1, error_above=0.5), 1, 10, None),
        (Thresholds(warn_above=0.1, error_above=0.5), 2, 10, Severity.WARN),
        (Thresholds(warn_above=0.1, error_above=0.5), 6, 10, Severity.ERROR),
        (Thresholds(warn_above=2, error_above=0.5), 3, 4, Severity.ERROR),
        (Thresholds(warn_above=3), 4, 4, Severity.WARN),
        (Thresholds(error_above=0.5), 0, 0, None),
    ],
)
def test_the_worse_threshold_that_is_crossed_counts(
    given: Thresholds, bad: int, total: int, broken: Severity | None
) -> None:
    assert given.broken(bad, total) is broken


def test_a_check_warns_between_its_thresholds_and_fails_above_them() -> None:
    check = in_range("x", 0, 10, warn_above=1, error_above=2)
    assert check.severity is Severity.ERROR
    found = outcome(check, FRAME)
    assert (found.passed, found.severity, found.failing_rows) == (False, Severity.WARN, 2)
    assert found.message == "2 of 8 rows have a x that is not between 0 and 10: 50.0 to 60.0; at most 1 may be"
    found = outcome(in_range("x", 0, 1, warn_above=1, error_above=2), FRAME)
    assert (found.passed, found.severity) == (False, Severity.ERROR)
    found = outcome(in_range("x", 0, 10, warn_above=2, error_above=3), FRAME)
    assert (found.passed, found.severity, found.failing_rows) == (True, Severity.ERROR, 2)
    assert found.message.endswith("; at most 3 may be")


def test_a_share_is_one_of_the_values_not_of_the_rows() -> None:
    assert outcome(in_range("x", 0, 10, max_rate=0.34), FRAME).passed is True  # 2 of 6
    assert outcome(in_range("x", 0, 10, max_rate=0.3), FRAME).passed is False
    assert outcome(not_null("x", max_rate=0.25), FRAME).passed is True  # 2 of 8
    assert outcome(unique("t", max_rate=0.375), FRAME).passed is True  # 3 of 8 repeat
    assert outcome(unique("t", max_rate=0.37), FRAME).passed is False
    assert outcome(accepted_values("t", ["e"], error_above=0.5), FRAME).passed is True
    assert outcome(matches("t", "^[a-d]$", warn_above=3), FRAME).severity is Severity.WARN
    assert outcome(text_length("t", 2, error_above=7), FRAME).passed is False


def test_only_a_warning_is_of_severity_warn() -> None:
    check = not_null("x", warn_above=0)
    assert check.severity is Severity.WARN
    assert outcome(check, FRAME).severity is Severity.WARN


@pytest.mark.parametrize(
    "declare",
    [
        lambda: not_null("x", warn_above=3, error_above=3),
        lambda: not_null("x", warn_above=0.5, error_above=0.1),
        lambda: not_null("x", warn_above=-1),
        lambda: not_null("x", error_above=1.0),
        lambda: not_null("x", error_above=float("nan")),
        lambda: not_null("x", error_above=True),
        lambda: not_null("x", max_rate=0.1, error_above=0.2),
        lambda: unique("x", severity="warn", error_above=3),
        lambda: in_range("x", 0, max_rate=1),
        lambda: in_range("x", 0, severity="fatal"),
    ],
)
def test_what_cannot_be_meant_is_refused(declare: object) -> None:
    assert callable(declare)
    with pytest.raises(CheckError):
        declare()


def test_a_rate_without_thresholds_is_as_bad_as_the_severity() -> None:
    assert thresholds("here", "error", None, None, 0.1) == Thresholds(error_above=0.1)
    assert thresholds("here", "warn", None, None) == Thresholds(warn_above=0)


CHECKS: list[Check] = [not_null("x", error_above=9), unique("x", error_above=9), in_range("x", 0, error_above=0.9)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_an_empty_table_crosses_no_threshold(check: Check) -> None:
    assert outcome(check, FRAME[:0]).passed is True
