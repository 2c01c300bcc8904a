"""Asking a run to end, and what its walk makes of it; the real processes are in tests/acceptance/test_cancel.py."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

import orchestration as o
from orchestration import lease, log, runs
from orchestration.assets import Asset
from orchestration.cancel import cancel, ended
from orchestration.database import reading, writing
from orchestration.errors import RunError, UnknownName
from orchestration.executors.threads import ThreadExecutor
from orchestration.model import Address, AssetKey, Run, RunStatus, StepRecord
from orchestration.run_policy import RunPolicy
from orchestration.tables import events
from tests.support.core import Core, said


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)


def step_of(run: Run, asset: str) -> StepRecord:
    return next(step for step in run.steps if step.asset == asset)


def asks(core: Core, at: str, **how: str) -> Callable[[StepRecord], None]:
    """A listener that cancels the run when a step begins, and waits until the walk has heard of it."""

    def listen(step: StepRecord) -> None:
        if step.asset == at and step.status == "running":
            cancel(core.runtime, step.run_id, **({"by": "ana"} | how))

    return listen


def noticed() -> int:
    """A function that takes so long that the keeper asks meanwhile."""
    time.sleep(1.0)
    return 1


def chain(*functions: tuple[str, Callable[[], object]]) -> list[Asset]:
    keys = [key for key, _ in functions]
    return [
        o.asset(key=key, deps=keys[n - 1 : n] if n else (), code_version="1")(function)
        for n, (key, function) in enumerate(functions)
    ]


def test_what_was_judged_is_settled_and_nothing_after_it_is_published(state_url: str, tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", lambda: 1), ("b", noticed), ("c", lambda: 1), ("d", lambda: 1)), state_url)
    heard: list[StepRecord] = []

    def listen(step: StepRecord) -> None:
        heard.append(step)
        asks(core, "b", reason="the wrong day")(step)

    run = core.run(listener=listen)
    assert said(run) == {"a": "published", "b": "interrupted", "c": "cancelled", "d": "cancelled"}
    assert run.status is RunStatus.CANCELLED
    assert str(run.cancellation) == "cancelled by ana: the wrong day"
    error = step_of(run, "b").error or ""
    assert error.startswith("b: cancelled by ana: the wrong day; it had been made and not yet judged")
    assert step_of(run, "c").reason == "not begun: the run was cancelled by ana: the wrong day"
    assert {step.asset for step in heard if step.status == "cancelled"} == {"c", "d"}
    assert core.versions("b") == []
    assert core.io is not None
    assert list(core.io.versions(Address(AssetKey("b")))) == [], "what was staged is swept"
    assert core.leases_held() == 0
    with reading(core.engine) as connection:
        stored = runs.find(connection, run.id)
        kinds = connection.execute(select(events.c.kind, events.c.detail).where(events.c.run_id == run.id)).all()
    assert (stored.status, stored.cancellation, said(stored)) == (run.status, run.cancellation, said(run))
    assert [row.detail for row in kinds if row.kind == "run.cancel_asked"] == [{"by": "ana", "reason": "the wrong day"}]
    assert [row.detail for row in kinds if row.kind == "run.ended"] == [{"status": "cancelled"}]


def test_a_step_that_waits_for_its_retry_keeps_what_it_said(tmp_path: Path) -> None:
    def flaky() -> int:
        raise ConnectionError("the line is dead")

    policy = RunPolicy(retries=3, backoff="5m")
    core = Core(tmp_path, [o.asset(key="flaky", run=policy)(flaky), o.asset(key="after", deps=["flaky"])(lambda: 1)])
    began = time.monotonic()
    run = core.run(listener=asks(core, "flaky"))
    assert time.monotonic() - began < 10, "nobody waits for the retry"
    assert said(run) == {"flaky": "interrupted", "after": "cancelled"}
    assert "it was to be tried again after this: " in (step_of(run, "flaky").error or "")
    assert "ConnectionError: the line is dead" in (step_of(run, "flaky").error or "")


def test_products_that_wait_for_their_turn_are_thrown_away(tmp_path: Path) -> None:
    """The second partition is made; it would be judged after the first, which can't be stopped."""
    free = threading.Event()

    def make(context: o.Context) -> str:
        if context.partition == "x":
            free.wait(20)
        return str(context.partition)

    core = Core(tmp_path, [o.asset(key="part", partitions=o.static("x", "y"))(make)])
    core.runtime = replace(core.runtime, executor=lambda recipe: ThreadExecutor(recipe, 2))

    def listen(step: StepRecord) -> None:
        if step.partition == "y" and step.status == "running":
            cancel(core.runtime, by="ana")

    run = core.run("*", "*", listener=listen)
    free.set()
    assert set(said(run).values()) == {"interrupted"}
    x, y = run.steps
    assert "can't be stopped where it runs and was left to itself" in (x.error or "")
    assert "it had been made and not yet judged, and was thrown away" in (y.error or "")
    assert core.versions("part", "y") == []


def test_nobody_waits_for_a_lease_of_a_source_any_more(tmp_path: Path) -> None:
    core = Core(tmp_path, [o.source(key="tap")(lambda: 1)])
    with writing(core.engine) as connection:
        lease.acquire(connection, Address(AssetKey("tap")), "another", core.clock.wall())
    began = time.monotonic()
    run = core.run(listener=asks(core, "tap"))
    assert time.monotonic() - began < 10, "it would be 30 s"
    assert said(run) == {"tap": "failed"}


def test_a_request_that_comes_too_late_changes_nothing(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("only", lambda: 1)))

    def listen(step: StepRecord) -> None:
        if step.status == "published":
            cancel(core.runtime, step.run_id, by="ana")

    run = core.run(listener=listen)
    assert (run.status, said(run)) == (RunStatus.SUCCEEDED, {"only": "published"})
    assert ended(core.runtime, run.id, 5).status is RunStatus.SUCCEEDED


def test_who_asked_first_stays_named(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", noticed), ("b", lambda: 1)))

    def listen(step: StepRecord) -> None:
        if step.status == "running":
            for by in ("ana", "bob"):
                assert str(cancel(core.runtime, by=by, reason="now").cancellation) == "cancelled by ana: now"

    assert core.run(listener=listen).status is RunStatus.CANCELLED


def test_a_reason_holds_no_secret(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", noticed), ("b", lambda: 1)))
    core.runtime = replace(core.runtime, redact=lambda text: text.replace("s3cret", "***"))
    run = core.run(listener=asks(core, "a", reason="s3cret is old"))
    assert run.cancellation is not None
    assert run.cancellation.reason == "*** is old"
    assert "s3cret" not in (step_of(run, "a").error or "")


def test_what_can_not_be_cancelled_says_why(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", lambda: 1)))
    with pytest.raises(RunError, match="no run is running; nothing was changed"):
        cancel(core.runtime, by="ana")
    with pytest.raises(UnknownName, match="no run is called 'v77'"):
        cancel(core.runtime, "v77", by="ana")
    run = core.run()
    with pytest.raises(RunError, match=f"run {run.id} has ended already, as succeeded; nothing was changed"):
        cancel(core.runtime, run.id, by="ana")
    with reading(core.engine) as connection:
        assert runs.cancellation(connection, run.id) is None


def test_a_run_of_another_environment_is_not_cancelled_here(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", lambda: 1)))
    elsewhere = replace(core.runtime, environment="prod")

    def listen(step: StepRecord) -> None:
        if step.status == "running":
            with pytest.raises(RunError, match="no run is running"):
                cancel(elsewhere, by="ana")
            with pytest.raises(RunError, match="one of the environment test, this is prod"):
                cancel(elsewhere, step.run_id, by="ana")

    assert core.run(listener=listen).status is RunStatus.SUCCEEDED


def test_a_dead_run_is_closed_not_cancelled(tmp_path: Path) -> None:
    core = Core(tmp_path, chain(("a", lambda: 1)))
    gone = Run(
        id="dead", selection="a", partitions="", status=RunStatus.RUNNING, trigger="test", environment="test",
        started_at=core.clock.now(), ended_at=None, holder=lease.this_process().rpartition(":")[0] + ":1",
    )  # fmt: skip
    with writing(core.engine) as connection:
        log.start_run(connection, gone, core.clock.wall())
    with pytest.raises(RunError, match="has ended already, as interrupted"):
        cancel(core.runtime, "dead", by="ana")


def test_a_state_that_does_not_answer_once_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, asked = runs.cancellation, []

    def unsure(*given: object) -> object:
        asked.append(1)
        if len(asked) == 1:
            raise OSError("the line is dead")
        return ask(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "cancellation", unsure)
    core = Core(tmp_path, chain(("a", lambda: time.sleep(1.6) or 1), ("b", lambda: 1)))
    assert core.run(listener=asks(core, "a")).status is RunStatus.CANCELLED
    assert len(asked) >= 2
