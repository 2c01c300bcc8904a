"""Points come out as they went in: the newest that count, however many others lie between them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import Connection, insert

from observer.history import SeriesKey, StoredPoint
from observer.model import Accuracy, AccuracyKind, Observation
from observer.store import observations
from observer.store.observations import Measurement
from observer.store.schema import ensure
from orchestration.database import open_database, reading, writing
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

ORDERS = AssetKey("orders")
START = datetime(1969, 12, 30, 6, 0, 0, 123_456, tzinfo=UTC)  # instants before 1970 are negative numbers
KEYS = [SeriesKey("duration"), SeriesKey("row_count"), SeriesKey("null_rate", "name"), SeriesKey("mean", "price", "EU")]
ROUGH = Accuracy(AccuracyKind.SAMPLED, 0.05)
COUNTED = {VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD}


@pytest.fixture
def connection(state_url: str) -> Iterator[Connection]:
    """Versions of 40 days in any order, most of them superseded or thrown away; a series of each key and version."""
    engine = open_database(state_url)
    ensure(engine)
    with writing(engine) as opened:
        _fill(opened)
    with reading(engine) as opened:
        yield opened
    engine.dispose()


def _fill(connection: Connection) -> None:
    chance = random.Random(7)
    for n in range(240):
        day = chance.randrange(40)
        status = chance.choice([*VersionStatus, *[VersionStatus.DISCARDED] * 6])
        row = {
            "id": f"m{n}", "asset": ORDERS, "partition": f"day {day}", "run_id": f"run {n}", "status": status.value,
            "materialized_at": at(n), "data_version": "d", "code_version": "c", "fingerprint": "f", "duration_s": 1.0,
            "format": "parquet", "metadata": {}, "inputs": [],
        }  # fmt: skip
        observed = [
            Observation(
                metric=key.metric, column=key.column, segment=key.segment, value=None if n % 5 == 0 else n + 0.5,
                accuracy=ROUGH,
            )
            for place, key in enumerate(KEYS) if (n + place) % 4
        ]  # fmt: skip
        measured = Measurement(asset=ORDERS, version_seq=n + 1, observed=observed, data_at=at(day), made_at=at(n))
        connection.execute(insert(versions), [row])
        observations.save(connection, [measured])


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def test_a_series_among_others_is_what_it_is_alone(connection: Connection) -> None:
    for limit, before, partitioned in product((1, 3, 17, 1000), (None, at(25)), (True, False)):
        _is_what_it_is_alone(connection, limit, before, partitioned)


def _is_what_it_is_alone(connection: Connection, limit: int, before: datetime | None, partitioned: bool) -> None:
    def load(*keys: SeriesKey) -> dict[SeriesKey, tuple[StoredPoint, ...]]:
        given = {"before": before, "partitioned": partitioned, "limit": limit}
        return dict(observations.load(connection, ORDERS, keys, **given))  # type: ignore[arg-type]

    together = load(*KEYS)
    assert together == {key: load(key)[key] for key in KEYS}
    for key, points in together.items():
        by_clock = key.metric == "duration"
        counted = COUNTED if partitioned and not by_clock else COUNTED | {VersionStatus.SUPERSEDED}
        assert 0 < len(points) <= limit
        assert {point.status for point in points} <= counted
        assert [point.at for point in points] == sorted({point.at for point in points})
        assert before is None or points[-1].at < before
        for point in points:
            number = int(point.materialization_id[1:])
            assert point.version_seq == number + 1
            assert point.run_id == f"run {number}"
            assert point.partition == f"day {(point.at - START).days}" or by_clock
            assert point.value == (None if number % 5 == 0 else number + 0.5)
            assert point.accuracy == ROUGH


def test_what_does_not_count_takes_no_place(connection: Connection) -> None:
    """Five of six versions don't count: as many as are asked for come all the same."""
    found = observations.load(connection, ORDERS, KEYS, partitioned=False, limit=20)
    every = observations.load(connection, ORDERS, KEYS, partitioned=False, limit=1000)
    assert {key: len(points) for key, points in every.items()} != dict.fromkeys(KEYS, 0)
    assert found[SeriesKey("duration")] == every[SeriesKey("duration")][-20:]
    assert len(found[SeriesKey("duration")]) == 20


def test_a_point_whose_version_is_unknown_does_not_count(connection: Connection) -> None:
    missing = [SeriesKey("row_count"), SeriesKey("max", "nothing")]
    known = {missing[0]: 10**9, missing[1]: 10**9 + 1}
    assert observations.load(connection, ORDERS, missing, partitioned=True, known=known) == dict.fromkeys(missing, ())
    assert observations.load(connection, ORDERS, missing[:1], partitioned=True, known=known) == {missing[0]: ()}
    assert observations.load(connection, ORDERS, (), partitioned=True) == {}
