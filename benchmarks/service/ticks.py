"""One tick of the scheduler over 5,000 assets: its processor time, and how many questions it asks."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, event

from benchmarks.figures import Figure, at_most, compared
from observer.project import Project, open_project
from observer.scheduling import decided
from orchestration import log
from orchestration.clock import frozen_clock, system_now
from orchestration.database import writing
from orchestration.model import AssetKey, Materialization, VersionStatus

ASSETS = 5_000
_VERSIONS = 20
_TICKS = 15
_MOST_MS = 200.0
PIPELINE = f"""
import observer as ob

days = ob.daily(start="2024-01-01")
schedules = [
    lambda n: dict(schedule=ob.cron(f"{{n % 60}} {{n % 24}} * * *", timezone="America/New_York")),
    lambda n: dict(schedule=ob.any_upstream_updated() & ~ob.held() & ob.within("06:00-22:00"), upstream=n - 1),
    lambda n: dict(freshness=ob.FreshnessPolicy(max_age="26h", warn_at="20h")),
    lambda n: dict(freshness=ob.FreshnessPolicy(by="06:00", days="mon-fri"), schedule="*/5 * * * *"),
    lambda n: dict(),
]


def declare(n):
    said = schedules[n % 5](n)
    upstream = said.pop("upstream", None)

    def made():
        return n

    made.__name__ = f"asset_{{n:04}}"
    deps = [] if upstream is None else [f"asset_{{upstream:04}}"]
    globals()[made.__name__] = ob.asset(partitions=days, deps=deps, **said)(made)


for n in range({ASSETS}):
    declare(n)
"""


def ticks() -> list[Figure]:
    """On SQLite, each asset with twenty published partitions; nothing is due, then a hundredth of them were updated."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        (Path(folder) / "pipeline.py").write_text(PIPELINE)
        (Path(folder) / "tidegate.toml").write_text("[env.local]\n")
        now = system_now()
        work = open_project(folder, clock=frozen_clock(now))
        with writing(work.engine) as connection:
            for day in range(1, _VERSIONS + 1):
                _publish(connection, range(ASSETS), f"2024-01-{day:02}", work.clock.now())
        with writing(work.engine) as connection:
            first = decided(work, now, {})
            assert first.record is not None
            first.record(connection)
        asked: list[str] = []
        event.listen(work.engine, "checkout", lambda driver, *more: driver.set_trace_callback(asked.append))
        quiet = median(_cpu_ms(work, now + timedelta(seconds=n)) for n in range(_TICKS))
        questions = sum(text.startswith("SELECT") for text in asked) / _TICKS
        with writing(work.engine) as connection:
            _publish(connection, range(0, ASSETS, 100), "2024-02-01", now)
        busy = median(_cpu_ms(work, now + timedelta(seconds=n)) for n in range(_TICKS))
        work.close()
    return [
        at_most("a tick over 5,000 assets, CPU", quiet, "ms", _MOST_MS),
        at_most("a tick over 5,000 assets of which 50 were updated, CPU", busy, "ms", _MOST_MS),
        compared("questions to the state that a tick asks", questions, None, ""),
    ]


def _cpu_ms(work: Project, now: datetime) -> float:
    began = time.process_time()
    decided(work, now, {})
    return (time.process_time() - began) * 1000.0


def _publish(connection: Connection, numbers: range, day: str, now: datetime) -> None:
    made = [
        Materialization(
            id=f"v{day}-{n}", asset=AssetKey(f"asset_{n:04}"), partition=day, run_id="r0", materialized_at=now,
            data_version=f"{day}{n}", code_version="c", fingerprint="f", duration_s=1.0,
        )
        for n in numbers
    ]  # fmt: skip
    new = [log.NewVersion(made=one, status=VersionStatus.PUBLISHING, format="parquet", inputs=()) for one in made]
    log.publish(connection, log.add_versions(connection, new), now)
