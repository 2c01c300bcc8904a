"""The story's page of a monitor, from one of its series."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.backtests.model import Alarm
from observer.backtests.sensitivities import Sensitivities, Sensitivity, ladder
from observer.reads.decomposed import Decomposed, DecomposedPoint
from observer.reads.incident_model import PrecisionRow
from observer.reads.model import Comparison, MonitorSeries
from observer.reads.monitor_model import Happening, HappeningKind, Happenings, MonitorPage, Stretch
from tests.unit.dashboards.story_history import NOW, ZONE, day


def happenings() -> Happenings:
    kinds = (
        (HappeningKind.CODE, 9, "its code changed"), (HappeningKind.CONFIG, 12, "its settings changed"),
        (HappeningKind.SCHEMA, 20, "wind_gust was added (double)"),
        (HappeningKind.BACKFILL, 24, "3 partitions made later, or again"),
        (HappeningKind.BASELINE, 28, "a new normal begins, says ana"),
    )  # fmt: skip
    shown = [
        Happening(
            kind=kind, at=day(index), made_at=day(index + 1), partition=f"day {index}", sentence=said,
            run_id=f"r{index:03}",
        )
        for kind, index, said in kinds
    ]  # fmt: skip
    runs = [
        Happening(
            kind=HappeningKind.RUN, at=day(index), made_at=day(index + 1), partition=None, sentence=f"run r{index:03}",
            run_id=f"r{index:03}",
        )
        for index in range(38)
    ]  # fmt: skip
    return Happenings(shown=tuple(sorted([*shown, *runs], key=lambda one: (one.at, one.kind))))


def decomposed(series: MonitorSeries) -> Decomposed:
    return Decomposed(
        title=series.title, part="", unit=series.unit, periods=(7,), strength=0.4,
        points=tuple(
            DecomposedPoint(
                at=p.at, partition=p.partition, value=p.value, level=0.02, season=0.001,
                remainder=None if p.value is None else p.value - 0.021, excluded=p.excluded,
            )
            for p in series.points
        ),
    )  # fmt: skip


def sensitivities(page: MonitorPage) -> Sensitivities:
    """The more sensitive, the more of the highest values alarm."""
    series = page.series
    highest = sorted(range(len(series.points)), key=lambda n: -(series.points[n].value or 0.0))
    return Sensitivities(
        at=NOW, project="flights", environment="local", timezone=ZONE, asset=page.asset, monitor=series.id,
        title=series.title, part="", unit=series.unit,
        points=tuple(Alarm(at=p.at, partition=p.partition, value=p.value) for p in series.points), judged=32, bad=1,
        budgeted=False,
        levels=tuple(
            Sensitivity(
                alpha=alpha, current=alpha == 0.001, alarms=tuple(sorted(highest[: 9 - number])), caught=1,
                expected=max(0, 3 - number),
                declaration=f'ob.monitor("null_rate", column="dep_time", severity="error", alpha={alpha:.3g})',
            )
            for number, alpha in enumerate(ladder(0.001))
        ),
    )  # fmt: skip


def monitor_page(
    asset: str, series: MonitorSeries, since: datetime | None = None, until: datetime | None = None
) -> MonitorPage:
    everything = series.points
    inside = tuple(
        point for point in everything if (since is None or point.at >= since) and (until is None or point.at <= until)
    )
    early, late = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
    numbers = tuple(float(i) for i in range(65))
    return MonitorPage(
        at=NOW, project="flights", environment="local", timezone=ZONE, asset=asset, declared=True,
        declaration='ob.monitor("null_rate", column="dep_time", severity="error")',
        by_clock=series.metric == "duration",
        parts=("",),
        stretch=Stretch(
            since=since or (inside[0].at if inside else early), until=until or (inside[-1].at if inside else late),
            first=everything[0].at if everything else None, last=everything[-1].at if everything else None,
            points=len(everything),
        ),
        series=replace(series, points=inside), made=tuple(point.at + timedelta(days=1, hours=6) for point in inside),
        week_before=(), alarms=sum(point.direction != "none" for point in inside), judged=len(inside),
        unknown=tuple(point for point in inside if point.value is None), happenings=happenings(),
        precision=PrecisionRow(
            asset=asset, subject=series.id, confirmed=3, expected=1, false_alarms=0, open=1, precision=0.75
        ),
        compared=Comparison(
            at=NOW, partition="2013-02-08", shift=0.21, words="moved up by 30 %", before=numbers,
            now=tuple(n * 1.3 for n in numbers),
        ) if series.column else None,
        decomposed=decomposed(series),
    )  # fmt: skip
