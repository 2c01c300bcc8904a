"""``ob.figures``: the pages' figures as Plotly figures, for a notebook.

import observer as ob

ob.figures.history("flights", "null_rate", column="dep_time", project="examples/flights")
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.figures.compared import compared
from dashboards.figures.decomposed import decomposed as decomposed_figure
from dashboards.figures.gantt import gantt
from dashboards.figures.heatmap import null_heatmap
from dashboards.figures.history import history as history_figure
from dashboards.figures.replayed import replayed
from dashboards.theme import DARK, LIGHT, resolve
from observer.errors import UnknownName
from observer.project import Project, open_project
from observer.reads.base import Reads
from observer.reads.decomposed import Decomposed
from observer.reads.model import AssetPage, Comparison
from observer.reads.monitor_model import MonitorPage, Unread

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["decomposition", "distribution", "history", "null_rates", "run", "sensitivities"]

Source = Project | Reads | Path | str | None
"""An open project, what it reads, or its folder; None: the project that the current folder lies in."""


def history(
    asset: str,
    metric: str,
    *,
    column: str | None = None,
    part: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    log: bool = False,
    project: Source = None,
    dark: bool = False,
) -> Figure:
    """The history plot of one monitor, with the range as it was stored and what happened beside the data.

    Parameters
    ----------
    column: of a metric of columns.
    part: the part of the partition keys that isn't time, such as a region: each has a history of its own.
    since, until: aware instants, both included; left out, the newest 400 points.
    log: values on a logarithmic axis, where they are all above zero.
    project: an open project or its folder; None: the one that the current folder lies in.
    dark: for a dark page.

    Raises
    ------
    UnknownName
        There is no such asset, or it has no such monitor or part.
    """
    with _reads(project) as reads:
        page = _monitor(reads, asset, metric, column, part, since, until)
    shown = () if isinstance(page.happenings, Unread) else page.happenings.shown
    return _figure(history_figure(page.series, timezone=page.timezone, log=log, happenings=shown), dark)


def decomposition(
    asset: str, metric: str, *, column: str | None = None, part: str = "", project: Source = None, dark: bool = False
) -> Figure:
    """What a monitored number is made of: level, season and remainder; else as ``history``.

    Raises
    ------
    UnknownName
        There is no such asset or monitor, or too few points of it to tell its level.
    """
    with _reads(project) as reads:
        page = _monitor(reads, asset, metric, column, part)
    found = page.decomposed
    if not isinstance(found, Decomposed) or not found.points:
        why = found.why if isinstance(found, Unread) else f"{page.series.id} of {asset}, which has too few points"
        raise UnknownName("level", page.series.id, (), where=why)
    return _figure(decomposed_figure(found, timezone=page.timezone), dark)


def distribution(
    asset: str, metric: str, *, column: str | None = None, part: str = "", project: Source = None, dark: bool = False
) -> Figure:
    """How the values of a monitor's column are spread, before and now; else as ``history``.

    Raises
    ------
    UnknownName
        There is no such asset or monitor, or nothing is kept of the column's values.
    """
    with _reads(project) as reads:
        page = _monitor(reads, asset, metric, column, part)
    if not isinstance(page.compared, Comparison):
        raise UnknownName("distribution", page.series.id, (), where=asset)
    return _figure(compared(page.compared), dark)


def sensitivities(
    asset: str, metric: str, *, column: str | None = None, part: str = "", project: Source = None, dark: bool = False
) -> Figure:
    """What a monitor would have alarmed on at nine alphas, one layer each; else as ``history``.

    Raises
    ------
    UnknownName
        There is no such asset or monitor, or nothing of it is stored.
    """
    with _reads(project) as reads:
        page = _monitor(reads, asset, metric, column, part)
        found = reads.sensitivities(asset, page.series.id, part=part)
    if found is None:
        raise UnknownName("declared monitor with points", page.series.id, (), where=asset)
    return _figure(replayed(found), dark)


def null_rates(asset: str, *, project: Source = None, dark: bool = False) -> Figure:
    """The null rates of an asset's columns by partition; raises UnknownName where there is no such asset or table."""
    with _reads(project) as reads:
        page = _page(reads, asset)
    if page.heatmap is None:
        raise UnknownName("table", asset, (), where="null rates")
    return _figure(null_heatmap(page.heatmap), dark)


def run(run_id: str, *, project: Source = None, dark: bool = False) -> Figure:
    """When each step of a run began and how long it took; raises UnknownName where there is no such run."""
    with _reads(project) as reads:
        page = reads.run(run_id)
        if page is None:
            raise UnknownName("run", run_id, [row.id for row in reads.now().runs])
    return _figure(gantt(page), dark)


@contextmanager
def _reads(project: Source) -> Iterator[Reads]:
    """What a project reads; one that is opened for this is closed again."""
    if isinstance(project, Project):
        yield project.reads()
    elif project is None or isinstance(project, str | Path):
        opened = open_project(project)
        try:
            yield opened.reads()
        finally:
            opened.close()
    else:
        yield project


def _monitor(
    reads: Reads,
    asset: str,
    metric: str,
    column: str | None,
    part: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> MonitorPage:
    name = metric if column is None else f"{metric}({column})"
    page = reads.monitor(asset, name, part=part, since=since, until=until)
    if page is None:
        raise UnknownName("monitor", name, sorted({one.id for one in _page(reads, asset).monitors}), where=asset)
    if page.parts and part not in page.parts:
        raise UnknownName("part of the partitions", part, page.parts, where=f"{name} of {asset}")
    return page


def _page(reads: Reads, asset: str) -> AssetPage:
    page = reads.asset(asset)
    if page is None:
        raise UnknownName("asset", asset, [row.key for row in reads.now().assets])
    return page


def _figure(figure: object, dark: bool) -> Figure:
    from plotly.graph_objects import Figure

    return Figure(resolve(figure, DARK if dark else LIGHT))
