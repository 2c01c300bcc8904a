"""One case in one process; the last line of the output is its figures as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.io.backends import BACKENDS, Pair
from orchestration.io.base import IOManager, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.files import FilesIOManager
from orchestration.io.kinds import open_kind
from orchestration.model import Address, AssetKey

_CHUNK = 1_000_000
_FAR, _WEIGHTED = "distance > 10", "carrier, distance, delay, delay * 1.5 as weighted, left_at"
_KNOWN = "weighted is not null"


def main() -> None:
    """Run ``frame`` or ``chain`` or the name of a backend, then ``FOLDER ROWS TIMES``."""
    case, folder, rows, times = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    cases: dict[str, Callable[[Path, int, int], object]] = {"frame": frames, "chain": chain}
    print(json.dumps(cases[case](folder, rows, times) if case in cases else backend(case, folder, rows, times)))


def backend(name: str, folder: Path, rows: int, times: int) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """CPU and wall seconds of writing a frame and reading it back, ours and the library's own calls in turn.

    The first round isn't counted: it connects, and imports what is needed.
    """
    table = made(rows, 0)
    values = {"pandas": table.to_pandas(), "arrow": table}
    measured: dict[str, dict[str, list[tuple[float, float]]]] = {kind: {"ours": [], "bare": []} for kind in values}
    with BACKENDS[name].opened(folder) as pair:
        for n in range(times + 1):
            for kind, value in values.items():
                for side, call in (
                    ("bare", partial(bare_round, pair, f"{kind}_{n}", value)),
                    ("ours", partial(our_round, pair, Address(AssetKey(kind)), f"v{n}", value)),
                ):
                    began = time.process_time(), time.perf_counter()
                    call()
                    took = time.process_time() - began[0], time.perf_counter() - began[1]
                    measured[kind][side] += [took] if n else []
    return measured


def bare_round(pair: Pair, name: str, value: object) -> None:
    """Write a value and read it back by the library's own calls."""
    pair.write(name, value)
    pair.read(name, isinstance(value, pa.Table))


def our_round(pair: Pair, address: Address, version: str, value: object) -> None:
    """The same by our IO manager: staged whole, hashed, durable, and read as its hash says."""
    staged = pair.writer.stage(address, version, value)
    stored = StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)
    pair.reader.load([stored], "pa.Table" if isinstance(value, pa.Table) else "pd.DataFrame", one=True)


def frames(folder: Path, rows: int, times: int) -> dict[str, object]:
    """CPU seconds of writing and reading one frame, in turn with the library's own two calls and their defaults."""
    table = made(rows, 0)
    frame = table.to_pandas()
    io = FilesIOManager(folder / "data")
    bare = folder / "bare.parquet"
    measured: dict[str, list[float]] = {f"{k}_{side}_s": [] for k in ("pandas", "arrow") for side in ("ours", "bare")}

    def pandas_bare(_: int) -> None:
        frame.to_parquet(bare)
        pd.read_parquet(bare)

    def arrow_bare(_: int) -> None:
        pq.write_table(table, bare)
        pq.read_table(bare)

    for n in range(times):
        for key, call in (
            ("pandas_bare_s", pandas_bare),
            ("pandas_ours_s", lambda n: through(io, Address(AssetKey("pandas")), f"v{n}", frame, "pd.DataFrame")),
            ("arrow_bare_s", arrow_bare),
            ("arrow_ours_s", lambda n: through(io, Address(AssetKey("arrow")), f"v{n}", table, "pa.Table")),
        ):
            before = time.process_time()
            call(n)
            measured[key].append(time.process_time() - before)
    return dict(measured)


def chain(folder: Path, rows: int, times: int) -> dict[str, object]:
    """A generator's chunks to Parquet, a relation over them to DuckDB, one over that to Parquet; then bare calls."""
    files = FilesIOManager(folder / "data")
    tables = open_kind("duckdb", {"path": "tables.duckdb"}, folder)
    before = time.perf_counter()
    raw = stage(files, "raw", Chunks(made(_CHUNK, n) for n in range(rows // _CHUNK)))
    generated = time.perf_counter() - before
    before = time.perf_counter()
    far = stage(tables, "far", loaded(files, raw).filter(_FAR).project(_WEIGHTED))
    stage(files, "known", loaded(tables, far).filter(_KNOWN))
    ours = time.perf_counter() - before
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = _bare(folder, files.relation([raw]))
    return {"generate_s": generated, "ours_s": ours, "bare_s": bare, "rss_mb": rss_mb}


def loaded(io: IOManager, version: StoredVersion) -> duckdb.DuckDBPyRelation:
    """A version as a relation."""
    relation = io.load([version], "duckdb.DuckDBPyRelation", one=True)
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    return relation


def _bare(folder: Path, source: str) -> float:
    before = time.perf_counter()
    with duckdb.connect(folder / "bare.duckdb") as engine:
        engine.execute(f"create table far as select {_WEIGHTED} from {source} where {_FAR}")
        engine.execute(f"copy (from far where {_KNOWN}) to '{folder / 'bare.parquet'}' (compression zstd)")
    return time.perf_counter() - before


def stage(io: IOManager, asset: str, value: object) -> StoredVersion:
    """Stage a value; what the log would know of it."""
    address = Address(AssetKey(asset))
    staged = io.stage(address, "v1", value)
    return StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)


def through(io: FilesIOManager, address: Address, version: str, value: object, wants: str) -> None:
    """Write a value, hash and sync it, and read it back."""
    staged = io.stage(address, version, value)
    stored = StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)
    io.load([stored], wants, one=True)


def made(rows: int, seed: int) -> pa.Table:
    """Flights of nowhere: a word, two numbers with nulls, an instant."""
    random = np.random.default_rng(seed)
    delay = pa.array(random.normal(5, 30, rows).round(2), mask=random.random(rows) < 0.02)
    left_at = np.datetime64("2013-01-01", "us") + random.integers(0, 31_536_000, rows).astype("timedelta64[s]")
    return pa.table(
        {
            "carrier": pa.array(np.array(["UA", "AA", "DL", "B6", "EV"])[random.integers(0, 5, rows)]),
            "distance": random.integers(10, 5000, rows),
            "delay": delay,
            "left_at": left_at,
        }
    )


if __name__ == "__main__":
    main()
