"""Runs that failed with nobody by: each address that was not made is waited for, until it is made well."""

from pathlib import Path

import observer as ob
from observer.failed_runs import tell_of_run
from observer.model import Severity
from orchestration.assets import Asset
from orchestration.model import AssetKey, Run, RunStatus, StepRecord, StepStatus
from tests.unit.observer.ledger import START, Ledger, daily_asset, day, ledger, whole_asset


def static_asset() -> Asset:
    @ob.asset(partitions=ob.static("eu", "us"))
    def orders() -> None: ...

    return orders


def failed(made: Ledger, *addresses: tuple[str, str | None]) -> None:
    """A run in which the steps of some addresses failed, in this order."""
    steps = tuple(
        StepRecord(
            run_id="r1", position=place, asset=AssetKey(asset), partition=partition, status=StepStatus.FAILED,
            reason="asked for", ended_at=made.now, error="the file has not come",
        )
        for place, (asset, partition) in enumerate(addresses)
    )  # fmt: skip
    run = Run(
        id="r1", selection="*", partitions="", status=RunStatus.FAILED, trigger="test", environment="", holder="h",
        started_at=START, ended_at=made.now, steps=steps,
    )  # fmt: skip
    tell_of_run(made.observer, run)


def statuses(made: Ledger) -> list[str]:
    return [status for _, _, _, status in made.incidents()]


def test_what_fails_beside_its_cause_in_the_same_run_does_not_take_its_place(state_url: str) -> None:
    with ledger(state_url, whole_asset()) as made:
        failed(made, ("orders", None), ("report", None))
        assert statuses(made) == ["open"]
        made.version(None)
        assert statuses(made) == ["resolved"]


def test_each_partition_that_was_not_made_is_waited_for(state_url: str) -> None:
    with ledger(state_url, daily_asset()) as made:
        failed(made, ("orders", day(3)), ("orders", day(2)))
        failed(made, ("orders", day(2)))  # told again by a process that took the run over
        assert statuses(made) == ["open"]
        made.version(day(2))
        assert statuses(made) == ["open"]
        made.version(day(3))
        assert statuses(made) == ["resolved"]


def test_a_later_day_does_not_end_what_an_older_one_that_is_missing_began(state_url: str) -> None:
    with ledger(state_url, daily_asset()) as made:
        failed(made, ("orders", day(2)))
        made.version(day(3))
        made.version(day(4), checks={"c": (Severity.WARN, False)})
        made.version(day(5), checks={"c": (Severity.WARN, True)})
        assert "open" in statuses(made)
        made.version(day(2))
        assert set(statuses(made)) == {"resolved"}


def test_what_gets_worse_still_waits_for_a_day_that_is_missing(state_url: str) -> None:
    with ledger(state_url, daily_asset()) as made:
        failed(made, ("orders", day(2)))
        made.version(day(3), checks={"c": (Severity.ERROR, False)})
        made.version(day(3), checks={"c": (Severity.ERROR, True)})
        assert statuses(made) == ["open"]
        made.version(day(2))
        assert statuses(made) == ["resolved"]


def test_of_partitions_without_a_time_each_ends_its_own(state_url: str) -> None:
    with ledger(state_url, static_asset()) as made:
        failed(made, ("orders", "eu"))
        made.version("us")
        assert statuses(made) == ["open"]
        made.version("eu")
        assert statuses(made) == ["resolved"]


def test_what_left_the_project_since_its_run_ended_is_told_no_more(tmp_path: Path) -> None:
    with ledger(f"sqlite:///{tmp_path}/state.db", whole_asset()) as made:
        failed(made, ("gone", None), ("orders", None))
        assert statuses(made) == ["open"]
