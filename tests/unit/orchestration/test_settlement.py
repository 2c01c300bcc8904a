"""Steps that are settled together: one that can't be takes no other with it, and what read it is not published."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

import orchestration as o
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.errors import StateError, StorageError
from orchestration.executors.threads import ThreadExecutor
from orchestration.gate import Ruling
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, StepRecord
from orchestration.runner import run_plan
from orchestration.settlement import MOST
from orchestration.tables import leases, steps
from tests.support.core import Core, said


def made(key: str, deps: tuple[str, ...] = (), returns: object = 1) -> Asset:
    return o.asset(key=key, deps=deps, code_version="1")(lambda: returns)


STORY = (made("a"), made("b", ("a",)), made("c", ("b",)), made("beside"))
WORKERS = pytest.mark.parametrize("workers", [0, 3])


def on_threads(core: Core, workers: int) -> Core:
    """0: inline."""
    if workers:
        core.runtime = replace(core.runtime, executor=lambda recipe: ThreadExecutor(recipe, workers))
    return core


@WORKERS
def test_one_that_can_not_be_recorded_fails_alone_and_blocks_what_read_it(tmp_path: Path, workers: int) -> None:
    core = on_threads(Core(tmp_path, STORY), workers)
    decide = core.gate.decide

    def broken(connection: object, logged: object) -> None:
        raise ZeroDivisionError("in record")

    def judge(audit: object, recalled: object = None) -> Ruling:
        ruling = decide(audit)  # type: ignore[arg-type]
        return replace(ruling, record=broken) if ruling.decision.asset == "a" else ruling

    core.gate.decide = judge  # type: ignore[method-assign]
    run = core.run()
    assert said(run) == {"a": "failed", "b": "blocked", "c": "blocked", "beside": "published"}
    assert core.versions("b") in ([], ["discarded"])
    assert core.versions("beside") == ["published"]
    assert core.leases_held() == 0


@WORKERS
def test_one_that_can_not_be_pointed_at_blocks_what_read_it(tmp_path: Path, workers: int) -> None:
    class Full(FilesIOManager):
        def publish(self, address: Address, version: str, token: int) -> None:
            if address.asset == "a":
                raise StorageError("no space left on device")
            super().publish(address, version, token)

    core = on_threads(Core(tmp_path, STORY, io=Full(tmp_path / "data")), workers)
    core.runtime = replace(
        core.runtime,
        withhold=lambda asset, error: f"{asset}: {error}",
        redact=lambda error: error.replace("left", "***"),
    )
    run = core.run()
    assert said(run) == {"a": "failed", "b": "blocked", "c": "blocked", "beside": "published"}
    assert run.steps[0].error == "a: no space *** on device"
    assert core.versions("a") == ["publishing"], "decided, so it is finished later"
    assert core.versions("b") in ([], ["discarded"])
    assert core.leases_held() == 0
    mended = core.again(STORY)
    assert set(mended.statuses().values()) <= {"published", "skipped"}
    assert mended.versions("a") == ["published"]


@WORKERS
def test_a_publication_whose_answer_was_lost_is_one(tmp_path: Path, workers: int) -> None:
    class Deaf(FilesIOManager):
        def publish(self, address: Address, version: str, token: int) -> None:
            super().publish(address, version, token)
            raise StorageError("the line was cut")

    core = on_threads(Core(tmp_path, STORY, io=Deaf(tmp_path / "data")), workers)
    assert set(core.statuses().values()) == {"published"}
    assert core.versions("a") == ["published"]


def test_quick_steps_share_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more wait than a crash may cost."""
    sizes: list[int] = []
    from orchestration.settlement import Settlement

    together = Settlement._log_together

    def counted(self: Settlement, judged: list[object]) -> object:
        sizes.append(len(judged))
        return together(self, judged)  # type: ignore[arg-type]

    monkeypatch.setattr(Settlement, "_log_together", counted)
    core = Core(tmp_path, [made(f"a{n}") for n in range(200)])
    assert set(core.statuses().values()) == {"published"}
    assert sum(sizes) == 200
    assert max(sizes) <= MOST
    assert len(sizes) < 100


def test_a_long_step_is_logged_as_running_by_the_keeper(tmp_path: Path) -> None:
    seen: list[object] = []

    def slow() -> int:
        until = time.monotonic() + 5
        while "running" not in seen and time.monotonic() < until:
            time.sleep(0.02)
            with reading(core.engine) as connection:
                seen.extend(connection.execute(select(steps.c.status)).scalars())
        return 1

    core = Core(tmp_path, (o.asset(key="slow")(slow),))
    assert core.statuses() == {"slow": "published"}
    assert "running" in seen


def test_an_error_beside_the_walk_ends_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper's thread can't write the state: the run says so, and is logged as interrupted as far as it can be."""
    from orchestration.settlement import Settlement

    close, where = Settlement._close, []

    def broken(self: Settlement, *given: object) -> None:
        if threading.current_thread().name == "tidegate-keeper":
            where.append(1)
            raise StateError("the disk is full")
        close(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Settlement, "_close", broken)
    core = Core(tmp_path, (made("quick"), o.asset(key="slow", deps=["quick"])(lambda: time.sleep(0.4) or 1)))
    with pytest.raises(StateError, match="the disk is full"):
        core.run()
    assert where == [1], "it is not tried again and again"
    monkeypatch.undo()
    again = core.again((made("quick"), made("slow", ("quick",))))
    assert set(again.statuses().values()) <= {"published", "skipped"}
    assert again.versions("quick") == ["published"]


def test_leases_are_given_back_as_steps_are_settled(tmp_path: Path) -> None:
    """Not at the end of the run: another run may want them."""
    held: list[list[str]] = []

    def look() -> int:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with reading(core.engine) as connection:
                found = connection.execute(select(leases.c.asset).where(leases.c.held, leases.c.asset != "")).scalars()
                held.append(sorted(found))
            if held[-1] == ["look"]:
                break
            time.sleep(0.02)
        return 1

    core = Core(tmp_path, (made("a"), made("b"), o.asset(key="look", deps=["a", "b"])(look)))
    assert set(core.statuses().values()) == {"published"}
    assert held[-1] == ["look"]


def test_a_listener_that_fails_ends_the_run_in_order(tmp_path: Path) -> None:
    """Wherever it is called from, what was published stays whole and the next run goes on."""

    def listen(step: StepRecord) -> None:
        if step.asset == "b" and step.status == "published":
            raise ValueError("the listener fell over")

    core = Core(tmp_path, STORY)
    told: Callable[[StepRecord], None] = listen
    with pytest.raises(ValueError, match="fell over"):
        core.run(listener=told)
    assert core.leases_held() == 0
    again = core.again(STORY)
    assert set(again.statuses().values()) <= {"published", "skipped"}
    assert [again.versions(key) for key in ("a", "b", "c", "beside")] == [["published"]] * 4


def test_fail_fast_stops_at_a_version_that_fails_while_it_is_settled(tmp_path: Path) -> None:
    """The function was good; that its pointer can't be moved is the first failure of the run."""

    class Full(FilesIOManager):
        def publish(self, address: Address, version: str, token: int) -> None:
            if address.asset == "a":
                raise StorageError("no space left on device")
            super().publish(address, version, token)

    slow = o.asset(key="slow")(lambda: time.sleep(0.4) or 1)
    core = Core(tmp_path, (made("a"), slow, made("after", ("slow",))), io=Full(tmp_path / "data"))
    run = run_plan(core.runtime, core.plan(), trigger="test", fail_fast=True)
    assert said(run) == {"a": "failed", "slow": "published", "after": "blocked"}
    assert run.steps[2].reason == "the run stops at its first failure, of a"
    other = core.again((made("b"), o.asset(key="slow2")(lambda: 1)))
    assert said(run_plan(other.runtime, other.plan(), trigger="test", fail_fast=True)) == {
        "b": "published", "slow2": "published"
    }  # fmt: skip
