"""The backtest of a selection: every monitor over every stored series of it, as declared here and perhaps elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from observer.backtests.configuration import Configuration, Declared, configuration_named, configuration_of
from observer.backtests.model import BacktestReport, Replayed, SeriesBacktest, Totals
from observer.backtests.replay import Stored, replay
from observer.budget import Budget
from observer.detection import points_of
from observer.errors import CheckError, UnknownName
from observer.evaluate import needed_series
from observer.fleet import budget_of
from observer.history import SeriesKey
from observer.kept import Kept
from observer.metrics import EFFECTS, SCHEMA
from observer.monitors import Monitor, check_alpha
from observer.pace import made_lately, runs_per_week
from observer.project import Project
from observer.store import feedback as feedback_store
from observer.store import observations as observation_store
from observer.store import series as series_store
from observer.trails import Trails, with_effects
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey
from orchestration.special_days import SpecialDays

MOST = 10_000
"""How many points of a series are replayed, at most."""


def backtest(
    project: Project,
    select: str = "*",
    *,
    monitor: str | None = None,
    last: int = observation_store.WINDOW,
    alpha: float | None = None,
    compare: str | None = None,
) -> BacktestReport:
    """Replay the stored history of monitors without look-ahead, and lay faults over it; nothing is written.

    Each point is judged by the points before it, as when it was made; the points of held versions train nothing. From
    what was known at each of several places, faults are injected: rows dropped or loaded twice, a burst of nulls, a
    changed unit, swapped categories, a drift, a stale value, as far as the kind of metric shows them.

    Parameters
    ----------
    project:
        From ``ob.open_project()``.
    select:
        Assets, as the command takes them.
    monitor:
        One monitor's name, such as ``"null_rate(dep_time)"``; None: all of the assets'.
    last:
        How many points of each series are replayed, the newest, 1 to 10,000.
    alpha:
        Instead of what each monitor has, above 0 and at most 0.5.
    compare:
        What else to judge by: an environment, another project's folder or ``.toml`` file, or a ``.py`` file in the
        place of the project's.

    Returns
    -------
    BacktestReport: false alarms a week, recall by fault and size, and delay, of each monitor and of all.

    Raises
    ------
    UnknownName, SelectionError
        No asset, monitor, environment or file is called so.
    CheckError
        ``last`` or ``alpha`` can't be.
    ProjectError
        What it is compared with can't be read.
    StateError
        The state database can't be read.
    """
    if isinstance(last, bool) or not isinstance(last, int) or not 1 <= last <= MOST:
        raise CheckError(f"last is how many points are replayed, 1 to {MOST:,}, not {last!r}")
    if alpha is not None:
        check_alpha(alpha, "a backtest")
    declared = [configuration_of(project), *([configuration_named(project, compare)] if compare is not None else [])]
    chosen = [project.graph.asset(key) for key in project.select(select)]
    _check_monitor(monitor, chosen, declared)
    now = project.clock.now()
    with reading(project.engine) as connection:
        made = made_lately(connection, now)
        sides = [_side(connection, project, each, now) for each in declared]
    sides[0] = replace(sides[0], alpha=alpha)
    found, holidays = list[SeriesBacktest](), project.observer.holidays
    never: list[str] = []
    for asset in chosen:
        paced = runs_per_week(asset, made.get(asset.key), now)
        pairs = [side.monitors_of(asset.key, monitor) for side in sides]
        with reading(project.engine) as connection:  # one asset at a time: others can write meanwhile
            parts = list(
                stored_parts(
                    connection, asset, [m for pair in pairs for m in pair], last, paced, holidays.get(asset.key)
                )
            )
        replayed = [one for stored, known in parts for one in _replays(stored, known, sides, pairs)]
        found += replayed
        never += [f"{asset.key} {m.id}" for m in _declared(pairs) if not any(m.covers(one.monitor) for one in replayed)]
    return BacktestReport(
        select=select, last=last, configuration=sides[0].name, compared_with=compare, monitors=tuple(found),
        never_measured=tuple(never), here=_totals(one.here for one in found),
        other=_totals(one.other for one in found) if compare is not None else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two configurations: its monitors, each with the alpha that it has."""

    name: str
    monitors: Declared
    budget: Budget | None
    alpha: float | None = None

    def monitors_of(self, asset: AssetKey, name: str | None) -> tuple[Monitor, ...]:
        """Those of numbers, or the one that is called ``name``."""
        there = self.monitors.get(asset, ())
        return tuple(m for m in there if m.metric != SCHEMA and name in (None, m.id))

    def judging(self, asset: AssetKey, monitor: Monitor) -> Monitor:
        if self.alpha is not None:
            return replace(monitor, alpha=self.alpha)
        return monitor if self.budget is None else self.budget.applied(asset, monitor)


def _side(connection: Connection, project: Project, declared: Configuration, now: datetime) -> _Side:
    budget = None
    if declared.false_alarms_per_week is not None:
        budget = budget_of(connection, project.graph, declared.monitors, declared.false_alarms_per_week, now)
    return _Side(name=declared.name, monitors=declared.monitors, budget=budget)


def _check_monitor(name: str | None, chosen: Sequence[Asset], declared: Sequence[Configuration]) -> None:
    there = {m.id for asset in chosen for each in declared for m in each.monitors.get(asset.key, ())} - {SCHEMA}
    if name is not None and name not in there:
        where = chosen[0].key if len(chosen) == 1 else "these assets"
        raise UnknownName("monitor of a number", name, sorted(there), where=where)


def stored_parts(
    connection: Connection,
    asset: Asset,
    monitors: Sequence[Monitor],
    last: int,
    per_week: float,
    holidays: SpecialDays | None,
) -> Iterator[tuple[Stored, Collection[SeriesKey]]]:
    """What is stored of each part of an asset, and which series it has."""
    timed = asset.partitions is not None and asset.partitions.has_time
    marks = feedback_store.marks(connection, asset.key).with_holidays(holidays)
    for part in series_store.parts(connection, asset.key):
        known = series_store.known_series(connection, asset.key, part)
        series = observation_store.load(
            connection, asset.key, needed_series(monitors, known), partitioned=timed, part=part, known=known,
            limit=last,
        )  # fmt: skip
        kept, trails = Kept(connection, known), Trails(last=last)
        told = {
            measure: with_effects(asset, [m for m in monitors if m.measure == measure], series, kept, marks, trails)
            for measure in {None, *(m.measure for m in monitors)}
        }
        versions = {
            m.key: kept.versions(m, told[m.measure][m.key])
            for m in monitors
            if m.metric in EFFECTS and m.key in told[m.measure]
        }
        yield (
            Stored(asset=asset, part=part, series=told, per_week=per_week, marks=marks, versions=versions),
            known,
        )


def _replays(
    stored: Stored, known: Collection[SeriesKey], sides: Sequence[_Side], pairs: Sequence[Sequence[Monitor]]
) -> Iterator[SeriesBacktest]:
    """Each monitor that has points, in the order of declaration, those that only the other side has last."""
    asset = stored.asset.key
    by_name: list[dict[str, Monitor]] = [
        {each.id: side.judging(asset, each) for m in monitors for each in m.of_each(known)}
        for side, monitors in zip(sides, pairs, strict=True)
    ]
    for name in dict.fromkeys(name for there in by_name for name in there):
        both = [there.get(name) for there in by_name]
        any_of = next(m for m in both if m is not None)
        if points_of(any_of, stored.asset, stored.series[any_of.measure]):
            yield replay(stored, *both)


def _declared(pairs: Sequence[Sequence[Monitor]]) -> tuple[Monitor, ...]:
    """What somebody has asked for: a default monitor of what an asset doesn't have (rows of a model) is none."""
    return tuple(dict.fromkeys(m for pair in pairs for m in pair if m != Monitor(metric=m.metric, told_by=m.told_by)))


def _totals(sides: Iterable[Replayed | None]) -> Totals:
    there = [side for side in sides if side is not None]
    judging = [side for side in there if side.judged]
    faults = [fault for side in judging for fault in side.faults]
    return Totals(
        judging=len(judging), learning=len(there) - len(judging),
        false_alarms=sum(len(side.false_alarms) for side in judging),
        false_alarms_per_week=sum(side.false_alarms_per_week or 0.0 for side in judging),
        promised_per_week=sum(side.promised_per_week for side in judging),
        injected=sum(fault.injected for fault in faults), found=sum(fault.found for fault in faults),
    )  # fmt: skip
