"""What the service bears: reports of others on PostgreSQL, with gate questions beside; many who listen.

`SOAK_SECONDS` says for how long, 600 if left out.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select

from observer.project import open_project
from observer.store.tables import observations
from orchestration.database import reading
from orchestration.tables import events, versions
from tests.conftest import NewDatabase
from tests.unit.observer.shop import shop

ASSETS, METRICS, COLUMNS = 40, 10, 50
A_SECOND = 5_000
PIPELINE = f"""
import observer as ob

for number in range({ASSETS}):
    globals()[f"asset{{number}}"] = ob.external(
        f"asset{{number}}", monitors=[ob.monitor("null_rate", column="c0", severity="error")]
    )
"""
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
pytestmark = [pytest.mark.soak, pytest.mark.postgres]


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """`tidegate serve` as a process of its own, as soon as it answers."""
    command = [str(Path(sys.executable).with_name("tidegate")), "serve", "--port", "0", "--project", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            url = next(word for line in process.stderr for word in line.split() if word.startswith("http"))
            yield url, process.pid
        finally:
            process.terminate()


@pytest.fixture
def folder(tmp_path: Path, new_database: NewDatabase) -> Path:
    return shop(tmp_path, pipeline=PIPELINE, toml=f'[env.local]\nstate = "{new_database()}"\n')


def batch(number: int) -> dict[str, object]:
    """A version with 500 observations."""
    id_ = f"v{number}"
    measured = [
        {"materialization": id_, "metric": f"m{m}", "column": f"c{c}", "value": random.random()}
        for m in range(METRICS - 1)
        for c in range(COLUMNS)
    ]
    nulls = [
        {"materialization": id_, "metric": "null_rate", "column": f"c{c}", "value": random.uniform(0.01, 0.02)}
        for c in range(COLUMNS)
    ]
    made = {"id": id_, "asset": f"asset{number % ASSETS}", "rows": 1000 + number % 7}
    return {"materializations": [made], "observations": measured + nulls}


async def load(url: str, seconds: float) -> tuple[int, list[float], list[float]]:
    """Send at the rate whatever the answers take; how many batches were taken, and the seconds of both questions."""
    taken, sent_s, asked_s = 0, list[float](), list[float]()
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def send(number: int) -> None:
            nonlocal taken
            body = json.dumps(batch(number)).encode()
            began = time.perf_counter()
            while True:
                answer = await client.post("/api/v1/ingest", content=body, headers={"content-type": "application/json"})
                if answer.status_code != 503:
                    break
                await asyncio.sleep(float(answer.headers["retry-after"]))
            sent_s.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            taken += 1

        async def ask(number: int) -> None:
            began = time.perf_counter()
            answer = await client.get(f"/api/v1/gate/asset{number % ASSETS}")
            asked_s.append(time.perf_counter() - began)
            assert answer.status_code == 200

        a_second = A_SECOND // (METRICS * COLUMNS)
        began, tasks = time.perf_counter(), list[asyncio.Task[None]]()
        for number in range(int(seconds * a_second)):
            await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
            tasks.append(asyncio.create_task(send(number)))
            tasks += [asyncio.create_task(ask(number * 2 + more)) for more in (0, 1)]
        await asyncio.gather(*tasks)
    return taken, sent_s, asked_s


def test_five_thousand_observations_a_second_and_none_is_lost(folder: Path) -> None:
    work = open_project(folder)
    began = time.perf_counter()
    with served(folder) as (url, _):
        taken, sent_s, asked_s = asyncio.run(load(url, SECONDS))
    elapsed = time.perf_counter() - began
    p99 = [statistics.quantiles(each, n=100)[98] for each in (sent_s, asked_s)]
    print(
        f"{taken * METRICS * COLUMNS / elapsed:,.0f} observations a second for {elapsed:.0f} s; "
        f"ingest p99 {p99[0] * 1000:.0f} ms, gate p99 {p99[1] * 1000:.0f} ms"
    )
    with reading(work.engine) as connection:
        logged = connection.execute(select(func.count()).select_from(versions)).scalar_one()
        kept = connection.execute(select(func.count()).select_from(observations)).scalar_one()
    work.close()
    assert logged == taken
    assert kept >= taken * METRICS * COLUMNS


LISTENERS = 1_000


async def listen(url: str, seconds: float) -> list[list[int]]:
    """What each listener has heard, though each hangs up now and then and comes again."""
    heard: list[list[int]] = [[] for _ in range(LISTENERS)]
    host, port = url.removeprefix("http://").split(":")
    until = time.monotonic() + seconds

    async def one(mine: list[int]) -> None:
        while time.monotonic() < until + 5:
            reader, writer = await asyncio.open_connection(host, int(port))
            last = mine[-1] if mine else 0
            writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nLast-Event-ID: {last}\r\n\r\n".encode())
            leaves = time.monotonic() + random.uniform(2, 30)
            try:
                while time.monotonic() < min(leaves, until + 5):
                    line = await asyncio.wait_for(reader.readline(), 20.0)
                    if line.startswith(b"data: "):
                        mine.append(json.loads(line[6:])["id"])
            except TimeoutError:
                pass
            finally:
                writer.close()

    await asyncio.gather(*(one(mine) for mine in heard))
    return heard


def test_a_thousand_listen_and_miss_nothing(folder: Path) -> None:
    work = open_project(folder)
    length = min(SECONDS, 300.0)
    with served(folder) as (url, pid):
        before = _resident_mb(pid)

        async def everything() -> list[list[int]]:
            listening = asyncio.create_task(listen(url, length))
            async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
                until, number = time.monotonic() + length, 0
                while time.monotonic() < until:
                    made = {"id": f"v{number}", "asset": f"asset{number % ASSETS}", "rows": 1}
                    answer = await client.post("/api/v1/ingest", json={"materializations": [made]})
                    assert answer.status_code == 200
                    number += 1
                    await asyncio.sleep(0.2)
            return await listening

        heard = asyncio.run(everything())
        grown = _resident_mb(pid) - before
    with reading(work.engine) as connection:
        every = list(connection.execute(select(events.c.id).order_by(events.c.id)).scalars())
    work.close()
    print(f"{LISTENERS} listeners, {len(every)} events, {length:.0f} s: {grown:.0f} MB more")
    assert grown < 250
    for mine in heard:
        assert mine == every[: len(mine)], "in order, none twice, none missing"
        assert len(mine) >= len(every) - 10


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
