"""Real projects on threads and on processes: retries, limits, pools, order, and what survives a kill."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.project import Project, open_project
from observer.store.tables import evaluations
from orchestration.database import reading
from orchestration.executors import family
from orchestration.model import Run, RunStatus, StepRecord
from orchestration.tables import events, leases, runs, steps, versions
from tests.support.repository import ROOT

HEAD = """
import os
import time
from pathlib import Path

import observer as ob

HERE = Path(__file__).parent


def note(name, what=""):
    with open(HERE / f"{name}.notes", "a") as file:
        file.write(f"{what} {os.getpid()} {time.monotonic()}\\n")


def tries(name):
    note(name)
    return len((HERE / f"{name}.notes").read_text().splitlines())


def wait_for(name):
    until = time.monotonic() + 20
    while not (HERE / name).exists() and time.monotonic() < until:
        time.sleep(0.01)
"""
Open = Callable[..., Project]
KINDS = ["threads", "processes"]
SOAK = pytest.mark.soak


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`opened(pipeline, kind, workers)`: a project folder; opened again where it is there."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    projects: list[Project] = []

    def new(pipeline: str, kind: str = "inline", workers: int = 2, *, name: str = "shop", more: str = "") -> Project:
        folder = tmp_path / name
        written(folder, pipeline, kind, workers, more)
        projects.append(open_project(folder))
        return projects[-1]

    yield new
    for project in projects:
        project.engine.dispose()
    sys.modules.pop("pipeline", None)


def written(folder: Path, pipeline: str, kind: str, workers: int, more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.py").write_text(HEAD + textwrap.dedent(pipeline))
    many = "" if kind == "inline" else f", workers = {workers}"
    (folder / "tidegate.toml").write_text(f'[env.local]\nexecutor = {{ kind = "{kind}"{many} }}\n{more}\n')


def run(work: Project, selection: str = "*", partitions: str | None = None, **how: object) -> Run:
    return work.run(work.plan(selection, partitions), trigger="test", **how)  # type: ignore[arg-type]


def became(done: Run) -> dict[str, str]:
    return {str(step.address): step.status.value for step in done.steps}


def error_of(done: Run, asset: str) -> str:
    return next(step.error or "" for step in done.steps if str(step.address) == asset)


def notes(work: Project, name: str) -> list[list[str]]:
    """What was noted under a name: what, by which process, when."""
    file = work.config.root / f"{name}.notes"
    return [line.split(" ") for line in file.read_text().splitlines()] if file.exists() else []


def at(work: Project, name: str) -> list[float]:
    return [float(line[2]) for line in notes(work, name)]


def living(pids: "list[str] | list[int]") -> "list[str | int]":
    """Those that run; a zombie does nothing any more."""
    found: list[str | int] = []
    for pid in pids:
        file = Path(f"/proc/{pid}/stat")
        with suppress(OSError):
            if file.read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(pid)
    return found


def wait_until(holds: Callable[[], object], timeout_s: float = 20.0) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)


def assert_once(work: Project) -> None:
    """Each address has one version, published once; nothing is held, and nothing else lies in storage."""
    with reading(work.engine) as connection:
        known = connection.execute(select(versions.c.asset, versions.c.partition, versions.c.status)).all()
        told = connection.execute(
            select(events.c.asset, events.c.partition).where(events.c.kind == "version.published")
        ).all()
        held = connection.execute(select(leases.c.asset).where(leases.c.held)).all()
    assert {row.status for row in known} == {"published"}
    assert set(Counter((row.asset, row.partition) for row in known).values()) == {1}
    assert len(told) == len(known), "something was published twice"
    assert held == []
    staged = [path for path in (work.config.root / ".tidegate/data").glob("**/versions/*") if path.is_dir()]
    assert len(staged) == len(known), "storage keeps what the log doesn't know"


# ------------------------------------------------------------------ retries

RETRIES = """
quick = {"backoff": "50ms"}

@ob.asset(run=ob.RunPolicy(retries=2, **quick))
def flaky():
    if tries("flaky") < 3:
        raise ConnectionError("not yet")
    return 1

@ob.asset
def below(flaky):
    return flaky

@ob.asset(run=ob.RunPolicy(retries=2, **quick))
def hopeless():
    tries("hopeless")
    raise ValueError("never")

@ob.asset(run=ob.RunPolicy(retries=2, retry_on=("OSError",), **quick))
def picky():
    tries("picky")
    raise ValueError("another")

@ob.asset(run=ob.RunPolicy(retries=1, retry_on=("OSError",), **quick))
def missing():
    tries("missing")
    raise FileNotFoundError("a kind of OSError")
"""


@pytest.mark.parametrize("kind", ["inline", *KINDS])
def test_a_failed_step_is_tried_as_often_as_its_policy_says(kind: str, opened: Open) -> None:
    work = opened(RETRIES, kind)
    done = run(work)
    assert became(done) == {
        "flaky": "published", "below": "published", "hopeless": "failed", "picky": "failed", "missing": "failed"
    }  # fmt: skip
    assert {name: len(notes(work, name)) for name in ("flaky", "hopeless", "picky", "missing")} == {
        "flaky": 3, "hopeless": 3, "picky": 1, "missing": 2
    }  # fmt: skip
    assert error_of(done, "hopeless").endswith("(tried 3 times)")
    assert error_of(done, "missing").endswith("(tried 2 times)")
    assert "tried" not in error_of(done, "picky")
    assert "ValueError: another" in error_of(done, "picky")
    first, second, third = at(work, "flaky")
    assert second - first >= 0.04
    assert third - second >= 0.08, "the second wait is twice the first"
    assert_once(work)


WAITS = """
@ob.asset(run=ob.RunPolicy(retries=1, backoff="800ms", priority=1))
def comes_back():
    if tries("comes_back") < 2:
        raise ConnectionError("not yet")
    return 1

@ob.asset
def beside():
    tries("beside")
    return 1

@ob.asset
def further(beside):
    tries("further")
    return 1
"""


@pytest.mark.parametrize("kind", ["inline", *KINDS])
def test_the_wait_for_a_retry_keeps_nobody(kind: str, opened: Open) -> None:
    work = opened(WAITS, kind, 1)
    assert set(became(run(work)).values()) == {"published"}
    first, second = at(work, "comes_back")
    assert second - first >= 0.6
    assert first < at(work, "beside")[0] < at(work, "further")[0] < second


# ------------------------------------------------------------------ limits

LIMITS = """
@ob.asset(run=ob.RunPolicy(timeout="1s", retries=1, backoff="10ms", retry_on=("TimedOut",)))
def deaf():
    tries("deaf")
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

@ob.asset(run=ob.RunPolicy(memory="200MB", retries=3, retry_on=("TimedOut",)))
def leaks():
    tries("leaks")
    kept = []
    while True:
        kept.append(b"x" * 2**22)
        time.sleep(0.005)

@ob.asset(run=ob.RunPolicy(memory="200MB", timeout="30s"))
def modest():
    return 1

@ob.asset
def below(deaf, leaks):
    return 1

@ob.asset
def beside():
    return 1
"""


@pytest.mark.parametrize("kind", ["processes", pytest.param("threads", marks=SOAK)])
def test_what_takes_too_much_is_stopped_and_the_run_goes_on(kind: str, opened: Open) -> None:
    work = opened(LIMITS, kind)
    began = time.monotonic()
    done = run(work)
    assert became(done) == {
        "deaf": "failed", "leaks": "failed", "modest": "published", "below": "blocked", "beside": "published"
    }  # fmt: skip
    assert time.monotonic() - began < 15
    assert "deaf: stopped after 1 s, its timeout" in error_of(done, "deaf")
    assert error_of(done, "deaf").endswith("(tried 2 times)")
    assert len(notes(work, "deaf")) == 2
    assert "MiB of memory, its limit is 191 MiB" in error_of(done, "leaks")
    assert len(notes(work, "leaks")) == 1, "only a timeout is tried again"
    for name in ("deaf", "leaks"):
        assert not living([line[1] for line in notes(work, name)]), f"{name} still runs"
    assert_once(work)


# ------------------------------------------------------------------ pools, priorities, fail-fast

POOLS = """
@ob.asset(partitions=ob.static(*"abcdefgh"), run=ob.RunPolicy(pool="db", retries=1, backoff="30ms"))
def query(context):
    note("query", "begin")
    time.sleep(0.08)
    note("query", "end")
    if tries(f"query-{context.partition}") < 2:
        raise ConnectionError("again")
    return 1
"""


@pytest.mark.parametrize("kind", KINDS)
def test_never_more_of_a_pool_than_it_takes(kind: str, opened: Open) -> None:
    work = opened(POOLS, kind, 4, more="pools = { db = 2 }")
    assert set(became(run(work, "*", "*")).values()) == {"published"}
    busy = [0]
    for what, _, _ in sorted(notes(work, "query"), key=lambda line: float(line[2])):
        busy.append(busy[-1] + (1 if what == "begin" else -1))
    assert len(busy) == 33, "eight, each twice"
    assert max(busy) == 2
    assert_once(work)


TAGS = """
def made(name, tags):
    def function(context):
        note("tagged", "begin")
        time.sleep(0.06)
        note("tagged", "end")
        return 1
    function.__name__ = name
    return ob.asset(tags=tags, partitions=ob.static(*"abcd"))(function)

one, other = made("one", ["heavy"]), made("other", ["heavy", "wide"])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_never_more_of_a_tag_than_the_environment_says(kind: str, opened: Open) -> None:
    work = opened(TAGS, kind, 4, more='pools = { "tag:heavy" = 2 }')
    assert set(became(run(work, "*", "*")).values()) == {"published"}
    busy = [0]
    for what, _, _ in sorted(notes(work, "tagged"), key=lambda line: float(line[2])):
        busy.append(busy[-1] + (1 if what == "begin" else -1))
    assert (len(busy), max(busy)) == (17, 2)


PRIORITIES = """
def made(name, priority):
    def function():
        note("order", name)
        return 1
    function.__name__ = name
    return ob.asset(run=ob.RunPolicy(priority=priority))(function)

a, b, c, d = made("a", 0), made("b", 5), made("c", -1), made("d", 5)
"""


@pytest.mark.parametrize("kind", ["inline", *KINDS])
def test_the_highest_priority_runs_first(kind: str, opened: Open) -> None:
    work = opened(PRIORITIES, kind, 1)
    run(work)
    assert [line[0] for line in notes(work, "order")] == ["b", "d", "a", "c"]


FAIL_FAST = """
@ob.asset(run=ob.RunPolicy(retries=5, backoff="2m", priority=2))
def comes_back():
    raise ConnectionError("again")

@ob.asset(run=ob.RunPolicy(priority=1))
def bad():
    wait_for("slow.notes")
    raise ValueError("no")

@ob.asset
def slow():
    note("slow")
    time.sleep(0.5)
    return 1

@ob.asset(run=ob.RunPolicy(priority=-1))
def later():
    note("later")
    return 1

@ob.asset
def below(slow):
    note("below")
    return 1
"""


@pytest.mark.parametrize("kind", KINDS)
def test_fail_fast_begins_nothing_more_and_waits_for_no_retry(kind: str, opened: Open) -> None:
    work = opened(FAIL_FAST, kind, 2)
    began = time.monotonic()
    done = run(work, fail_fast=True)
    assert time.monotonic() - began < 15
    assert became(done) == {
        "comes_back": "failed", "bad": "failed", "slow": "published", "later": "blocked", "below": "blocked"
    }  # fmt: skip
    assert "ConnectionError: again" in error_of(done, "comes_back"), "its try is not forgotten"
    assert error_of(done, "comes_back").endswith("(not tried again: the run stops at its first failure, of bad)")
    assert notes(work, "later") == notes(work, "below") == []
    step = next(step for step in done.steps if step.asset == "later")
    assert (step.blocked_by, step.reason) == ("bad", "the run stops at its first failure, of bad")
    assert done.status is RunStatus.FAILED


def test_without_fail_fast_all_that_can_goes_on(opened: Open) -> None:
    work = opened(FAIL_FAST.replace("2m", "20ms"), "threads", 2)
    done = became(run(work))
    assert done.pop("comes_back") == done.pop("bad") == "failed"
    assert set(done.values()) == {"published"}


# ------------------------------------------------------------------ verdicts

BACKFILL = """
import pandas as pd

days = ob.daily(start="2024-01-01")
BAD = ("2024-01-17", "2024-01-21")

@ob.asset(partitions=days, monitors=[ob.monitor("row_count", severity="error")])
def orders(context: ob.Context) -> pd.DataFrame:
    day = int(context.partition[-2:])
    if (HERE / "slow").exists():
        if day == 1:
            wait_for("orders-2024-01-06.notes")
            time.sleep(0.2)
        time.sleep(0.04 if day % 3 else 0.0)
        note(f"orders-{context.partition}")
        note("ends", context.partition)
    rows = 3 if context.partition in BAD else 100 + day * 7 % 11
    return pd.DataFrame({"n": [float(day * k % 13) for k in range(rows)]})

@ob.asset(partitions=days)
def copy(orders: pd.DataFrame) -> pd.DataFrame:
    return orders.assign(m=orders["n"] * 2)
"""


def verdicts(work: Project) -> dict[tuple[object, ...], tuple[object, ...]]:
    """What was judged of each partition, but for what depends on the clock on the wall."""
    e = evaluations.c
    with reading(work.engine) as connection:
        rows = connection.execute(
            select(
                e.asset, e.partition, e.subject, e.kind, e.status, e.lower, e.upper, e.expected, e.observed, e.n_train
            )
        ).all()  # fmt: skip
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


@pytest.mark.parametrize("kind", ["processes", "threads"])
def test_a_parallel_backfill_gives_the_verdicts_of_one_in_order(kind: str, opened: Open) -> None:
    serial = opened(BACKFILL, name="serial")
    expected = became(run(serial, "*", "2024-01-01..2024-01-24"))
    assert expected["orders 2024-01-21"] == "held", "otherwise it proves little"
    parallel = opened(BACKFILL, kind, 3, name="parallel")
    (parallel.config.root / "slow").touch()
    assert became(run(parallel, "*", "2024-01-01..2024-01-24")) == expected
    ends = [line[0] for line in notes(parallel, "ends")]
    assert len(ends) == 24
    assert ends.index("2024-01-01") >= 5, "it was to end after others"
    one, other = verdicts(serial), verdicts(parallel)
    timed = {key for key in one if "duration" in str(key[2])}
    assert {key: value for key, value in one.items() if key not in timed} == {
        key: value for key, value in other.items() if key not in timed
    }
    assert sum(value[5] is not None or value[2] is not None for value in one.values()) > 20, "bounds were compared"


# ------------------------------------------------------------------ kills

LONG = """
@ob.asset(partitions=ob.static(*"abcd"))
def first(context):
    note("made", f"first-{context.partition}")
    return context.partition

@ob.asset(partitions=ob.static(*"abcd"), run=ob.RunPolicy(retries=RETRIES, backoff="10ms"))
def second(first, context):
    note("made", f"second-{context.partition}")
    note("begun", context.partition)
    if not (HERE / "go").exists():
        time.sleep(60)
    return first * 2

@ob.asset
def third(second):
    return sorted(second)
"""


def mended(work: Project) -> None:
    """Run it again to its end."""
    (work.config.root / "go").touch()
    done = run(work, "*", "*")
    assert set(became(done).values()) <= {"published", "skipped"}
    assert work.load("second", "c") == "cc"
    assert_once(work)


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """As at a terminal: what a shell starts in the background is born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=SOAK)])
def test_ctrl_c_stops_the_children_and_is_logged(times: int, opened: Open) -> None:
    work = opened(LONG.replace("RETRIES", "3"), "processes", 2)
    family_then: list[int] = []

    def press() -> None:
        wait_until(lambda: len(notes(work, "begun")) == 2)
        family_then.extend(int(line[1]) for line in notes(work, "begun"))
        os.kill(os.getpid(), signal.SIGINT)

    for _ in range(times):
        (work.config.root / "begun.notes").unlink(missing_ok=True)
        thread = threading.Thread(target=press)
        thread.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run(work, "*", "*")
        thread.join()
        assert time.monotonic() - began < 15
        assert not living(family_then), "its work goes on"
    with reading(work.engine) as connection:
        assert connection.execute(select(runs.c.status)).scalars().all() == ["interrupted"] * times
        ended = dict(connection.execute(select(steps.c.asset, steps.c.status).where(steps.c.asset != "first")).all())
        assert connection.execute(select(leases.c.asset).where(leases.c.held)).all() == []
    assert ended == {"second": "interrupted", "third": "interrupted"}
    mended(work)


@pytest.mark.parametrize("retries", [0, 1])
def test_a_killed_worker_is_judged_by_the_policy(retries: int, opened: Open) -> None:
    work = opened(LONG.replace("RETRIES", str(retries)), "processes", 2)

    def kill() -> None:
        wait_until(lambda: len(notes(work, "begun")) == 2)
        (work.config.root / "go").touch()
        for _, pid, _ in notes(work, "begun"):
            os.kill(int(pid), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    done = run(work, "second", "*")
    thread.join()
    struck = {f"second {line[0]}" for line in notes(work, "begun")[:2]}
    found = became(done)
    if retries:
        assert set(found.values()) == {"published"}
        assert len(notes(work, "begun")) == 6
    else:
        assert {address for address, status in found.items() if status == "failed"} == struck
        for address in struck:
            assert "its worker process was killed (SIGKILL" in error_of(done, address)
        assert list(found.values()).count("published") == 6
        mended(work)
    assert_once(work)


COORDINATOR = """
import sys
from pathlib import Path
from observer.project import open_project
work = open_project(Path(sys.argv[1]))
work.run(work.plan("*", "*"), trigger="test")
"""


def test_a_killed_coordinator_leaves_what_the_next_run_finishes(opened: Open) -> None:
    work = opened(LONG.replace("RETRIES", "0"), "processes", 2)
    command = [sys.executable, "-c", COORDINATOR, str(work.config.root)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        wait_until(lambda: len(notes(work, "begun")) == 2)
        children = [pid for pid in family.members(process.pid) if pid != process.pid]
        assert len(children) >= 2
        process.kill()
    wait_until(lambda: not living(children), 5.0)
    mended(work)
    with reading(work.engine) as connection:
        assert connection.execute(select(runs.c.status).order_by(runs.c.seq)).scalars().all() == [
            "interrupted",
            "succeeded",
        ]
    made = Counter(line[0] for line in notes(work, "made"))
    assert {made[f"second-{name}"] for name in "abcd"} == {1, 2}, "what had ended or not begun is made once"


# ------------------------------------------------------------------ many at once

ONE = """
@ob.asset(partitions=ob.static("p"))
def busy(context):
    note("busy", "begin")
    time.sleep(2.0)
    note("busy", "end")
    return 1
"""
ATTEMPTS = """
import json, sys, time
from pathlib import Path
from observer.project import open_project
folder = Path(sys.argv[1])
work = open_project(folder)
(folder / f"ready-{sys.argv[2]}").touch()
while not (folder / "start").exists():
    time.sleep(0.005)
for n in range(25):
    if n == 24:  # the last one comes when it is done
        while "end" not in (folder / "busy.notes").read_text():
            time.sleep(0.01)
        time.sleep(0.3)
    done = work.run(work.plan("busy", "p"), trigger="test")
    (step,) = done.steps
    print(json.dumps([step.status.value, step.error or step.reason]), flush=True)
"""


@pytest.mark.slow
def test_two_hundred_attempts_from_eight_processes(opened: Open) -> None:
    work = opened(ONE)
    root = work.config.root
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ATTEMPTS, str(root), str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for n in range(8)
    ]
    wait_until(lambda: len(list(root.glob("ready-*"))) == 8, 60)
    (root / "start").touch()
    said: list[tuple[str, str]] = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        said += [tuple(json.loads(line)) for line in out.splitlines()]
    assert len(said) == 200
    assert [line[0] for line in notes(work, "busy")] == ["begin", "end"], "it was made by one, once"
    counted = Counter(status for status, _ in said)
    assert counted["published"] == 1
    assert set(counted) == {"published", "failed", "skipped"}
    pids = {str(process.pid) for process in processes}
    for status, text in said:
        if status == "failed":
            assert "busy p is being materialized by run" in text
            assert any(f"process {pid} on" in text for pid in pids), text
    assert counted["failed"] >= 8, "they were not at it at once"
    assert counted["skipped"] >= 7
    assert_once(work)


# ------------------------------------------------------------------ told and given back


def test_the_listener_is_never_called_by_two_at_once(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper settles what has ended while the walk begins the next."""
    from orchestration import runner

    judge = runner.judge_step

    def slowly(*given: object, **more: object) -> object:
        time.sleep(0.06)
        return judge(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "judge_step", slowly)
    many = """
    @ob.asset(partitions=ob.static(*[f"p{n}" for n in range(12)]))
    def quick(context):
        time.sleep(0.01)
        return 1
    """
    work = opened(many, "threads", 3)
    inside, together, heard = [0], [0], Counter[str]()

    def listen(step: StepRecord) -> None:
        inside[0] += 1
        together[0] = max(together[0], inside[0])
        time.sleep(0.07)
        heard[step.status.value] += 1
        inside[0] -= 1

    run(work, "*", "*", listener=listen)
    assert heard == {"running": 12, "published": 12}
    assert together == [1]


AHEAD = """
@ob.asset(partitions=ob.static(*"ab"))
def low(context):
    if context.partition == "a":
        wait_for("high-d.notes")
        time.sleep(0.4)
    return 1

@ob.asset(partitions=ob.static(*"abcd"), run=ob.RunPolicy(priority=1))
def high(context):
    time.sleep(0.05)
    note(f"high-{context.partition}")
    return 1
"""


@pytest.mark.parametrize("kind", ["inline", "threads"])
def test_what_has_ended_is_not_leased_again(kind: str, opened: Open) -> None:
    """Leases are taken ahead in the order of the plan, which priorities and parallel steps don't follow."""
    work = opened(AHEAD, kind, 2)
    assert set(became(run(work, "*", "*")).values()) == {"published"}
    assert_once(work)
