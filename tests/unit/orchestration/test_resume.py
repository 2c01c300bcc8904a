"""Going on with a run: what is made again, what is not, and what is said where nothing can be resumed."""

from dataclasses import replace
from pathlib import Path

import pytest

import orchestration as o
from orchestration import runs
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.errors import RunError, UnknownName
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, Run, RunStatus
from orchestration.resume import Resumption, resume
from orchestration.runner import run_plan
from tests.support.core import Core, said

DAYS = o.daily("2019-12-01")


class Story:
    """a -> b -> c, and beside; `broken` names those that raise, `made` counts."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.made = set(broken), list[str]()
        self.assets = [self._asset("a"), self._asset("b", "a"), self._asset("c", "b"), self._asset("beside")]

    def _asset(self, key: str, *deps: str) -> Asset:
        def make() -> str:
            self.made.append(key)
            if key in self.broken:
                raise ValueError(f"{key} is broken")
            return key

        return o.asset(key=key, deps=deps, code_version="1")(make)


def walk(core: Core, left: Resumption) -> Run:
    trigger = f"resume of {left.run.id}"
    return run_plan(core.runtime, left.plan, trigger=trigger, fail_fast=left.run.fail_fast, resumes=left.run.id)


def test_what_was_published_is_skipped_and_the_rest_is_tried_again(state_url: str, tmp_path: Path) -> None:
    story = Story("b")
    core = Core(tmp_path, story.assets, state_url)
    first = core.run()
    assert said(first) == {"a": "published", "b": "failed", "c": "blocked", "beside": "published"}
    story.broken.clear()
    story.made.clear()
    left = resume(core.runtime)
    assert (left.run.id, left.gone, left.is_needless) == (first.id, (), False)
    done = walk(core, left)
    assert said(done) == {"a": "skipped", "b": "published", "c": "published", "beside": "skipped"}
    assert story.made == ["b", "c"]
    with reading(core.engine) as connection:
        stored = runs.find(connection, done.id)
    assert (stored.resumes, stored.trigger, stored.status) == (first.id, f"resume of {first.id}", RunStatus.SUCCEEDED)
    assert said(stored) == said(done)
    with pytest.raises(RunError, match="no run that ended without success and was not resumed yet"):
        resume(core.runtime)
    again = resume(core.runtime, first.id)
    assert (again.is_needless, again.done_by) == (True, done.id)


def test_forced_steps_that_were_made_are_not_made_again_also_in_the_second_resumption(tmp_path: Path) -> None:
    story = Story()
    core = Core(tmp_path, story.assets)
    core.run()
    story.broken = {"b", "c"}
    forced = core.run("*", force=True)
    assert said(forced) == {"a": "published", "b": "failed", "c": "blocked", "beside": "published"}
    story.broken = {"c"}
    story.made.clear()
    second = walk(core, resume(core.runtime))
    assert said(second) == {"a": "skipped", "b": "published", "c": "failed", "beside": "skipped"}
    story.broken.clear()
    third = walk(core, resume(core.runtime))
    assert third.resumes == second.id
    assert said(third) == {"a": "skipped", "b": "skipped", "c": "published", "beside": "skipped"}
    assert story.made == ["b", "c", "c"], "b and c are up to date by their fingerprints, and forced all the same"


def test_a_forced_step_that_was_held_is_not_made_again(tmp_path: Path) -> None:
    story = Story()
    core = Core(tmp_path, story.assets, hold={"a"})
    core.run("a", force=True)
    story.made.clear()
    assert said(walk(core, resume(core.runtime))) == {"a": "held"}
    assert story.made == []


def test_the_partitions_are_those_of_then(tmp_path: Path) -> None:
    """Also where the selection would name others by now."""
    broken = {"2019-12-03"}

    def make(context: o.Context) -> str:
        if context.partition in broken:
            raise ValueError("no")
        return str(context.partition)

    core = Core(tmp_path, [o.asset(key="day", partitions=DAYS, code_version="1")(make)])
    first = core.run("day", "2019-12-01..2019-12-04")
    broken.clear()
    again = core.again([o.asset(key="day", partitions=DAYS, code_version="1")(make), *Story().assets])
    left = resume(again.runtime)
    assert [str(step.address) for step in left.plan.steps] == [str(step.address) for step in first.steps]
    assert (left.plan.selection, left.plan.partitions) == ("day", "2019-12-01..2019-12-04")
    assert said(walk(again, left)) == {
        "day 2019-12-01": "skipped", "day 2019-12-02": "skipped",
        "day 2019-12-03": "published", "day 2019-12-04": "skipped",
    }  # fmt: skip


def test_what_the_project_no_longer_has_is_left_out_and_named(tmp_path: Path) -> None:
    story = Story("a", "beside")
    core = Core(tmp_path, story.assets)
    first = core.run()
    with pytest.raises(RunError, match=f"none of the assets and partitions of run {first.id} any more"):
        resume(core.again([o.asset(key="other")(lambda: 1)]).runtime)
    story.broken.clear()
    fewer = core.again([story.assets[0], o.asset(key="beside", partitions=DAYS)(lambda: 1)])
    left = resume(fewer.runtime)
    assert {str(address) for address in left.gone} == {"b", "c", "beside"}
    assert said(walk(fewer, left)) == {"a": "published"}


def test_assets_that_depend_otherwise_by_now_are_walked_in_their_new_order(tmp_path: Path) -> None:
    def pair(first: str, then: str, *, broken: bool) -> list[Asset]:
        def make() -> int:
            if broken:
                raise ValueError("no")
            return 1

        return [o.asset(key=first)(make), o.asset(key=then, deps=(first,))(make)]

    core = Core(tmp_path, pair("a", "b", broken=True))
    core.run()
    turned = core.again(pair("b", "a", broken=False))
    left = resume(turned.runtime)
    assert [str(step.address) for step in left.plan.steps] == ["b", "a"]
    assert set(said(walk(turned, left)).values()) == {"published"}


def test_nothing_is_left_where_another_run_has_done_it(tmp_path: Path) -> None:
    story = Story("b")
    core = Core(tmp_path, story.assets)
    core.run()
    story.broken.clear()
    core.run()
    assert resume(core.runtime).is_needless


def test_a_run_is_resumed_once(state_url: str, tmp_path: Path) -> None:
    story = Story("b")
    core = Core(tmp_path, story.assets, state_url)
    first = core.run()
    one, other = resume(core.runtime), resume(core.runtime)
    second = walk(core, one)
    with pytest.raises(RunError, match=f"was resumed by run {second.id} already, which ended as failed"):
        walk(core, other)
    with pytest.raises(RunError, match=f"go on from that one: tidegate resume {second.id}"):
        resume(core.runtime, first.id)
    with reading(core.engine) as connection:
        assert runs.unfinished(connection, "test") == second.id


def test_what_can_not_be_resumed_says_why(tmp_path: Path) -> None:
    story = Story("b")
    core = Core(tmp_path, story.assets)
    with pytest.raises(RunError, match="there is no run that ended without success"):
        resume(core.runtime)
    with pytest.raises(UnknownName, match="no run is called 'v99'"):
        resume(core.runtime, "v99")
    with pytest.raises(UnknownName):
        resume(core.runtime, "v\0")
    first = core.run()
    with pytest.raises(RunError, match="one of the environment test, this is prod"):
        resume(replace(core.runtime, environment="prod"), first.id)
    with pytest.raises(RunError, match="there is no run"):
        resume(replace(core.runtime, environment="prod"))
    met: list[str] = []

    def meanwhile(step: object) -> None:
        if not met:
            with reading(core.engine) as connection:
                (running,) = runs.running(connection, "test")
            with pytest.raises(RunError, match="still runs; nothing was begun"):
                resume(core.runtime, running.id)
            met.append(running.id)

    core.run("b", force=True, listener=meanwhile)
    assert met


def test_fail_fast_is_remembered(tmp_path: Path) -> None:
    core = Core(tmp_path, Story("a").assets)
    run_plan(core.runtime, core.plan(), trigger="test", fail_fast=True)
    assert resume(core.runtime).run.fail_fast
    assert walk(core, resume(core.runtime)).fail_fast


def test_a_publication_that_broke_off_is_finished_and_not_made_again(tmp_path: Path) -> None:
    class Breaks(FilesIOManager):
        def publish(self, address: Address, version: str, token: int) -> None:
            raise KeyboardInterrupt

    story = Story()
    core = Core(tmp_path, story.assets, io=Breaks(tmp_path / "data"))
    with pytest.raises(KeyboardInterrupt):
        core.run("a")
    story.made.clear()
    again = core.again(story.assets)
    left = resume(again.runtime)
    assert left.is_needless, "recovery has published it"
    assert again.versions("a") == ["published"]
    assert story.made == []
