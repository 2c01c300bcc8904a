"""Several replicas on one PostgreSQL, one of which is killed every now and then, and what must be true afterwards."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, func, select

from observer.project import open_project
from observer.store.tables import incident_versions, incidents, outbox
from orchestration.database import open_database, reading
from orchestration.database_clock import database_now
from orchestration.errors import StateError
from orchestration.queue_tables import run_attempts, run_queue
from orchestration.tables import runs, versions
from tests.support.receiver import Receiver
from tests.support.repository import ROOT

BAD = 4
"""Every so many versions are bad: each is held and becomes an incident, or joins one."""

_PIPELINE = """
import time

import pandas as pd

import observer as ob

parts = ob.static(*(f"p{{n:03}}" for n in range({count})))


@ob.asset(partitions=parts, checks=[ob.unique("id")])
def flow(context: ob.Context) -> pd.DataFrame:
    time.sleep(0.3)
    n = int(context.partition[1:])
    return pd.DataFrame({{"id": [1, 1 if n % {bad} == 0 else 2], "n": [n, n]}})
"""
_TOML = """
[env.local]
state = "{state}"
channels = [{{ kind = "webhook", url = "{hook}", secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}]
"""


def project(folder: Path, state: str, hook: str, count: int) -> Path:
    """A project of one asset whose partitions fall due one a second from now on."""
    folder.mkdir(parents=True)
    (folder / "pipeline.py").write_text(_PIPELINE.format(count=count, bad=BAD), encoding="utf-8")
    (folder / "tidegate.toml").write_text(_TOML.format(state=state, hook=hook), encoding="utf-8")
    work = open_project(folder)
    with closing(work), reading(work.engine) as connection:
        began = database_now(connection)
    (folder / "due.json").write_text(json.dumps({"began": began.isoformat(), "count": count}), encoding="utf-8")
    return folder


class Fleet:
    """Replicas of one project: started, killed with all that they had begun, started again."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self.kills = 0
        self._members = [self._start() for _ in range(size)]
        for one in self._members:
            assert one.stdout is not None
            assert one.stdout.readline().strip() == "ready"

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.replica", str(self._folder)], cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip

    def kill_one(self, rng: random.Random) -> None:
        """`kill -9` of one of them, and another in its place; and for those that found no database when they began."""
        gone = self._members.pop(rng.randrange(len(self._members)))
        gone.kill()
        gone.wait()
        assert gone.stdout is not None
        gone.stdout.close()
        self.kills += 1
        ended = [one for one in self._members if one.poll() is not None]
        for one in ended:
            self._members.remove(one)
            assert one.stdout is not None
            one.stdout.close()
        self._members += [self._start() for _ in range(1 + len(ended))]

    def stop(self) -> None:
        for one in self._members:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
            one.wait()
            assert one.stdout is not None
            one.stdout.close()


@contextmanager
def half_failing(receiver: Receiver, rng: random.Random) -> Iterator[None]:
    """The receiver answers half of what it gets with an error, until the end of the block."""
    receiver.is_ill = lambda: rng.random() < 0.5
    try:
        yield
    finally:
        receiver.is_ill = lambda: False


def settled(state: str, count: int, within_s: float) -> None:
    """Wait until every due time's run has ended and every message was handed over."""
    engine, until = open_database(state), time.monotonic() + within_s
    try:
        while True:
            with suppress(StateError), reading(engine) as connection:  # it may be starting again
                ended = connection.execute(
                    select(func.count()).select_from(run_queue).where(run_queue.c.ended_at.is_not(None))
                ).scalar_one()
                waiting = connection.execute(
                    select(func.count()).select_from(outbox).where(outbox.c.delivered_at.is_(None))
                ).scalar_one()
                if (ended, waiting) == (count, 0):
                    return
                said = f"{ended} of {count} runs have ended, {waiting} messages wait"
            assert time.monotonic() < until, said
            time.sleep(0.2)
    finally:
        engine.dispose()


def check(state: str, count: int, receiver: Receiver) -> int:
    """One run record and one publication a due time, every message heard, no incident twice; how many attempts."""
    engine = open_database(state)
    try:
        with reading(engine) as connection:
            _check_runs(connection, count)
            _check_incidents(connection)
            told = set(connection.execute(select(outbox.c.id)).scalars())
            tries = connection.execute(select(func.count()).select_from(run_attempts)).scalar_one()
    finally:
        engine.dispose()
    bodies: dict[str, set[bytes]] = {}
    for heard in receiver.accepted:
        bodies.setdefault(heard.headers["webhook-id"], set()).add(heard.body)
    assert set(bodies) == told, "a message was lost, or one was heard that nobody wrote"
    assert all(len(each) == 1 for each in bodies.values()), "one id was two messages"
    assert told, "nothing was said at all"
    return int(tries)


def _check_runs(connection: Connection, count: int) -> None:
    asked = connection.execute(select(run_queue)).all()
    assert len({row.due_key for row in asked}) == len(asked) == count
    logged = {row.id: row for row in connection.execute(select(runs))}
    assert set(logged) == {row.id for row in asked}
    for row in asked:
        bad = int(row.partitions[0][1:]) % BAD == 0
        assert (row.status, logged[row.id].status) == (("held", "held") if bad else ("succeeded", "succeeded"))
    made = connection.execute(select(versions.c.run_id, versions.c.partition, versions.c.status)).all()
    published = Counter(row.run_id for row in made if row.status in ("published", "superseded"))
    assert published == {row.id: 1 for row in asked if int(row.partitions[0][1:]) % BAD}
    held = Counter(row.partition for row in made if row.status == "held")
    assert held == {f"p{n:03}": 1 for n in range(0, count, BAD)}


def _check_incidents(connection: Connection) -> None:
    """No two incidents are about the same partition, and no held version is in two."""
    about_first = Counter(connection.execute(select(incidents.c.asset, incidents.c.first_partition)).all())
    assert max(about_first.values()) == 1, "an incident is there twice"
    about = Counter(connection.execute(select(incident_versions.c.materialization_id)).scalars())
    assert about
    assert max(about.values()) == 1, "a version is in two incidents"


def next_kill_s(rng: random.Random) -> float:
    """Seconds until the next one."""
    return rng.uniform(2.0, 5.0)
