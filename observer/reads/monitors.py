"""The monitors and checks of an asset with their history: points with the band as stored, and strips."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from observer import accuracy
from observer.assets import quality_of
from observer.checks.base import Check
from observer.data_time import part_of
from observer.detection import by_wall_clock, points_of
from observer.feedback import Marks
from observer.history import StoredPoint
from observer.metrics import ARRIVAL, SCHEMA, Metric, Order, metric
from observer.model import EvaluationStatus, FeedbackKind, Mute, Severity
from observer.monitors import Monitor
from observer.quantities import quantity
from observer.reads import points
from observer.reads.compared import SPREADS, comparison
from observer.reads.model import CheckCell, CheckStrip, MonitorSeries, SeriesPoint
from observer.reads.verdicts import Verdict, Verdicts
from observer.sight import Sight, sight_after
from observer.store import series as series_store
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.model import VersionStatus

_POINTS = 400  # of each series, the newest
_CELLS = 60  # of each check, the newest
_LIVE = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)

_WORST_FIRST = (
    EvaluationStatus.FAILED, EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN, EvaluationStatus.PASSED,
    EvaluationStatus.LEARNING, EvaluationStatus.SKIPPED,
)  # fmt: skip


def series(
    connection: Connection, asset: Asset, declared: tuple[Monitor, ...], verdicts: Verdicts, marks: Marks
) -> tuple[MonitorSeries, ...]:
    """The monitors of numbers, worst first, declared before default ones.

    Each part of the partition key that isn't time has a series of its own, as it has a past of its own. A default
    monitor of what the asset doesn't have (rows of a model) is left out. The schema, which is no number, is a strip.
    """
    watching = [m for m in quality_of(asset).watched if m.metric != SCHEMA]
    if any(m.segment is not None for m in watching):
        there = series_store.measured(connection, asset.key)
        watching = [
            each for m in watching for each in m.of_each(there) or ((m,) if verdicts.of(m.id) else ())
        ]  # the last of one whose segments nobody could tell
    keys = {m.key for m in watching}
    timed = asset.partitions is not None and asset.partitions.has_time
    stored = points.load(connection, asset, keys, _POINTS)
    measured = any(stored.values())
    made = []
    for monitor in watching:
        of_part = _by_part(asset, verdicts.of(monitor.id))
        parts = stored[monitor.key]
        for part in sorted({*parts, *of_part}) or [""]:
            here, said = points_of(monitor, asset, {monitor.key: parts.get(part, ())}), of_part.get(part, ())
            if not said and monitor not in declared and measured and all(p.value is None for p in here):
                continue
            drawn = series_of(monitor, part, here, said, marks, timed=timed)
            beside = comparison(connection, asset, monitor, marks, part) if monitor.metric in SPREADS else None
            made.append(replace(drawn, compared=beside) if beside else drawn)
    return tuple(sorted(made, key=lambda one: _rank(one.status)))


def _by_part(asset: Asset, said: Sequence[Verdict]) -> Mapping[str, Sequence[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in said:
        with contextlib.suppress(PartitionError):  # of a partition that the asset no longer has
            found.setdefault(part_of(asset, verdict.evaluation.partition), []).append(verdict)
    return found


def _rank(status: EvaluationStatus | None) -> int:
    return len(_WORST_FIRST) if status is None else _WORST_FIRST.index(status)


def series_of(
    monitor: Monitor, part: str, stored: Sequence[StoredPoint], said: Sequence[Verdict], marks: Marks, *, timed: bool
) -> MonitorSeries:  # fmt: skip
    """One part's series of a monitor, by its stored points and what was said of their versions."""
    described = metric(monitor.metric, column=monitor.column)
    by_version = {verdict.version_seq: verdict for verdict in said}
    known, left_out = marks.known(monitor.id, stored, by_clock=by_wall_clock(monitor))
    learned = {p.version_seq for p, out in zip(known, left_out, strict=True) if not out}
    marked = marks.on(monitor.id)
    drawn = {
        p.at: _point(
            p, by_version.get(p.version_seq), monitor, described, excluded=p.version_seq not in learned,
            mark=marked.get(p.version_seq),
        )
        for p in stored
    }  # fmt: skip
    by_clock = not timed or described.order is Order.WALL_CLOCK
    for verdict in said if monitor.metric != ARRIVAL else ():  # a column that is gone is judged without being measured
        at = verdict.materialized_at if by_clock else verdict.data_at
        if at not in drawn and verdict.version_status in _LIVE:
            drawn[at] = replace(_unmeasured(at, verdict), mark=marked.get(verdict.version_seq))
    ordered = tuple(drawn[at] for at in sorted(drawn))
    last = _last(said) if monitor.metric == ARRIVAL else _newest(ordered, said, by_clock=by_clock)
    found = last.evaluation.detection if last is not None else None
    return MonitorSeries(
        id=monitor.id, part=part, title=f"{monitor.label} · {part}" if part else monitor.label,
        metric=monitor.metric, column=monitor.column,
        unit=described.unit, severity=monitor.severity,
        detector=found.detector if found else monitor.detector or "default",
        status=last.evaluation.status if last else None,
        sentence=last.evaluation.sentence if last else _silent(ordered, described, monitor),
        trained_from=_instant(found.trained_from if found else None),
        trained_to=_instant(found.trained_to if found else None), n_train=found.n_train if found else 0,
        alpha=found.alpha if found else monitor.alpha, points=ordered,
        sight=_sight(last, described.unit) if last is not None else None,
    )  # fmt: skip


def _sight(last: Verdict, unit: str) -> Sight | None:
    if last.evaluation.detection is None:
        return None
    return sight_after(last.evaluation.detection, unit, trained=last.version_status is not VersionStatus.HELD)


def _last(said: Sequence[Verdict]) -> Verdict | None:
    """The newest verdict, also on one that ended no wait: a look at which nothing had come."""
    return max((v for v in said if v.version_status in _LIVE), key=lambda v: v.version_seq, default=None)


def _newest(drawn: Sequence[SeriesPoint], said: Sequence[Verdict], *, by_clock: bool) -> Verdict | None:
    """The verdict on the last point that was judged."""
    judged = next((p for p in reversed(drawn) if p.status is not None), None)
    if judged is None:
        return None
    here = [v for v in said if (v.materialized_at if by_clock else v.data_at) == judged.at]
    return next((v for v in reversed(here) if v.version_status in _LIVE), here[-1] if here else None)


def _point(
    stored: StoredPoint, verdict: Verdict | None, monitor: Monitor, described: Metric, *, excluded: bool,
    mark: FeedbackKind | None,
) -> SeriesPoint:  # fmt: skip
    said = verdict.evaluation if verdict is not None else None
    found = said.detection if said is not None else None
    return SeriesPoint(
        at=stored.at, partition=stored.partition, value=stored.value, lower=found.lower if found else None,
        expected=found.expected if found else None, upper=found.upper if found else None,
        status=said.status if said else None, direction=found.direction.value if found else "none",
        excluded=excluded, held=stored.status is VersionStatus.HELD, p_value=found.p_value if found else None,
        sentence=said.sentence if said else f"{monitor.label} {quantity(stored.value, described.unit)}; not judged",
        run_id=stored.run_id, accuracy=accuracy.in_words(stored.accuracy), muted=said.muted if said else "",
        mark=mark, taken_up=verdict is not None and verdict.taken_up,
    )  # fmt: skip


def _unmeasured(at: datetime, verdict: Verdict) -> SeriesPoint:
    said, held = verdict.evaluation, verdict.version_status is VersionStatus.HELD
    return SeriesPoint(
        at=at, partition=said.partition, value=said.observed, lower=None, expected=None, upper=None, status=said.status,
        direction="none", excluded=held, held=held, p_value=None, sentence=said.sentence, run_id=verdict.run_id,
        muted=said.muted, taken_up=verdict.taken_up,
    )  # fmt: skip


def _silent(drawn: Sequence[SeriesPoint], described: Metric, monitor: Monitor) -> str:
    label = monitor.label
    if drawn:
        return f"{label} {quantity(drawn[-1].value, described.unit)}; measured and not judged yet"
    return f"{label} has not been measured yet"


def _instant(at_s: float | None) -> datetime | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC)


def strips(checks: Sequence[Check], verdicts: Verdicts, mutes: Sequence[Mute]) -> tuple[CheckStrip, ...]:
    """Each check with what it said of the newest partitions (or versions), oldest first; the schema's come last."""
    quiet = {one.subject: f"{one}{f' ({one.partition})' if one.partition else ''}" for one in mutes}
    made = [_strip(one.name, one.severity, verdicts.of(one.name), quiet.get(one.name, "")) for one in checks]
    if schema := verdicts.of(SCHEMA):
        made.append(_strip(SCHEMA, schema[-1].evaluation.severity, schema, quiet.get(SCHEMA, "")))
    return tuple(made)


def _strip(name: str, severity: Severity, said: Sequence[Verdict], muted: str) -> CheckStrip:
    chosen = {(v.data_at, v.evaluation.partition): v for v in said}  # the newest version of each
    cells = [cell_of(v) for v in chosen.values()][-_CELLS:]
    last = cells[-1] if cells else None
    newest = list(chosen.values())[-1] if chosen else None
    return CheckStrip(
        name=name, severity=severity, status=last.status if last else None,
        sentence=last.sentence if last else "not run yet", cells=tuple(cells), muted=muted,
        sample=newest.evaluation.sample if newest else None,
    )  # fmt: skip


def cell_of(verdict: Verdict) -> CheckCell:
    """What one version's verdict of a check is shown as."""
    said = verdict.evaluation
    return CheckCell(
        partition=said.partition, at=verdict.data_at, status=said.status, sentence=said.sentence, run_id=verdict.run_id,
        muted=said.muted,
    )  # fmt: skip
