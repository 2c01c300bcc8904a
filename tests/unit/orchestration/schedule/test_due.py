"""What is due: cron and its catching up, updates, conditions, what keeps an asset from being asked for."""

import pytest

from orchestration import asset, cron, daily, static
from orchestration.errors import DefinitionError, UnknownName
from orchestration.graph import Graph
from orchestration.run_policy import RunPolicy
from orchestration.schedule import (
    Condition,
    all_upstreams_updated,
    any_upstream_updated,
    held,
    on_update,
    running,
    within,
)
from tests.unit.orchestration.schedule.states import Scheduler, at

DAYS = daily("2013-01-01")


def scheduled(schedule: object) -> Scheduler:
    @asset(schedule=schedule)  # type: ignore[arg-type]
    def flights() -> None: ...

    return Scheduler(flights)


def test_nothing_before_the_first_look_is_due() -> None:
    here = scheduled("0 6 * * *")
    assert here.tick("2013-02-08 07:00").requests == ()
    assert here.tick("2013-02-09 05:59").requests == ()
    (asked,) = here.tick("2013-02-09 06:00").requests
    assert (asked.due_key, asked.due_at, asked.force) == (
        "cron:flights:2013-02-09T06:00:00Z",
        at("2013-02-09 06:00"),
        True,
    )
    assert here.tick("2013-02-09 06:00").requests == ()


@pytest.mark.parametrize(("catch_up", "days"), [("latest", ["12"]), ("none", []), ("all", ["12", "09", "10", "11"])])
def test_after_downtime_the_policy_decides(catch_up: str, days: list[str]) -> None:
    here = scheduled(cron("0 6 * * *", catch_up=catch_up))
    here.tick("2013-02-08 07:00")
    here.tick("2013-02-12 12:00")
    here.tick("2013-02-12 12:01")
    assert here.due_keys() == [f"cron:flights:2013-02-{day}T06:00:00Z" for day in days]
    if catch_up == "all":
        assert [request.priority for request in here.asked] == [0, -1, -1, -1]


def test_what_is_made_up_for_waits_for_room() -> None:
    here = scheduled(cron("0 * * * *", catch_up="all"))
    here.tick("2013-02-08 00:30")
    here.tick("2013-02-08 10:30")
    assert [key[-9:-7] for key in here.due_keys()] == ["10", "01", "02", "03"]
    here.busy("flights")
    here.tick("2013-02-08 10:31")
    assert [key[-9:-7] for key in here.due_keys()] == ["10", "01", "02", "03", "04", "05", "06"]
    here.tick("2013-02-08 11:00")
    assert here.due_keys()[-3:] == [f"cron:flights:2013-02-08T{hour}:00:00Z" for hour in ("11", "07", "08")]
    here.busy()
    here.tick("2013-02-08 11:01")
    assert sorted(here.due_keys()) == [f"cron:flights:2013-02-08T{hour:02}:00:00Z" for hour in range(1, 12)]
    assert here.tick("2013-02-08 11:02").requests == ()


def test_clocks_that_disagree_give_the_same_keys() -> None:
    here = scheduled("*/5 * * * *")
    here.tick("2013-02-08 06:01")
    for minutes in (10, 7, 12, 9, 14, 11, 16):  # of whoever leads just then
        here.tick(f"2013-02-08 06:{minutes:02}")
    assert here.due_keys() == ["cron:flights:2013-02-08T06:10:00Z", "cron:flights:2013-02-08T06:15:00Z"]


def test_a_due_time_is_of_the_last_complete_partition() -> None:
    @asset(
        partitions=daily("2013-01-01", timezone="America/New_York"),
        schedule=cron("0 6 * * *", timezone="America/New_York"),
    )
    def flights() -> None: ...

    @asset(partitions=static("EU", "US"), schedule="0 6 * * *")
    def rates() -> None: ...

    @asset(partitions=daily("2013-02-09"), schedule="0 6 * * *")
    def later() -> None: ...

    here = Scheduler(flights, rates, later)
    here.tick("2013-02-08 00:00")
    found = here.tick("2013-02-08 12:00")
    assert {(one.assets, one.partitions, one.force) for one in found.requests} == {
        (("flights",), ("2013-02-07",), False),
        (("rates",), ("EU", "US"), True),
    }
    assert [d.reason for d in found.decisions if d.asset == "later"] == [
        "due at 2013-02-08 06:00 UTC; no partition of it is complete yet"
    ]


def test_a_condition_is_waited_for_and_the_due_time_is_kept() -> None:
    here = scheduled(cron("0 2 * * *") & within("06:00-22:00") & ~held() & ~running())
    here.tick("2013-02-08 00:00")
    assert here.said("2013-02-08 02:00") == ["flights waits: due, and waits: it is not within 06:00-22:00 UTC"]
    assert here.said("2013-02-08 03:00") == []
    here.hold("flights", None)
    assert here.said("2013-02-08 06:00") == ["flights waits: due, and waits: flights is held"]
    here.hold("", None)
    here.busy("flights")
    assert here.said("2013-02-08 07:00") == ["flights waits: due, and waits: run r1 has it under way"]
    here.busy()
    assert here.tick("2013-02-08 07:30").requests[0].due_key == "cron:flights:2013-02-08T02:00:00Z"


def test_either_of_two_schedules() -> None:
    here = scheduled(cron("0 2 * * *") | cron("0 2,8 * * *"))
    here.tick("2013-02-08 00:00")
    here.tick("2013-02-08 02:00")
    here.tick("2013-02-08 08:00")
    assert here.due_keys() == ["cron:flights:2013-02-08T02:00:00Z", "cron:flights:2013-02-08T08:00:00Z"]


def chain(schedule: Condition, **more: object) -> Scheduler:
    @asset(partitions=DAYS)
    def flights() -> None: ...

    @asset(partitions=DAYS)
    def weather() -> None: ...

    @asset(partitions=DAYS, schedule=schedule, **more)  # type: ignore[call-overload]
    def delays(flights: object, weather: object) -> None: ...

    return Scheduler(flights, weather, delays, pools={"warehouse": 1})


def test_an_update_asks_for_the_partitions_that_it_touches_once() -> None:
    here = chain(any_upstream_updated())
    here.publish("flights", "2013-02-08", "2013-02-09 01:00")
    here.publish("flights", "2013-02-07", "2013-02-09 01:00")
    (asked,) = here.tick("2013-02-09 01:00").requests
    assert (asked.partitions, asked.force, asked.due_key) == (("2013-02-07", "2013-02-08"), False, "update:delays:2")
    assert here.tick("2013-02-09 01:01").requests == ()


def test_updates_gather_until_what_is_upstream_is_done() -> None:
    here = chain(any_upstream_updated())
    here.publish("flights", "2013-02-08", "2013-02-09 01:00")
    here.busy("weather")
    assert here.said("2013-02-09 01:00") == [
        "delays waits: flights 2013-02-08 was published; waits: weather, which is upstream of it: run r1 has it under "
        "way"
    ]
    here.publish("weather", "2013-02-08", "2013-02-09 01:10")
    here.busy()
    (asked,) = here.tick("2013-02-09 01:10").requests
    assert asked.due_key == "update:delays:2"
    assert here.tick("2013-02-09 01:11").requests == ()


def test_a_partition_that_is_not_over_waits_for_its_end() -> None:
    here = chain(any_upstream_updated())
    here.publish("flights", "2013-02-09", "2013-02-09 01:00")
    assert here.tick("2013-02-09 01:00").requests == ()
    assert here.tick("2013-02-10 00:00").requests[0].partitions == ("2013-02-09",)


def test_all_upstreams_are_waited_for() -> None:
    here = chain(all_upstreams_updated())
    here.publish("flights", "2013-02-08", "2013-02-09 01:00")
    assert here.tick("2013-02-09 01:00").requests == ()
    here.publish("weather", "2013-02-08", "2013-02-09 02:00")
    assert here.tick("2013-02-09 02:00").requests[0].partitions == ("2013-02-08",)


def test_what_is_held_above_is_named_and_waited_for() -> None:
    here = chain(any_upstream_updated())
    here.publish("flights", "2013-02-08", "2013-02-09 01:00")
    here.hold("weather", "2013-02-08")
    assert here.said("2013-02-09 01:00") == [
        "delays waits: flights 2013-02-08 was published; waits: weather 2013-02-08 is held, until it is released or "
        "made again and good"
    ]
    here.hold("weather", "2013-02-01")
    assert len(here.tick("2013-02-09 01:01").requests) == 1


def test_a_full_pool_is_waited_for() -> None:
    here = chain(any_upstream_updated(), run=RunPolicy(pool="warehouse"))

    @asset(run=RunPolicy(pool="warehouse"))
    def other() -> None: ...

    here.graph = Graph([*here.graph, other])
    here.busy("other")
    here.publish("flights", "2013-02-08", "2013-02-09 01:00")
    assert here.said("2013-02-09 01:00")[0].endswith("waits: warehouse is full (1 at once)")


def test_what_has_no_trigger_is_refused() -> None:
    for schedule in (within("06:00-07:00"), ~held(), cron("0 6 * * *") | held()):
        with pytest.raises(DefinitionError, match="has no trigger in one of its ways to hold"):
            scheduled(schedule)
    with pytest.raises(DefinitionError, match="what doesn't happen is no time to do anything"):
        ~cron("0 6 * * *")
    with pytest.raises(DefinitionError, match="takes a cron expression"):
        scheduled(7)
    with pytest.raises(DefinitionError, match="it reads no asset"):
        scheduled(on_update())
    with pytest.raises(UnknownName, match="no asset is called 'flihts'; did you mean 'flights'"):
        scheduled(on_update("flihts"))
    with pytest.raises(DefinitionError, match="a cron expression that cuts them has a start"):
        asset(partitions=cron("0 6 * * *"))(lambda: None)  # type: ignore[call-overload]
    with pytest.raises(DefinitionError, match="catch_up='some': write 'latest'"):
        cron("0 6 * * *", catch_up="some")
