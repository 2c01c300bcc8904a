"""A large store, made in the database itself from a seed: ``python -m benchmarks.dashboard.seed URL FOLDER [ASSETS]``.

Each asset has ten monitors, whose series have two hundred days each, the newest thirty of them judged: 5,000 assets are
50,000 monitors and ten million points. A few assets are in each of the states that there are, with the runs, steps,
gates, incidents and messages that go with it; one has hourly points of two years, all of them judged.

For a server that is thrown away: it is filled without a journal, and with indexes built at the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from benchmarks.dashboard import days, hours, incidents
from benchmarks.dashboard.bulk import bare
from benchmarks.dashboard.company import ASSETS, BAD, DAYS, JUDGED, members, name_of
from observer.project import Project, open_project
from observer.projecting import rebuild
from orchestration.database import writing

YEARS = 730
"""Days of hourly points."""
TODAY = datetime.now(UTC).date()
FIRST, FIRST_HOUR = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=YEARS)
_LISTED = 30  # days of which steps and events are still there
PIPELINE = """
import observer as ob

days = ob.daily(start="{first}")
hours = ob.hourly(start="{first_hour}")
fresh = ob.FreshnessPolicy(max_age="26h")


def declare(n):
    def made():
        return n

    made.__name__ = f"asset_{{n:05}}"
    severity = "error" if n % {bad} == 7 else "warn"
    watched = [
        monitor
        for column in ("price", "amount", "rate", "city")
        for monitor in (
            ob.monitor("null_rate", column=column, severity=severity if column == "price" else "warn"),
            ob.monitor("distinct_count", column=column),
        )
    ]
    globals()[made.__name__] = ob.asset(
        partitions=days, deps=[f"asset_{{n // 3:05}}"] if n else [], group=f"group_{{n // 100:02}}",
        owners=[f"team{{n % 40}}@example.com"], tags=["pii"] if n % 7 == 0 else ["finance"] if n % 5 == 0 else [],
        monitors=watched, freshness=fresh if n % 4 == 0 else None,
    )(made)


for n in range({assets}):
    declare(n)


@ob.asset(partitions=hours, monitors=[ob.monitor("null_rate", column="price")], group="hourly")
def by_the_hour():
    return 1
"""
"""The rows of an asset and how long it took are watched though nobody says so: with these it has ten monitors."""

_BIG = ("observations", "evaluations", "versions", "schemas", "events", "steps", "gates")


def _micros(day: date) -> int:
    return int(datetime.combine(day, time_of_day(), UTC).timestamp()) * 1_000_000


def write_project(folder: Path, url: str, assets: int = ASSETS) -> None:
    """The project whose store it is."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = PIPELINE.format(first=FIRST, first_hour=FIRST_HOUR, assets=assets, bad=2 * BAD)
    (folder / "pipeline.py").write_text(pipeline)
    (folder / "tidegate.toml").write_text(
        f'project = "pipeline.py"\n\n[env.local]\nstate = "{url}"\nio.default = {{ kind = "files", path = "data" }}\n'
    )


def fill(engine: Engine, assets: int = ASSETS) -> None:
    """What runs of two hundred days have written: two tables at a time, as there are two cores."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _begin(connection, assets)
        _runs(connection, assets)
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(_filled, engine, table, assets) for table in _BIG]:
                done.result()
        given = {"since": _micros(FIRST), "days": DAYS}
        for statement in incidents.STATEMENTS:
            _say(connection, statement, given)
        for table in ("seed_members", "seed_monitors"):
            _say(connection, f"DROP TABLE {table}", {})
        for table, column in (("versions", "seq"), ("series", "id")):
            _say(connection, f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 200000000)", {})
        for table in ("runs", "series", *incidents.TABLES):
            _say(connection, f"VACUUM (ANALYZE) {table}", {})


def _begin(connection: Connection, assets: int) -> None:
    for statement in days.SEEDED:
        _say(connection, statement, {})
    connection.execute(
        text("INSERT INTO seed_members VALUES (:n, :asset, :kind, :first, :last, :blocked_by)"),
        [
            {
                "n": one.n, "asset": name_of(one.n), "kind": one.kind.value, "first": one.first, "last": one.last,
                "blocked_by": one.blocked_by,
            }
            for one in members(assets)
        ],
    )  # fmt: skip
    for statement in (days.MONITORS, days.SERIES, hours.SERIES, "ANALYZE seed_members", "ANALYZE seed_monitors"):
        _say(connection, statement, {})


def _runs(connection: Connection, assets: int) -> None:
    """In the order in which they began: each day those of its hours, and then the one of all assets."""
    earlier = (YEARS - DAYS) * 24
    _say(connection, hours.RUNS, {**_HOURS, "first": 0, "last": earlier})
    for each in _days(assets):
        first = earlier + int(str(each["d"])) * 24
        _say(connection, hours.RUNS, {**_HOURS, "first": first, "last": first + 24})
        _say(connection, days.RUNS, each)


_HOURS = {"since": _micros(FIRST_HOUR), "hours": YEARS * 24}


def _days(assets: int) -> Sequence[Mapping[str, object]]:
    return [
        {
            "d": d, "day": (FIRST + timedelta(days=d)).isoformat(), "at": _micros(FIRST + timedelta(days=d)),
            "assets": assets, "days": DAYS, "judged": JUDGED,
        }
        for d in range(DAYS)
    ]  # fmt: skip


def _filled(engine: Engine, table: str, assets: int) -> None:
    every = _days(assets)
    with bare(engine, table) as connection:
        for each in every[-_LISTED:] if table in ("steps", "events") else every:
            _say(connection, getattr(days, table.upper()), each)
        if table == "events":
            _say(connection, days.SCHEMA_CHANGES, every[days.NOTE])
        if (of_hours := getattr(hours, table.upper(), None)) is not None:
            _say(connection, of_hours, _HOURS)


def _say(connection: Connection, statement: str, given: Mapping[str, object]) -> None:
    said = text(statement)
    connection.execute(said, {name: given[name] for name in said.compile().params})


def seeded(folder: Path, url: str, assets: int = ASSETS, told: Callable[[str], None] = lambda said: None) -> Project:
    """The project with its store, the rows that pages read worked out."""
    began = time.perf_counter()
    write_project(folder, url, assets)
    project = open_project(folder, "local")
    told(f"opened after {time.perf_counter() - began:.0f} s")
    fill(project.engine, assets)
    told(f"filled after {time.perf_counter() - began:.0f} s")
    rebuild(project.engine, project.graph, project.clock.now())
    with writing(project.engine) as connection:
        connection.execute(text("ANALYZE asset_status"))
    told(f"ready after {time.perf_counter() - began:.0f} s")
    return project


if __name__ == "__main__":
    seeded(Path(sys.argv[2]), sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else ASSETS, print)
