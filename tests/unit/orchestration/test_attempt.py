"""What a request without partitions asks for: each asset's newest, and of what is read in time the newest too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestration as o
from orchestration.attempt import asked_for, plan_request
from orchestration.model import AssetKey
from orchestration.run_request import RunRequest
from tests.support.core import Core, close_states

DAYS, WEEKS = o.daily("2019-12-01"), o.weekly("2019-12-01")
REGIONS = o.multi(day=DAYS, region=o.static("north", "south"))
LAST_DAY, LAST_WEEK = "2019-12-31", "2019-12-23"


@o.source
def register() -> int:
    return 1


@o.asset(partitions=DAYS)
def raw(context: o.Context, register: int) -> str:
    return str(context.partition)


@o.asset(partitions=DAYS)
def clean(raw: str) -> str:
    return raw


@o.asset(partitions=WEEKS)
def week(context: o.Context) -> str:
    return str(context.partition)


@o.asset(partitions=REGIONS)
def regions(context: o.Context) -> str:
    return str(context.partition)


@o.asset
def total(clean: dict[str, str], week: dict[str, str]) -> int:
    return len(clean)


@o.asset
def page(total: int, regions: dict[str, str], register: int) -> int:
    return total


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    yield Core(tmp_path, (page, total, clean, raw, week, regions, register))
    close_states()


def request(*assets: str, upstream: bool = True, force: bool = False) -> RunRequest:
    return RunRequest(
        due_key="due", assets=tuple(map(AssetKey, assets)), partitions=None, reason="it is due", asked_by="a schedule",
        upstream=upstream, force=force,
    )  # fmt: skip


def planned(core: Core, wanted: RunRequest) -> list[str]:
    return [str(step.address) for step in plan_request(core.runtime, wanted).steps]


def test_an_asset_without_partitions_is_asked_for_with_the_newest_of_what_it_reads_in_time(core: Core) -> None:
    steps = planned(core, request("total"))
    assert sorted(steps) == ["clean 2019-12-31", "raw 2019-12-31", "register", "total", "week 2019-12-23"]
    assert steps.index("raw 2019-12-31") < steps.index("clean 2019-12-31") < steps.index("total")


def test_what_lies_between_has_no_partitions_either(core: Core) -> None:
    assert sorted(planned(core, request("page"))) == [
        "clean 2019-12-31", "page", "raw 2019-12-31", "regions day=2019-12-31|region=north",
        "regions day=2019-12-31|region=south",
        "register", "total", "week 2019-12-23",
    ]  # fmt: skip


def test_without_upstream_it_is_alone_and_only_what_was_asked_for_is_forced(core: Core) -> None:
    assert planned(core, request("total", upstream=False)) == ["total"]
    assert [str(one) for one in asked_for(core.runtime, request("total"))] == ["total"]
    forced = [
        str(step.address) for step in plan_request(core.runtime, request("total", force=True)).steps if step.forced
    ]
    assert forced == ["total"]


def test_where_no_partition_has_ended_yet_none_is_asked_for(tmp_path: Path) -> None:
    @o.asset(partitions=o.daily("2020-01-01"))
    def young(context: o.Context) -> str:
        return str(context.partition)

    @o.asset
    def read(young: dict[str, str]) -> int:
        return len(young)

    try:
        assert planned(Core(tmp_path, (read, young)), request("read")) == ["read"]
    finally:
        close_states()
