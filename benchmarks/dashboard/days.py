"""What the runs of one day have written, as statements: ``:d`` is the day, ``:day`` its partition, ``:at`` its start.

Instants are microseconds since 1970, as the state keeps them. The rows come in the order in which runs write them.
"""

from __future__ import annotations

from benchmarks.dashboard.company import BAD

NOTE = 90
"""The day from which on every asset has a column more."""

SEEDED = """
    CREATE UNLOGGED TABLE seed_members (n int PRIMARY KEY, asset text, kind text, first int, last int, blocked_by text)
""", """
    CREATE UNLOGGED TABLE seed_monitors (k int PRIMARY KEY, metric text, col text, subject text, low float8,
                                         wide float8)
"""  # fmt: skip
"""What the other statements choose from; dropped when all is filled."""

MONITORS = """
    INSERT INTO seed_monitors
    SELECT (cth - 1) * 2 + mth, metric, c, metric || '(' || c || ')', low, wide
    FROM unnest(ARRAY['price', 'amount', 'rate', 'city']) WITH ORDINALITY AS column_(c, cth),
         (VALUES ('null_rate', 1, 0.02, 0.01), ('distinct_count', 2, 900, 80)) AS metric_(metric, mth, low, wide)
    UNION ALL VALUES (9, 'row_count', '', 'row_count', 10000, 900), (10, 'duration', '', 'duration', 0.4, 0.1)
"""

SERIES = """
    INSERT INTO series (id, asset, "column", metric, part, segment)
    SELECT n::bigint * 10 + k, asset, col, metric, '', '' FROM seed_members, seed_monitors
"""

_MADE_AT = "(:at + 87000000000::bigint + (n % 600) * 1000000::bigint)"
_SEQ = "(CAST(:d AS bigint) * :assets + n + 1)"
_ID = "'v' || :d || '-' || n"
_THERE = "seed_members WHERE :d BETWEEN first AND last"
_JUDGED = f"{_THERE} AND (:d >= :days - :judged OR n % {BAD} = 7)"
_TODAY = ":d = :days - 1"
_IS_HELD = f"(kind = 'held' AND {_TODAY})"
_IS_ODD = f"(k = 1 AND (kind IN ('held', 'warned') AND {_TODAY} OR n % {BAD} = 7 AND (n + :d) % 97 = 0))"
_IS_UNKNOWN = f"(k = 2 AND kind = 'unknown' AND {_TODAY})"
_NOISE = "(((n * 7919 + :d * 104729 + k * 31) % 1000) / 1000::float8)"
_VALUE = f"(CASE WHEN {_IS_UNKNOWN} THEN NULL WHEN {_IS_ODD} THEN 0.41 ELSE low + wide * {_NOISE} END)"

OBSERVATIONS = f"""
    INSERT INTO observations (series_id, ordered_at, version_seq, value, reason)
    SELECT n::bigint * 10 + k, CASE WHEN k = 10 THEN {_MADE_AT} ELSE :at END, {_SEQ}, {_VALUE},
           CASE WHEN {_IS_UNKNOWN} THEN 'the column has no values' END
    FROM seed_members, seed_monitors WHERE :d BETWEEN first AND last
    ORDER BY n, k
"""

VERSIONS = f"""
    INSERT INTO versions (seq, id, asset, partition, run_id, status, materialized_at, data_version, code_version,
                          fingerprint, duration_s, rows, bytes, format, metadata, inputs, released)
    SELECT {_SEQ}, {_ID}, asset, :day, 'run' || :d, CASE WHEN {_IS_HELD} THEN 'held' ELSE 'published' END, {_MADE_AT},
           'd' || :d || '-' || n, 'c' || :d / 60, 'f1', 0.4, 10000 + (n * 37 + :d * 91) % 900, 250000, 'parquet',
           '{{}}', '[]', n % {2 * BAD} = 7 AND (n + :d) % 97 = 0 AND NOT {_IS_HELD}
    FROM {_THERE}
"""

SCHEMAS = f"""
    INSERT INTO schemas (asset, version_seq, data_at, columns)
    SELECT asset, {_SEQ}, :at,
           ('[["price", "double"], ["amount", "double"], ["rate", "double"], ["city", "varchar"]'
            || CASE WHEN :d >= {NOTE} THEN ', ["note", "varchar"]]' ELSE ']' END)::json
    FROM {_THERE}
"""

EVALUATIONS = f"""
    INSERT INTO evaluations (asset, partition, materialization_id, version_seq, data_at, kind, subject, severity,
                             status, sentence, evaluated_at, observed, detection_status, score, p_value, alpha,
                             lower, expected, upper, direction, detector, trained_from, trained_to, n_train,
                             runs_needed, evidence)
    SELECT asset, :day, {_ID}, {_SEQ}, :at, 'monitor', subject,
           CASE WHEN k = 1 AND n % {2 * BAD} = 7 THEN 'error' ELSE 'warn' END,
           CASE WHEN kind = 'learning' THEN 'learning' WHEN {_IS_UNKNOWN} THEN 'unknown'
                WHEN {_IS_ODD} THEN CASE n % {2 * BAD} WHEN 7 THEN 'failed' ELSE 'warned' END ELSE 'passed' END,
           initcap(replace(metric, '_', ' ')) || CASE col WHEN '' THEN '' ELSE ' of ' || col END
           || CASE WHEN kind = 'learning' THEN ', learned from 4 of 10 runs'
                   WHEN {_IS_UNKNOWN} THEN ' could not be measured: the column has no values'
                   WHEN {_IS_ODD} THEN ' 41 %, expected 2–3 % (learned from 90 days)'
                   ELSE ' as expected (learned from 90 days)' END,
           {_MADE_AT}, {_VALUE},
           CASE WHEN kind = 'learning' THEN 'learning' WHEN {_IS_UNKNOWN} THEN 'unknown'
                WHEN {_IS_ODD} THEN 'anomalous' ELSE 'normal' END,
           CASE WHEN {_IS_ODD} THEN 9.5 ELSE 0.4 END, CASE WHEN {_IS_ODD} THEN 0.000001 ELSE 0.4 END, 0.0027,
           low - wide * 0.2, low + wide * 0.5, low + wide * 1.2, CASE WHEN {_IS_ODD} THEN 'high' ELSE 'none' END,
           'adaptive', :at / 1000000 - 7776000, :at / 1000000 - 86400, CASE WHEN kind = 'learning' THEN 4 ELSE 90 END,
           CASE WHEN kind = 'learning' THEN 6 END, '{{}}'
    FROM (SELECT * FROM {_JUDGED}) AS judged, seed_monitors
    ORDER BY n, k
"""

GATES = f"""
    INSERT INTO gates (asset, partition, materialization_id, outcome, reasons, holds, unknown, decided_at, by)
    SELECT asset, :day, {_ID}, CASE WHEN {_IS_HELD} THEN 'held' ELSE 'open' END,
           (CASE WHEN {_IS_HELD} THEN '["Null rate of price 41 %, expected 2–3 % (learned from 90 days)"]' ELSE '[]' END
           )::json, (CASE WHEN {_IS_HELD} THEN '["null_rate(price)"]' ELSE '[]' END)::json, false, {_MADE_AT}, 'policy'
    FROM {_THERE}
"""

RUNS = f"""
    INSERT INTO runs (id, selection, partitions, status, trigger, environment, holder, started_at, ended_at, fail_fast)
    SELECT 'run' || :d, '*', :day, CASE WHEN {_TODAY} THEN 'failed' ELSE 'succeeded' END, 'schedule', 'local', 'seed',
           :at + 86400000000, :at + 89000000000, false
"""

STEPS = f"""
    INSERT INTO steps (run_id, position, asset, partition, status, reason, note, started_at, ended_at, offset_s,
                       duration_s, execute_s, gate_s, materialization_id, blocked_by, error, forced)
    SELECT 'run' || :d, n, asset, :day, status, 'new partition', '',
           CASE status WHEN 'blocked' THEN NULL ELSE {_MADE_AT} END, {_MADE_AT} + 400000, n * 0.01,
           CASE status WHEN 'blocked' THEN 0 ELSE 0.4 END, 0.3, 0.1,
           CASE WHEN status IN ('blocked', 'failed') THEN NULL ELSE {_ID} END, blocker,
           CASE status WHEN 'failed' THEN 'ValueError: no such column: price' END, false
    FROM (
        SELECT n, asset, CASE WHEN kind IN ('blocked', 'failed') AND {_TODAY} THEN kind WHEN {_IS_HELD} THEN 'held'
                              ELSE 'published' END AS status,
               CASE WHEN {_TODAY} THEN blocked_by END AS blocker
        FROM seed_members WHERE :d BETWEEN first AND last OR kind IN ('blocked', 'failed') AND {_TODAY}
    ) AS walked
"""

EVENTS = f"""
    INSERT INTO events (at, kind, run_id, asset, partition, detail)
    SELECT {_MADE_AT}, said, 'run' || :d, asset, :day, json_build_object('version', {_ID})
    FROM seed_members, unnest(ARRAY['version.judged', 'version.published', 'step.ended']) AS said
    WHERE :d BETWEEN first AND last AND NOT ({_IS_HELD} AND said = 'version.published')
    ORDER BY n
"""

SCHEMA_CHANGES = f"""
    INSERT INTO events (at, kind, run_id, asset, partition, detail)
    SELECT {_MADE_AT}, 'schema.changed', 'run' || :d, asset, :day,
           json_build_object('version', {_ID}, 'change', 'added', 'column', 'note', 'before', NULL, 'after', 'varchar',
                             'severity', 'warn')
    FROM {_THERE} AND first < :d AND :d = {NOTE}
"""
