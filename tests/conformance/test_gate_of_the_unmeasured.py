"""What a real PostgreSQL can't say holds by policy: it is unknown to the gate, never a pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from observer.judging import Verdict
from observer.model import EvaluationStatus
from observer.project import Project, open_project
from orchestration.model import AssetKey, GateOutcome, Materialization, Staged
from tests.conformance.test_profiles_that_fail import LIKE, Asked, database
from tests.unit.observer.shop import shop

__all__ = ["LIKE", "database"]

PIPELINE = """
import observer as ob

WATCHED = [ob.monitor("mean", column="bad", severity="error")]


@ob.asset(monitors=WATCHED)
def strict() -> None: ...


@ob.asset(monitors=WATCHED, gate=ob.GatePolicy(on_unknown="open"))
def lenient() -> None: ...


@ob.asset(checks=[ob.in_range("bad", 0, 10_000)])
def checked() -> None: ...
"""
ERRORS = "CREATE VIEW broken AS SELECT good, 1 / bad AS bad, word FROM made"
SLOW = "CREATE VIEW broken AS SELECT good, CASE WHEN pg_sleep(0.01) IS NULL THEN 0 ELSE bad END AS bad, word FROM made"
GONE = "CREATE VIEW broken AS SELECT * FROM made; DROP TABLE made CASCADE"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    work = open_project(shop(tmp_path / "shop", pipeline=PIPELINE))
    yield work
    work.close()


def judged(work: Project, asset: str, connection: Connection) -> Verdict:
    """The version that lies in the table `broken`, through the project's own gate."""
    made = Materialization(
        id="v1", asset=AssetKey(asset), partition=None, run_id="r1", materialized_at=datetime(2024, 2, 1, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=0.1,
    )  # fmt: skip
    gate = work.runtime.gate
    verdict = gate.decide(gate.measure(Staged(materialization=made, data=Asked(connection, "broken").relation))).finding
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        pytest.param(ERRORS, "division by zero", id="a view that errors"),
        pytest.param(SLOW, "canceling statement due to statement timeout", id="a statement timeout"),
        pytest.param(GONE, 'relation "broken" does not exist', id="a dropped table"),
    ],
)
def test_what_the_database_can_not_say_holds_by_policy(
    trouble: str, why: str, database: Connection, project: Project
) -> None:
    for statement in trouble.split(";"):
        database.execute(text(statement))
    for asset, outcome in (
        ("strict", GateOutcome.HELD), ("checked", GateOutcome.HELD), ("lenient", GateOutcome.OPEN),
    ):  # fmt: skip
        verdict = judged(project, asset, database)
        told = next(one for one in verdict.evaluations if one.subject.startswith(("mean(", "in_range(")))
        assert told.status is EvaluationStatus.UNKNOWN
        assert why in told.sentence
        assert verdict.decision.outcome is outcome
        assert verdict.decision.unknown is (outcome is GateOutcome.HELD)


@pytest.mark.postgres
def test_the_same_gate_opens_for_what_can_be_said(database: Connection, project: Project) -> None:
    database.execute(text("CREATE VIEW broken AS SELECT * FROM made"))
    for asset in ("strict", "checked", "lenient"):
        assert judged(project, asset, database).decision.outcome is GateOutcome.OPEN
