"""One writer per address, on both engines."""

import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from orchestration import lease
from orchestration.database import writing
from orchestration.errors import LeaseHeld, LeaseLost
from orchestration.model import Address, AssetKey
from tests.support.core import open_state

HERE = Address(AssetKey("asset"), "2013-02-08")
NOW = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(state_url: str) -> Engine:
    return open_state(state_url)


def acquire(engine: Engine, run: str = "run", wall: datetime = NOW) -> int:
    with writing(engine) as connection:
        return lease.acquire(connection, HERE, run, wall)


def confirm(engine: Engine, token: int) -> None:
    with writing(engine) as connection:
        lease.confirm(connection, HERE, token)


def test_the_token_grows_with_each_holder(engine: Engine) -> None:
    first = acquire(engine)
    with writing(engine) as connection:
        lease.release(connection, HERE, first)
    assert acquire(engine) == first + 1


def test_a_held_lease_says_who_holds_it(engine: Engine) -> None:
    acquire(engine, "run 7")
    says = rf"asset 2013-02-08 .* run 7 \(process {os.getpid()} on {socket.gethostname()}, since"
    with pytest.raises(LeaseHeld, match=says):
        acquire(engine)


def test_a_silent_holder_is_taken_over_and_fenced_off(engine: Engine) -> None:
    first = acquire(engine)
    confirm(engine, first)
    second = acquire(engine, wall=NOW + lease.LEASE)
    confirm(engine, second)
    with pytest.raises(LeaseLost):
        confirm(engine, first)
    with writing(engine) as connection:
        lease.release(connection, HERE, first)  # no longer his to give back
    confirm(engine, second)


def test_a_heartbeat_keeps_it(engine: Engine) -> None:
    acquire(engine, "run")
    with writing(engine) as connection:
        lease.renew(connection, ("run",), NOW + timedelta(seconds=50))
    with pytest.raises(LeaseHeld):
        acquire(engine, wall=NOW + timedelta(seconds=100))


def test_a_lapsed_lease_that_nobody_took_still_publishes(engine: Engine) -> None:
    token = acquire(engine)
    confirm(engine, token)  # however late: the token is what counts


def test_a_released_lease_can_not_be_relied_on(engine: Engine) -> None:
    token = acquire(engine)
    with writing(engine) as connection:
        lease.release_all(connection, "run")
    with pytest.raises(LeaseLost):
        confirm(engine, token)


def test_many_at_once_for_the_first_time(engine: Engine) -> None:
    """The first row of an address is inserted by one; the others are told who it is, and hear of no unique key."""
    start, results = threading.Barrier(8), []

    def attempt(n: int) -> None:
        start.wait()
        try:
            results.append(acquire(engine, f"run {n}"))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r for r in results if not isinstance(r, LeaseHeld)] == [1]
    assert len(results) == 8


def test_a_token_is_lifted_above_what_storage_has_seen(engine: Engine) -> None:
    token = acquire(engine)
    with writing(engine) as connection:
        assert lease.raise_token(connection, HERE, token, 0) == token
        lifted = lease.raise_token(connection, HERE, token, 41)
    assert lifted == 42
    confirm(engine, lifted)


def test_gone_alive_and_unknown_processes() -> None:
    mine = lease.this_process()
    host, pid, start = mine.rsplit(":", 2)
    assert not lease.is_gone(mine)
    assert lease.is_gone(f"{host}:{pid}:{int(start) - 1}")  # a later process with the same number
    assert not lease.is_gone(f"elsewhere:{pid}:{start}")
    assert not lease.is_gone(f"{host.partition('/')[0]}/1:999999999:1")  # another container of the same name
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert lease.is_gone(f"{host}:{ended.pid}:1")


def test_a_zombie_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host = lease.this_process().rsplit(":", 2)[0]
    holder = f"{host}:{child.pid}:{Path(f'/proc/{child.pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    assert not lease.is_gone(holder)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has buried it
    assert lease.is_gone(holder)
    child.communicate()


def test_a_forked_child_is_another_process() -> None:
    mine = lease.this_process()
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, lease.this_process().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 500).decode() != mine


def test_a_run_elsewhere_is_dead_when_it_falls_silent(engine: Engine) -> None:
    with writing(engine) as connection:
        lease.hold_run(connection, "run", NOW)
        assert not lease.run_is_dead(connection, "run", "elsewhere:1:1", NOW + timedelta(seconds=59))
        assert lease.run_is_dead(connection, "run", "elsewhere:1:1", NOW + timedelta(seconds=60))
        assert not lease.run_is_dead(connection, "run", lease.this_process(), NOW + timedelta(days=1))
