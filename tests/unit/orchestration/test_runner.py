"""Walking plans over a real log and real files."""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

import orchestration as o
from orchestration import lease
from orchestration.assets import Asset
from orchestration.clock import Clock, system_now
from orchestration.database import open_database, reading, writing
from orchestration.errors import StateError
from orchestration.gate import Ruling
from orchestration.io.base import StagedData
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, Run, RunStatus, Staged, StepRecord, StepStatus
from orchestration.plan import explain
from orchestration.recovery import recover
from orchestration.runner import run_plan
from orchestration.tables import events, leases, runs, steps, versions
from tests.support.core import NOW, Core, said

DAYS = o.daily("2013-01-01")
D1, D2, D3 = "2013-01-01", "2013-01-02", "2013-01-03"
RANGE = f"{D1}..{D3}"


@o.asset(partitions=DAYS)
def raw(context: o.Context) -> dict[str, object]:
    return {"day": context.partition}


@o.asset(partitions=DAYS)
def clean(raw: dict[str, object]) -> dict[str, object]:
    return {**raw, "clean": True}


@o.asset
def total(clean: dict[str, dict[str, object]]) -> list[str]:
    return sorted(clean)


STORY = (total, clean, raw)


def made(*, key: str = "one", returns: object = 1, code: str | None = "1", deps: tuple[str, ...] = ()) -> Asset:
    return o.asset(key=key, code_version=code, deps=deps)(lambda: returns)


def only_step(run: Run) -> StepRecord:
    (step,) = run.steps
    return step


# ------------------------------------------------------------------ what runs


def test_a_project_is_made_once(tmp_path: Path, state_url: str) -> None:
    core = Core(tmp_path, STORY, state_url)
    first = core.run("*", RANGE)
    assert first.status is RunStatus.SUCCEEDED
    assert set(said(first).values()) == {"published"}
    assert core.read("total") == [D1, D2, D3]
    assert core.read("clean", D2) == {"day": D2, "clean": True}
    assert set(core.statuses("*", RANGE).values()) == {"skipped"}
    assert core.versions("clean", D2) == ["published"]
    assert core.leases_held() == 0


def test_early_cutoff_stops_at_equal_data(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(), o.asset(key="two")(lambda one: one + 1)))
    core.run()
    again = core.again((made(code="2"), o.asset(key="two")(lambda one: one + 1)))
    assert again.statuses() == {"one": "published", "two": "skipped"}
    assert again.versions("one") == ["superseded", "published"]
    changed = core.again((made(code="3", returns=5), o.asset(key="two")(lambda one: one + 1)))
    assert changed.statuses() == {"one": "published", "two": "published"}
    assert changed.read("two") == 6


def test_force_makes_the_chosen_again_and_nothing_upstream(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(), made(key="two", deps=("one",)), made(key="three", deps=("two",))))
    core.run()
    assert core.statuses("three", force=True) == {"one": "skipped", "two": "skipped", "three": "published"}
    forced = [step for step in core.plan("two,three", force=True).steps if step.forced]
    again = "it was asked to be made again, changed or not"
    assert [(step.address.asset, step.reason) for step in forced] == [("two", again), ("three", again)]
    # Both are asked for: the second is forced too, although the first gives the same data again.
    assert core.statuses("two,three", force=True) == {"one": "skipped", "two": "published", "three": "published"}


def test_a_failure_stops_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    @o.asset
    def bad() -> int:
        raise ValueError("no\nsuch   thing")

    core = Core(tmp_path, (bad, made(key="below", deps=("bad",)), made(key="beside")))
    run = core.run()
    assert said(run) == {"bad": "failed", "below": "blocked", "beside": "published"}
    assert run.status is RunStatus.FAILED
    step = next(s for s in run.steps if s.asset == "bad")
    assert step.error
    assert "ValueError: no such thing; nothing was published" in step.error
    assert "orchestration/test_runner.py:" in step.error
    assert next(s for s in run.steps if s.asset == "below").blocked_by == "bad"
    assert core.versions("bad") == []
    assert core.leases_held() == 0


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "returned None"),
        (lambda: 1, "can't be stored"),
        (threading.Lock(), "a lock can't be stored"),
    ],
)
def test_what_can_not_be_kept_fails_in_words(tmp_path: Path, value: object, says: str) -> None:
    core = Core(tmp_path, (made(returns=value),))
    step = only_step(core.run())
    assert step.status == "failed"
    assert step.error
    assert says in step.error
    assert core.versions("one") == []
    assert list((tmp_path / "data").rglob("data.*")) == []


def test_sys_exit_ends_the_asset_and_not_the_run(tmp_path: Path) -> None:
    core = Core(tmp_path, (o.asset(key="one")(lambda: sys.exit("enough")), made(key="two")))
    assert core.statuses() == {"one": "failed", "two": "published"}


def test_error_texts_that_no_database_keeps(tmp_path: Path, state_url: str) -> None:
    @o.asset
    def odd(context: o.Context) -> int:
        raise ValueError("zero \0 and half \ud800")

    core = Core(tmp_path, (odd,), state_url)
    assert "zero \\0 and half \\ud800" in (only_step(core.run()).error or "")


def test_metadata_that_no_database_keeps(tmp_path: Path, state_url: str) -> None:
    @o.asset
    def odd(context: o.Context) -> int:
        context.add_metadata(nan=float("nan"), inf=float("inf"), text="a\0b", n=3)
        return 1

    assert Core(tmp_path, (odd,), state_url).statuses() == {"odd": "published"}


def test_an_interrupted_function_leaves_nothing_half(tmp_path: Path) -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    core = Core(tmp_path, (made(), o.asset(key="two", deps=["one"])(stop), made(key="three", deps=("two",))))
    with pytest.raises(KeyboardInterrupt):
        core.run()
    with reading(core.engine) as connection:
        assert connection.execute(select(runs.c.status)).scalars().all() == ["interrupted"]
        assert dict(connection.execute(select(steps.c.asset, steps.c.status)).all()) == {
            "one": "published",
            "two": "interrupted",
            "three": "interrupted",
        }
    assert core.leases_held() == 0
    assert list((tmp_path / "data" / "two").rglob("data.*")) == []
    mended = core.again((made(), made(key="two", deps=("one",)), made(key="three", deps=("two",))))
    assert mended.statuses() == {"one": "skipped", "two": "published", "three": "published"}


# ------------------------------------------------------------------ the gate


def test_a_held_version_stays_in_quarantine_until_something_changes(tmp_path: Path, state_url: str) -> None:
    core = Core(tmp_path, STORY, state_url)
    core.run("*", f"{D1}..{D2}")
    core.hold = {f"clean {D3}"}
    run = core.run("*", D3)
    assert said(run) == {f"raw {D3}": "published", f"clean {D3}": "held", "total": "skipped"}
    assert run.status is RunStatus.HELD
    total_step = run.steps[-1]
    assert D3 in total_step.note
    assert core.io is not None
    assert core.io.pointer(Address(AssetKey("clean"), D3)) is None
    # Nothing changed: it isn't made again, and it is still held.
    again = core.run("clean", D3)
    assert said(again) == {f"raw {D3}": "skipped", f"clean {D3}": "held"}
    assert "since it was held" in again.steps[-1].reason
    assert core.versions("clean", D3) == ["held"]
    # A good version takes its place.
    core.hold.clear()
    assert core.run("clean", D3, force=True).status is RunStatus.SUCCEEDED
    assert core.versions("clean", D3) == ["discarded", "published"]


def test_a_held_address_runs_again_when_its_input_changed(tmp_path: Path) -> None:
    two = o.asset(key="two")(lambda one: one)
    core = Core(tmp_path, (made(), two, made(key="three", deps=("two",))), hold={"two"})
    assert core.statuses() == {"one": "published", "two": "held", "three": "blocked"}
    changed = core.again((made(code="2", returns=2), two, made(key="three", deps=("two",))))
    assert changed.statuses() == {"one": "published", "two": "held", "three": "blocked"}
    assert changed.versions("two") == ["discarded", "held"]
    changed.hold.clear()
    third = core.again((made(code="3", returns=3), two, made(key="three", deps=("two",))))
    assert third.statuses() == {"one": "published", "two": "published", "three": "published"}
    assert third.versions("two") == ["discarded", "discarded", "published"]


def test_readers_keep_the_last_good_version(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(returns="good"),))
    core.run()
    bad = core.again((made(returns="bad", code="2"),))
    bad.hold.add("one")
    assert bad.statuses() == {"one": "held"}
    assert bad.read("one") == "good"


@pytest.mark.parametrize("broken", ["measure", "decide"])
def test_a_broken_gate_holds(tmp_path: Path, broken: str) -> None:
    core = Core(tmp_path, (made(),))

    def fall(*_: object) -> None:
        raise RuntimeError("gate fell off")

    setattr(core.gate, broken, fall)
    step = only_step(core.run())
    assert step.status == "held"
    assert "gate fell off" in step.reason


def test_a_ruling_that_can_not_be_recorded_publishes_nothing(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(),))
    decide = core.gate.decide

    def record(connection: object, logged: object) -> None:
        raise ZeroDivisionError("in record")

    core.gate.decide = lambda audit, recalled=None: replace(decide(audit), record=record)  # type: ignore[method-assign]
    step = only_step(core.run())
    assert step.status == "failed"
    assert "in record" in (step.error or "")
    assert core.versions("one") == []
    assert core.leases_held() == 0
    assert core.again((made(),)).statuses() == {"one": "published"}
    assert len(list((tmp_path / "data" / "one" / "whole" / "versions").iterdir())) == 1  # the other was swept


# ------------------------------------------------------------------ sources


def test_sources_are_observed_each_run_and_read_as_judged(tmp_path: Path) -> None:
    seen: list[int] = []

    @o.source
    def planes() -> dict[str, int]:
        seen.append(1)
        return {"n": len(seen) // 2}

    fleet = o.asset(key="fleet")(lambda planes: planes["n"])
    core = Core(tmp_path, (planes, fleet))
    assert core.statuses() == {"planes": "observed", "fleet": "published"}
    assert core.statuses() == {"planes": "observed", "fleet": "published"}  # 0, then 1
    assert core.statuses() == {"planes": "observed", "fleet": "skipped"}  # still 1
    assert core.read("fleet") == 1


def test_a_source_that_fails_blocks_what_would_read_it(tmp_path: Path) -> None:
    fails = [False]

    @o.source
    def planes() -> int:
        if fails[0]:
            raise OSError("unplugged")
        return 1

    @o.asset(reads={"planes": "use_published"}, code_version="1")
    def fleet(planes: int) -> int:
        return planes

    core = Core(tmp_path, (planes, fleet))
    core.run()
    fails[0] = True
    assert core.statuses(force=True) == {"planes": "failed", "fleet": "blocked"}


def test_a_source_waits_for_another_run_that_observes_it(tmp_path: Path) -> None:
    planes = o.source(key="planes")(lambda: 1)
    core = Core(tmp_path, (planes,), clock=Clock())
    with writing(core.engine) as connection:
        token = lease.acquire(connection, Address(AssetKey("planes")), "other", system_now())

    def give_back() -> None:
        with writing(core.engine) as connection:
            lease.release(connection, Address(AssetKey("planes")), token)

    timer = threading.Timer(0.2, give_back)
    timer.start()
    assert core.statuses() == {"planes": "observed"}
    timer.join()


# ------------------------------------------------------------------ two at once


class Stopping(FilesIOManager):
    """Calls `then` once, at the end of the chosen operation."""

    def __init__(self, root: Path, at: str, then: Callable[[], None]) -> None:
        super().__init__(root)
        self.at, self.then = at, [then]

    def _stop(self, at: str) -> None:
        if at == self.at and self.then:
            self.then.pop()()

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        staged = super().stage(address, version, value)
        self._stop("staged")
        return staged

    def publish(self, address: Address, version: str, token: int) -> None:
        self._stop("publishing")
        super().publish(address, version, token)
        self._stop("published")


def test_the_second_of_two_says_who_holds_it(tmp_path: Path, state_url: str) -> None:
    others: list[Run] = []
    core = Core(tmp_path, (made(),), state_url, clock=Clock())
    other = Core(tmp_path, (made(),), state_url, prefix="other", clock=Clock())
    core = replace_io(core, Stopping(tmp_path / "data", "staged", lambda: others.append(other.run())))
    assert said(core.run()) == {"one": "published"}
    second = only_step(others[0])
    assert second.status == "failed"
    assert "being materialized by run v1 (process" in (second.error or "")
    assert core.versions("one") == ["published"]


def replace_io(core: Core, io: FilesIOManager) -> Core:
    core.io = io
    core.runtime = replace(core.runtime, io=io)
    return core


@pytest.mark.parametrize("at", ["staged", "publishing", "published"])
def test_a_holder_that_was_taken_over_publishes_nothing(tmp_path: Path, state_url: str, at: str) -> None:
    """It stops for a while in the middle; another takes its lease, makes its own version and goes."""
    later = Clock(now=lambda: NOW, wall=lambda: system_now() + lease.LEASE * 2)
    other = Core(tmp_path, (made(returns="other", code="2"),), state_url, prefix="other", clock=later)
    core = Core(tmp_path, (made(returns="mine"),), state_url, clock=Clock())
    core = replace_io(core, Stopping(tmp_path / "data", at, lambda: other.run() and None))
    step = only_step(core.run())
    if at == "staged":  # nothing of ours was decided yet
        assert step.status == "failed"
        assert "another process took over" in (step.error or "")
        assert core.versions("one") == ["published"]
    else:  # ours was decided, so the other finished it before it made its own
        assert step.status == "published"
        assert core.versions("one") == ["superseded", "published"]
    assert core.read("one") == "other"


def test_the_first_of_two_made_it_so_the_second_has_nothing_to_do(tmp_path: Path) -> None:
    core, other = Core(tmp_path, (made(),)), Core(tmp_path, (made(),), prefix="other")
    plan = core.plan()
    other.run()
    listener = []
    run = run_plan(core.runtime, plan, trigger="test", listener=listener.append)
    assert said(run) == {"one": "skipped"}
    assert core.versions("one") == ["published"]


# ------------------------------------------------------------------ crash windows


def wait_for(holds: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Whether it became true in time."""
    until = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


def test_the_gate_finds_the_versions_before_the_one_it_judges(tmp_path: Path) -> None:
    """Day by day in one run: what was judged a moment ago is in the log when the next day is judged."""
    days = o.daily(start="2013-01-01")
    seen: list[int] = []
    core = Core(tmp_path, (o.asset(key="one", partitions=days)(lambda context: context.partition),))

    decide = core.gate.decide

    def look(audit: tuple[Staged, str | None], recalled: object = None) -> Ruling:
        with reading(core.engine) as connection:
            seen.append(len(connection.execute(select(versions.c.id)).all()))
        return decide(audit)

    core.gate.decide = look  # type: ignore[method-assign]
    core.run("*", "2013-01-01..2013-01-05")
    assert seen == [0, 1, 2, 3, 4]


class Died(KeyboardInterrupt):
    """Stands for kill -9: nothing after it is logged, because the state can't be written any more."""


def crash(core: Core, at: str) -> None:
    """Run until the instant, then die without a word."""

    def die() -> None:
        raise Died

    core = replace_io(core, Stopping(core.folder / "data", at, die))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.runner._Walk._interrupt", lambda self: None)
        patch.setattr("orchestration.lease.this_process", lambda: "nowhere:1:1")
        patch.setattr("orchestration.lease.this_process", lambda: "nowhere:1:1")
        with pytest.raises(Died):
            core.run()


@pytest.mark.parametrize(("at", "versions"), [("publishing", 1), ("published", 1), ("staged", 1)])
def test_a_crash_is_finished_by_the_next_run(tmp_path: Path, state_url: str, at: str, versions: int) -> None:
    later = Clock(now=lambda: NOW, wall=lambda: system_now() + lease.LEASE * 2)
    core = Core(tmp_path, (made(), made(key="two", deps=("one",))), state_url, clock=Clock())
    crash(core, at)
    again = Core(tmp_path, (made(), made(key="two", deps=("one",))), state_url, prefix="again", clock=later)
    found = again.run()
    made_by = "published" if at == "staged" else "skipped"  # both were judged before the first pointer moved
    assert said(found) == {"one": made_by, "two": made_by}
    assert again.versions("one") == ["published"]
    assert again.read("one") == 1
    with reading(again.engine) as connection:
        assert connection.execute(select(runs.c.status).order_by(runs.c.seq)).scalars().all() == [
            "interrupted",
            "succeeded",
        ]
    assert again.leases_held() == 0
    assert len(list((tmp_path / "data" / "one" / "whole" / "versions").iterdir())) == versions


def test_an_intent_whose_folder_is_gone_is_forgotten(tmp_path: Path) -> None:
    later = Clock(now=lambda: NOW, wall=lambda: system_now() + lease.LEASE * 2)
    core = Core(tmp_path, (made(returns={"n": 1}),), clock=Clock())
    crash(core, "publishing")
    (data,) = tmp_path.rglob("data.json")
    data.unlink()
    again = Core(tmp_path, (made(returns={"n": 1}),), prefix="again", clock=later)
    assert again.statuses() == {"one": "published"}
    assert again.versions("one") == ["discarded", "published"]


def test_recovery_never_goes_back_to_an_older_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two recover at once: the slower one comes when the address has moved on."""
    later = Clock(now=lambda: NOW, wall=lambda: system_now() + lease.LEASE * 2)
    core = Core(tmp_path, (made(returns="old"),), clock=Clock())
    crash(core, "publishing")
    with reading(core.engine) as connection:
        from orchestration.state import unconfirmed

        stale = unconfirmed(connection)
    assert len(stale) == 1
    newer = Core(tmp_path, (made(returns="new", code="2"),), prefix="new", clock=later)
    assert newer.statuses() == {"one": "published"}
    monkeypatch.setattr("orchestration.recovery.unconfirmed", lambda connection: stale)
    assert recover(newer.engine, newer.runtime.io, later) == ()
    assert newer.read("one") == "new"
    assert newer.leases_held() == 0


def test_storage_that_refuses_leaves_the_intent_for_later(tmp_path: Path) -> None:
    """A full disk at the pointer: the step fails, other steps and later runs go on, nothing is made again."""

    class Full(FilesIOManager):
        full = True

        def publish(self, address: Address, version: str, token: int) -> None:
            if self.full and address.asset == "one":
                from orchestration.errors import StorageError

                raise StorageError("No space left on device")
            super().publish(address, version, token)

    io = Full(tmp_path / "data")
    core = Core(tmp_path, (made(), made(key="two", deps=("one",)), made(key="beside")), io=io)
    for _ in range(2):
        run = core.run()
        found = said(run)
        assert found.pop("beside") in ("published", "skipped")
        assert found == {"one": "failed", "two": "blocked"}
        assert core.versions("one") == ["publishing"]
        assert core.leases_held() == 0
    io.full = False
    assert core.statuses()["one"] == "skipped"
    assert core.versions("one") == ["published"]


def test_sweeping_keeps_what_the_log_knows(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(returns="1"),))
    core.run()
    folder = tmp_path / "data" / "one" / "whole" / "versions"
    (folder / ".dead.writing").mkdir()
    (folder / "orphan").mkdir()
    for n in ("2", "3"):
        again = core.again((made(returns=n, code=n),))
        again.prefix = n
        again.run()
    names = {path.name for path in folder.iterdir()}
    assert not names & {".dead.writing", "orphan"}
    assert len(names) == 3  # superseded versions stay: somebody may be reading them


def test_a_state_database_that_is_younger_than_the_data(tmp_path: Path) -> None:
    """It was moved away, as the error of a damaged one advises: tokens begin at 1 again, and publishing works."""
    core = Core(tmp_path, (made(returns="1"),))
    core.run()
    core.run(force=True)
    core.run(force=True)
    fresh = Core(tmp_path, (made(returns="new"),), f"sqlite:///{tmp_path / 'fresh.db'}", prefix="fresh")
    assert fresh.statuses() == {"one": "published"}
    assert fresh.read("one") == "new"


# ------------------------------------------------------------------ bad input


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in place of the folder")
    step = only_step(Core(tmp_path, (made(),)).run())
    assert step.status == "failed"
    assert "nothing of it was published" in (step.error or "")
    assert (tmp_path / "data").read_text() == "a file in place of the folder"


def test_a_corrupt_pointer_fails_the_step_and_is_left_alone(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(), made(key="two")))
    core.run()
    pointer = tmp_path / "data" / "one" / "whole" / "current.json"
    for text in ("", "[]", '{"version": 1, "token": "x"}', "\udcff"):
        pointer.write_bytes(text.encode("utf-8", "surrogateescape"))
        run = core.run(force=True)
        assert said(run) == {"one": "failed", "two": "published"}
        assert "pointer" in (run.steps[0].error or run.steps[1].error or "")
    assert core.leases_held() == 0


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_corrupt_data_fails_its_reader_and_is_not_unpickled(tmp_path: Path, harm: str) -> None:
    marker = tmp_path / "unpickled"

    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return Path.touch, (marker,)

    import pickle

    two = o.asset(key="two")(lambda one: "two")
    core = Core(tmp_path, (made(returns={1: 2}), two))
    core.run()
    (file,) = (tmp_path / "data" / "one").rglob("data.pickle")
    if harm == "changed":
        file.write_bytes(pickle.dumps(Bomb()))
    else:
        file.unlink()
    run = core.run("two", force=True)
    step = run.steps[-1]
    assert (step.asset, step.status) == ("two", "failed")
    assert ("isn't what was written" if harm == "changed" else "is missing") in (step.error or "")
    assert not marker.exists()
    assert core.read("two") == "two"


def test_a_corrupt_state_file_is_named_and_left(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database" * 200)
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    with pytest.raises(StateError, match="damaged and was left as it is"), reading(engine) as connection:
        connection.execute(select(runs))
    engine.dispose()
    assert (tmp_path / "state.db").read_bytes().startswith(b"this is no database")


def test_a_state_file_that_goes_bad_in_the_middle(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(), made(key="two", deps=("one",))))

    def harm(step: StepRecord) -> None:
        if step.asset == "two" and step.status is StepStatus.RUNNING:
            wait_for(lambda: (tmp_path / "data" / "one" / "whole" / "current.json").exists())
            core.engine.dispose()
            for suffix in ("-wal", "-shm"):
                (tmp_path / f"state.db{suffix}").unlink(missing_ok=True)
            (tmp_path / "state.db").write_bytes(b"gone" * 1000)

    with pytest.raises(StateError, match="damaged"):
        core.run(listener=harm)
    assert json.loads((tmp_path / "data" / "one" / "whole" / "current.json").read_text())["version"]


# ------------------------------------------------------------------ what is told


def test_the_listener_hears_each_step_begin_and_end(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    core = Core(tmp_path, (made(), made(key="two", deps=("one",))))
    core.run(listener=lambda step: heard.append((step.asset, step.status.value)))
    assert [status for asset, status in heard if asset == "one"] == ["running", "published"]
    assert [status for asset, status in heard if asset == "two"] == ["running", "published"]
    assert heard.index(("one", "published")) < heard.index(("two", "published"))


def test_a_quick_step_is_settled_while_a_slow_one_runs(tmp_path: Path) -> None:
    """Settling together saves commits; it doesn't keep readers waiting for the next step."""

    def slow(one: object) -> str:
        pointer = tmp_path / "data" / "one" / "whole" / "current.json"
        return "seen" if wait_for(pointer.exists) else "never"

    core = Core(tmp_path, (made(), o.asset(key="two")(slow)))
    assert core.statuses() == {"one": "published", "two": "published"}
    assert core.read("two") == "seen"


def test_the_log_says_everything(tmp_path: Path, state_url: str) -> None:
    core = Core(tmp_path, (made(), made(key="two")), state_url, hold={"two"})
    core.run()
    with reading(core.engine) as connection:
        told = [(kind, asset) for kind, asset in connection.execute(select(events.c.kind, events.c.asset))]
    assert told == [
        ("run.started", None),
        ("version.judged", "one"),
        ("version.judged", "two"),
        ("version.held", "two"),
        ("version.published", "one"),
        ("step.ended", "one"),
        ("step.ended", "two"),
        ("run.ended", None),
    ]


def test_the_plan_says_what_the_run_does(tmp_path: Path) -> None:
    """What is explained comes true: also for what lies below something blocked."""
    two, three = o.asset(key="two")(lambda one: one), o.asset(key="three")(lambda two: two)
    core = Core(tmp_path, (made(), two, three))
    core.run()
    core.hold.add("one")
    changed = core.again((made(code="2"), two, three))
    assert changed.statuses() == {"one": "held", "two": "blocked", "three": "blocked"}
    plan = changed.plan()
    assert [step.action.value for step in plan.steps] == ["stay held", "block", "block"]
    assert "three  is blocked because two is blocked by one" in explain(plan)
    assert changed.statuses() == {"one": "held", "two": "blocked", "three": "blocked"}


def test_secrets_are_redacted(tmp_path: Path) -> None:
    def fail() -> int:
        raise ValueError("password=hunter2")

    core = Core(tmp_path, (o.asset(key="one")(fail),))
    core.runtime = replace(core.runtime, redact=lambda text: text.replace("hunter2", "***"))
    assert "password=***" in (only_step(core.run()).error or "")


def test_a_step_measures_its_parts(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(),))
    judged: list[Staged] = []
    core.gate.judge = lambda staged: judged.append(staged)
    step = only_step(core.run())
    assert step.duration_s
    assert step.execute_s
    assert step.gate_s is not None
    assert step.duration_s >= step.execute_s + step.gate_s
    assert judged[0].materialization.id == step.materialization_id


def test_a_heartbeat_renews_the_leases_of_a_slow_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.keeper.HEARTBEAT_S", 0.01)
    instants: list[object] = []

    def slow() -> int:
        deadline = threading.Event()
        while len(set(instants)) < 3 and not deadline.wait(0.01):
            with reading(core.engine) as connection:
                instants.append(connection.execute(select(leases.c.expires_at).where(leases.c.asset == "one")).scalar())
            if len(instants) > 500:
                break
        return 1

    core = Core(tmp_path, (o.asset(key="one")(slow),), clock=Clock())
    assert core.statuses() == {"one": "published"}
    assert len(set(instants)) >= 3
    assert core.leases_held() == 0
