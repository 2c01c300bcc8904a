"""How often an asset's monitors judge: by its partitions, else by how often it was made lately."""

from datetime import UTC, datetime, timedelta

import pytest

import observer as ob
from observer.model import Observation
from observer.pace import Made, made_lately, runs_per_week
from observer.store import observations
from observer.store.observations import Measurement
from observer.store.schema import ensure
from orchestration.database import open_database, reading, writing
from orchestration.model import AssetKey
from orchestration.partitions import Partitions

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
DAY = datetime(2024, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        (ob.hourly("2024-01-01"), 168.0),
        (ob.daily("2024-01-01", timezone="America/New_York"), 7.0),
        (ob.daily("2025-01-01"), 7.0),
        (ob.weekly("2024-01-01"), 1.0),
        (ob.monthly("2024-01"), 0.23),
        (ob.cron("0 */6 * * *", start="2024-01-01"), 28.0),
        (ob.cron("0 6 * * *", start="2024-03-19"), 7.0),
        (ob.multi(day=ob.daily("2024-01-01"), region=ob.static("EU", "US")), 7.0),
    ],
)
def test_partitions_in_time_say_how_often(partitions: Partitions, expected: float) -> None:
    @ob.asset(partitions=partitions)
    def made() -> None: ...

    assert runs_per_week(made, Made(1000.0, 1), NOW) == pytest.approx(expected, abs=0.001)


def test_else_what_was_made_lately_does_part_by_part() -> None:
    @ob.asset
    def whole() -> None: ...

    @ob.asset(partitions=ob.static("EU", "US"))
    def regions() -> None: ...

    assert runs_per_week(whole, Made(3.5, 1), NOW) == 3.5
    assert runs_per_week(regions, Made(14.0, 2), NOW) == 7.0
    assert runs_per_week(whole, None, NOW) == 1.0


def test_it_is_counted_over_whole_days_of_four_weeks(state_url: str) -> None:
    """Twice a day for ten weeks, ten times in its first two days, and only today."""
    engine = open_database(state_url)
    ensure(engine)
    times = {
        "often": [DAY - timedelta(hours=12 * n) for n in range(-1, 140)],
        "young": [DAY - timedelta(hours=4 * n) for n in range(1, 11)],
        "today": [NOW - timedelta(hours=1)],
    }
    rows = (Observation(metric="duration", value=1.0), Observation(metric="row_count", value=1.0))
    with writing(engine) as connection:
        for asset, ats in times.items():
            for n, at in enumerate(ats):
                part = f"region={n % 2}" if asset == "young" else ""
                measured = Measurement(
                    asset=AssetKey(asset), version_seq=n, observed=rows, data_at=at, made_at=at, part=part
                )
                observations.save(connection, [measured])
    with reading(engine) as connection:
        found = made_lately(connection, NOW)
        assert made_lately(connection, DAY + timedelta(hours=23)) == found
    assert found == {"often": Made(14.0, 1), "young": Made(10.0, 2)}
    engine.dispose()
