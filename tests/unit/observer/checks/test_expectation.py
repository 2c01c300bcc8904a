"""Expectations run by the real Great Expectations."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pandas as pd
import pytest

from observer.audit import measure
from observer.checks import Check, expect
from observer.errors import CheckError
from observer.model import CheckOutcome
from orchestration.model import AssetKey, Materialization, Staged

pytestmark = pytest.mark.slow  # importing the library takes four seconds

FRAME = pd.DataFrame({"x": [1.0, 2.0, 300.0, None], "s": ["a", "b", "c", None]})


def outcomes(data: object, *checks: Check) -> tuple[CheckOutcome, ...]:
    made = Materialization(
        id="v1",
        asset=AssetKey("flights"),
        partition=None,
        run_id="r1",
        materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=1.5,
    )
    audit = measure(Staged(materialization=made, data=data), checks)
    assert pickle.loads(pickle.dumps(audit)) == audit
    return audit.outcomes


BETWEEN = expect("ExpectColumnValuesToBeBetween", column="x", min_value=0, max_value=10)
MEAN = expect("ExpectColumnMeanToBeBetween", column="x", min_value=0, max_value=10, severity="warn")
ROWS = expect("ExpectTableRowCountToEqual", value=4)


def test_values_are_counted_and_one_is_shown() -> None:
    between, mean, rows = outcomes(FRAME, BETWEEN, MEAN, ROWS)
    assert between.passed is False
    assert between.failing_rows == 1
    assert between.observed == 0.25
    assert between.message == ("ExpectColumnValuesToBeBetween(x): 1 of 4 values are unexpected (25 %), for example 300")
    assert mean.passed is False
    assert mean.observed == 101
    assert rows.passed is True


def test_mostly_is_the_librarys() -> None:
    (found,) = outcomes(
        FRAME, expect("ExpectColumnValuesToBeBetween", column="x", min_value=0, max_value=10, mostly=0.6)
    )
    assert found.passed is True
    assert found.failing_rows == 1


def test_an_exception_is_unknown_and_takes_nothing_along() -> None:
    text, good = outcomes(FRAME, expect("ExpectColumnValuesToBeBetween", column="s", min_value=0), ROWS)
    assert text.passed is None
    assert "could not be evaluated" in text.message
    assert good.passed is True


def test_wrong_names_are_unknown_with_the_nearest() -> None:
    kind, column, argument = outcomes(
        FRAME,
        expect("ExpectColumnValuesToBeBetwen", column="x"),
        expect("ExpectColumnValuesToBeBetween", column="xx", min_value=0),
        expect("ExpectColumnValuesToBeBetween", column="x", minimum=0),
    )
    assert kind.passed is None
    assert "did you mean 'ExpectColumnValuesToBeBetween'" in kind.message
    assert column.passed is None
    assert "did you mean 'x'" in column.message
    assert argument.passed is None
    assert "minimum extra fields not permitted" in argument.message


def test_on_no_rows_what_cannot_be_observed_is_unknown() -> None:
    between, mean, rows = outcomes(FRAME.iloc[:0], BETWEEN, MEAN, ROWS)
    assert between.passed is True
    assert mean.passed is None
    assert mean.message == "ExpectColumnMeanToBeBetween(x) could not be evaluated: no rows"
    assert rows.passed is False


def test_names_and_declarations() -> None:
    assert BETWEEN.name == "ExpectColumnValuesToBeBetween(x)"
    assert expect("ExpectColumnPairValuesToBeEqual", column_A="a", column_B="b").name.endswith("(a, b)")
    assert expect("ExpectCompoundColumnsToBeUnique", column_list=["a", "b"], name="key").name == "key"
    with pytest.raises(CheckError, match="write the class's name"):
        expect("expect_column_values_to_be_between", column="x")
    with pytest.raises(CheckError, match="write 'warn' or 'error'"):
        expect("ExpectColumnValuesToBeBetween", column="x", severity="critical")
