"""What waited for an asset is told once it may run, and no longer than until it has."""

from __future__ import annotations

from observer.reads.model import Waited
from orchestration.database import writing
from orchestration.model import AssetKey, GateOutcome, StepStatus, VersionStatus
from orchestration.tables import versions
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import Store, asset, day, morning


def blocked(store: Store, key: str, partition: str | None, by: str = "orders") -> None:
    store.step(key, partition, StepStatus.BLOCKED, at=morning(9), blocked_by=AssetKey(by))


def release(store: Store, key: str, partition: str, held: str) -> None:
    with writing(store.project.engine) as connection:
        connection.execute(versions.update().where(versions.c.id == held).values(status=VersionStatus.DISCARDED.value))
    store.version(key, partition, at=morning(9), released=True)


def told(store: Store, key: str = "orders") -> tuple[Waited, ...]:
    page = store.reads.asset(key)
    assert page is not None
    return page.waited


def test_what_was_blocked_is_told_once_nothing_is_held(shop: Store) -> None:
    shop.version("orders", day(7), at=morning(7))
    held = shop.held("orders", day(8), at=morning(8))
    blocked(shop, "totals", day(8))
    blocked(shop, "report", day(8))  # not directly downstream: it follows
    assert told(shop) == (), "it still waits"
    release(shop, "orders", day(8), held)
    assert told(shop) == (Waited(partition=day(8), assets=("totals",)),)
    shop.version("totals", day(8), at=morning(10))
    assert told(shop) == (), "it has run"


def test_the_newest_partition_comes_first_and_each_for_itself(shop: Store) -> None:
    for number in (5, 6, 7):
        shop.version("orders", day(number), at=morning(number))
        blocked(shop, "totals", day(number))
    shop.held("orders", day(6), at=morning(9))
    assert [one.partition for one in told(shop)] == [day(7), day(5)]


def test_what_something_else_blocked_or_failed_does_not_wait_for_it(shop: Store) -> None:
    shop.version("orders", day(8), at=morning(8))
    blocked(shop, "totals", day(8), by="rates")
    assert told(shop) == ()
    blocked(shop, "totals", day(8))
    assert told(shop) != ()
    shop.step("orders", day(8), StepStatus.FAILED, at=morning(9), error="no luck")
    assert told(shop) == (), "it would be blocked again"


def test_what_reads_all_partitions_waits_while_any_is_held(shop: Store) -> None:
    shop.version("totals", day(7), at=morning(7))
    held = shop.held("totals", day(8), at=morning(8))
    blocked(shop, "model", None, by="totals")
    assert told(shop, "totals") == ()
    release(shop, "totals", day(8), held)
    assert told(shop, "totals") == (Waited(partition=day(8), assets=("model",)),)


def test_of_assets_without_partitions_too(make: MakeStore) -> None:
    store = make(asset("a", partitions=None), asset("b", "a", partitions=None))
    store.version("a", status=VersionStatus.HELD, outcome=GateOutcome.HELD, reasons=("wrong",), at=morning(8))
    store.step("b", None, StepStatus.BLOCKED, at=morning(8), blocked_by=AssetKey("a"))
    assert told(store, "a") == ()
    store.version("a", at=morning(9), released=True)
    assert told(store, "a") == (Waited(partition=None, assets=("b",)),)
