"""What looking at a version costs is counted and bounded; what isn't measured in time says so."""

import time
from datetime import UTC, datetime

import pandas as pd
import pytest

import observer as ob
from observer.audit import measure
from observer.checks.base import Check, CheckData, LookingCheck
from observer.collectors.budget import Budget, BudgetSpent
from observer.errors import CheckError
from observer.model import Audit, CheckOutcome, ProfilePolicy, Severity
from orchestration.model import AssetKey, Materialization, Staged

SLOW = "select count(*) from range(100000000) a, range(1000) b where a.range + b.range > 0"


def audited(*checks: Check, max_seconds: float | None = None) -> Audit:
    made = Materialization(
        id="m", asset=AssetKey("a"), partition=None, run_id="r", materialized_at=datetime(2024, 1, 1, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=0.1,
    )  # fmt: skip
    staged = Staged(materialization=made, data=pd.DataFrame({"n": [1, 2]}))
    return measure(staged, checks, policy=ProfilePolicy(max_seconds=max_seconds))


class Slow(LookingCheck):
    def run(self, data: CheckData) -> CheckOutcome:
        return self.outcome(bool(data.query(SLOW)), "it ended")


def numbers(audit: Audit) -> dict[str, float | None]:
    return {o.metric: o.value for o in audit.observations if o.column is None}


def test_statements_and_seconds_are_told() -> None:
    plain = numbers(audited())
    assert plain["profile_statements"] == 2  # the numbers, and how values are spread
    assert 0 < (plain["profile_duration"] or 0) < 30
    assert numbers(audited(ob.unique("n")))["profile_statements"] == 2  # in the same statement
    assert numbers(audited(ob.increasing("n")))["profile_statements"] == 3


def test_a_statement_that_takes_too_long_is_stopped_and_the_rest_is_not_begun() -> None:
    begun = time.perf_counter()
    found = audited(Slow(name="slow", severity=Severity.ERROR), ob.increasing("n"), max_seconds=1.0)
    assert time.perf_counter() - begun < 20
    assert [(o.passed, "the budget of 1 s was spent" in o.message) for o in found.outcomes] == [(None, True)] * 2
    assert numbers(found)["row_count"] == 2  # what was measured by then stays


def test_a_spent_budget_begins_nothing() -> None:
    now = iter([0.0, 1.0, 5.0])
    spent = Budget(3.0, timer=lambda: next(now))
    with spent.statement(None):
        pass
    with pytest.raises(BudgetSpent, match="the budget of 3 s"), spent.statement(None):
        raise AssertionError("it was begun")
    assert spent.statements == 1


@pytest.mark.parametrize("limit", [0, -1, True, "10"])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    with pytest.raises(CheckError, match="max_seconds= is a number above 0"):
        ob.asset(profile=ob.ProfilePolicy(max_seconds=limit))  # type: ignore[arg-type]
