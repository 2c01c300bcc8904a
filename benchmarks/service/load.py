"""What the service bears: reports of others on PostgreSQL at a rate that waits for no answer, gate questions beside."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from sqlalchemy import func, select

from benchmarks.figures import Figure, at_least, at_most, compared
from benchmarks.server import POSTMASTER, cpu_s
from observer.project import open_project
from observer.store.tables import observations, series
from orchestration.database import reading
from orchestration.tables import versions
from tests.support.postgres import database, running_server

ASSETS, METRICS, COLUMNS = 40, 10, 50
BATCH = METRICS * COLUMNS
A_SECOND = 5_000
QUESTIONS = 2
"""To the gate, for each batch."""
PIPELINE = f"""
import observer as ob

for number in range({ASSETS}):
    globals()[f"asset{{number}}"] = ob.external(
        f"asset{{number}}", monitors=[ob.monitor("null_rate", column="c0", severity="error")]
    )
"""
_SECONDS = 60.0
_PATIENCE_S = 60.0
_ID = b"@version@"
_BODIES = 97


@dataclass(slots=True)
class Borne:
    """Batches that were acknowledged, answers that sent one away, and how long both took since they were due."""

    taken: int = 0
    sent_away: int = 0
    broken: int = 0  # connections
    elapsed_s: float = 0.0
    sent_s: list[float] = field(default_factory=list)
    asked_s: list[float] = field(default_factory=list)

    @property
    def p99_ms(self) -> tuple[float, float]:
        """Of ingest, and of the gate."""
        sent, asked = (statistics.quantiles(each, n=100)[98] * 1000.0 for each in (self.sent_s, self.asked_s))
        return sent, asked

    def __str__(self) -> str:
        sent, asked = self.p99_ms
        return (
            f"{self.taken * BATCH / self.elapsed_s:,.0f} observations a second for {self.elapsed_s:.0f} s; "
            f"p99 ingest {sent:.0f} ms, gate {asked:.0f} ms; sent away {self.sent_away} times, "
            f"{self.broken} broken connections"
        )


def project(folder: Path, state: str) -> Path:
    """A project of assets that others make, with its state there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.py").write_text(PIPELINE, encoding="utf-8")
    (folder / "tidegate.toml").write_text(f'[env.local]\nstate = "{state}"\n', encoding="utf-8")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """`tidegate serve` as a process of its own, as soon as it answers: its address, and its number."""
    command = [str(Path(sys.executable).with_name("tidegate")), "serve", "--port", "0", "--project", str(folder)]
    log = folder / "serve.log"  # a pipe that nobody reads would stop it
    with log.open("wb") as written, subprocess.Popen(command, stderr=written) as process:
        try:
            yield _address(log, process), process.pid
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        for word in log.read_text(encoding="utf-8").split():
            if word.startswith("http://"):
                return word
        time.sleep(0.05)
    raise RuntimeError(f"tidegate serve does not answer: {log.read_text(encoding='utf-8')}")


def body(number: int) -> bytes:
    """A version with as many observations as a batch has; ``@version@`` stands for its id."""
    rng = random.Random(number)
    measured = [
        f'{{"materialization": "{_ID.decode()}", "metric": "{metric}", "column": "c{c}", '
        f'"value": {rng.uniform(low, high)}}}'
        for metric, low, high in (("null_rate", 0.01, 0.02), *((f"m{m}", 0.0, 1.0) for m in range(METRICS - 1)))
        for c in range(COLUMNS)
    ]
    made = f'{{"id": "{_ID.decode()}", "asset": "asset{number % ASSETS}", "rows": {1000 + number % 7}}}'
    return f'{{"materializations": [{made}], "observations": [{", ".join(measured)}]}}'.encode()


async def bear(url: str, seconds: float, a_second: float = A_SECOND) -> Borne:
    """Send at the rate, whatever the answers take; what is sent away comes again when it was told to."""
    borne, bodies = Borne(), [body(number) for number in range(_BODIES)]  # coprime to the assets
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def send(number: int, due: float) -> None:
            content = bodies[number % _BODIES].replace(_ID, f"v{number}".encode())
            while True:
                try:
                    answer = await client.post(
                        "/api/v1/ingest", content=content, headers={"content-type": "application/json"}
                    )
                except httpx2.TransportError:  # nobody knows what became of it: it is sent again
                    borne.broken += 1
                    continue
                if answer.status_code not in (429, 503):
                    break
                borne.sent_away += 1
                await asyncio.sleep(float(answer.headers["retry-after"]))
            borne.sent_s.append(time.perf_counter() - due)
            assert answer.status_code == 200, answer.text
            borne.taken += 1

        async def ask(number: int, due: float) -> None:
            answer = await client.get(f"/api/v1/gate/asset{number % ASSETS}")
            borne.asked_s.append(time.perf_counter() - due)
            assert answer.status_code == 200, answer.text

        every_s = BATCH / a_second
        began, tasks = time.perf_counter(), list[asyncio.Task[None]]()
        for number in range(int(seconds / every_s)):
            due = began + number * every_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(send(number, due)))
            for more in range(QUESTIONS):
                at = due + every_s * (0.25 + 0.5 * more)  # beside what is taken in, not in front of it
                tasks.append(asyncio.create_task(_at(at, ask, number * QUESTIONS + more)))
        await asyncio.gather(*tasks)
        borne.elapsed_s = time.perf_counter() - began
    return borne


async def _at(due: float, ask: Callable[[int, float], Awaitable[None]], number: int) -> None:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await ask(number, due)


def kept(folder: Path) -> tuple[int, int]:
    """How many versions, and how many of the observations that were sent, are in the state."""
    work = open_project(folder)
    with reading(work.engine) as connection:
        logged = connection.execute(select(func.count()).select_from(versions)).scalar_one()
        points = connection.execute(
            select(func.count()).select_from(observations.join(series, series.c.id == observations.c.series_id))
            .where(series.c.column != "")
        ).scalar_one()  # fmt: skip
    work.close()
    return logged, points


def load() -> list[Figure]:
    """A minute of it on a server that keeps what it confirms, and what the processes have cost."""
    with (
        tempfile.TemporaryDirectory(prefix="tidegate-bench-") as made,
        running_server(durable=True) as server,
        database(server) as state,
    ):
        folder = project(Path(made), state)
        work = open_project(folder)
        with work.engine.connect() as connection:
            postmaster = str(connection.exec_driver_sql(POSTMASTER).scalar_one())
        work.close()
        with served(folder) as (url, pid):
            before, own, theirs = _cpu_s(pid), time.process_time(), cpu_s(postmaster)
            borne = asyncio.run(bear(url, _SECONDS))
            spent = (_cpu_s(pid) - before, cpu_s(postmaster) - theirs, time.process_time() - own)
        logged, points = kept(folder)
    sent, asked = borne.p99_ms
    lost = borne.taken - logged + borne.taken * BATCH - points
    shares = zip(("the service", "PostgreSQL", "who sends"), spent, strict=True)
    return [
        at_least("observations taken in", borne.taken * BATCH / borne.elapsed_s, "/s", A_SECOND * 0.99),
        at_most("ingest of 500 observations, p99", sent, "ms", 250.0),
        at_most("the same, median", statistics.median(borne.sent_s) * 1000.0, "ms", 250.0),
        at_most("gate questions beside it, p99", asked, "ms", 50.0),
        at_most("acknowledged and lost", lost, "", 0.0),
        *(compared(f"cores used by {name}", cpu / borne.elapsed_s, None, "") for name, cpu in shares),
    ]


def _cpu_s(pid: int) -> float:
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(one) for one in numbers[11:13]) / os.sysconf("SC_CLK_TCK")
