"""What the history lets go of stays in its days, on SQLite and on PostgreSQL."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import func, select

from observer.history import SeriesKey
from observer.rollups import sum_up
from observer.store import observations, rollups, sketches
from observer.store import tables as stored
from orchestration.database import reading
from orchestration.io.base import IOManager
from orchestration.model import Address, AssetKey
from tests.unit.observer.ledger import Ledger, day, ledger, whole_asset

AGE = timedelta(days=1)
ROWS = SeriesKey("row_count")
ORDERS = AssetKey("orders")


class Storage:
    """Storage that has some versions and no others."""

    def __init__(self, *ids: str) -> None:
        self._ids = ids

    def versions(self, address: Address) -> Collection[str]:
        return self._ids


@pytest.fixture
def whole(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, whole_asset()) as made:
        for n in range(10):
            made.version(None, nulls=0.01 + 0.001 * (n % 3), rows=1000.0 + n)
        made.now += timedelta(days=3)
        yield made


def let_go(made: Ledger, *there: str, newest: int = 2) -> int:
    io = cast(IOManager, Storage(*there))
    return sum_up(made.engine, io, made.observer.graph.asset("orders"), made.now, AGE, newest=newest)


def points(made: Ledger) -> int:
    with reading(made.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(stored.observations)).scalar_one())


def days(made: Ledger, key: SeriesKey = ROWS) -> tuple[rollups.Day, ...]:
    with reading(made.engine) as connection:
        return rollups.days(connection, ORDERS, key)


def test_days_say_the_same_before_and_after(whole: Ledger) -> None:
    before = days(whole)
    assert [(d.points, d.mean, d.least, d.most) for d in before] == [(10, 1004.5, 1000.0, 1009.0)]
    assert let_go(whole) == 3 * 8
    assert points(whole) == 3 * 2
    assert days(whole) == before


def test_what_storage_has_and_what_detectors_learn_from_stays(whole: Ledger) -> None:
    assert let_go(whole, "m1", "m3") == 3 * 6
    with reading(whole.engine) as connection:
        kept = observations.load(connection, ORDERS, {ROWS}, partitioned=False)[ROWS]
    assert [point.materialization_id for point in kept] == ["m1", "m3", "m9", "m10"]


def test_a_young_history_stays(whole: Ledger) -> None:
    whole.now -= timedelta(days=3)
    assert let_go(whole) == 0
    assert points(whole) == 30


def test_it_is_looked_through_once_a_day_and_adds_up(whole: Ledger) -> None:
    assert let_go(whole, "m1", "m2") == 3 * 6
    assert let_go(whole) == 0
    whole.now += timedelta(days=1)
    before = days(whole)
    assert let_go(whole) == 3 * 2
    assert days(whole) == before


def test_a_day_whose_points_have_no_value_says_so(state_url: str) -> None:
    with ledger(state_url, whole_asset()) as made:
        for _ in range(3):
            made.version(None, nulls=None, checks={})
        made.now += timedelta(days=3)
        let_go(made, newest=0)
        (one,) = days(made, SeriesKey("null_rate", "name"))
        assert (one.mean, one.least, one.most, one.measured) == (None, None, None, 0)


def test_sketches_go_with_the_points_of_their_version(state_url: str) -> None:
    with ledger(state_url) as made:
        for kept in (b"first", b"second"):
            made.judge(replace(made.audit(day(1)), sketches=kept))
        made.now += timedelta(days=3)
        with reading(made.engine) as connection:
            assert sorted(sketches.load(connection, range(10)).values()) == [b"first", b"second"]
        let_go(made, newest=0)
        with reading(made.engine) as connection:
            assert list(sketches.load(connection, range(10)).values()) == [b"second"]


def test_partitions_that_readers_see_keep_their_points(state_url: str) -> None:
    with ledger(state_url) as made:
        made.days(1, 5)
        made.version(day(1), rows=990.0)
        made.now += timedelta(days=3)
        assert let_go(made, newest=0) == 3  # the first version of the first day, made once more
        assert {d.day.day: d.points for d in days(made)} == {1: 2, 2: 1, 3: 1, 4: 1, 5: 1}
