"""Incidents of eighty days: what opened each, how it went on, who was told; today's are open."""

from __future__ import annotations

from benchmarks.dashboard.company import BAD

_MADE_AT = "(:since + d * 86400000000::bigint + 87000000000::bigint + (n % 600) * 1000000::bigint)"
_DAY = "to_char(timestamp 'epoch' + (:since / 1000000 + d * 86400) * interval '1 second', 'YYYY-MM-DD')"

TABLES = ("incidents", "incident_versions", "incident_turns", "outbox")
STATEMENTS = (
    f"""
    INSERT INTO incidents (asset, first_partition, last_partition, severity, status, sentence, subjects, affected,
                           opened_at, updated_at, resolved_at, resolution, resolved_as, revision)
    SELECT asset, {_DAY}, {_DAY}, CASE WHEN n % {2 * BAD} = 7 THEN 'error' ELSE 'warn' END,
           CASE WHEN d < :days - 1 THEN 'resolved' WHEN n % 500 = 107 THEN 'acknowledged'
                WHEN n % 500 = 307 THEN 'snoozed' ELSE 'open' END,
           'Null rate of price 41 %, expected 2–3 % (learned from 90 days)', '["null_rate(price)"]',
           coalesce((SELECT json_agg(asset) FROM seed_members b WHERE blocked_by = a.asset AND d = :days - 1), '[]'),
           {_MADE_AT}, {_MADE_AT}, CASE WHEN d < :days - 1 THEN {_MADE_AT} + 7200000000 END,
           CASE WHEN d < :days - 1 THEN 'it passes again' END,
           CASE WHEN d < :days - 1
                THEN (ARRAY['passed', 'fixed', 'expected', 'false-alarm', 'released'])[1 + d % 5] END,
           CASE WHEN d < :days - 1 THEN 2 ELSE 1 END
    FROM generate_series(:days - 80, :days - 1) AS d, seed_members a
    WHERE n % {BAD} = 7 AND (d = :days - 1 AND kind IN ('held', 'warned') OR d < :days - 1 AND (n + d) % 97 = 0)
    ORDER BY d, n
    """,
    """
    INSERT INTO incident_versions (incident_id, materialization_id, asset, partition, severity, settled)
    SELECT i.id, v.id, i.asset, i.last_partition, i.severity, i.status = 'resolved'
    FROM incidents i JOIN versions v ON v.asset = i.asset AND v.partition = i.last_partition
    """,
    """
    INSERT INTO incident_turns (incident_id, number, kind, at, by, reason, first_partition, last_partition)
    SELECT id, 1, 'opened', opened_at, 'gate', '', first_partition, last_partition FROM incidents
    """,
    """
    INSERT INTO incident_turns (incident_id, number, kind, at, by, reason, resolved_as)
    SELECT id, 2, 'resolved', resolved_at, 'ops@example.com', resolution, resolved_as FROM incidents
    WHERE status = 'resolved'
    """,
    """
    INSERT INTO outbox (id, incident_id, event, channel, payload, created_at, attempts, next_attempt_at,
                        delivered_at)
    SELECT 'm' || id, id, 'incident.opened', 'ops', '{"text": "' || repeat('about the incident ', 60) || '"}',
           opened_at, 1, NULL, opened_at + 2000000
    FROM incidents
    """,
)
