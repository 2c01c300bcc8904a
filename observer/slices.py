"""Which slice of the data carries a change: the segments of what opened an incident, before and now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Connection, select

from observer.metrics import METRICS
from observer.model import Incident
from observer.quantities import quantity
from observer.store.tables import observations, series
from orchestration.tables import versions

_SUBJECT = re.compile(r"(\w+)(?:\((.*?)\))?(?:\[.*\])?")
_BEFORE = 14  # versions, that a segment is compared with
_SEGMENTS = 60
_LEAST = 0.2  # of the change
_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A segment that carries a share (0..1) of the change of a metric."""

    share: float
    sentence: str


def slices(connection: Connection, incident: Incident, version: str) -> tuple[Slice, ...]:
    """The segments that carry at least a fifth of the change, of the first subject that is measured by segment."""
    seq = connection.execute(select(versions.c.seq).where(versions.c.id == version)).scalar_one_or_none()
    if seq is None:
        return ()
    for subject in incident.subjects:
        match = _SUBJECT.fullmatch(subject)
        if match is not None and (found := _of_metric(connection, incident, seq, match[1], match[2])):
            return found
    return ()


def _of_metric(
    connection: Connection, incident: Incident, seq: int, metric: str, column: str | None
) -> tuple[Slice, ...]:
    lines = _lines(connection, incident, seq, metric, column)
    if not lines:
        return ()
    described = METRICS.get(metric)
    unit = described.unit if described is not None else ""
    rates = unit not in ("rows", "bytes")  # what adds up carries itself; a rate or a mean, as many rows as it has
    weights = _lines(connection, incident, seq, "row_count", None) if rates else {}
    return told(lines, weights, metric if described is None else described.label(column), unit)


def told(
    lines: Mapping[str, Sequence[float]], weights: Mapping[str, Sequence[float]], label: str, unit: str
) -> tuple[Slice, ...]:
    """The slices of a change.

    Parameters
    ----------
    lines: by segment, its values, the newest first; the change is from the median of the others to it.
    weights: by segment, its numbers of rows; without them each counts the same.
    """
    moved = {}
    for segment, line in lines.items():
        weight = weights.get(segment, (1.0,))[0] if weights else 1.0
        if len(line) > 1:
            moved[segment] = weight * (line[0] - median(line[1:]))
    total = sum(abs(change) for change in moved.values())
    if not total or len(moved) < 2:
        return ()
    worst = sorted(moved, key=lambda segment: -abs(moved[segment]))[:_MOST]
    found = []
    for segment in worst:
        share, line = abs(moved[segment]) / total, lines[segment]
        if share >= _LEAST:
            before, now = quantity(median(line[1:]), unit), quantity(line[0], unit)
            said = f"{segment} carries {quantity(share, 'rate')} of the change: {label} {now}, before {before}"
            found.append(Slice(share=share, sentence=said))
    return tuple(found)


def _lines(
    connection: Connection, incident: Incident, seq: int, metric: str, column: str | None
) -> dict[str, list[float]]:
    """By segment, the value of a version and of those before it in its series, the newest first; of those measured."""
    o = observations.c
    mine = connection.execute(
        select(series.c.id, series.c.segment, o.ordered_at, o.value)
        .join(observations, o.series_id == series.c.id)
        .where(series.c.asset == incident.asset, series.c.metric == metric, series.c.column == (column or ""))
        .where(series.c.segment != "", o.version_seq == seq, o.value.is_not(None))
        .order_by(series.c.id)
        .limit(_SEGMENTS)
    ).all()
    found: dict[str, list[float]] = {}
    for row in mine:
        before = connection.execute(
            select(o.value)
            .where(o.series_id == row.id, o.ordered_at < row.ordered_at, o.value.is_not(None))
            .order_by(o.ordered_at.desc(), o.version_seq.desc())
            .limit(_BEFORE)
        ).scalars()
        found[row.segment] = [row.value, *before]
    return found
