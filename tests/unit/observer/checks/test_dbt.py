"""What a result of dbt's means for the gate."""

import pytest

from observer.checks.base import CheckData
from observer.checks.dbt import check_of
from observer.model import Severity
from orchestration.dbt.model import DbtRecord, Result, ResultStatus, Test
from orchestration.model import AssetKey


def declared(*, is_warning: bool = False, warn_if: str = "!= 0", error_if: str = "!= 0") -> Test:
    return Test(id="t", name="unique_id", node="m", is_warning=is_warning, warn_if=warn_if, error_if=error_if)


def data(value: object) -> CheckData:
    return CheckData(asset=AssetKey("m"), partition=None, value=value, relation=None)


@pytest.mark.parametrize(
    ("status", "failures", "is_warning", "expected"),
    [
        ("pass", 0, False, (True, Severity.ERROR)),
        ("pass", 3, True, (True, Severity.WARN)),  # below warn_if
        ("warn", 3, False, (False, Severity.WARN)),  # below error_if
        ("warn", 3, True, (False, Severity.WARN)),
        ("fail", 3, False, (False, Severity.ERROR)),
        ("error", None, False, (None, Severity.ERROR)),
        ("error", 0, False, (None, Severity.ERROR)),
        ("skipped", None, True, (None, Severity.WARN)),
        ("pass", None, False, (True, Severity.ERROR)),
        ("fail", None, False, (False, Severity.ERROR)),
    ],
)
def test_statuses_and_severities(
    status: str, failures: int | None, is_warning: bool, expected: tuple[bool | None, Severity]
) -> None:
    result = Result(id="t", status=ResultStatus(status), failures=failures, message="why")
    outcome = check_of(declared(is_warning=is_warning)).run(data(DbtRecord(results={"t": result})))
    assert (outcome.passed, outcome.severity) == expected
    if outcome.passed is not None and failures is not None:
        assert outcome.failing_rows == failures


def test_a_test_that_did_not_run_is_unknown() -> None:
    for value in (DbtRecord(results={}), "something else"):
        outcome = check_of(declared()).run(data(value))
        assert outcome.passed is None
        assert "dbt gave no result for it" in outcome.message


def test_thresholds_are_said() -> None:
    check = check_of(declared(warn_if=">0", error_if=">10"))
    said = check.judge(Result(id="t", status=ResultStatus.WARN, failures=1)).message
    assert said == "unique_id: 1 failing row (warns if >0, fails if >10)"
