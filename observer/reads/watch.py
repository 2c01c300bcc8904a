"""What watches some assets: each monitor with what it costs in false alarms and what it would notice today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from observer.assets import quality_of
from observer.budget import Budget
from observer.fleet import Fleet, sharers_of
from observer.model import EvaluationStatus, Severity
from observer.monitors import Monitor
from observer.project import Project
from observer.reads import monitors, verdicts
from observer.reads.model import MonitorSeries
from observer.sight import Sight
from observer.store import feedback as feedback_store
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLine:
    """A monitor of numbers today.

    Parameters
    ----------
    alpha: the share of good points that it may flag, by the budget, if there is one.
    false_alarms_per_week: what that costs, all its series together; None of what doesn't alarm by chance.
    status, sentence: the newest verdict; None: none yet.
    sight: what it would notice; None: nothing is known of it yet.
    """

    asset: AssetKey
    monitor: str
    unit: str
    severity: Severity
    alpha: float
    false_alarms_per_week: float | None
    status: EvaluationStatus | None
    sentence: str
    sight: Sight | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The monitors of some assets, upstream first; what they and all monitors of the project cost together.

    ``budget`` is the environment's; None: there is none.
    """

    monitors: tuple[MonitorLine, ...]
    false_alarms_per_week: float
    all_false_alarms_per_week: float
    budget: float | None


def watch(project: Project, keys: Collection[AssetKey]) -> Watch:
    """What watches some assets of a project."""
    now, allowed = project.clock.now(), project.config.false_alarms_per_week
    watched = {asset.key: quality_of(asset).watched for asset in project.graph}
    budget = Fleet(project.graph, project.engine, allowed).budget(now)
    with reading(project.engine) as connection:
        sharers = sharers_of(connection, project.graph, watched, now)
    costs = {(one.asset, one.monitor.id): one.runs_per_week * _alpha(budget, one.asset, one.monitor) for one in sharers}
    chosen = (project.graph.asset(key) for key in project.graph.order if key in keys)
    lines = tuple(line for asset in chosen for line in _lines(project, asset, budget, costs))
    return Watch(
        monitors=lines, false_alarms_per_week=sum(cost for (key, _), cost in costs.items() if key in keys),
        all_false_alarms_per_week=sum(costs.values()), budget=allowed,
    )  # fmt: skip


def _alpha(budget: Budget | None, asset: AssetKey, monitor: Monitor) -> float:
    return monitor.false_alarms if budget is None else budget.alpha(asset, monitor)


def _lines(
    project: Project, asset: Asset, budget: Budget | None, costs: Mapping[tuple[AssetKey, str], float]
) -> list[MonitorLine]:
    quality = quality_of(asset)
    with reading(project.engine) as connection:  # one asset at a time: others can write meanwhile
        marks = feedback_store.marks(connection, asset.key)
        series = monitors.series(connection, asset, quality.monitors, verdicts.load(connection, asset.key), marks)
    worst = {one.id: one for one in reversed(series)}  # of the parts of a partition key, that which is worst off
    return [_line(asset, one, quality.watched, budget, costs) for one in series if one is worst[one.id]]


def _line(
    asset: Asset,
    one: MonitorSeries,
    declared: Collection[Monitor],
    budget: Budget | None,
    costs: Mapping[tuple[AssetKey, str], float],
) -> MonitorLine:
    monitor = next(m for m in declared if m.covers(one.id))
    return MonitorLine(
        asset=asset.key, monitor=one.id, unit=one.unit, severity=one.severity, alpha=_alpha(budget, asset.key, monitor),
        false_alarms_per_week=costs.get((asset.key, monitor.id)), status=one.status, sentence=one.sentence,
        sight=one.sight,
    )  # fmt: skip
