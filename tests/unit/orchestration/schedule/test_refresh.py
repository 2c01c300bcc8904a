"""What goes stale is made anew: exactly the upstream that it needs, once, and not while something keeps it back."""

from dataclasses import replace

from orchestration import asset, daily, source
from orchestration.freshness import FreshnessPolicy
from orchestration.schedule.state import Pause
from tests.unit.orchestration.schedule.states import Scheduler, at


@asset
def raw() -> None: ...


@asset(schedule="0 0 * * *")
def kept_by_its_schedule() -> None: ...


@source
def register() -> None: ...


@asset
def cleaned(raw: object, kept_by_its_schedule: object, register: object) -> None: ...


@asset(freshness=FreshnessPolicy(max_age="4h", warn_at="3h"))
def report(cleaned: object) -> None: ...


@asset(freshness=FreshnessPolicy(max_age="4h"))
def other(cleaned: object) -> None: ...


def five_made(when: str) -> Scheduler:
    here = Scheduler(raw, kept_by_its_schedule, register, cleaned, report, other)
    for one in here.graph:
        here.publish(one.key, None, when)
    here.tick(when)
    return here


def test_what_warns_is_asked_for_with_what_it_needs_above_once() -> None:
    here = five_made("2013-02-08 06:00")
    assert here.tick("2013-02-08 09:00").requests == ()
    (asked,) = here.tick("2013-02-08 09:01").requests
    assert (asked.due_key, asked.assets, asked.force) == (
        "stale:report:2013-02-08T09:00:00Z", ("raw", "report"), True,
    )  # fmt: skip
    assert here.tick("2013-02-08 09:02").requests == ()


def test_what_was_asked_for_in_vain_is_asked_for_again_after_its_age() -> None:
    here = five_made("2013-02-08 06:00")
    for hour in range(9, 20):
        here.tick(f"2013-02-08 {hour:02}:30")
    assert [key for key in here.due_keys() if "report" in key] == [
        f"stale:report:2013-02-08T{hour:02}:00:00Z" for hour in (9, 13, 17)
    ]


def test_two_that_need_the_same_share_it_one_after_the_other() -> None:
    here = five_made("2013-02-08 06:00")
    found = here.tick("2013-02-08 12:00")
    assert [request.assets for request in found.requests] == [("raw", "report")]
    assert [d.reason.partition("waits: ")[2] for d in found.decisions if d.asset == "other"] == [
        "raw, which is upstream of it: it is asked for just now"
    ]
    here.publish("raw", None, "2013-02-08 12:01")
    (asked,) = here.tick("2013-02-08 12:02").requests
    assert asked.assets == ("other",)


def test_what_is_held_running_or_paused_is_not_asked_for() -> None:
    here = five_made("2013-02-08 06:00")
    here.publish("report", None, "2013-02-08 12:00")
    here.hold("cleaned", None)
    assert here.said("2013-02-08 12:00")[0].endswith(
        "waits: cleaned is held, until it is released or made again and good"
    )
    here.hold("", None)
    here.busy("raw")
    assert here.said("2013-02-08 12:01")[0].endswith("waits: raw, which is upstream of it: run r1 has it under way")
    here.busy()
    before = here.state.followed["other"]  # type: ignore[index]
    pause = Pause(by="ann", reason="moving house", at=at("2013-02-08 12:00"))
    here.state = replace(here.state, followed={"other": replace(before, pause=pause)})  # type: ignore[dict-item]
    assert here.said("2013-02-08 12:02")[0].endswith("paused by ann: moving house")
    here.state = replace(here.state, followed={"other": before})  # type: ignore[dict-item]
    assert here.tick("2013-02-08 12:03").requests[0].assets == ("raw", "other")


def test_a_partition_that_is_not_over_is_not_asked_for() -> None:
    @asset(partitions=daily("2013-01-01"), freshness=FreshnessPolicy(max_age="26h"))
    def flights() -> None: ...

    here = Scheduler(flights)
    here.publish("flights", "2013-02-07", "2013-02-08 01:00")
    assert here.tick("2013-02-09 02:00").requests == ()
    (asked,) = here.tick("2013-02-09 02:01").requests
    assert (asked.partitions, asked.force) == (("2013-02-08",), False)

    @asset(partitions=daily("2013-01-01"), freshness=FreshnessPolicy(max_age="4h"))
    def hasty() -> None: ...

    here = Scheduler(hasty)
    here.publish("hasty", "2013-02-07", "2013-02-08 01:00")
    assert here.said("2013-02-08 05:00") == [
        "hasty passed_over: stale: its data reaches until 2013-02-08 00:00 UTC, allowed: 4h; no newer partition is "
        "complete than 2013-02-07, which is published"
    ]
    assert here.said("2013-02-08 07:00") == []


def test_a_source_is_observed_by_its_last_change() -> None:
    @source(freshness=FreshnessPolicy(max_age="1d"))
    def upload() -> None: ...

    here = Scheduler(upload)
    here.publish("upload", None, "2013-02-08 06:00")
    here.state = replace(here.state, ages_from={"upload": at("2013-02-06 00:00")})  # type: ignore[dict-item]
    (asked,) = here.tick("2013-02-08 06:00").requests
    assert asked.due_key == "stale:upload:2013-02-08T00:00:00Z"


def test_what_says_so_is_not_made_anew() -> None:
    @asset(freshness=FreshnessPolicy(max_age="1h", refresh=False))
    def quiet() -> None: ...

    here = Scheduler(quiet)
    here.publish("quiet", None, "2013-02-08 06:00")
    assert here.tick("2013-02-09 06:00").requests == ()
