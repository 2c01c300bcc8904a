"""Ending a run from another process, by `tidegate cancel` and by signals, and going on with it: all of it real."""

import json
import os
import signal
import sqlite3
import subprocess
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from orchestration.database import open_database, reading
from orchestration.tables import leases, runs, steps, versions
from tests.acceptance.conftest import environment, start
from tests.support.cluster import running_cluster
from tests.support.repository import command

pytestmark = pytest.mark.slow
NOTICED_WITHIN_S = 5.0
"""It takes about a second; the rest is for a machine that has much else to do."""

PIPELINE = """
import os
import time
from pathlib import Path

import observer as ob

HERE = Path(__file__).parent


def note(name):
    with open(HERE / "notes", "a") as file:
        file.write(f"{name} {os.getpid()}\\n")


@ob.asset
def first():
    note("first")
    return 1


@ob.asset(partitions=ob.static(*"abcd"))
def slow(first, context):
    note(f"slow-{context.partition}")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not (HERE / "go").exists():
        try:
            time.sleep(0.05)
        except Exception:  # it listens to nothing but a kill
            pass
    return context.partition


@ob.asset
def last(slow):
    note("last")
    return 1
"""


class Shop:
    """A project on disk."""

    def __init__(self, folder: Path, executor: str, state: str | None = None, seconds: float = 60) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "pipeline.py").write_text(textwrap.dedent(PIPELINE).replace("SECONDS", str(seconds)))
        self.url = state or f"sqlite:///{folder / 'state.db'}"
        text = f'[env.local]\nstate = "${{SHOP_STATE}}"\nexecutor = {executor}\n'
        (folder / "tidegate.toml").write_text(text)

    def begin(self, *verb: str) -> "subprocess.Popen[str]":
        return start(self.folder, *(verb or ("run", "*", "--partition", "*")))

    def say(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`tidegate ...` to its end."""
        return subprocess.run(
            [command("tidegate"), *arguments], cwd=self.folder, env=environment(), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    def notes(self) -> list[tuple[str, int]]:
        with suppress(FileNotFoundError):
            lines = (self.folder / "notes").read_text().splitlines()
            return [(line.split(" ")[0], int(line.split(" ")[1])) for line in lines]
        return []

    def slow(self) -> list[int]:
        """The processes in which a slow step has begun."""
        return [pid for name, pid in self.notes() if name.startswith("slow")]

    def look(self) -> tuple[list[str], dict[str, str], int]:
        """The runs' statuses, what became of the newest one's steps, and how many leases are held."""
        engine = open_database(self.url)
        try:
            with reading(engine) as connection:
                found = connection.execute(runs.select().order_by(runs.c.seq)).all()
                walked = connection.execute(steps.select().where(steps.c.run_id == found[-1].id)).all()
                held = connection.execute(leases.select().where(leases.c.held)).all()
        finally:
            engine.dispose()
        became = {f"{step.asset} {step.partition}".rstrip(): step.status for step in walked}
        return [run.status for run in found], became, len(held)

    def published(self) -> list[str]:
        engine = open_database(self.url)
        try:
            with reading(engine) as connection:
                rows = connection.execute(versions.select().where(versions.c.status == "published")).all()
        finally:
            engine.dispose()
        return sorted(f"{row.asset} {row.partition}".rstrip() for row in rows)

    def resumes(self) -> str:
        """Go on with it to its end; what is said."""
        (self.folder / "go").touch()
        done = self.say("resume")
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.published() == ["first", "last", "slow a", "slow b", "slow c", "slow d"]
        assert [name for name, _ in self.notes()].count("first") == 1, "what was published is not made again"
        return done.stdout


Open = Callable[..., Shop]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def new(executor: str, state: str | None = None, seconds: float = 60) -> Shop:
        made = Shop(tmp_path / "shop", executor, state, seconds)
        monkeypatch.setenv("SHOP_STATE", made.url)
        return made

    monkeypatch.setenv("SHOP_STATE", "sqlite:///nobody.db")  # for workers of a cluster, which open no state
    return new


def wait_until(holds: Callable[[], object], timeout_s: float = 60.0) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def living(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        with suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(pid)
    return found


def ended(process: "subprocess.Popen[str]", within_s: float) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=within_s)
    return process.returncode, out, err


def test_another_process_cancels_and_a_third_goes_on(shop: Open, state_url: str) -> None:
    """On worker processes, which are killed; on SQLite and on PostgreSQL."""
    work = shop('{ kind = "processes", workers = 2 }', state_url)
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 2)
        workers = work.slow()
        began = time.monotonic()
        asked = work.say("cancel", "--reason", "wrong \u202eday", "--wait", "20s")
        code, out, err = ended(process, 20)
        assert time.monotonic() - began < NOTICED_WITHIN_S + 5, "with the start of a process"
    assert not living(workers), "the work goes on"
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert (
        "wrong \\u202eday (1 published, 2 interrupted, 3 cancelled); go on from there: tidegate resume" in asked.stdout
    )
    assert (code, err) == (130, "")
    assert "1 published, 2 interrupted, 3 cancelled in" in out
    assert "it was stopped in the middle; nothing of it was published" in out
    statuses, became, held = work.look()
    assert (statuses, held) == (["cancelled"], 0)
    assert sorted(became.values()) == ["cancelled"] * 3 + ["interrupted"] * 2 + ["published"]
    assert work.published() == ["first"]
    again = work.say("cancel")
    assert (again.returncode, again.stderr) == (2, "no run is running; nothing was changed\n")
    shown = json.loads(work.say("ls", "status:cancelled", "--format", "json").stdout)
    assert {row["key"] for row in shown} == {"slow", "last"}
    said = work.resumes()
    assert said.startswith("resuming run ")
    assert work.look()[0] == ["cancelled", "succeeded"]


def test_inline_ends_with_the_function_and_publishes_nothing_of_it(shop: Open) -> None:
    work = shop('{ kind = "inline" }', seconds=4)
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 1)
        asked = work.say("cancel", "--wait", "0s")
        assert (asked.returncode, "has not ended yet" in asked.stdout) == (0, True)
        code, out, _ = ended(process, 30)
    assert code == 130
    assert "it had been made and not yet judged, and was thrown away" in out
    statuses, became, held = work.look()
    assert (statuses, held) == (["cancelled"], 0)
    assert became == {
        "first": "published", "slow a": "interrupted", "slow b": "cancelled", "slow c": "cancelled",
        "slow d": "cancelled", "last": "cancelled",
    }  # fmt: skip
    assert len(work.slow()) == 1
    assert work.published() == ["first"]
    staged = [path for path in (work.folder / ".tidegate/data").glob("**/versions/*") if path.is_dir()]
    assert len(staged) == 1, "storage keeps what was thrown away"
    work.resumes()


def test_threads_that_can_not_be_stopped_are_left_and_the_run_ends(shop: Open) -> None:
    work = shop('{ kind = "threads", workers = 2 }')
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 2)
        asked = work.say("cancel", "--wait", "20s")
        code, out, _ = ended(process, 20)
    assert (asked.returncode, code) == (0, 130), asked.stdout
    assert "its function can't be stopped where it runs and was left to itself" in out
    assert work.look()[0] == ["cancelled"]
    assert work.look()[2] == 0
    work.resumes()


def test_a_dask_cluster_stops_too(shop: Open, tmp_path: Path) -> None:
    (tmp_path / "dask").mkdir()
    with running_cluster(tmp_path / "dask", 1) as cluster:
        work = shop(f'{{ kind = "dask", address = "{cluster.address}", slots = 2 }}')
        with work.begin() as process:
            wait_until(lambda: len(work.slow()) == 2)
            workers = work.slow()
            asked = work.say("cancel", "--wait", "20s")
            code, out, _ = ended(process, 30)
        assert (asked.returncode, code) == (0, 130), asked.stdout + out
        wait_until(lambda: not living(workers), 5.0)
        assert "it was stopped in the middle" in out
        assert work.look()[0] == ["cancelled"]
        assert work.published() == ["first"]


def test_which_of_several_runs_must_be_said(shop: Open) -> None:
    work = shop('{ kind = "processes", workers = 1 }')
    with work.begin("run", "*", "--partition", "a") as one:
        wait_until(lambda: len(work.slow()) == 1)
        with work.begin("run", "slow", "--partition", "b") as other:
            wait_until(lambda: len(work.slow()) == 2)
            vague = work.say("cancel")
            assert (vague.returncode, vague.stdout) == (2, "")
            assert vague.stderr.startswith("2 runs are running; nothing was changed; say which to cancel: ")
            names = [word.strip("(,") for word in vague.stderr.split() if word[0].isdigit() and "-" in word]
            done = work.say("cancel", names[1])
            assert (done.returncode, ended(other, 20)[0]) == (0, 130), done.stderr
            assert one.poll() is None
            assert work.say("cancel").returncode == 0
            assert ended(one, 20)[0] == 130


def test_sigterm_closes_the_run_at_once(shop: Open) -> None:
    work = shop('{ kind = "processes", workers = 2 }')
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 2)
        workers = work.slow()
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process, NOTICED_WITHIN_S + 10)
    assert (code, err) == (130, "interrupted; what was published stays published\n")
    with sqlite3.connect(work.folder / "state.db") as connection:
        assert connection.execute("select status from runs").fetchall() == [("interrupted",)]
    wait_until(lambda: not living(workers), 5.0)
    assert work.look()[2] == 0
    work.resumes()


def test_a_run_that_was_killed_is_resumed(shop: Open, state_url: str) -> None:
    work = shop('{ kind = "processes", workers = 2 }', state_url)
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 2)
        workers = work.slow()
        os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not living(workers), 5.0)
    said = work.resumes()
    assert "which ended as interrupted" in said
    assert "slow b" in said
    assert work.look() == (
        ["interrupted", "succeeded"],
        {"first": "skipped", **{f"slow {key}": "published" for key in "abcd"}, "last": "published"},
        0,
    )
    needless = work.say("resume")
    assert (needless.returncode, needless.stderr) == (
        2,
        "there is no run that ended without success and was not resumed yet; nothing was begun\n",
    )


def test_a_cancelled_run_whose_process_is_killed_before_it_hears_is_closed_by_who_asked(shop: Open) -> None:
    work = shop('{ kind = "inline" }')
    with work.begin() as process:
        wait_until(lambda: len(work.slow()) == 1)
        process.send_signal(signal.SIGSTOP)
        with work.begin("cancel", "--wait", "30s") as asking:
            wait_until(lambda: asked_to_cancel(work.folder))
            process.kill()
            code, out, err = ended(asking, 30)
    assert code == 0, err
    assert out.startswith("the process of run "), out
    assert work.look()[0] == ["interrupted"]


def asked_to_cancel(folder: Path) -> bool:
    with sqlite3.connect(folder / "state.db") as connection:
        return bool(connection.execute("select 1 from runs where cancel_by is not null").fetchall())
