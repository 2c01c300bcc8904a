"""What an asset of the hour has written in ``:hours`` since ``:since``, every five hundredth point an anomaly."""

from __future__ import annotations

ASSET = "by_the_hour"

_DAY = "to_char(timestamp 'epoch' + (:since / 1000000 + h * 3600) * interval '1 second', 'YYYY-MM-DD\"T\"HH24\\:00')"
_AT = "(:since + h * 3600000000::bigint)"
_IS_ODD = "(h % 500 = 123)"
_VALUE = (
    f"CASE WHEN {_IS_ODD} THEN 0.4 ELSE 0.02 + 0.01 * sin(h / 3.8::float8) + (h * 7919 % 1000) / 100000::float8 END"
)
_HOURS = "generate_series(0, :hours - 1) AS h"
_SEQ = "100000000 + h"

VERSIONS = f"""
    INSERT INTO versions (seq, id, asset, partition, run_id, status, materialized_at, data_version, code_version,
                          fingerprint, duration_s, rows, bytes, format, metadata, inputs, released)
    SELECT {_SEQ}, 'h' || h, '{ASSET}', {_DAY}, 'hour' || h, 'published', {_AT} + 3660000000, 'dh' || h,
           'c' || h / 5000, 'f1', 0.4, 1000, 25000, 'parquet', '{{}}', '[]', false
    FROM {_HOURS}
"""

OBSERVATIONS = f"""
    INSERT INTO observations (series_id, ordered_at, version_seq, value)
    SELECT 100000001, {_AT}, {_SEQ}, {_VALUE} FROM {_HOURS}
"""

SCHEMAS = f"""
    INSERT INTO schemas (asset, version_seq, data_at, columns)
    SELECT '{ASSET}', {_SEQ}, {_AT}, '[["price", "double"], ["amount", "double"]]' FROM {_HOURS}
"""

EVALUATIONS = f"""
    INSERT INTO evaluations (asset, partition, materialization_id, version_seq, data_at, kind, subject, severity,
                             status, sentence, evaluated_at, observed, detection_status, score, p_value, alpha,
                             lower, expected, upper, direction, detector, trained_from, trained_to, n_train, evidence)
    SELECT '{ASSET}', {_DAY}, 'h' || h, {_SEQ}, {_AT}, 'monitor', 'null_rate(price)', 'warn',
           CASE WHEN {_IS_ODD} THEN 'warned' ELSE 'passed' END,
           CASE WHEN {_IS_ODD} THEN 'Null rate of price 40 %, expected 1–4 % (learned from 400 hours)'
                ELSE 'Null rate of price as expected (learned from 400 hours)' END,
           {_AT} + 3660000000, {_VALUE}, CASE WHEN {_IS_ODD} THEN 'anomalous' ELSE 'normal' END, 0.4, 0.4, 0.0027, 0.0,
           0.02 + 0.01 * sin(h / 3.8::float8), 0.05, CASE WHEN {_IS_ODD} THEN 'high' ELSE 'none' END, 'adaptive',
           {_AT} / 1000000 - 1440000, {_AT} / 1000000 - 3600, 400, '{{}}'
    FROM {_HOURS}
"""

SERIES = f"""
    INSERT INTO series (id, asset, "column", metric, part, segment)
    VALUES (100000001, '{ASSET}', 'price', 'null_rate', '', '')
"""

RUNS = f"""
    INSERT INTO runs (id, selection, partitions, status, trigger, environment, holder, started_at, ended_at, fail_fast)
    SELECT 'hour' || h, '{ASSET}', {_DAY}, 'succeeded', 'schedule', 'local', 'seed', {_AT} + 3600000000,
           {_AT} + 3661000000, false
    FROM {_HOURS} WHERE h >= :first AND h < :last
    ORDER BY h
"""

STEPS = f"""
    INSERT INTO steps (run_id, position, asset, partition, status, reason, note, started_at, ended_at, offset_s,
                       duration_s, execute_s, gate_s, materialization_id, forced)
    SELECT 'hour' || h, 0, '{ASSET}', {_DAY}, 'published', 'new partition', '', {_AT} + 3660000000 - 400000,
           {_AT} + 3660000000, 60, 0.4, 0.3, 0.1, 'h' || h, false
    FROM {_HOURS} WHERE h >= :hours - 720
"""
