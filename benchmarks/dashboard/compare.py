"""Pages over the large store: what the server takes, what is sent, and when a browser shows it."""

from __future__ import annotations

import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dashboard import company, seed
from benchmarks.dashboard.busy import busy
from benchmarks.figures import Figure, at_least, at_most, compared
from observer.project import Project
from tests.support.postgres import database, running_server

ASSETS = int(os.environ.get("BENCHMARK_ASSETS", company.ASSETS))
_ASKED, _PAINTED = 40, 10
_PATIENCE_S = 120.0
_PAGES = (  # name, address, p95 in ms, kB compressed
    ("Now", "/", 150.0, 60.0),
    ("Assets", "/assets?select=tag:pii&page=2", 250.0, None),
    ("an asset", "/assets/asset_00107", 250.0, None),
    ("an asset with two years of hours", "/assets/by_the_hour", 250.0, None),
    ("a monitor", "/assets/asset_00107/monitors/null_rate(price)", None, None),
    ("the graph", "/graph", None, None),
    ("the graph around an asset", "/graph?select=asset_00107", None, None),
    ("incidents", "/incidents", None, None),
    ("runs", "/runs", None, None),
    ("a run of all assets", "/runs/run199", None, None),
    ("no such asset", "/assets/asset_00107x", None, None),
    ("GET /api/v1/assets", "/api/v1/assets", 250.0, None),
)
_HOURS = "/assets/by_the_hour/monitors/null_rate(price)"
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
        project = seed.seeded(folder, url, ASSETS)
        figures = [compared(f"store of {ASSETS:,} assets made", time.perf_counter() - began, None, "s")]
        with _serving(folder) as address:
            figures += [_first(address)]
            for name, path, most_ms, most_kb in _PAGES:
                figures += _page(name, address + path, most_ms, most_kb)
            figures += [*_history(address), *_browser(project, address)]
        project.engine.dispose()
    return figures


def _first(address: str) -> Figure:
    """Nobody has asked the process anything before."""
    began = time.perf_counter()
    _get(address + "/")
    return compared("Now, asked first of all", 1000 * (time.perf_counter() - began), None, "ms")


def _page(name: str, url: str, most_ms: float | None, most_kb: float | None) -> list[Figure]:
    took, size = [], 0
    for _ in range(_ASKED + 3):
        began = time.perf_counter()
        size = len(_get(url, packed=True))
        took.append(1000 * (time.perf_counter() - began))
    warm = sorted(took[3:])
    p95 = warm[int(0.95 * len(warm)) - 1]
    kb, p95_of = f"{name}: compressed", f"{name}: 95th percentile"
    return [
        compared(f"{name}: median", statistics.median(warm), None, "ms"),
        at_most(p95_of, p95, "ms", most_ms) if most_ms is not None else compared(p95_of, p95, None, "ms"),
        compared(kb, size / 1000, None, "kB") if most_kb is None else at_most(kb, size / 1000, "kB", most_kb),
    ]


def _history(address: str) -> list[Figure]:
    """The plot of two years of hourly points, as the monitor's page carries it, and the anomalies in it."""
    whole = f"{_HOURS}?from={seed.FIRST_HOUR}T00:00:00Z&to={seed.TODAY}T00:00:00Z"
    began = time.perf_counter()
    page = _get(address + whole).decode()
    took = 1000 * (time.perf_counter() - began)
    plots = re.findall(r'<div class="canvas history".*?<script type="application/json">(.*?)</script>', page, re.DOTALL)
    (plot,) = plots
    marked = {name: len(trace["x"]) for trace in json.loads(plot)["data"] if (name := trace.get("name", ""))}
    odd = max((number for name, number in marked.items() if "anomal" in name.lower()), default=0)
    there = sum(hour % 500 == 123 for hour in range(seed.YEARS * 24))
    return [
        at_most("two years of hourly points: compressed", len(gzip.compress(plot.encode(), 6)) / 1000, "kB", 15.0),
        at_least(f"two years of hourly points: anomalies shown of {there}", odd, "", there),
        compared("two years of hourly points: the page", took, None, "ms"),
    ]


def _browser(project: Project, address: str) -> list[Figure]:
    """The largest paint of Now and the first plot of an asset: medians of ten, each in a context of its own; events."""
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
        live = busy(project, address, browser)
    return [
        *live,
        at_most("largest paint of Now, median of 10", statistics.median(paints), "ms", 1000.0),
        at_most("first plot of an asset, median of 10", statistics.median(plots), "ms", 1500.0),
    ]


def _get(url: str, *, packed: bool = False) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"} if packed else {})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return bytes(error.read())


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
