"""``DbtCheck``: a test of dbt's, run by dbt itself together with the node that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from observer.checks.base import CheckData, LookingCheck
from observer.model import CheckOutcome, Severity
from orchestration.dbt.model import DbtRecord, DbtRelation, Result, ResultStatus, Test
from orchestration.model import Scalar

_PLAIN = "!= 0"


@dataclass(frozen=True, kw_only=True)
class DbtCheck(LookingCheck):
    """Made of a test in a manifest; its severity and its thresholds are dbt's.

    A test that dbt has not run, or that broke, is unknown. One of severity ``error`` that stays below ``error_if``
    and not below ``warn_if`` warns.
    """

    needs_table: ClassVar[bool] = False  # artifacts alone tell, too

    test: Test

    def concerns(self) -> tuple[str, ...]:
        return () if self.test.column is None else (self.test.column,)

    def run(self, data: CheckData) -> CheckOutcome:
        seen = data.value
        found = seen.results.get(self.test.id) if isinstance(seen, DbtRelation | DbtRecord) else None
        return self.judge(found)

    def judge(self, result: Result | None) -> CheckOutcome:
        """What dbt's result means; None: there is none."""
        if result is None:
            return self.outcome(None, f"{self.name} could not be evaluated: dbt gave no result for it")
        said = f": {result.message}" if result.message else ""
        evidence: dict[str, Scalar] = {"dbt": result.status.value}
        if result.execute_s is not None:
            evidence["seconds"] = round(result.execute_s, 3)
        if result.failures is None or result.status in (ResultStatus.ERROR, ResultStatus.SKIPPED):
            passed = {ResultStatus.PASS: True, ResultStatus.SUCCESS: True, ResultStatus.FAIL: False}.get(result.status)
            words = {True: "passed", False: "failed", None: f"could not be evaluated: dbt's result is {result.status}"}
            return self.outcome(passed, f"{self.name} {words[passed]}{said}", evidence=evidence)
        rows = f"{result.failures:,} failing row{'' if result.failures == 1 else 's'}"
        return self.outcome(
            result.status is ResultStatus.PASS, f"{self.name}: {rows}{self._limits()}", evidence=evidence,
            observed=float(result.failures), failing_rows=result.failures,
            severity=Severity.WARN if result.status is ResultStatus.WARN else None,
        )  # fmt: skip

    def _limits(self) -> str:
        limits = [
            f"{word} if {limit}"
            for word, limit in (("warns", self.test.warn_if), ("fails", self.test.error_if))
            if limit != _PLAIN
        ]
        return f" ({', '.join(limits)})" if limits else ""


def check_of(test: Test) -> DbtCheck:
    """The check that a test of dbt's is."""
    return DbtCheck(name=test.name, severity=Severity.WARN if test.is_warning else Severity.ERROR, test=test)
