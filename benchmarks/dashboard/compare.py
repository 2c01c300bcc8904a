"""Pages over the large store: what the server takes, what is sent, and when a browser shows it."""

from __future__ import annotations

import gzip
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dashboard import company, seed
from benchmarks.figures import Figure, at_most, compared
from tests.support.postgres import database, running_server

ASSETS = int(os.environ.get("BENCHMARK_ASSETS", company.ASSETS))
_ASKED, _PAINTED = 40, 10
_PATIENCE_S = 120.0
_PAGES = (  # name, address, p95 in ms, kB compressed
    ("Now", "/", 150.0, 60.0),
    ("Assets", "/assets?select=tag:pii&page=2", 250.0, None),
    ("an asset", "/assets/asset_00107", 250.0, None),
    ("GET /api/v1/assets", "/api/v1/assets", 250.0, None),
)
_LARGEST = """() => new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
        .observe({type: "largest-contentful-paint", buffered: true});
})"""


def measure() -> list[Figure]:
    """Fill PostgreSQL, serve it, and ask; BENCHMARK_ASSETS=500 makes a smaller store."""
    with (
        tempfile.TemporaryDirectory(prefix="tidegate-bench-") as made,
        running_server() as server,
        database(server) as url,
    ):
        began = time.perf_counter()
        folder = Path(made) / "large"
        seed.seeded(folder, url, ASSETS).engine.dispose()
        figures = [compared(f"store of {ASSETS:,} assets made", time.perf_counter() - began, None, "s")]
        with _serving(folder) as address:
            for name, path, most_ms, most_kb in _PAGES:
                figures += _page(name, address + path, most_ms, most_kb)
            figures += [*_history(address), *_browser(address)]
    return figures


def _page(name: str, url: str, most_ms: float, most_kb: float | None) -> list[Figure]:
    took, size = [], 0
    for _ in range(_ASKED + 3):
        began = time.perf_counter()
        size = len(_get(url, packed=True))
        took.append(1000 * (time.perf_counter() - began))
    warm = sorted(took[3:])
    p95 = warm[int(0.95 * len(warm)) - 1]
    kb = f"{name}: compressed"
    return [
        compared(f"{name}: median", statistics.median(warm), None, "ms"),
        at_most(f"{name}: 95th percentile", p95, "ms", most_ms),
        compared(kb, size / 1000, None, "kB") if most_kb is None else at_most(kb, size / 1000, "kB", most_kb),
    ]


def _history(address: str) -> list[Figure]:
    """The plot of two years of hourly points, as the page carries it."""
    page = _get(f"{address}/assets/by_the_hour").decode()
    plots = re.findall(r'<div class="canvas history".*?<script type="application/json">(.*?)</script>', page, re.DOTALL)
    if not plots:
        return []
    size = len(gzip.compress(max(plots, key=len).encode(), 6)) / 1000
    return [at_most("history of two years of hourly points: compressed", size, "kB", 15.0)]


def _browser(address: str) -> list[Figure]:
    """The largest paint of Now and the first plot of an asset: medians of ten, each in a context of its own."""
    from tests.support.browser import running_browser

    paints, plots = [], []
    with running_browser() as browser:
        for _ in range(_PAINTED):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.goto(address + "/")
            paints.append(float(page.evaluate(_LARGEST)))
            page.goto(f"{address}/assets/asset_00107")
            page.wait_for_selector(".canvas.history.is-drawn .main-svg")
            plots.append(float(page.evaluate("performance.now()")))
            context.close()
    return [
        at_most("largest paint of Now, median of 10", statistics.median(paints), "ms", 1000.0),
        at_most("first plot of an asset, median of 10", statistics.median(plots), "ms", 1500.0),
    ]


def _get(url: str, *, packed: bool = False) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"} if packed else {})
    with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
        return bytes(answer.read())


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """The address of ``tidegate serve`` over the store."""
    command = [sys.executable, "-c", "from observer.cli import main; main()", "serve", "-C", str(folder)]
    with subprocess.Popen(
        [*command, "--port", "0", "--no-scheduler", "--no-worker"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"listens on (http://\S+)", line):
                    yield found[1]
                    return
            raise RuntimeError("tidegate serve ended before it listened")
        finally:
            process.terminate()
