"""What the service bears: reports of others on PostgreSQL, with gate questions beside; many who listen.

`make test` has each for some seconds, `make soak` for as long as issue and figure ask (`SOAK_MINUTES` says otherwise).
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from benchmarks.service.load import A_SECOND, BATCH, bear, kept, project, served
from observer.project import open_project
from orchestration.database import reading
from orchestration.tables import events
from tests.conftest import NewDatabase
from tests.support import postgres
from tests.support.measured import Measured
from tests.support.soak import seconds

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def folder(tmp_path: Path, new_database: NewDatabase) -> Path:
    return project(tmp_path, new_database())


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Path]:
    """A project on a server that has on the disk what it confirms."""
    with postgres.running_server(durable=True) as server, postgres.database(server) as state:
        yield project(tmp_path, state)


def test_nothing_is_lost_of_more_than_it_can_take(folder: Path) -> None:
    """What is too much is sent away and told when to come again; then a stream of listeners on the same server."""
    with served(folder) as (url, _):
        borne = asyncio.run(bear(url, 1.0, 40_000))
        assert borne.sent_away > 0, "nothing was too much: nothing was tried"
        assert borne.taken == 40_000 // BATCH
        assert kept(folder) == (borne.taken, borne.taken * BATCH)
        asyncio.run(_listened(url, folder, listeners=60, length_s=2.0))


@pytest.mark.soak
def test_five_thousand_observations_a_second_and_none_is_lost(durable: Path, measured: Measured) -> None:
    with served(durable) as (url, _):
        borne = asyncio.run(bear(url, seconds(10)))
    print(borne)
    sent, asked = borne.p99_ms
    measured("observations a second taken in", borne.taken * BATCH / borne.elapsed_s, "1/s", A_SECOND)
    assert kept(durable) == (borne.taken, borne.taken * BATCH)
    assert borne.taken * BATCH / borne.elapsed_s > A_SECOND * 0.99
    assert sent < 250
    assert asked < 50


async def listen(url: str, mine: list[int], longest_s: float) -> None:
    """Put down what one listener hears, who hangs up now and then and comes again, until it is stopped."""
    host, port = url.removeprefix("http://").split(":")
    while True:
        reader, writer = await asyncio.open_connection(host, int(port))
        last = mine[-1] if mine else 0
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nLast-Event-ID: {last}\r\n\r\n".encode())
        try:
            async with asyncio.timeout(random.uniform(longest_s / 15, longest_s)):
                while line := await reader.readline():
                    if line.startswith(b"data: "):
                        mine.append(json.loads(line[6:])["id"])
        except TimeoutError:
            pass
        finally:
            writer.close()


async def _listened(url: str, folder: Path, *, listeners: int, length_s: float) -> int:
    """Report versions while they listen: every one has heard of everything, once and in order; how many events."""
    heard: list[list[int]] = [[] for _ in range(listeners)]
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client, asyncio.TaskGroup() as group:
        listening = [group.create_task(listen(url, mine, min(30.0, length_s))) for mine in heard]
        until, number = time.monotonic() + length_s, 0
        while time.monotonic() < until:
            made = {"id": f"heard{number}", "asset": "asset0", "rows": 1}
            answer = await client.post("/api/v1/ingest", json={"materializations": [made]})
            assert answer.status_code == 200, answer.text
            number += 1
            await asyncio.sleep(0.2)
        every, patience = _events(folder), time.monotonic() + 120
        while time.monotonic() < patience and any(mine[-1:] != every[-1:] for mine in heard):
            await asyncio.sleep(0.1)
        for one in listening:
            one.cancel()
    for mine in heard:
        assert mine == every, f"heard {len(mine)} of {len(every)}: in order, none twice, none missing"
    return len(every)


def _events(folder: Path) -> list[int]:
    work = open_project(folder)
    with reading(work.engine) as connection:
        found = list(connection.execute(select(events.c.id).order_by(events.c.id)).scalars())
    work.close()
    return found


@pytest.mark.soak
def test_a_thousand_listen_and_miss_nothing(folder: Path) -> None:
    length_s = seconds(5)
    with served(folder) as (url, pid):
        before = _resident_mb(pid)
        count = asyncio.run(_listened(url, folder, listeners=1_000, length_s=length_s))
        grown = _resident_mb(pid) - before
    print(f"1000 listeners, {count} events, {length_s:.0f} s: {grown:.0f} MB more")
    assert grown < 250


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
