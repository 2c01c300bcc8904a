"""A large store, made in the database itself from a seed: ``python -m benchmarks.dashboard.seed URL FOLDER [ASSETS]``.

Each asset has ten monitors, whose series have two hundred days each, the newest thirty of them judged: 5,000 assets are
50,000 monitors and ten million points. One asset in fifty is wrong today, and has an incident; one has hourly points of
two years.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from sqlalchemy import Connection, text

from observer.project import Project, open_project
from observer.projecting import rebuild
from orchestration.database import writing

ASSETS, DAYS, JUDGED, MONITORS = 5_000, 200, 30, 10
YEARS = 730
"""Days of hourly points."""
TODAY = datetime.now(UTC).date()
FIRST, FIRST_HOUR = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=YEARS)
PIPELINE = """
import observer as ob

days = ob.daily(start="{first}")
hours = ob.hourly(start="{first_hour}")
columns = ["price", "amount", "rate", "city", "note"]


def declare(n):
    def made():
        return n

    made.__name__ = f"asset_{{n:05}}"
    watched = [
        monitor
        for column in columns
        for monitor in (ob.monitor("null_rate", column=column), ob.monitor("distinct_count", column=column))
    ]
    deps = [f"asset_{{n // 3:05}}"] if n else []
    owners = [f"team{{n % 40}}@example.com"]
    tags = ["pii"] if n % 7 == 0 else ["finance"] if n % 5 == 0 else []
    globals()[made.__name__] = ob.asset(
        partitions=days, deps=deps, group=f"group_{{n // 100:02}}", owners=owners, tags=tags, monitors=watched
    )(made)


for n in range({assets}):
    declare(n)


@ob.asset(partitions=hours, monitors=[ob.monitor("null_rate", column="price")], group="hourly")
def by_the_hour():
    return 1
"""

_METRICS = "unnest(ARRAY['null_rate', 'distinct_count']) WITH ORDINALITY AS m(metric, mth)"
_COLUMNS = "unnest(ARRAY['price', 'amount', 'rate', 'city', 'note']) WITH ORDINALITY AS c(name, cth)"


def _micros(day: date) -> int:
    return int(datetime.combine(day, time_of_day(), UTC).timestamp()) * 1_000_000


def write_project(folder: Path, url: str, assets: int = ASSETS) -> None:
    """The project whose store it is, with a clock that stands on the morning after the last day."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.py").write_text(PIPELINE.format(first=FIRST, first_hour=FIRST_HOUR, assets=assets))
    (folder / "tidegate.toml").write_text(
        f'project = "pipeline.py"\n\n[env.local]\nstate = "{url}"\nio.default = {{ kind = "files", path = "data" }}\n'
    )


def fill(connection: Connection, assets: int = ASSETS) -> None:
    """What runs of two hundred days would have written; some facts stand for others that no page reads."""
    for statement in _STATEMENTS:
        given = {"assets": assets, "days": DAYS, "judged": JUDGED, "hours": YEARS * 24}
        said = text(statement)
        connection.execute(said, {name: given[name] for name in said.compile().params})


_DATA_AT = f"({_micros(FIRST)} + d * 86400000000::bigint)"
_MADE_AT = f"{_DATA_AT} + 87000000000::bigint + (n % 600) * 1000000::bigint"
_IS_BAD = "(n % 50 = 7 AND d = :days - 1)"
_VALUE = "(CASE WHEN metric = 'null_rate' THEN 0.02 + 0.01 * {noise} ELSE 900 + 80 * {noise} END)"
_NOISE = "(((n * 7919 + d * 104729 + cth * 31 + mth * 17) % 1000) / 1000.0)"

_HOUR = f"to_char(timestamp '{FIRST_HOUR}' + h * interval '1 hour', 'YYYY-MM-DD\"T\"HH24\\:00')"
_HOUR_AT = f"({_micros(FIRST_HOUR)} + h * 3600000000::bigint)"

_STATEMENTS = (
    # a run a day, which stands for all of its steps but those of the newest ten days
    f"""INSERT INTO runs (id, selection, partitions, status, trigger, environment, holder, started_at, ended_at,
                      fail_fast)
    SELECT 'run' || d, '*', to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), 'succeeded', 'schedule', 'local', 'seed',
           {_DATA_AT} + 86400000000, {_DATA_AT} + 89000000000, false
    FROM generate_series(0, :days - 1) AS d""",
    f"""INSERT INTO steps (run_id, position, asset, partition, status, reason, note, started_at, ended_at, offset_s,
                           duration_s, execute_s, gate_s, materialization_id, forced)
    SELECT 'run' || d, n, 'asset_' || lpad(n::text, 5, '0'), to_char(date '{FIRST}' + d, 'YYYY-MM-DD'),
           CASE WHEN {_IS_BAD} AND n % 100 = 7 THEN 'held' ELSE 'published' END, 'new partition', '',
           {_MADE_AT}, {_MADE_AT} + 400000, n * 0.01, 0.4, 0.3, 0.1, 'v' || d || '-' || n, false
    FROM generate_series(:days - 10, :days - 1) AS d, generate_series(0, :assets - 1) AS n""",
    f"""INSERT INTO versions (seq, id, asset, partition, run_id, status, materialized_at, data_version, code_version,
                              fingerprint, duration_s, rows, bytes, format, metadata, inputs, released)
    SELECT d::bigint * :assets + n + 1, 'v' || d || '-' || n, 'asset_' || lpad(n::text, 5, '0'),
           to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), 'run' || d,
           CASE WHEN {_IS_BAD} AND n % 100 = 7 THEN 'held' ELSE 'published' END,
           {_MADE_AT}, md5(d || '-' || n), 'c1', 'f1', 0.4, 10000 + (n * 37 + d * 91) % 900, 250000, 'parquet',
           '{{}}', '[]', false
    FROM generate_series(0, :days - 1) AS d, generate_series(0, :assets - 1) AS n""",
    """INSERT INTO series (id, asset, "column", metric, part, segment)
    SELECT n::bigint * 10 + (cth - 1) * 2 + mth, 'asset_' || lpad(n::text, 5, '0'), c.name, m.metric, '', ''
    FROM generate_series(0, :assets - 1) AS n, """
    + f"{_COLUMNS}, {_METRICS}",
    f"""INSERT INTO observations (series_id, ordered_at, version_seq, value)
    SELECT n::bigint * 10 + (cth - 1) * 2 + mth, {_DATA_AT}, d::bigint * :assets + n + 1, {_VALUE.format(noise=_NOISE)}
    FROM generate_series(0, :assets - 1) AS n, {_COLUMNS}, {_METRICS}, generate_series(0, :days - 1) AS d""",
    f"""INSERT INTO evaluations (asset, partition, materialization_id, version_seq, data_at, kind, subject, severity,
                                 status, sentence, evaluated_at, observed, detection_status, score, p_value, alpha,
                                 lower, expected, upper, direction, detector, trained_from, trained_to, n_train,
                                 evidence)
    SELECT 'asset_' || lpad(n::text, 5, '0'), to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), 'v' || d || '-' || n,
           d::bigint * :assets + n + 1, {_DATA_AT}, 'monitor', metric || '(' || c.name || ')', 'warn',
           CASE WHEN {_IS_BAD} AND cth = 1 AND mth = 1 THEN 'warned' ELSE 'passed' END,
           initcap(replace(metric, '_', ' ')) || ' of ' || c.name || ' 2.4 %, expected 2-3 % (learned from 90 days)',
           {_MADE_AT}, {_VALUE.format(noise=_NOISE)}, 'normal', 0.4, 0.4, 0.001, 0.015, 0.025, 0.035, 'none',
           'adaptive', 0, 86400, 90, '{{}}'
    FROM generate_series(:days - :judged, :days - 1) AS d, generate_series(0, :assets - 1) AS n,
         {_COLUMNS}, {_METRICS}""",
    f"""INSERT INTO gates (asset, partition, materialization_id, outcome, reasons, holds, unknown, decided_at, by)
    SELECT 'asset_' || lpad(n::text, 5, '0'), to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), 'v' || d || '-' || n,
           CASE WHEN {_IS_BAD} AND n % 100 = 7 THEN 'held' ELSE 'open' END,
           '["Null rate of price 41 %, expected 2-3 %"]',
           '["null_rate(price)"]', false, {_MADE_AT}, 'policy'
    FROM generate_series(:days - :judged, :days - 1) AS d, generate_series(0, :assets - 1) AS n""",
    f"""INSERT INTO events (at, kind, run_id, asset, partition, detail)
    SELECT {_MADE_AT}, kind, 'run' || d, 'asset_' || lpad(n::text, 5, '0'),
           to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), json_build_object('version', 'v' || d || '-' || n)
    FROM generate_series(:days - :judged, :days - 1) AS d, generate_series(0, :assets - 1) AS n,
         unnest(ARRAY['version.judged', 'version.published', 'step.ended']) AS kind""",
    f"""INSERT INTO incidents (asset, first_partition, last_partition, severity, status, sentence, subjects, affected,
                               opened_at, updated_at, resolved_at, revision)
    SELECT 'asset_' || lpad(n::text, 5, '0'), to_char(date '{FIRST}' + d, 'YYYY-MM-DD'),
           to_char(date '{FIRST}' + d, 'YYYY-MM-DD'), CASE WHEN n % 100 = 7 THEN 'error' ELSE 'warn' END,
           CASE WHEN d = :days - 1 THEN 'open' ELSE 'resolved' END,
           'Null rate of price 41 %, expected 2-3 % (learned from 90 days)', '["null_rate(price)"]', '[]',
           {_MADE_AT}, {_MADE_AT}, CASE WHEN d = :days - 1 THEN NULL ELSE {_MADE_AT} + 7200000000 END, 0
    FROM generate_series(:days - 80, :days - 1) AS d, generate_series(0, :assets - 1) AS n
    WHERE n % 50 = 7 AND (d = :days - 1 OR (n + d) % 97 = 0)""",
    # two years of hours, every five hundredth of them an anomaly
    """INSERT INTO series (id, asset, "column", metric, part, segment)
    VALUES (10000001, 'by_the_hour', 'price', 'null_rate', '', '')""",
    f"""INSERT INTO versions (seq, id, asset, partition, run_id, status, materialized_at, data_version, code_version,
                             fingerprint, duration_s, rows, bytes, format, metadata, inputs, released)
    SELECT 100000000 + h, 'h' || h, 'by_the_hour', {_HOUR}, 'run0', 'published', {_HOUR_AT} + 3600000000, md5(h::text),
           'c1', 'f1', 0.4, 1000, 25000, 'parquet', '{{}}', '[]', false
    FROM generate_series(0, :hours - 1) AS h""",
    f"""INSERT INTO observations (series_id, ordered_at, version_seq, value)
    SELECT 10000001, {_HOUR_AT}, 100000000 + h,
           CASE WHEN h % 500 = 123 THEN 0.4 ELSE 0.02 + 0.01 * sin(h / 3.8) + ((h * 7919) % 1000) / 100000.0 END
    FROM generate_series(0, :hours - 1) AS h""",
    f"""INSERT INTO evaluations (asset, partition, materialization_id, version_seq, data_at, kind, subject, severity,
                                status, sentence, evaluated_at, observed, detection_status, score, p_value, alpha,
                                lower, expected, upper, direction, detector, trained_from, trained_to, n_train,
                                evidence)
    SELECT 'by_the_hour', {_HOUR}, 'h' || h,
           100000000 + h, {_HOUR_AT}, 'monitor', 'null_rate(price)', 'warn',
           CASE WHEN h % 500 = 123 THEN 'warned' ELSE 'passed' END, 'Null rate of price',
           {_HOUR_AT} + 3600000000,
           CASE WHEN h % 500 = 123 THEN 0.4 ELSE 0.02 + 0.01 * sin(h / 3.8) + ((h * 7919) % 1000) / 100000.0 END,
           CASE WHEN h % 500 = 123 THEN 'anomalous' ELSE 'normal' END, 0.4, 0.4, 0.001, 0.0, 0.02 + 0.01 * sin(h / 3.8),
           0.05, 'high', 'adaptive', 0, 86400, 90, '{{}}'
    FROM generate_series(0, :hours - 1) AS h""",
    "SELECT setval(pg_get_serial_sequence('versions', 'seq'), (SELECT max(seq) FROM versions))",
    "SELECT setval(pg_get_serial_sequence('series', 'id'), (SELECT max(id) FROM series))",
)  # fmt: skip


def seeded(folder: Path, url: str, assets: int = ASSETS) -> Project:
    """The project with its store, the rows that pages read worked out."""
    write_project(folder, url, assets)
    project = open_project(folder, "local")
    with writing(project.engine) as connection:
        fill(connection, assets)
    with project.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    rebuild(project.engine, project.graph, project.clock.now())
    return project


if __name__ == "__main__":
    began = time.perf_counter()
    seeded(Path(sys.argv[2]), sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else ASSETS)
    print(f"seeded in {time.perf_counter() - began:.0f} s")
