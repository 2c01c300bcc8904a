"""The story's numbers over time: days, monitors with their bands, checks, null rates."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from typing import Final

from observer.model import EvaluationStatus, Severity
from observer.reads.model import CheckCell, CheckStrip, MonitorSeries, NullHeatmap, SeriesPoint
from tests.unit.dashboards.numbers import COLUMNS, NULLS, ROWS

ZONE: Final = "America/New_York"
NOW: Final = datetime(2013, 2, 9, 11, 0, 8, tzinfo=UTC)  # 06:00:08 in New York, the day after
OPENED: Final = NOW - timedelta(seconds=8)
DAYS: Final = tuple(f"{datetime(2013, 1, 1) + timedelta(days=i):%Y-%m-%d}" for i in range(len(ROWS)))  # noqa: DTZ001
LAST: Final = len(DAYS) - 1


def day(index: int) -> datetime:
    """The start of a partition: midnight in New York (EST all through)."""
    return datetime(2013, 1, 1, 5, tzinfo=UTC) + timedelta(days=index)


def rate(column: str, index: int) -> float:
    return NULLS[column][index] / ROWS[index] if column in NULLS else 0.0


def _series(
    metric: str,
    column: str | None,
    values: list[float | None],
    *,
    unit: str,
    severity: Severity,
    title: str,
    sentence: str,
    floor: float | None = None,
    spread: float = 4.0,
) -> MonitorSeries:
    """A series, judged from its 8th point on by median and MAD of the points before: enough for pictures."""
    points: list[SeriesPoint] = []
    for index, value in enumerate(values):
        before = [v for v in values[:index] if v is not None]
        lower = expected = upper = None
        status: EvaluationStatus | None = EvaluationStatus.LEARNING
        direction = "none"
        if len(before) >= 7:
            expected = statistics.median(before)
            mad = statistics.median(abs(v - expected) for v in before) * 1.4826 or expected * 0.05
            lower, upper = expected - spread * mad, expected + spread * mad
            lower = max(lower, floor) if floor is not None else lower
            status = EvaluationStatus.PASSED
            if value is None:
                status = EvaluationStatus.UNKNOWN
            elif not lower <= value <= upper:
                holds = severity is Severity.ERROR and index == len(values) - 1
                status = EvaluationStatus.FAILED if holds else EvaluationStatus.WARNED
                direction = "high" if value > upper else "low"
        held = status is EvaluationStatus.FAILED and severity is Severity.ERROR
        points.append(
            SeriesPoint(
                at=day(index),
                partition=DAYS[index],
                value=value,
                lower=lower,
                expected=expected,
                upper=upper,
                status=status,
                direction=direction,
                excluded=held,
                held=held,
                p_value=None,
                sentence=sentence,
                run_id="r039",
            )
        )
    return MonitorSeries(
        id=f"{metric}({column})" if column else metric,
        title=title,
        metric=metric,
        column=column,
        unit=unit,
        severity=severity,
        detector="robust",
        status=points[-1].status if points else None,
        sentence=sentence,
        trained_from=day(0),
        trained_to=day(LAST - 1),
        n_train=LAST,
        alpha=0.001,
        points=tuple(points),
    )


def monitors() -> tuple[MonitorSeries, ...]:
    durations: list[float | None] = [0.11 + ((i * 37) % 17) / 400 for i in range(len(ROWS))]
    durations[20] = None
    warn = Severity.WARN
    return (
        _series(
            "null_rate",
            "dep_time",
            [rate("dep_time", i) for i in range(len(ROWS))],
            unit="rate",
            severity=Severity.ERROR,
            title="Null rate of dep_time",
            floor=0.0,
            spread=9.0,
            sentence="2013-02-08: dep_time null rate 50.8 %, expected 0–9.4 % (learned from 38 days)",
        ),
        _series(
            "null_rate",
            "tailnum",
            [rate("tailnum", i) for i in range(len(ROWS))],
            unit="rate",
            severity=warn,
            title="Null rate of tailnum",
            floor=0.0,
            spread=9.0,
            sentence="2013-02-08: tailnum null rate 17.3 %, expected 0–2.1 % (learned from 38 days)",
        ),
        _series(
            "row_count",
            None,
            [float(v) for v in ROWS],
            unit="rows",
            severity=warn,
            title="Rows",
            spread=6.0,
            sentence="2013-02-08: 930 rows, as expected (690–1,010, learned from 38 days)",
        ),
        _series(
            "duration",
            None,
            durations,
            unit="s",
            severity=warn,
            title="Duration",
            floor=0.0,
            sentence="2013-02-08: took 0.13 s, as expected",
        ),
        _series(
            "bytes",
            None,
            [v * 61.0 + 9000 for v in ROWS],
            unit="bytes",
            severity=warn,
            title="Size",
            spread=6.0,
            sentence="2013-02-08: 66 kB, as expected",
        ),
    )


def checks() -> tuple[CheckStrip, ...]:
    def strip(name: str, severity: Severity, sentence: str, bad: int | None = None) -> CheckStrip:
        cells = tuple(
            CheckCell(
                partition=DAYS[i],
                at=day(i),
                run_id=f"r{i + 1:03}",
                sentence=sentence,
                status=EvaluationStatus.WARNED if i == bad else EvaluationStatus.PASSED,
            )
            for i in range(len(DAYS))
        )
        return CheckStrip(name=name, severity=severity, status=cells[-1].status, sentence=sentence, cells=cells)

    return (
        strip("unique(carrier, flight, sched_dep_time, origin)", Severity.ERROR, "no duplicates in 930 rows"),
        strip("accepted_values(carrier)", Severity.WARN, "15 known carriers, none other", bad=20),
        strip("ExpectColumnValuesToBeBetween(sched_dep_time)", Severity.ERROR, "all 930 values in 0–2,400"),
        strip("arrivals_follow_departures", Severity.ERROR, "456 of 458 flights that left have arrived"),
    )


def heatmap() -> NullHeatmap:
    names = tuple(column[0] for column in COLUMNS)
    rates = tuple(tuple(rate(name, i) for i in range(len(DAYS))) for name in names)
    return NullHeatmap(partitions=DAYS, columns=names, rates=rates, held=("2013-02-08",))
