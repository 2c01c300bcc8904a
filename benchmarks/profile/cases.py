"""One method on one file in one process; the last line of the output is what it cost as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

import observer  # noqa: F401 - what is imported in any case isn't the method's cost
from benchmarks.profile import limit
from observer.collectors.compiled import compiled
from observer.collectors.distribution import distributions
from observer.collectors.keeping import Keeping
from observer.collectors.opening import opened
from observer.collectors.profile import profile
from observer.collectors.scan import scan
from observer.metrics import ColumnKind
from observer.model import ProfilePolicy
from orchestration.io.base import ParquetFiles

Prepared = Callable[[], object]


def main() -> None:
    """Run ``METHOD FILE``."""
    method, path = sys.argv[1], Path(sys.argv[2])
    work = METHODS[method](path)
    rss = _reset_rss()
    before = time.process_time()
    wall = time.perf_counter()
    work()
    cost = {"cpu_s": time.process_time() - before, "wall_s": time.perf_counter() - wall, "rss_mb": _most_rss() - rss}
    print(json.dumps(cost))


def _reset_rss() -> float:
    """Forget the most memory so far (a forked process starts with its parent's); how much it is now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _most_rss()


def _most_rss() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def columns_of(path: Path) -> dict[str, str]:
    """The columns of a file with DuckDB's types."""
    return {row[0]: row[1] for row in duckdb.execute(f"describe select * from '{path}'").fetchall()}


def _ours(data: object, policy: ProfilePolicy) -> Prepared:
    from observer.collectors import engine

    engine.cursor().close()  # makes the process's own DuckDB, once

    def work() -> object:
        with opened(data) as relation:
            assert relation is not None
            names = frozenset(one.name for one in relation.fields if one.kind is not ColumnKind.OTHER)
            seen = profile(relation, (), policy, keeping=Keeping(points=names))
            return seen, seen.distributions or distributions(relation, relation.fields)

    return work


def ours(path: Path) -> Prepared:
    """The default profile: quartiles from a sample, and how the values of each column are spread."""
    return _ours(ParquetFiles((str(path),)), ProfilePolicy())


def ours_alike(path: Path) -> Prepared:
    """The metrics that peers have too: the default profile without how values are spread."""
    return _alike(ParquetFiles((str(path),)))


def _alike(data: object) -> Prepared:
    from observer.collectors import engine

    engine.cursor().close()

    def work() -> object:
        with opened(data) as relation:
            assert relation is not None
            return profile(relation, (), ProfilePolicy(distributions=False))

    return work


def ours_without_quartiles(path: Path) -> Prepared:
    """What the default profile asks of all rows: everything but the sample."""
    from observer.collectors import engine

    engine.cursor().close()

    def work() -> object:
        with opened(ParquetFiles((str(path),))) as relation:
            assert relation is not None
            asked = compiled(relation, ProfilePolicy()).full
            columns = [[one.expression for one in questions if "median" not in one.metrics] for questions in asked]
            return scan(relation, [["count(*)"], *columns])

    return work


def ours_exact(path: Path) -> Prepared:
    """Exact distinct counts and quartiles."""
    return _ours(ParquetFiles((str(path),)), ProfilePolicy(exact=True))


def ours_frame(path: Path) -> Prepared:
    return _ours(pd.read_parquet(path), ProfilePolicy())


def ours_frame_alike(path: Path) -> Prepared:
    return _alike(pd.read_parquet(path))


def ours_polars(path: Path) -> Prepared:
    import polars as pl

    return _ours(pl.read_parquet(path), ProfilePolicy())


def statement(columns: dict[str, str]) -> str:
    """The one statement that a person would write for the default metrics, without quartiles."""
    asked = ["count(*)"]
    for name, type_ in columns.items():
        c = f'"{name}"'
        asked += [f"count({c})", f"approx_count_distinct({c})"]
        if type_ in ("BIGINT", "DOUBLE"):
            asked += [f"count(case when {c} = 0 then 1 end)", f"count(case when {c} < 0 then 1 end)"]
            asked += [f"{function}({c})" for function in ("min", "max", "avg", "stddev_samp")]
        elif type_ == "VARCHAR":
            asked += [f"{function}(length({c}))" for function in ("min", "max", "avg")]
        else:
            asked += [f"count_if({c})" if type_ == "BOOLEAN" else f"max({c})"]
    return f"select {', '.join(asked)} from "


def bare(path: Path) -> Prepared:
    """That statement by DuckDB, with as many threads."""
    connection = duckdb.connect(config={"threads": "2"})
    sql = statement(columns_of(path)) + f"'{path}'"
    return lambda: connection.execute(sql).fetchall()


def summarize(path: Path) -> Prepared:
    connection = duckdb.connect(config={"threads": "2"})
    return lambda: connection.execute(f"summarize select * from '{path}'").fetchall()


def decode(path: Path) -> Prepared:
    columns = columns_of(path)
    return lambda: limit.decode(path, columns)


def kernel(path: Path) -> Prepared:
    table = limit.read(path)
    limit.compiled_kernel()
    return lambda: limit.pass_over(table)


def pandas(path: Path) -> Prepared:
    """The same metrics by pandas, exactly, with reading the file."""
    return lambda: _by_pandas(pd.read_parquet(path))


def pandas_frame(path: Path) -> Prepared:
    """The same on a frame in memory."""
    frame = pd.read_parquet(path)
    return lambda: _by_pandas(frame)


def _by_pandas(frame: pd.DataFrame) -> None:
    for name in frame.columns:
        column = frame[name]
        column.isna().sum()
        column.nunique()
        if pd.api.types.is_bool_dtype(column):
            column.sum()
        elif pd.api.types.is_numeric_dtype(column):
            (column == 0).sum()
            (column < 0).sum()
            column.agg(["min", "max", "mean", "std"])
            column.quantile([0.25, 0.5, 0.75])
        elif pd.api.types.is_datetime64_any_dtype(column):
            column.max()
        else:
            column.str.len().agg(["min", "max", "mean"])


def polars(path: Path) -> Prepared:
    """The same metrics by Polars from the file, exactly."""
    import polars as pl

    def work() -> object:
        asked = []
        for name, type_ in pl.scan_parquet(path).collect_schema().items():
            c = pl.col(name)
            wanted = [c.null_count(), c.n_unique()]
            if type_.is_numeric():
                wanted += [(c == 0).sum(), (c < 0).sum(), c.min(), c.max(), c.mean(), c.std()]
                wanted += [c.quantile(share) for share in (0.25, 0.5, 0.75)]
            elif type_ == pl.String:
                lengths = c.str.len_chars()
                wanted += [lengths.min(), lengths.max(), lengths.mean()]
            else:
                wanted += [c.sum() if type_ == pl.Boolean else c.max()]
            asked += [one.alias(f"{name}{n}") for n, one in enumerate(wanted)]
        return pl.scan_parquet(path).select(asked).collect(engine="streaming")

    return work


_ALL = (
    ours, ours_alike, ours_without_quartiles, ours_exact, ours_frame, ours_frame_alike, ours_polars, bare, summarize,
    decode, kernel, pandas, pandas_frame, polars,
)  # fmt: skip
METHODS: dict[str, Callable[[Path], Prepared]] = {one.__name__: one for one in _ALL}

if __name__ == "__main__":
    main()
