"""Single expectations: declared in either way, told from the scan or by the real Great Expectations."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from observer.checks import expect
from observer.checks.gx.rules import RULES
from observer.errors import CheckError, UnknownName
from observer.model import ProfilePolicy, Severity, Way
from tests.support.checked import outcome, outcomes
from tests.support.repository import ROOT

pytestmark = pytest.mark.slow  # the library's process takes seconds to start

FRAME = pd.DataFrame({"x": [1.0, 2.0, 300.0, None], "s": ["a", "b", "c", None], "id": [7, 8, 9, 10]})
BETWEEN = expect("ExpectColumnValuesToBeBetween", column="x", min_value=0, max_value=10)
MEAN = expect("ExpectColumnMeanToBeBetween", column="x", min_value=0, max_value=10, severity="warn")
DEVIATION = expect("ExpectColumnStdevToBeBetween", column="x", max_value=10)
ROWS = expect("ExpectTableRowCountToEqual", value=4)


def test_values_are_counted_and_one_is_shown() -> None:
    between, mean, deviation, rows = outcomes([BETWEEN, MEAN, DEVIATION, ROWS], FRAME)
    assert between.passed is False
    assert between.failing_rows == 1
    assert between.observed == 0.25
    assert between.message == ("ExpectColumnValuesToBeBetween(x): 1 of 4 values are unexpected (25 %), for example 300")
    assert between.columns == ("x",)
    assert (mean.passed, mean.observed) == (False, 101)
    assert (deviation.passed, deviation.message) == (
        False,
        "ExpectColumnStdevToBeBetween(x): observed 172.33978066598553",
    )
    assert rows.passed is True
    assert [one.way for one in (between, mean, deviation, rows)] == [Way.SCAN, Way.SCAN, Way.LIBRARY, Way.SCAN]


def test_mostly_is_the_librarys() -> None:
    found = outcome(expect("ExpectColumnValuesToBeBetween", column="x", min_value=0, max_value=10, mostly=0.6), FRAME)
    assert found.passed is True
    assert found.failing_rows == 1


def test_an_exception_is_unknown_and_takes_nothing_along() -> None:
    text, good = outcomes([expect("ExpectColumnValuesToBeBetween", column="s", min_value=0), ROWS], FRAME)
    assert text.passed is None
    assert text.message.endswith("could not be evaluated: Column values, min_value, and max_value must either be None "
                                 "or of the same type.")  # fmt: skip
    assert good.passed is True


def test_wrong_names_of_columns_and_arguments_are_unknown() -> None:
    column, keys, argument = outcomes(
        [
            expect("ExpectColumnValuesToBeBetween", column="xx", min_value=0),
            expect("ExpectColumnStdevToBeBetween", column="x", keys=["ids"]),
            expect("ExpectColumnValuesToBeBetween", column="x", minimum=0),
        ],
        FRAME,
    )
    assert {column.passed, keys.passed, argument.passed} == {None}
    assert "did you mean 'x'" in column.message
    assert "did you mean 'id'" in keys.message
    assert "minimum extra fields not permitted" in argument.message


def test_on_no_rows_what_cannot_be_observed_is_unknown() -> None:
    between, mean, deviation, rows = outcomes([BETWEEN, MEAN, DEVIATION, ROWS], FRAME.iloc[:0])
    assert between.passed is True
    assert mean.passed is None
    assert mean.message == "ExpectColumnMeanToBeBetween(x) could not be evaluated: no rows"
    assert deviation.passed is None
    assert rows.passed is False


def test_a_column_that_has_to_exist_and_does_not_has_failed() -> None:
    for one in (
        expect("ExpectColumnToExist", column="gone"),
        expect("ExpectColumnToExist", column="s", column_index=7),
    ):
        assert outcome(one, FRAME).passed is False
    assert outcome(expect("ExpectTableColumnsToMatchOrderedList", column_list=["x", "y"]), FRAME).passed is False


@pytest.mark.parametrize("name", ["ExpectColumnValuesToBeInSet", "ExpectColumnDistinctValuesToBeInSet"])
def test_examples_are_shown_in_either_way(name: str) -> None:
    found = outcome(expect(name, column="s", value_set=["a"]), FRAME)
    assert found.passed is False
    assert "for example 'b'" in found.message
    assert (found.evidence["unexpected 1"], found.evidence["unexpected 2"]) == ("b", "c")


def test_values_that_are_missing_are_named() -> None:
    equal, contain = outcomes(
        [
            expect("ExpectColumnDistinctValuesToEqualSet", column="s", value_set=["a", "b", "z"]),
            expect("ExpectColumnDistinctValuesToContainSet", column="s", value_set=["a", "z"]),
        ],
        FRAME,
    )
    assert (equal.passed, contain.passed) == (False, False)
    assert equal.message.endswith(": 1 values are unexpected, for example 'c'; missing: 'z'")
    assert contain.message.endswith(": nothing observed; missing: 'z'")


@pytest.mark.parametrize("name", ["ExpectColumnValuesToMatchRegex", "ExpectColumnValuesToMatchRegexList"])
def test_rows_have_the_keys_that_were_asked_for(name: str) -> None:
    regex = {"regex": "[a]"} if name.endswith("Regex") else {"regex_list": ["[a]"]}
    found = outcome(expect(name, column="s", keys=["id"], **regex), FRAME)
    assert found.way is (Way.SCAN if "regex" in regex else Way.LIBRARY)
    assert found.sample is not None
    assert found.sample.columns == ("s", "id")
    assert found.sample.rows == (("b", 8), ("c", 9))


@pytest.mark.parametrize("sensitive", ["s", "id"])
def test_nothing_of_sensitive_columns_is_shown(sensitive: str) -> None:
    checks = [
        expect("ExpectColumnValuesToBeInSet", column="s", value_set=["a"], keys=["id"]),
        expect("ExpectColumnDistinctValuesToBeInSet", column="s", value_set=["a"], keys=["id"]),
        expect("ExpectColumnValuesToMatchRegexList", column="s", regex_list=["[a]"], keys=["id"]),
    ]
    for found in outcomes(checks, FRAME, ProfilePolicy(sensitive=(sensitive,))):
        assert found.passed is False
        assert "not kept" in found.message
        assert not found.evidence
        assert found.sample is None


def test_what_is_not_sensitive_is_still_shown() -> None:
    found = outcome(DEVIATION, FRAME, ProfilePolicy(sensitive=("s",)))
    assert found.evidence == {"observed": 172.33978066598553}


def test_the_guide_names_what_a_scan_tells() -> None:
    guide = (ROOT / "docs/guide/great-expectations.md").read_text()
    rows = [line.split("|") for line in guide.splitlines() if line.startswith("| `Expect")]
    assert sorted(name for row in rows for name in re.findall("`(Expect[A-Za-z]+)`", row[1])) == sorted(RULES)


def test_names_and_declarations() -> None:
    assert BETWEEN.name == "ExpectColumnValuesToBeBetween(x)"
    assert expect("ExpectColumnPairValuesToBeEqual", column_A="a", column_B="b").name.endswith("(a, b)")
    assert expect("ExpectCompoundColumnsToBeUnique", column_list=["a", "b"], name="key").name == "key"
    assert pickle.loads(pickle.dumps(BETWEEN)) == BETWEEN
    with pytest.raises(CheckError, match="write the class's name"):
        expect("expect_column_values_to_be_between", column="x")
    with pytest.raises(CheckError, match="write 'warn' or 'error'"):
        expect("ExpectColumnValuesToBeBetween", column="x", severity="critical")
    with pytest.raises(UnknownName, match="did you mean 'ExpectColumnValuesToBeBetween'"):
        expect("ExpectColumnValuesToBeBetwen", column="x")
    with pytest.raises(CheckError, match="takes the name of an expectation or an object"):
        expect(3)


OWN = """
import great_expectations.expectations as gxe

class ExpectColumnValuesToBePositive(gxe.ExpectColumnValuesToBeBetween):
    min_value: float = 0.5
"""
OBJECTS = """
import pickle, sys
import great_expectations.expectations as gxe
import observer as ob
from mine import ExpectColumnValuesToBePositive

plain = gxe.ExpectColumnMaxToBeBetween(column="x", max_value=10, severity="warning", notes=["seen", "in May"])
keyed = gxe.ExpectColumnValuesToBeInSet(
    column="s", value_set=["a"], severity="info",
    result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]},
)
own = ExpectColumnValuesToBePositive(column="x")
timed = gxe.ExpectColumnValuesToBeBetween(column="x", min_value=0, row_condition='id > 8', condition_parser="pandas")
mine = ob.expect(plain, severity="error", name="mine")
checks = [ob.expect(plain), ob.expect(keyed), ob.expect(own), mine, ob.expect(timed)]
try:
    ob.expect(plain, column="y")
except ob.expect.__globals__["CheckError"] as error:
    print(error, file=sys.stderr)
suite = ob.expectations(__import__("great_expectations").ExpectationSuite(name="all", expectations=[plain, keyed]))
pickle.dump((checks, suite), sys.stdout.buffer)
"""


def test_objects_bring_their_arguments_severities_notes_and_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made in another process, since this one is to stay without the library."""
    (tmp_path / "mine.py").write_text(OWN)
    made = subprocess.run([sys.executable, "-W", "ignore", "-c", OBJECTS], cwd=tmp_path, capture_output=True,
                          check=True, env={"PYTHONPATH": f"{ROOT}:{tmp_path}"})  # fmt: skip
    assert b"write column there" in made.stderr
    checks, suite = pickle.loads(made.stdout)
    monkeypatch.syspath_prepend(tmp_path)
    plain, keyed, own, mine, _ = checks
    assert [one.name for one in suite] == [plain.name, keyed.name]
    assert [one.severity for one in (plain, keyed)] == [Severity.WARN, Severity.WARN]
    assert [one.severity for one in (own, mine)] == [Severity.ERROR, Severity.ERROR]
    assert (mine.name, own.module, keyed.keys) == ("mine", "mine", ("id",))
    found = outcomes(checks, FRAME)
    assert [one.passed for one in found] == [False, False, True, False, True]
    assert [one.way for one in found] == [Way.SCAN, Way.SCAN, Way.LIBRARY, Way.SCAN, Way.LIBRARY]
    assert found[0].evidence["note"] == "seen · in May"
    assert found[1].sample is not None
    assert "great_expectations" not in sys.modules
