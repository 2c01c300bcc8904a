"""This thread's own in-memory DuckDB; only imported when data is looked at."""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MAX_THREADS = 4  # per instance; the CPU seconds stay the same, a big frame takes less wall time

_local = threading.local()


def cursor() -> DuckDBPyConnection:
    """Return a new connection to this thread's database; the caller closes it.

    An instance is made once a thread and once a process (20 ms); a cursor of it costs 0.3 ms. It loads and
    installs no extension, so that nothing calls home, and counts in UTC.
    """
    kept: tuple[int, DuckDBPyConnection] | None = getattr(_local, "kept", None)
    if kept is None or kept[0] != os.getpid():  # a forked child has none of its parent's threads
        kept = (os.getpid(), _connect())
        _local.kept = kept
    made = kept[1].cursor()
    made.execute("SET enable_progress_bar = false")
    return made


@atexit.register
def close() -> None:
    """Close this thread's database, before the interpreter takes the driver apart under it."""
    kept = _local.__dict__.pop("kept", None)
    if kept is not None and kept[0] == os.getpid():
        kept[1].close()


def _connect() -> DuckDBPyConnection:
    import duckdb

    spill = Path(tempfile.gettempdir()) / f"tidegate-duckdb-{os.getpid()}"
    made = duckdb.connect(
        ":memory:",
        config={
            "threads": str(min(_MAX_THREADS, os.cpu_count() or 1)),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            # It takes a Parquet file's statistics, which leave NaN out, for a proof that isnan() is never true.
            "disabled_optimizers": "statistics_propagation",
            "temp_directory": str(spill),  # made only when a query doesn't fit in memory
        },
    )
    made.execute("SET GLOBAL TimeZone = 'UTC'")  # for its cursors too
    return made
