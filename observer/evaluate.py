"""Observations and history -> evaluations. Pure: no database, no clock."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from detectors.model import Detection, DetectionStatus, Point
from observer.accuracy import seen_rate
from observer.budget import Budget
from observer.detection import as_float, behind, by_wall_clock, detectors_of, history_of, special_kind
from observer.feedback import NO_MARKS, Marks
from observer.history import Past, SeriesKey
from observer.lateness import lateness
from observer.learned import Learned
from observer.metrics import AGE, ARRIVAL, EFFECTS, METRICS, SCHEMA, metric
from observer.model import (
    Audit,
    CheckOutcome,
    Effect,
    Evaluation,
    EvaluationStatus,
    Observation,
    Severity,
    SubjectKind,
)
from observer.monitors import ALPHAS, Monitor
from observer.quantities import count, number, quantity, span
from observer.schema_changes import policy, schema_changes, worst
from orchestration.assets import Asset
from orchestration.partitions import DailyPartitions, HourlyPartitions, MonthlyPartitions, WeeklyPartitions

_WHATS: Mapping[type, str] = {
    HourlyPartitions: "hour",
    DailyPartitions: "day",
    WeeklyPartitions: "week",
    MonthlyPartitions: "month",
}
_MEANS = {
    DetectionStatus.NORMAL: EvaluationStatus.PASSED,
    DetectionStatus.LEARNING: EvaluationStatus.LEARNING,
    DetectionStatus.UNKNOWN: EvaluationStatus.UNKNOWN,
}
_BEYOND_BANDS = {
    "stuck": "the same value for longer than its past explains",
    "drift": "after drifting one way in steps too small to alarm one by one",
}
"""What the detectors of the default table that know no band say of an alarm."""
_USUAL = Monitor(metric="row_count"), Monitor(metric="duration")
_WORSE = {Severity.WARN: EvaluationStatus.WARNED, Severity.ERROR: EvaluationStatus.FAILED}


def needed_series(monitors: Sequence[Monitor], known: Iterable[SeriesKey] = ()) -> set[SeriesKey]:
    """The series that must be read to judge with ``monitors``; row counts always, as what stands behind rates.

    Effect sizes are told of what is kept (``observer.trails``).

    ``known`` are the series that there are: among them are those of a column's values.
    """
    watched = [each for m in monitors for each in m.of_each(known)]
    rows = {SeriesKey("row_count", None, segment) for segment in {None, *(m.segment for m in watched)}}
    return {m.key for m in watched if m.metric != SCHEMA and m.metric not in EFFECTS} | rows


def evaluate(
    asset: Asset,
    audit: Audit,
    monitors: Sequence[Monitor],
    past: Past,
    *,
    data_at: datetime,
    now: datetime,
    part: str = "",
    learned: Learned | None = None,
    budget: Budget | None = None,
    marks: Marks = NO_MARKS,
) -> tuple[Evaluation, ...]:
    """Judge one version: each check's outcome and each monitor against its past.

    Parameters
    ----------
    data_at:
        The start of the version's partition; when it was materialized, for an asset without partitions.
    now:
        The instant of the evaluation.
    part, learned:
        The part of the partition key that isn't time; what was learned of its series before, gone on with.
    budget:
        What each monitor has of the environment's; without one, each has the alpha that it declares.
    marks:
        What people said of earlier versions.
    """
    judge = _Judge(asset, audit, past, data_at, now, part, learned or Learned(), budget, marks)
    return tuple(judge.check(outcome) for outcome in audit.outcomes) + tuple(
        found
        for monitor in monitors
        for each in monitor.of_each(judge.observed) or judge.unsegmented(monitor)
        if (found := judge.monitor(each)) is not None
    )


class _Judge:
    """The evaluation of one version."""

    def __init__(
        self, asset: Asset, audit: Audit, past: Past, data_at: datetime, now: datetime, part: str, learned: Learned,
        budget: Budget | None, marks: Marks,
    ) -> None:  # fmt: skip
        self._asset, self._audit, self._past, self._data_at, self._now = asset, audit, past, data_at, now
        self._part, self._learned, self._budget, self._marks = part, learned, budget, marks
        self.observed = {SeriesKey(o.metric, o.column, o.segment): o for o in audit.observations}

    def check(self, outcome: CheckOutcome) -> Evaluation:
        status = EvaluationStatus.UNKNOWN
        if outcome.passed is not None:
            status = EvaluationStatus.PASSED if outcome.passed else _WORSE[outcome.severity]
        sentence = outcome.message
        sentence = sentence.rstrip(". ")
        if status is EvaluationStatus.UNKNOWN and not sentence.startswith(outcome.check):
            sentence = f"{outcome.check} could not be evaluated: {outcome.message}"
        evidence = dict(outcome.evidence)
        if outcome.failing_rows is not None:
            evidence["failing_rows"] = outcome.failing_rows
        judged = self._evaluation(
            SubjectKind.CHECK, outcome.check, outcome.severity, status, sentence, outcome.observed, None, evidence
        )
        return replace(judged, columns=outcome.columns, sample=outcome.sample)

    def unsegmented(self, monitor: Monitor) -> tuple[Monitor, ...]:
        """The monitor itself, where it watches each value of a column and nobody could tell the values."""
        return (monitor,) if self._why_no_segments(monitor) is not None else ()

    def _why_no_segments(self, monitor: Monitor) -> str | None:
        counted = self.observed.get(SeriesKey("segment_count", monitor.segment_column))
        return None if counted is None or counted.value is not None else counted.reason

    def monitor(self, monitor: Monitor) -> Evaluation | None:
        """The verdict; None for a default monitor of what there isn't (rows of a model, a time not told)."""
        if monitor.metric == SCHEMA:
            return self._schema(monitor)
        if monitor.metric == ARRIVAL:
            return self._arrival(monitor)
        key = monitor.key
        observation = self.observed.get(key)
        if observation is None and monitor in _USUAL:
            return None
        effect = self._past.effects.get(key)
        if effect is not None and effect.runs_needed:
            return self._too_early(monitor, effect)
        if observation is None or observation.value is None:
            return self._unmeasured(monitor, observation)
        detection = self._detect(monitor, key, observation)
        status = _MEANS.get(detection.status) or _WORSE[monitor.severity]
        sentence = self._sentence(monitor, observation.value, detection)
        judged = self._evaluation(
            SubjectKind.MONITOR, monitor.id, monitor.severity, status, sentence, observation.value, detection, {}
        )
        return replace(judged, columns=() if monitor.column is None else (monitor.column,))

    def _too_early(self, monitor: Monitor, effect: Effect) -> Evaluation:
        """There is nothing to compare it with; what is then compared has to be learned from, too."""
        first = self._detect(monitor, monitor.key, Observation(metric=monitor.metric, column=monitor.column, value=0.0))
        found = replace(first, runs_needed=first.runs_needed + effect.runs_needed)
        needed = count(found.runs_needed, "more run")
        sentence = f"{monitor.label} has nothing to be compared with yet; learning, needs {needed}"
        return self._evaluation(
            SubjectKind.MONITOR, monitor.id, monitor.severity, EvaluationStatus.LEARNING, sentence, None, found, {}
        )

    def _unmeasured(self, monitor: Monitor, observation: Observation | None) -> Evaluation:
        why = observation.reason if observation is not None and observation.reason else "it was not measured"
        if observation is None and monitor.segment is not None:
            why = self._why_no_segments(monitor) or f"no rows of {monitor.segment} were measured"
        elif observation is None and monitor.column is not None:
            why = f"there is no column {monitor.column} that it could be measured on"
        elif observation is None:
            near = difflib.get_close_matches(monitor.metric, [*METRICS, *(k.metric for k in self.observed)], n=1)
            hint = f"; did you mean {near[0]!r}?" if near and near[0] != monitor.metric else ""
            why = f"nothing called {monitor.metric!r} was measured{hint}"
        label = monitor.label
        sentence = f"{label} could not be judged: {why}"
        return self._evaluation(
            SubjectKind.MONITOR, monitor.id, monitor.severity, EvaluationStatus.UNKNOWN, sentence, None, None, {}
        )

    def _detect(self, monitor: Monitor, key: SeriesKey, observation: Observation) -> Detection:
        from detectors.registry import foremost

        at = self._audit.materialization.materialized_at if by_wall_clock(monitor) else self._data_at
        before = [p for p in self._past.series.get(key, ()) if p.at < at]
        rows = self._past.series.get(behind(key), ()) if before else ()
        history = history_of(monitor, self._asset, before, rows, self._data_at, self._marks)
        kind_of = self._marks.special(monitor.id)
        special = 0 if kind_of is None else special_kind(monitor, self._asset, kind_of, at, observation.value)
        point = Point(at.timestamp(), as_float(observation.value), self._exposure(key, observation), special)
        allowed = self._allowed(monitor)
        found: list[Detection] = []
        for watch, share in detectors_of(monitor, self._asset, history):
            series = (self._asset.key, self._part, monitor.id, watch.name)
            found.append(self._learned.detect(series, watch, history, point, alpha=allowed * share))
            if found[0].status is DetectionStatus.LEARNING:  # then the others, which need more, are too
                break
        return foremost(found)

    def _allowed(self, monitor: Monitor) -> float:
        return monitor.false_alarms if self._budget is None else self._budget.alpha(self._asset.key, monitor)

    def _arrival(self, monitor: Monitor) -> Evaluation | None:
        """The verdict on when the version came; None where that says nothing of when the next one comes."""
        made, looked_at = self._audit.materialization, self.observed.get(SeriesKey(AGE))
        before = [p for p in self._past.series.get(monitor.key, ()) if p.at < made.materialized_at]
        late = lateness(
            monitor, self._asset, made, None if looked_at is None else looked_at.value, before,
            alpha=self._allowed(monitor), marks=self._marks, part=self._part, learned=self._learned,
        )  # fmt: skip
        if late is None:
            return None
        status = _MEANS.get(late.found.status) or _WORSE[monitor.severity]
        timed = self._asset.partitions is not None and self._asset.partitions.has_time
        sentence = late.sentence(made.partition if timed else None, _WHATS.get(type(self._asset.partitions), "run"))
        return self._evaluation(
            SubjectKind.MONITOR, monitor.id, monitor.severity, status, sentence, late.wait.seconds, late.found,
            {} if late.awaited is None else late.awaited.evidence(),
        )  # fmt: skip

    def _exposure(self, key: SeriesKey, observation: Observation) -> float | None:
        """The rows behind a value, as many as were looked at; of an effect size what it is worth."""
        if (effect := self._past.effects.get(key)) is not None:
            return effect.exposure
        rows = self.observed.get(behind(key))
        return None if rows is None or rows.value is None else rows.value * seen_rate(observation.accuracy)

    def _sentence(self, monitor: Monitor, value: float, found: Detection) -> str:
        described = metric(monitor.metric, column=monitor.column)
        label, unit = monitor.label, described.unit
        said = (
            quantity(value, unit) if unit == "rows" and monitor.segment is None else f"{label} {quantity(value, unit)}"
        )
        if found.status is DetectionStatus.LEARNING:
            return f"{said}; learning, needs {count(found.runs_needed, 'more run')}{self._why(found)}"
        if found.status is DetectionStatus.UNKNOWN:
            return f"{said} could not be judged"
        effect = self._past.effects.get(monitor.key)
        moved = f": {effect.words}" if effect and effect.words and found.status is DetectionStatus.ANOMALOUS else ""
        what = _WHATS.get(type(self._asset.partitions), "run")
        learned = f" (learned from {count(found.n_train, what)})" if found.n_train else ""
        if found.status is DetectionStatus.ANOMALOUS and found.detector in _BEYOND_BANDS:
            return f"{said}, {_BEYOND_BANDS[found.detector]}{learned}"
        return f"{said}, expected {span(found.lower, found.upper, unit)}{learned}{moved}"

    def _why(self, found: Detection) -> str:
        """Why it learns for so long, where it is how sure it has to be that decides."""
        from detectors.calibrate import points_for

        usual, needed = points_for(min(ALPHAS.values())), points_for(found.alpha)
        if not usual < needed == found.n_train + found.runs_needed:
            return ""
        asks = "is asked" if self._budget is None else f"the budget of {_weekly(self._budget)} asks"
        return f" to be as sure as {asks}: wrong once in {number(1 / found.alpha)}"

    def _schema(self, monitor: Monitor) -> Evaluation | None:
        now, before = self._audit.schema, self._past.schema
        if now is None:
            return None
        severity, evidence = monitor.severity, Counter[str]()
        if before is None:
            status, sentence = EvaluationStatus.LEARNING, "Schema seen for the first time; learning, needs 1 more run"
        elif not (changes := schema_changes(before, now)):
            status, sentence = EvaluationStatus.PASSED, f"Schema unchanged: {count(len(now.columns), 'column')}"
        else:
            found = worst(changes, policy(monitor.severity, monitor.parameters))
            status = EvaluationStatus.PASSED if found is None else _WORSE[found]
            severity = found or severity
            said = "; ".join(change.sentence() for change in changes)
            sentence = f"Schema changed{', as it may' if found is None else ''}: {said}"
            evidence = Counter(change.kind.value for change in changes)
        return self._evaluation(SubjectKind.MONITOR, monitor.id, severity, status, sentence, None, None, evidence)

    def _evaluation(
        self, kind: SubjectKind, subject: str, severity: Severity, status: EvaluationStatus, sentence: str,
        observed: float | None, detection: Detection | None, evidence: Mapping[str, str | int | float | bool | None],
    ) -> Evaluation:  # fmt: skip
        made = self._audit.materialization
        return Evaluation(
            asset=made.asset, partition=made.partition, materialization_id=made.id, kind=kind, subject=subject,
            severity=severity, status=status, sentence=sentence, evaluated_at=self._now, observed=observed,
            detection=detection, evidence=evidence,
        )  # fmt: skip


def _weekly(budget: Budget) -> str:
    return f"{number(budget.false_alarms_per_week)} false alarms a week"
