"""An incident as February 2013 made it."""

from datetime import UTC, datetime

import pytest

from observer.model import Incident, IncidentStatus, Severity
from orchestration.model import AssetKey


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
