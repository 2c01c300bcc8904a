"""``measure``: one scan, then the others; nothing takes anything else with it; everything pickles."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from observer.audit import measure
from observer.checks import CheckData, FusedCheck, LookingCheck, check, in_range, not_null, row_count, unique
from observer.collectors import Relation
from observer.model import Audit, CheckOutcome, Severity
from orchestration.io.base import ParquetFiles
from orchestration.model import AssetKey, Materialization, Scalar, Staged


def staged(data: object, rows: int | None = None) -> Staged:
    made = Materialization(
        id="v1",
        asset=AssetKey("flights"),
        partition="2013-02-08",
        run_id="r1",
        materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=1.5,
        rows=rows,
        metadata={"delayed": 4},
    )
    return Staged(materialization=made, data=data)


FRAME = pd.DataFrame({"carrier": ["UA", "AA", None], "delay": [1.0, 2.0, 50.0]})


@dataclass(frozen=True, kw_only=True)
class Broken(FusedCheck):
    """Asks for something that no engine knows."""

    sql: str = "no_such_function(c0)"

    def expressions(self, relation: Relation) -> Sequence[str]:
        return ["count(*)", self.sql]

    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        raise ZeroDivisionError("judged")


@dataclass(frozen=True, kw_only=True)
class Looking(LookingCheck):
    """Returns or raises what it is given."""

    answer: object

    def run(self, data: CheckData) -> CheckOutcome:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]


@check("flights")
def long_delays_are_rare(flights: pd.DataFrame) -> bool:
    return bool((flights.delay > 100).mean() < 0.1)


def metrics(audit: Audit) -> dict[tuple[str | None, str], float | None]:
    return {(one.column, one.metric): one.value for one in audit.observations}


def test_outcomes_come_in_the_order_of_the_checks() -> None:
    checks = [unique("carrier"), not_null("delay"), long_delays_are_rare, row_count(1)]
    audit = measure(staged(FRAME), checks)
    assert [one.check for one in audit.outcomes] == [one.name for one in checks]
    assert all(one.passed for one in audit.outcomes)
    assert metrics(audit)[None, "delayed"] == 4
    assert metrics(audit)["carrier", "null_rate"] == pytest.approx(1 / 3)


def test_one_failure_takes_nothing_with_it() -> None:
    error = Severity.ERROR
    checks = [
        Broken(name="engine", severity=error),
        Broken(name="judge", severity=error, sql="max(1)"),
        Looking(name="raises", severity=error, answer=RuntimeError("c0 is odd")),
        Looking(name="nothing", severity=error, answer=None),
        in_range("delay", 0, 10),
        unique("nowhere"),
        row_count(1),
    ]
    audit = measure(staged(FRAME), checks)
    assert [one.passed for one in audit.outcomes] == [None, None, None, None, False, None, True]
    engine, judge, raises, nothing, *_ = (one.message for one in audit.outcomes)
    assert "no_such_function" in engine
    assert "ZeroDivisionError: judged" in judge
    assert "carrier is odd" in raises
    assert "returned a NoneType" in nothing
    cost = {(None, "profile_duration"), (None, "profile_statements")}
    alone = metrics(measure(staged(FRAME)))
    assert {k: v for k, v in metrics(audit).items() if k not in cost} == {
        k: v for k, v in alone.items() if k not in cost
    }


def test_everything_pickles(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    FRAME.to_parquet(path)
    checks = [not_null("carrier"), unique("carrier"), in_range("delay", 0, 10), long_delays_are_rare]
    for data in (FRAME, ParquetFiles((path,)), {"a": "model"}, "text", None, FRAME.iloc[:0]):
        audit = measure(staged(data), pickle.loads(pickle.dumps(checks)))
        assert pickle.loads(pickle.dumps(audit)) == audit


def test_files_that_cannot_be_read_are_unknown_and_not_raised(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no parquet")
    for path in (str(broken), str(tmp_path / "missing.parquet")):
        audit = measure(staged(ParquetFiles((path,))), [not_null("carrier"), unique("carrier"), long_delays_are_rare])
        assert [one.passed for one in audit.outcomes] == [None] * 3
        assert all("the data could not be opened" in one.message for one in audit.outcomes)
        assert audit.schema is None
        rows = next(one for one in audit.observations if one.metric == "row_count")
        assert rows.value is None
        assert "could not be opened" in str(rows.reason)


def test_the_timer_is_a_parameter() -> None:
    ticks = iter([10.0, 12.5])
    assert measure(staged(FRAME), timer=lambda: next(ticks)).collect_s == 2.5


def test_a_check_of_neither_kind_is_unknown() -> None:
    from observer.checks import Check

    audit = measure(staged(FRAME), [Check(name="odd", severity=Severity.WARN)])
    assert audit.outcomes[0].passed is None
    assert "neither" in audit.outcomes[0].message
