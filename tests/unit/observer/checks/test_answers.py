"""What checks of one's own may answer with: numbers with bounds, rows that break them, results; in Python and SQL."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from observer.checks import CheckData, CheckResult, FunctionCheck, Observations, check, sql_check
from observer.errors import CheckError
from observer.model import FailingRows, ProfilePolicy, Severity, Way
from tests.support.checked import outcome

FRAME = pd.DataFrame({"id": range(20), "x": [1.0, np.nan, -3.0, 4.0] * 5, "t": ["a", "b", None, "d"] * 5})


def _named(answer: object, given: dict[str, float]) -> FunctionCheck:
    @check("flights", **given)
    def rule(flights: pd.DataFrame) -> object:
        return answer

    return rule


@pytest.mark.parametrize(
    ("answer", "given", "passed", "severity"),
    [
        (5, {"max_value": 5}, True, Severity.ERROR),
        (np.float32(5.5), {"max_value": 5}, False, Severity.ERROR),
        (np.int64(-1), {"min_value": 0}, False, Severity.ERROR),
        (3.0, {"warn_above": 2, "error_above": 4}, False, Severity.WARN),
        (5.0, {"warn_above": 2, "error_above": 4}, False, Severity.ERROR),
        (5.0, {"warn_above": 2}, False, Severity.WARN),
        (5.0, {"min_value": 6, "warn_above": 2}, False, Severity.ERROR),
        (float("nan"), {"max_value": 5}, None, Severity.ERROR),
        (7, {}, None, Severity.ERROR),
        (np.bool_(True), {}, True, Severity.ERROR),
        (FRAME[:0], {}, True, Severity.ERROR),
        (FRAME[:3], {}, False, Severity.ERROR),
        (FRAME[:3], {"warn_above": 0, "error_above": 0.2}, False, Severity.WARN),
        (FRAME[:5], {"warn_above": 0, "error_above": 0.2}, False, Severity.ERROR),
        (FRAME[:3], {"error_above": 3}, True, Severity.ERROR),
        (pl.DataFrame({"id": [1]}), {}, False, Severity.ERROR),
        (pa.table({"id": [1, 2]}), {"warn_above": 1}, False, Severity.WARN),
    ],
)
def test_each_kind_of_answer_is_judged(
    answer: object, given: dict[str, float], passed: bool | None, severity: Severity
) -> None:
    found = outcome(_named(answer, given), FRAME)
    assert (found.passed, found.severity, found.way) == (passed, severity, Way.PYTHON), found.message


def test_rows_that_break_it_are_counted_and_a_few_kept() -> None:
    found = outcome(_named(FRAME[FRAME["x"].isna() | (FRAME["x"] < 0)], {}), FRAME)
    assert found.message == "10 of 20 rows break rule"
    assert (found.observed, found.failing_rows) == (10, 10)
    assert found.sample is not None
    assert found.sample.columns == ("id", "x", "t")
    assert found.sample.rows[:2] == ((1, None, "b"), (2, -3.0, None))
    hidden = outcome(_named(FRAME[:3], {}), FRAME, ProfilePolicy(sensitive=("t",)))
    assert (hidden.sample, hidden.failing_rows) == (None, 3)


def test_a_result_may_say_how_bad_it_is() -> None:
    found = outcome(_named(CheckResult(False, "so so", 3, severity="warn", failing_rows=3), {}), FRAME)
    assert (found.passed, found.severity, found.message, found.failing_rows) == (False, Severity.WARN, "so so", 3)
    assert outcome(_named(CheckResult(False, severity="loud"), {}), FRAME).passed is None


def test_a_check_may_judge_what_was_measured() -> None:
    @check("flights", max_value=0.3)
    def nulls(seen: Observations) -> float:
        assert seen["row_count"] == 20
        assert len(seen) > 10
        return seen["null_rate", "x"] or 0.0

    assert outcome(nulls, FRAME).passed is True

    @check("flights")
    def unheard_of(seen: Observations) -> bool:
        return seen["null_rat", "x"] == 0

    found = outcome(unheard_of, FRAME)
    assert found.passed is None
    assert "did you mean 'null_rate(x)'" in found.message or "null_rate(x)" in found.message


def test_rows_of_a_query_break_the_rule() -> None:
    found = outcome(sql_check("negative", "select id, x from {{ flights }} where x < 0 order by id"), FRAME)
    assert (found.passed, found.failing_rows, found.way) == (False, 5, Way.SQL)
    assert found.sample == FailingRows(("id", "x"), tuple((n, -3.0) for n in range(2, 20, 4)))
    assert found.message == "5 of 20 rows break negative"
    assert outcome(sql_check("n", "select * from {{data}} where x < -9"), FRAME).message == "no row breaks n"
    share = sql_check("n", "select * from {{ data }} where x < 0", warn_above=0.2, error_above=0.25)
    assert outcome(share, FRAME).severity is Severity.WARN
    many = pa.table({"n": pa.array(range(250_000), pa.int64())})
    found = outcome(sql_check("all", "select * from {{ data }}"), many)
    assert (found.failing_rows, len(found.sample.rows) if found.sample else 0) == (250_000, 10)


def test_a_query_with_bounds_gives_a_number() -> None:
    mean = sql_check("mean", "select avg(x) from {{ flights }}", min_value=0.6, max_value=0.7)
    found = outcome(mean, FRAME)
    assert (found.passed, found.message) == (True, "mean is 0.6666666666666666; it must be between 0.6 and 0.7")
    for sql in ("select x from {{ data }}", "select 'a'", "select null", "select 1, 2", "select nothing"):
        assert outcome(sql_check("n", sql, max_value=1), FRAME).passed is None, sql


def test_a_query_is_of_the_partition_at_hand() -> None:
    sql = "select * from {{ data }} where $partition <> '2013-02-08'"
    assert outcome(sql_check("n", sql), FRAME).passed is True


@pytest.mark.parametrize(
    "declare",
    [
        lambda: sql_check("", "select 1"),
        lambda: sql_check("n", " "),
        lambda: sql_check("n", "select {{ "),
        lambda: sql_check("n", "select 1", asset=3),
        lambda: sql_check("n", "select 1", min_value=2, max_value=1),
        lambda: sql_check("n", "select 1", severity="warn", error_above=1),
        lambda: check("flights", warn_above=3, error_above=2),
        lambda: check("flights", max_value=True),
        lambda: check("flights")(lambda data: True),
    ],
)
def test_what_cannot_be_meant_is_refused(declare: Callable[[], object]) -> None:
    with pytest.raises(CheckError):
        declare()


def test_other_assets_come_as_frames() -> None:
    with pytest.raises(CheckError):

        @check("flights")
        def odd(flights: pd.DataFrame, carriers: CheckData) -> bool:
            return True
