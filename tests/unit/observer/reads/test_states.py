from datetime import UTC, datetime, timedelta

import pytest

import observer as ob
from observer.reads.model import AssetRow, State
from orchestration.model import GateOutcome, StepStatus, VersionStatus
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import (
    FAILED,
    LEARNING,
    NOW,
    PASSED,
    UNKNOWN,
    WARNED,
    Store,
    asset,
    day,
    morning,
)


def row(store: Store, key: str) -> AssetRow:
    return next(each for each in store.reads.now().assets if each.key == key)


def test_what_never_ran_is_never_and_not_healthy(shop: Store) -> None:
    assert {each.state for each in shop.reads.now().assets} == {State.NEVER}


def test_a_published_partition_that_passed_is_healthy(shop: Store) -> None:
    shop.version("orders", day(8))
    shop.version("orders", day(9), rows=120)
    found = row(shop, "orders")
    assert (found.state, found.text) == (State.HEALTHY, "2024-03-09 is published")
    assert (found.last_partition, found.rows, found.row_sparkline) == (day(9), 120.0, (100.0, 120.0))
    assert [(c.partition, c.state) for c in found.strip] == [(day(8), State.HEALTHY), (day(9), State.HEALTHY)]


@pytest.mark.parametrize(
    ("verdicts", "state", "said"),
    [
        ({"row_count": WARNED, "duration": PASSED}, State.WARNED, "with 1 warning: row_count warned"),
        ({"row_count": UNKNOWN, "duration": PASSED}, State.UNKNOWN, "but row_count unknown"),
        ({"row_count": LEARNING, "duration": LEARNING}, State.LEARNING, "learning"),
        ({"row_count": LEARNING, "duration": PASSED}, State.HEALTHY, "is published"),
        ({}, State.UNKNOWN, "is published, nothing was checked"),
    ],
)
def test_the_verdicts_on_the_newest_version_make_its_state(
    shop: Store, verdicts: dict[str, object], state: State, said: str
) -> None:
    shop.version("orders", day(9), verdicts=verdicts)  # type: ignore[arg-type]
    found = row(shop, "orders")
    assert found.state is state
    assert said in found.text


def test_of_a_version_that_nothing_was_asked_of_the_gate_says_what_the_list_says(make: MakeStore) -> None:
    store = make(ob.external("feed"), asset("rates", partitions=None))
    for key in ("feed", "rates"):
        store.version(key, verdicts={})
    for key, came in (("feed", "observed"), ("rates", "published")):
        found, answer = row(store, key), store.reads.gate(key, None)
        assert (found.state, found.text) == (State.UNKNOWN, f"the version of 06:00 is {came}, nothing was checked")
        assert answer is not None
        assert answer.sentence == f"open: the version was {came} at 2024-03-10 06:00, nothing was checked"


def test_a_hold_blocks_what_waits_for_it_even_if_nothing_was_planned(shop: Store) -> None:
    for key in ("orders", "totals", "report"):
        shop.version(key, day(8), at=morning(8))
    shop.version("model", at=morning(8))
    shop.held("orders", day(9))
    assert row(shop, "orders").state is State.HELD
    assert row(shop, "orders").text == "2024-03-09 is held: Null rate of price 50 %"
    assert row(shop, "orders").last_partition == day(8)
    for key in ("totals", "report"):
        assert (row(shop, key).state, row(shop, key).text) == (State.BLOCKED, "2024-03-09 is blocked by orders")
    assert row(shop, "model").state is State.HEALTHY, "all partitions -> one goes on with what is published"


def test_older_holds_are_counted_and_shown(shop: Store) -> None:
    shop.held("orders", day(4), at=morning(4))
    shop.version("orders", day(5), at=morning(5))
    found = row(shop, "orders")
    assert (found.state, found.text) == (State.WARNED, "2024-03-05 is published; 2024-03-04 is still held")
    shop.held("orders", day(6), at=morning(6))
    assert row(shop, "orders").text == "2024-03-06 is held: Null rate of price 50 %; 2 partitions held in all"
    assert [c.state for c in row(shop, "orders").strip] == [State.HELD, State.HEALTHY, State.HELD]


def test_an_older_blocked_partition_is_said_of_a_healthy_asset(shop: Store) -> None:
    shop.step("totals", day(4), StepStatus.BLOCKED, blocked_by="orders", reason="orders 2024-03-04 is held")
    shop.version("totals", day(5))
    found = row(shop, "totals")
    assert (found.state, found.text) == (State.HEALTHY, "2024-03-05 is published; 2024-03-04 is blocked")


def test_a_step_that_was_blocked_stays_so_after_the_release(shop: Store) -> None:
    shop.step("totals", day(9), StepStatus.BLOCKED, blocked_by="orders", reason="orders 2024-03-09 is held")
    shop.version("orders", day(9), released=True, verdicts={"null_rate(price)": FAILED})
    assert row(shop, "orders").state is State.HEALTHY
    assert row(shop, "orders").text == "2024-03-09 is published, released by a person"
    assert row(shop, "totals").text == "2024-03-09 was blocked by orders when it last ran"
    shop.version("totals", day(9))
    assert row(shop, "totals").state is State.HEALTHY


def test_a_failed_step_is_failing_until_it_is_run_again(shop: Store) -> None:
    shop.version("orders", day(8), at=morning(8))
    shop.step("orders", day(9), StepStatus.FAILED, error="ZeroDivisionError: no\n  more lines")
    found = row(shop, "orders")
    assert (found.state, found.text) == (State.FAILING, "2024-03-09 failed: ZeroDivisionError: no")
    shop.version("orders", day(9))
    assert row(shop, "orders").state is State.HEALTHY


def test_what_was_interrupted_before_it_began_leaves_a_good_version_good(shop: Store) -> None:
    shop.version("orders", day(9))
    shop.step("orders", day(9), StepStatus.INTERRUPTED, started_at=None)
    assert row(shop, "orders").state is State.HEALTHY
    shop.step("orders", day(9), StepStatus.INTERRUPTED, error="the process that ran it is gone")
    assert row(shop, "orders").text == "2024-03-09 was interrupted: the process that ran it is gone"


def test_an_override_that_ran_out_is_a_hold(shop: Store) -> None:
    by = {"outcome": GateOutcome.OPEN_BY_OVERRIDE}
    shop.held("orders", day(9), **by, expires_at=NOW + timedelta(hours=1))
    assert row(shop, "orders").state is State.WARNED
    shop.held("orders", day(9), **by, expires_at=NOW)
    assert row(shop, "orders").state is State.HELD


def test_stale_counts_from_the_end_of_the_newest_partition(make: MakeStore) -> None:
    store = make(asset("orders", freshness=ob.FreshnessPolicy(max_age="26h", warn_at="20h")), now=NOW)
    store.version("orders", day(9))  # ends at 2024-03-10 00:00, six hours ago
    assert row(store, "orders").state is State.HEALTHY
    late = make(*store.project.graph, now=datetime(2024, 3, 11, 3, 0, tzinfo=UTC))
    late.version("orders", day(9))
    assert row(late, "orders").state is State.STALE
    assert row(late, "orders").text == "27 h old, allowed: 26h; 2024-03-09 is published"
    assert late.reads.now().since == datetime(2024, 3, 11, 2, 0, tzinfo=UTC)
    soon = make(*store.project.graph, now=datetime(2024, 3, 10, 21, 0, tzinfo=UTC))
    soon.version("orders", day(9))
    assert row(soon, "orders").state is State.WARNED


def test_an_asset_without_partitions_shows_its_versions(shop: Store) -> None:
    shop.version("rates", at=morning(7), status=VersionStatus.SUPERSEDED)
    shop.version("rates", at=morning(8))
    assert row(shop, "rates").text == "the version of 9 Mar 06:00 is published"
    assert [c.partition for c in row(shop, "rates").strip] == ["2024-03-08 06:00", "2024-03-09 06:00"]
    shop.held("rates", None, at=morning(9))
    found = row(shop, "rates")
    assert (found.state, found.text) == (State.HELD, "the version of 06:00 is held: Null rate of price 50 %")
    assert found.last_at == morning(8)
    shop.step("model", None, StepStatus.FAILED, error="no")
    assert (row(shop, "model").state, row(shop, "model").text) == (State.FAILING, "it failed: no")


def test_a_held_whole_upstream_blocks_the_next_partition_only(make: MakeStore) -> None:
    store = make(asset("rates", partitions=None), asset("orders", "rates"))
    store.version("orders", day(7), at=morning(7))
    store.version("orders", day(8), at=morning(8))
    store.held("rates", None, at=morning(9))
    assert [c.state for c in row(store, "orders").strip] == [State.HEALTHY, State.BLOCKED]


def test_hostile_names_pass_through(make: MakeStore) -> None:
    name = '<img src=x onerror=alert(1)> & "x" \N{WATER WAVE} ' + "long" * 20
    store = make(asset(name, owners=[name], group=name))
    store.held(name, day(9), name)
    assert row(store, name).key == name
    page = store.reads.asset(name)
    assert page is not None
    assert page.gate.sentence == f"held: {name}; readers have nothing yet"
    assert page.gate.release_command is not None
    assert "'<img" in page.gate.release_command
