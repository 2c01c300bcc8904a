"""What feedback would have changed in the verdicts on what came after, and what would alarm next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from observer.assets import quality_of
from observer.detection import behind, by_wall_clock, detectors_of, history_of, points_of
from observer.evaluate import needed_series
from observer.feedback import Marks, is_bad, marks_of
from observer.fleet import Fleet
from observer.history import SeriesKey, StoredPoint
from observer.kept import Kept
from observer.metrics import metric
from observer.model import Feedback
from observer.monitors import Monitor
from observer.project import Project
from observer.quantities import count
from observer.sight import Sight, sight_of
from observer.store import observations as observation_store
from observer.store import series as series_store
from observer.trails import with_effects
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What changes for one monitor.

    Parameters
    ----------
    silenced: alarms on what was good, as far as is known, that would not have been raised.
    missed: alarms on what is known to be bad that would not have been raised either.
    raised: alarms that would have come on top.
    before, after: what would alarm next, without it and with it.
    """

    monitor: str
    unit: str
    silenced: int
    missed: int
    raised: int
    before: Sight
    after: Sight

    def sentence(self) -> str:
        """What changes, for people: ``would have silenced 6 alarms, missed 1 on bad data; ...``."""
        said = [f"would have silenced {count(self.silenced, 'alarm')}, missed {self.missed} on bad data"]
        if self.raised:
            said.append(f"raised {self.raised} more")
        before, after = (sight.sentence(self.unit) for sight in (self.before, self.after))
        return f"{', '.join(said)}; {before}" if before == after else f"{', '.join(said)}; {before}  ->  {after}"


def foresee(
    work: Project,
    asset: AssetKey,
    before: Sequence[Feedback],
    after: Sequence[Feedback],
    monitors: Collection[str],
    *,
    part: str,
) -> tuple[Foresight, ...]:
    """Replay the stored history of some monitors twice: by what was said of versions before, and by what then is."""
    found = work.graph.asset(asset)
    budget = Fleet(work.graph, work.engine, work.config.false_alarms_per_week).budget(work.clock.now())
    timed = found.partitions is not None and found.partitions.has_time
    with reading(work.engine) as connection:
        known = series_store.known_series(connection, asset, part)
        watched = [m for each in quality_of(found).watched for m in each.of_each(known) if m.id in monitors]
        series = observation_store.load(
            connection, asset, needed_series(watched, known), partitioned=timed, part=part, known=known
        )
        kept = Kept(connection, known)
        then, now = (
            (with_effects(found, watched, series, kept, marks), marks)
            for marks in (marks_of(given).with_holidays(work.observer.holidays.get(asset)) for given in (before, after))
        )
    judged = [m if budget is None else budget.applied(asset, m) for m in watched]
    return tuple(
        _foresight(found, m, then, now) for m in judged if all(points_of(m, found, there) for there, _ in (then, now))
    )


Side = tuple[Mapping[SeriesKey, Sequence[StoredPoint]], Marks]
"""The series of an asset, and what people said of its versions: as it is, or as it would be."""


def _foresight(asset: Asset, monitor: Monitor, then: Side, now: Side) -> Foresight:
    alarms, before = _replayed(asset, monitor, then)
    others, after = _replayed(asset, monitor, now)
    said = now[1].on(monitor.id)
    bad = {point.version_seq for point in points_of(monitor, asset, then[0]) if is_bad(point, said)}
    fewer = alarms - others
    return Foresight(
        monitor=monitor.id, unit=metric(monitor.metric, column=monitor.column).unit, silenced=len(fewer - bad),
        missed=len(fewer & bad), raised=len(others - alarms), before=before, after=after,
    )  # fmt: skip


def _replayed(asset: Asset, monitor: Monitor, side: Side) -> tuple[set[int], Sight]:
    """The versions at which it would have alarmed, and what it would notice next."""
    from detectors.backtest import backtest

    series, marks = side
    points, rows = points_of(monitor, asset, series), series.get(behind(monitor.key), ())
    described = metric(monitor.metric, column=monitor.column)
    known = marks.known(monitor.id, points, by_clock=by_wall_clock(monitor))[0]
    history = history_of(monitor, asset, points, rows, points[-1].at, marks)
    found = backtest(
        detectors_of(monitor, asset, history), history, described.kind,
        alpha=monitor.false_alarms, faults=(), points_per_week=1.0,
    )  # fmt: skip
    today = found.today
    assert today is not None  # there are detectors
    sight = sight_of(today.lower, today.expected, today.upper, described.unit, runs_needed=today.runs_needed)
    return {known[at].version_seq for at in (*found.alarms, *found.caught)}, sight
