from datetime import UTC, datetime, timedelta

import pytest

import observer as ob
from observer.maintenance import Maintenance, muting
from orchestration.graph import Graph
from orchestration.model import AssetKey

NOON = datetime(2024, 3, 3, 12, tzinfo=UTC)  # a Sunday


@ob.asset
def orders() -> None: ...


@ob.asset(deps=["orders"])
def report() -> None: ...


GRAPH = Graph([orders, report])


def once(**more: object) -> Maintenance:
    given = {"id": 1, "selection": "orders", "starts_at": NOON, "ends_at": NOON + timedelta(hours=2)}
    return Maintenance(**{**given, "by": "ana", "reason": "a move", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(("hours", "open_"), [(-1, False), (0, True), (1.99, True), (2, False)])
def test_one_window_is_open_from_its_begin_until_its_end(hours: float, open_: bool) -> None:
    until = once().until(NOON + timedelta(hours=hours))
    assert until == (NOON + timedelta(hours=2) if open_ else None)


def test_one_that_was_ended_is_over() -> None:
    assert once(ended_at=NOON + timedelta(hours=1)).until(NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("UTC", "2024-03-10T01:59", None),
        ("UTC", "2024-03-10T02:00", "2024-03-10T05:00"),
        ("UTC", "2024-03-10T04:59", "2024-03-10T05:00"),
        ("UTC", "2024-03-10T05:00", None),
        ("UTC", "2024-03-11T03:00", None),
        ("Europe/Berlin", "2024-03-10T01:00", "2024-03-10T04:00"),
        ("Europe/Berlin", "2024-04-07T00:00", "2024-04-07T03:00"),  # an hour earlier in summer
        ("UTC", "2024-03-03T03:00", None),  # before it was planned
    ],
)
def test_a_window_from_each_firing_on(zone: str, now: str, until: str | None) -> None:
    window = once(ends_at=None, cron="0 2 * * sun", timezone=zone, length_s=3 * 3600.0)
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert window.until(datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


def test_the_window_that_lasts_longest_counts_and_only_over_its_assets() -> None:
    longer = once(id=2, selection="orders+", ends_at=NOON + timedelta(hours=3))
    gone = once(id=3, selection="gone", ends_at=NOON + timedelta(hours=9))
    for key, found in (("orders", longer), ("report", longer), ("other", None)):
        assert muting((once(), longer, gone), GRAPH, AssetKey(key), NOON) is found
