"""An incident as February 2013 made it, in a graph whose assets belong to several people."""

from datetime import UTC, datetime

import pytest

import observer as ob
from observer.alerts.payload import Alert
from observer.model import Incident, IncidentStatus, Notification, Severity
from orchestration.graph import Graph
from orchestration.model import AssetKey, GateDecision, GateOutcome
from tests.unit.observer.alerts.alerting import AT


@pytest.fixture
def incident() -> Incident:
    return Incident(
        id=1,
        asset=AssetKey("flights"),
        first_partition="2013-02-08",
        last_partition="2013-02-08",
        severity=Severity.ERROR,
        status=IncidentStatus.OPEN,
        sentence="dep_time null rate 50.8 %, expected 0–9.4 % (learned from 36 days)",
        subjects=("null_rate(dep_time)",),
        affected=(AssetKey("daily_delays"), AssetKey("delay_report")),
        opened_at=datetime(2013, 2, 9, 6, 0, tzinfo=UTC),
        updated_at=datetime(2013, 2, 9, 6, 0, tzinfo=UTC),
    )


@pytest.fixture
def graph() -> Graph:
    @ob.asset(tags=("pii",), group="raw", owners=("ana@example.com", "ops@example.com"))
    def flights() -> None: ...

    @ob.asset(deps=["flights"], group="reports", owners=("bo@example.com",))
    def daily_delays() -> None: ...

    @ob.asset
    def weather() -> None: ...

    return Graph([flights, daily_delays, weather])


@pytest.fixture
def message() -> Notification:
    return Notification(
        id="msg_1",
        incident_id=1,
        event="incident.opened",
        channel="ops",
        payload='{"type":"incident.opened","data":{"sentence":"0–9 %"}}',
        created_at=datetime.now(UTC),
        attempts=0,
        next_attempt_at=None,
        delivered_at=None,
        last_error=None,
    )


@pytest.fixture
def opened(incident: Incident) -> Alert:
    gate = GateDecision(
        asset=incident.asset,
        partition="2013-02-08",
        materialization_id="m-38",
        outcome=GateOutcome.HELD,
        reasons=(incident.sentence,),
        holds=("null_rate(dep_time)",),
        decided_at=AT,
        by="policy",
    )
    return Alert(
        event="incident.opened",
        at=AT,
        incident=incident,
        gate=gate,
        last_good="2013-02-07",
        dashboard_url="http://127.0.0.1:8000",
    )
