"""What lies in a database is measured there, and gives what DuckDB gives of the same rows."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pandas as pd
import pytest

from observer.audit import measure
from observer.checks import accepted_values, in_range, not_null, row_count, unique
from observer.checks.base import Check, CheckData, FusedCheck, LookingCheck
from observer.checks.function import check
from observer.checks.sql_check import sql_check
from observer.collectors.opening import opened
from observer.collectors.pushed import PushedRelation
from observer.collectors.relation import Relation
from observer.model import Audit, CheckOutcome, ProfilePolicy, Severity
from orchestration.io.base import SqlRelation, StagedData, StoredVersion
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey, Materialization, Staged
from tests.support.databases import KINDS

FLIGHTS = pd.DataFrame(
    {
        "origin": ["EWR", "JFK", "JFK", None, "ö'\""] * 20,
        "flight": [*range(98), 7, 7],
        "delay": [1.5, None, -3.25, 0.0, 1e6] * 20,
        "late": pd.array([True, False, None, True, True] * 20, dtype="boolean"),
        "at": pd.to_datetime(["2013-01-01 05:00", "2013-02-08 23:59:59.5"] * 50, utc=True, format="ISO8601"),
    }
)
PLAIN = ProfilePolicy()
SOURCE, MADE = Address(AssetKey("source")), Address(AssetKey('made "%s" :x'), "it's %s :y")


@pytest.fixture(params=KINDS)
def io(request: pytest.FixtureRequest, new_io: Callable[[str], SqlIOManager]) -> SqlIOManager:
    return new_io(request.param)


@pytest.fixture
def made(io: SqlIOManager) -> StagedData:
    """The flights as a query in the database makes them."""
    staged = io.stage(SOURCE, "v1", FLIGHTS)
    stored = StoredVersion(address=SOURCE, id="v1", format=staged.format, data_version=staged.data_version)
    sql = f'select origin, flight, delay, late, "at" as "a:t ü" from {io.relation([stored])}'
    return io.stage_query(MADE, "v1", sql, {"partition": "2013-02-08"})


def test_nothing_is_fetched_to_measure_and_to_check(made: StagedData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PushedRelation, "arrow", lambda self: pytest.fail("the rows were fetched"))
    audit = measured(made, [not_null("flight"), row_count(100, 100), unique("flight"), in_range("delay", -5, 10)])
    verdicts = {outcome.check: (outcome.passed, outcome.failing_rows) for outcome in audit.outcomes}
    assert verdicts == {
        "not_null(flight)": (True, 0), "row_count": (True, None), "unique(flight)": (False, 2),
        "in_range(delay)": (False, 20),
    }  # fmt: skip


def test_the_numbers_are_those_of_duckdb(made: StagedData) -> None:
    with opened(FLIGHTS) as relation:
        assert relation is not None
    expected = numbers(measured(replaced(made, FLIGHTS.rename(columns={"at": "a:t ü"}))))
    got = numbers(measured(made))
    for key, value in expected.items():
        if key in got and key[1] not in ("distinct_count", "profile_duration", "profile_statements"):
            assert got[key] == pytest.approx(value), key
    common = {key for key in expected if key[0] in ("", "origin", "flight", "delay")}
    assert common - set(got) == set(), "a metric is missing"
    assert got["flight", "distinct_count"] == pytest.approx(98, rel=0.1)
    assert not math.isnan(got["delay", "std"])


def test_checks_that_need_duckdb_get_the_rows(made: StagedData) -> None:
    class OwnFused(FusedCheck):
        def expressions(self, relation: Relation) -> list[str]:
            return [f"count_if({relation.field('delay').sql} > 0)"]  # DuckDB's own

        def judge(self, values: object) -> CheckOutcome:
            return self.outcome(True, "ok", observed=float(values[0]))  # type: ignore[index]

    class OwnLook(LookingCheck):
        def run(self, data: CheckData) -> CheckOutcome:
            ((n,),) = data.query("select count(*) from data where delay > 0 and origin ilike 'ewr'")
            return self.outcome(True, "ok", observed=float(n))

    @check("made")
    def by_pandas(frame: pd.DataFrame) -> bool:
        return len(frame) == 100 and frame["origin"].isna().sum() == 20

    own = [OwnFused(name="fused", severity=Severity.WARN), OwnLook(name="look", severity=Severity.WARN), by_pandas]
    found = {outcome.check: (outcome.passed, outcome.observed) for outcome in measured(made, own).outcomes}
    assert found == {"fused": (True, 40.0), "look": (True, 20.0), "by_pandas": (True, None)}


def test_what_needs_more_rows_than_may_be_fetched_is_unknown(made: StagedData) -> None:
    def refuse() -> object:
        raise AssertionError("rows were fetched")

    checks = [sql_check("few", "select * from {{ data }} where flight < 0"), not_null("flight")]
    some = measured(made, checks, ProfilePolicy(max_fetched_rows=100)).outcomes
    assert [one.passed for one in some] == [True, True]
    assert isinstance(made.data, SqlRelation)
    guarded = replaced(made, dataclasses.replace(made.data, arrow=refuse))
    few, present = measured(guarded, checks, ProfilePolicy(max_fetched_rows=99)).outcomes
    assert (few.passed, present.passed) == (None, True)
    assert "it would fetch all 100 rows out of" in few.message
    assert "at most 99 are; nothing was fetched" in few.message


def test_what_the_database_compares_otherwise_is_compared_here(io: SqlIOManager) -> None:
    from decimal import Decimal

    import pyarrow as pa

    table = pa.table({"price": pa.array([Decimal("9.50"), Decimal("10.00")], pa.decimal128(9, 2))})
    staged = io.stage(MADE, "v1", table)
    stored = StoredVersion(address=MADE, id="v1", format=staged.format, data_version=staged.data_version)
    with opened(relation_of(io, stored)) as relation:
        assert isinstance(relation, PushedRelation)
    checks = [in_range("price", Decimal("9.50"), Decimal("10.00")), accepted_values("price", [Decimal("9.5")])]
    outcomes = measured(replaced(staged, relation_of(io, stored)), checks).outcomes
    assert [(one.passed, one.failing_rows) for one in outcomes] == [(True, 0), (False, 1)], outcomes


def test_instants_keep_their_epoch(io: SqlIOManager) -> None:
    staged = io.stage(SOURCE, "v1", FLIGHTS)
    stored = StoredVersion(address=SOURCE, id="v1", format=staged.format, data_version=staged.data_version)
    got = numbers(measured(replaced(staged, relation_of(io, stored))))
    assert got["at", "latest"] == datetime(2013, 2, 8, 23, 59, 59, 500000, tzinfo=UTC).timestamp()
    assert got["late", "true_rate"] == 0.75


def relation_of(io: SqlIOManager, stored: StoredVersion) -> SqlRelation:
    """What the gate would be given, had a query made the version."""
    data = io._staged(stored.address, stored.id).data
    assert isinstance(data, SqlRelation)
    return data


def replaced(staged: StagedData, data: object) -> StagedData:
    return StagedData(
        format=staged.format, data_version=staged.data_version, rows=staged.rows, bytes=staged.bytes, data=data
    )


def measured(staged: StagedData, checks: Sequence[Check] = (), policy: ProfilePolicy = PLAIN) -> Audit:
    made = Materialization(
        id="v1", asset=MADE.asset, partition=MADE.partition, run_id="r",
        materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version=staged.data_version, code_version="c", fingerprint="f", duration_s=1.0, rows=staged.rows,
        bytes=staged.bytes,
    )  # fmt: skip
    return measure(Staged(materialization=made, data=staged.data), checks, policy=policy)


def numbers(audit: Audit) -> dict[tuple[str, str], float]:
    return {(one.column or "", one.metric): one.value for one in audit.observations if one.value is not None}
