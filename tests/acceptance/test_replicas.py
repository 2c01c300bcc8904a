"""Replicas that are killed lose nothing and do nothing twice: runs, publications, incidents, messages."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.receiver import Receiver
from tests.support.replicas import Fleet, check, half_failing, next_kill_s, project, settled
from tests.support.soak import seconds

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
SEED = 20130208


def test_a_killed_replica_loses_nothing(tmp_path: Path, new_database: Callable[[], str], receiver: Receiver) -> None:
    count, rng, state = 6, random.Random(SEED), new_database()
    fleet = Fleet(project(tmp_path / "p", state, receiver.url, count), 2)
    try:
        with half_failing(receiver, rng):
            time.sleep(1.0)  # in the middle of what is due by then
            fleet.kill_one(rng)
        settled(state, count, within_s=120)
    finally:
        fleet.stop()
    assert check(state, count, receiver) >= count


@pytest.mark.soak
def test_ten_minutes_of_kills_restarts_and_failures(tmp_path: Path, receiver: Receiver) -> None:
    length_s, rng = seconds(10), random.Random(SEED)
    count = int(length_s / 2)
    with postgres.restarting_server() as (server, restart), postgres.database(server) as state:
        fleet = Fleet(project(tmp_path / "p", state, receiver.url, count), 3)
        try:
            began, restarts = time.monotonic(), [length_s / 3, length_s * 2 / 3]
            with half_failing(receiver, rng):
                while (elapsed := time.monotonic() - began) < length_s:
                    if restarts and elapsed > restarts[0]:
                        restarts.pop(0)
                        restart()
                    time.sleep(next_kill_s(rng))
                    fleet.kill_one(rng)
            settled(state, count, within_s=600)
        finally:
            fleet.stop()
        tries = check(state, count, receiver)
    print(f"{count} due times, {fleet.kills} kills, {tries} attempts, {len(receiver.requests)} requests")
    assert tries > count, "no run was ever killed: nothing was tried"
