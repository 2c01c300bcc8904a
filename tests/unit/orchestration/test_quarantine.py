"""Throwing a held version away, and letting consumers read it for a while."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import orchestration as o
from orchestration import lease
from orchestration.clock import Clock
from orchestration.database import writing
from orchestration.errors import LeaseHeld, VersionError
from orchestration.model import Address, AssetKey
from orchestration.quarantine import discard, override
from tests.support.core import NOW, Core
from tests.unit.orchestration.test_runner import made

ONE = Address(AssetKey("one"))
HOUR = timedelta(hours=1)


class Time:
    def __init__(self) -> None:
        self.now: datetime = NOW


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def core(tmp_path: Path, state_url: str, time: Time) -> Core:
    """`one` is published as 1 and held as 2; `two` doubles it."""
    two = o.asset(key="two", code_version="1")(lambda one: one * 2)
    core = Core(tmp_path, (made(returns=1), two), state_url)
    core.run()
    bad = core.again((made(returns=2, code="2"), two))
    bad.hold.add("one")
    bad.clock = Clock(now=lambda: time.now)
    bad.runtime = replace(bad.runtime, clock=bad.clock)
    assert bad.statuses() == {"one": "held", "two": "blocked"}
    return bad


def throw_away(core: Core) -> None:
    discard(core.engine, core.clock, ONE, reason="the feed was cut", by="ana")


def let_through(core: Core, length: timedelta = HOUR) -> None:
    override(core.engine, core.clock, ONE, until=core.clock.now() + length, reason="the day must close", by="ana")


def test_discarded_it_is_made_anew_and_until_then_the_gate_is_shut(core: Core) -> None:
    throw_away(core)
    assert core.versions("one") == ["published", "discarded"]
    assert core.read("one") == 1
    core.hold.clear()
    assert core.statuses("two") == {"one": "published", "two": "published"}
    assert (core.read("one"), core.read("two")) == (2, 4)
    assert core.leases_held() == 0


def test_discarded_alone_it_blocks_on(core: Core) -> None:
    throw_away(core)
    state = core.snapshot().of(ONE)
    assert state.is_held
    assert state.held is None
    with pytest.raises(VersionError, match="nothing of one is held"):
        throw_away(core)


def test_overridden_consumers_read_it_and_other_readers_do_not(core: Core) -> None:
    let_through(core)
    done = core.run()
    assert [step.status for step in done.steps] == ["skipped", "published"]
    assert done.steps[0].reason.startswith("it is held and its gate is open by override")
    assert done.steps[1].note == "read one while held, by override"
    assert core.read("two") == 4
    assert core.read("one") == 1
    assert core.versions("one") == ["published", "held"]
    assert core.leases_held() == 0


def test_after_its_end_the_gate_is_shut_again(core: Core, time: Time) -> None:
    let_through(core)
    time.now += HOUR
    assert core.statuses() == {"one": "held", "two": "blocked"}
    assert core.read("two") == 2


def test_who_does_not_say_the_time_takes_it_for_shut(core: Core) -> None:
    let_through(core)
    assert core.snapshot().of(ONE).is_held


def test_a_version_that_is_judged_meanwhile_ends_it(core: Core) -> None:
    let_through(core)
    assert core.statuses("one", force=True) == {"one": "held"}
    assert core.statuses() == {"one": "held", "two": "blocked"}


def test_an_edge_that_uses_what_is_published_goes_on_doing_so(tmp_path: Path) -> None:
    two = o.asset(key="two", code_version="1", reads={"one": "use_published"})(lambda one: one * 2)
    core = Core(tmp_path, (made(returns=1), two))
    core.run()
    bad = core.again((made(returns=2, code="2"), two))
    bad.hold.add("one")
    bad.run()
    let_through(bad)
    bad.run()
    assert bad.read("two") == 2


def test_an_override_without_a_future_is_refused(core: Core) -> None:
    with pytest.raises(VersionError, match="would have ended"):
        let_through(core, timedelta(0))


@pytest.mark.parametrize("act", [throw_away, let_through])
def test_while_a_run_makes_it(core: Core, act: Callable[[Core], None]) -> None:
    with writing(core.engine) as connection:
        lease.acquire(connection, ONE, "other", core.clock.wall())
    with pytest.raises(LeaseHeld):
        act(core)
    assert core.versions("one") == ["published", "held"]
