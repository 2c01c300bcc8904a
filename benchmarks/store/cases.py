"""One database in one process; the last line of the output is its figures as JSON."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, insert

from benchmarks.server import POSTMASTER, cpu_s
from observer.history import SeriesKey
from observer.model import Observation
from observer.store import observations, schema
from observer.store.observations import Measurement
from observer.store.series import known_series
from orchestration.database import open_database, reading, writing
from orchestration.model import AssetKey
from orchestration.tables import versions

ASSETS, COLUMNS = 100, 20
METRICS = ("null_rate", "distinct_count", "min", "max", "mean")
START = datetime(2013, 1, 1, tzinfo=UTC)
_READS, _LAST = 2_000, 90


def main() -> None:
    """Run ``FOLDER_OR_ADDRESS POINTS``: days of 100 assets with 100 series each, a transaction a day."""
    where, points = sys.argv[1], int(sys.argv[2])
    days = points // (ASSETS * COLUMNS * len(METRICS))
    if "://" in where:
        print(json.dumps(filled(where, days, None)))
    else:
        folder = Path(where)
        print(json.dumps(filled(f"sqlite:///{folder / 'ours.db'}", days, folder / "bare.db")))


def filled(url: str, days: int, bare: Path | None) -> dict[str, object]:
    """Seconds that ``save`` and its commit take, beside the bare driver's over the same rows, then the reads."""
    random.seed(0)
    engine = open_database(url)
    schema.ensure(engine)
    spent = _clock(engine)
    known: dict[AssetKey, dict[SeriesKey, int]] = {}
    ours = ours_cpu = bare_s = 0.0
    write_bare = None if bare is None else bare_writer(bare)
    for measured in made(engine, days, known):
        begun, before = time.perf_counter(), spent()
        with writing(engine) as connection:
            observations.save(connection, measured)
        ours += time.perf_counter() - begun
        ours_cpu += spent() - before
        if not known:  # the first day makes the series, as it does in a project
            with reading(engine) as connection:
                known.update({m.asset: known_series(connection, m.asset) for m in measured})
        if write_bare is not None:
            bare_s += write_bare(rows_of(measured, known))
    points = days * ASSETS * COLUMNS * len(METRICS)
    return {"points": points, "ours_s": ours, "ours_cpu_s": ours_cpu, "bare_s": bare_s, **read(engine, known, spent)}


def _clock(engine: Engine) -> Callable[[], float]:
    """CPU seconds so far: of this process, and of the server where there is one."""
    if engine.dialect.name == "sqlite":
        return time.process_time
    with reading(engine) as connection:
        postmaster = str(connection.exec_driver_sql(POSTMASTER).scalar_one())
    return lambda: time.process_time() + cpu_s(postmaster)


def made(
    engine: Engine, days: int, known: dict[AssetKey, dict[SeriesKey, int]]
) -> Iterator[list[Measurement]]:  # fmt: skip
    """What is measured of 100 assets, day by day; their versions are in the log."""
    for day in range(days):
        at = START + timedelta(days=day)
        assets = [AssetKey(f"asset_{n:03}") for n in range(ASSETS)]
        with writing(engine) as connection:
            connection.execute(insert(versions), [_version(asset, at, day) for asset in assets])
        yield [
            Measurement(
                asset=asset, version_seq=day * ASSETS + n + 1, observed=_observed(), data_at=at, made_at=at,
                known=known.get(asset),
            )
            for n, asset in enumerate(assets)
        ]  # fmt: skip


def _version(asset: AssetKey, at: datetime, day: int) -> dict[str, object]:
    return {
        "id": f"{asset}-{day:05}", "asset": asset, "partition": f"{at:%Y-%m-%d}",
        "run_id": f"{at:%Y%m%d}-000000-0123456",
        "status": "published", "materialized_at": at, "data_version": "0" * 40, "code_version": "1" * 40,
        "fingerprint": "2" * 40, "duration_s": 1.0, "rows": 1000, "bytes": 100_000, "format": "parquet",
        "metadata": {}, "inputs": [], "released": False,
    }  # fmt: skip


def _observed() -> list[Observation]:
    return [
        Observation(metric=metric, column=f"column_{n:02}", value=random.random())
        for n in range(COLUMNS) for metric in METRICS
    ]  # fmt: skip


def rows_of(measured: list[Measurement], known: dict[AssetKey, dict[SeriesKey, int]]) -> list[tuple[object, ...]]:
    """The same points as the driver takes them."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        (known[m.asset][SeriesKey(o.metric, o.column)], (m.data_at - epoch) // timedelta(microseconds=1),
         m.version_seq, o.value, o.reason, None)
        for m in measured for o in m.observed
    ]  # fmt: skip


def bare_writer(file: Path) -> Callable[[list[tuple[object, ...]]], float]:
    """The driver's own ``executemany`` into the same table with the same settings; returns the seconds it took."""
    with closing(sqlite3.connect(file)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute(
            "CREATE TABLE observations (series_id BIGINT NOT NULL, ordered_at BIGINT NOT NULL,"
            " version_seq BIGINT NOT NULL, value FLOAT, reason TEXT, accuracy VARCHAR(16),"
            " PRIMARY KEY (series_id, ordered_at, version_seq)) WITHOUT ROWID"
        )
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")

    def write(rows: list[tuple[object, ...]]) -> float:
        begun = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        return time.perf_counter() - begun

    return write


def read(engine: Engine, known: dict[AssetKey, dict[SeriesKey, int]], spent: Callable[[], float]) -> dict[str, float]:
    """Milliseconds of ``load`` for the last 90 points of one series, any of them, in one open transaction."""
    took = []
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
        before = spent()
        for _ in range(_READS):
            asset = AssetKey(f"asset_{random.randrange(ASSETS):03}")
            key = SeriesKey(random.choice(METRICS), f"column_{random.randrange(COLUMNS):02}")
            begun = time.perf_counter()
            found = observations.load(connection, asset, {key}, partitioned=True, known=known[asset], limit=_LAST)
            took.append(time.perf_counter() - begun)
            if len(found[key]) != _LAST:
                raise RuntimeError(f"{len(found[key])} points of {asset} {key} came, not {_LAST}")
        cpu = spent() - before
    took.sort()
    return {
        "cpu_ms": cpu / _READS * 1000,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[len(took) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    main()
