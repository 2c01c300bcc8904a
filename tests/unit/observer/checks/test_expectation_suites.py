"""Suites of Great Expectations: as the library writes them, as older versions did, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from observer.checks import expectations
from observer.errors import CheckError, UnknownName
from observer.model import Severity, Way
from tests.support.checked import outcomes

FRAME = pd.DataFrame({"id": [1, 2, 2], "country": ["DE", "FR", "XX"]})
SUITE: dict[str, Any] = {
    "name": "orders",
    "id": "5c2d4b9e-3f5f-4b53-9f0c-0e2a2f5f6a11",
    "expectations": [
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}, "meta": {}, "severity": "critical"},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "country", "value_set": ["DE", "FR"]},
         "severity": "warning", "notes": "as of  May", "description": "where we sell", "id": None,
         "meta": {"notes": {"format": "markdown", "content": ["see the wiki"]}}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "country", "value_set": ["DE"],
         "mostly": {"$PARAMETER": "share"}, "result_format": {"unexpected_index_column_names": ["id"]}}},
        {"type": "expect_column_kl_divergence_to_be_less_than", "kwargs": {"column": "country", "threshold": 0.1},
         "severity": "info"},
    ],
    "suite_parameters": {"share": 0.2},
    "meta": {"great_expectations_version": "1.24.1"},
    "notes": None,
}  # fmt: skip


def test_each_expectation_becomes_a_check(tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(SUITE))
    checks = expectations(file)
    assert expectations(SUITE) == checks
    assert [(one.name, one.severity) for one in checks] == [
        ("ExpectColumnValuesToBeUnique(id)", Severity.ERROR),
        ("ExpectColumnValuesToBeInSet(country)", Severity.WARN),
        ("ExpectColumnValuesToBeInSet(country) #2", Severity.ERROR),
        ("ExpectColumnKLDivergenceToBeLessThan(country)", Severity.WARN),
    ]
    assert checks[1].note == "where we sell · as of May · see the wiki"
    assert checks[2].keys == ("id",)
    found = outcomes(checks[:3], FRAME)
    assert [one.passed for one in found] == [False, False, True]
    assert {one.way for one in found} == {Way.SCAN}


def test_what_is_said_here_goes_before_what_the_suite_says() -> None:
    checks = expectations(SUITE, severity="warn", keys=["id"], parameters={"share": 1})
    assert {one.severity for one in checks} == {Severity.WARN}
    assert {one.keys for one in checks} == {("id",)}
    assert outcomes(checks[2:3], FRAME)[0].passed is False


def test_the_spelling_of_versions_before_1_is_read() -> None:
    old = {
        "expectation_suite_name": "old", "data_asset_type": None, "ge_cloud_id": None,
        "expectations": [{"expectation_type": "expect_column_to_exist", "kwargs": {"column": "id"}, "meta": {}}],
        "evaluation_parameters": {},
    }  # fmt: skip
    (check,) = expectations(old)
    assert outcomes([check], FRAME)[0].passed is True


def test_a_path_is_counted_from_the_file_that_says_it(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps(SUITE))
    code = "from observer.checks import expectations\nchecks = expectations('orders.json')"
    module = {"__file__": str(tmp_path / "pipeline.py"), "__name__": "pipeline"}
    exec(compile(code, "pipeline.py", "exec"), module)
    assert len(module["checks"]) == 4


BROKEN: dict[str, tuple[Any, str]] = {
    "no suite": (3, "takes a suite, the path of its JSON, or what that holds, not 3"),
    "no list": ({"name": "a"}, "the suite a has no list of expectations"),
    "no entry": ({"name": "a", "expectations": [3]}, r"the suite a: expectations\[0\] is 3"),
    "no type": ({"name": "a", "expectations": [{"kwargs": {}}]}, r"the suite a: expectations\[0\] has no type"),
    "no kwargs": (
        {"name": "a", "expectations": [{"type": "expect_column_to_exist", "kwargs": 1}]}, r"\[0\].*kwargs is 1"
    ),
    "severity": (
        {"name": "a", "expectations": [{"type": "expect_column_to_exist", "severity": "fatal"}]},
        r"expectations\[0\].*severity is 'fatal'; the library has 'critical'",
    ),
    "parameters": ({"name": "a", "expectations": [], "suite_parameters": 1}, "suite_parameters is 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_suite_says_what_and_where(case: str) -> None:
    suite, said = BROKEN[case]
    with pytest.raises(CheckError, match=said):
        expectations(suite)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "a",\n "expectations": [}', r"broken.json is no JSON: line 2, column 19"),
        ("[]", r"broken.json holds a list"),
        ("\xff", r"broken.json is no text: byte 0 isn't UTF-8"),
        (None, r"broken.json can't be read: No such file"),
    ],
)
def test_a_broken_file_says_what_and_where(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "broken.json"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckError, match=said):
        expectations(file)


def test_names_that_there_are_not_have_their_nearest() -> None:
    entry = {"type": "expect_column_values_to_be_uniqe", "kwargs": {"column": "id"}}
    with pytest.raises(UnknownName, match=r"expectations\[0\].*did you mean 'expect_column_values_to_be_unique'"):
        expectations({"name": "a", "expectations": [entry]})
    with pytest.raises(UnknownName, match=r"ExpectColumnValuesToBeInSet\(country\).*no parameter is called 'share'"):
        expectations({**SUITE, "suite_parameters": {}})
