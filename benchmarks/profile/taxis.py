"""Twenty columns like those of taxi trips, the same ones each time; and wide tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_CHUNK = 1_000_000
BYTES_A_ROW = 60
"""What a row takes on disk, generously."""


def write(path: Path, rows: int) -> None:
    """Write trips as Parquet, a million rows in memory at a time."""
    if path.exists():
        return
    writer = None
    for first in range(0, rows, _CHUNK):
        part = trips(min(_CHUNK, rows - first), first)
        writer = writer or pq.ParquetWriter(path, part.schema, compression="zstd")
        writer.write_table(part, row_group_size=122_880)
    assert writer is not None
    writer.close()


def trips(rows: int, first: int) -> pa.Table:
    """Trips with numbers ``first``, ``first + 1`` ... in some order."""
    random = np.random.default_rng(first + 1)

    def some(values: object, nulls: float) -> pa.Array:
        return pa.array(values, mask=random.random(rows) < nulls)

    picked = np.datetime64("2024-01-01", "us") + np.sort(random.integers(0, 86_400, rows)).astype("timedelta64[s]")
    took = random.gamma(2, 420, rows).astype("int64")
    distance = random.gamma(1.5, 2, rows).round(2)
    fare = (3 + distance * 2.5 + took / 120).round(1)
    tip = np.where(random.random(rows) < 0.7, fare * random.choice([0, 0.15, 0.2, 0.25], rows), 0).round(2)
    medallions = np.array([f"TLC{n:05d}" for n in range(20_000)])
    return pa.table(
        {
            "trip": pa.array(random.permutation(rows) + first), "vendor": random.integers(1, 3, rows),
            "picked_up_at": picked, "dropped_off_at": picked + took.astype("timedelta64[s]"),
            "passengers": some(random.integers(0, 7, rows).astype(float), 0.03), "distance": distance,
            "rate": some(random.choice([1.0, 2, 3, 4, 5, 99], rows, p=[0.93, 0.04, 0.01, 0.01, 0.005, 0.005]), 0.03),
            "forwarded": some(np.where(random.random(rows) < 0.01, "Y", "N"), 0.03),
            "from_zone": random.integers(1, 266, rows), "to_zone": random.integers(1, 266, rows),
            "payment": random.integers(1, 6, rows), "fare": fare, "extra": random.choice([0, 0.5, 1, 2.5], rows),
            "tax": random.choice([0, 0.5], rows, p=[0.01, 0.99]), "tip": tip,
            "tolls": np.where(random.random(rows) < 0.06, 6.55, 0.0), "total": (fare + tip + 1.3).round(2),
            "congestion": some(random.choice([0, 2.5], rows, p=[0.1, 0.9]), 0.03),
            "medallion": medallions[random.integers(0, 20_000, rows)], "shared": random.random(rows) < 0.1,
        }
    )  # fmt: skip


def write_wide(path: Path, rows: int, columns: int) -> None:
    """Write numbers, most of them floats."""
    if path.exists():
        return
    random = np.random.default_rng(1)
    made = {f"x{n}": random.normal(n, 2, rows) if n % 3 else random.integers(0, 1000, rows) for n in range(columns)}
    pq.write_table(pa.table(made), path)
