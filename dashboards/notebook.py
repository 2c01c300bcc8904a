"""The pages' figures as Plotly figures, for a notebook.

import observer as ob
from dashboards import notebook

notebook.history(ob.open_project("examples/flights").reads(), "flights", "null_rate", column="dep_time")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.figures.decomposed import decomposed as decomposed_figure
from dashboards.figures.heatmap import null_heatmap
from dashboards.figures.history import history as history_figure
from dashboards.theme import DARK, LIGHT, resolve
from observer.errors import UnknownName
from observer.reads.base import Reads
from observer.reads.model import AssetPage

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from observer.reads.stored import StoredReads


def history(
    reads: Reads, asset: str, metric: str, *, column: str | None = None, part: str = "", dark: bool = False
) -> Figure:
    """The history plot of one monitor, with the band as it was stored.

    ``part`` is the part of the partition keys that isn't time, such as a region: each has a history of its own.

    Raises
    ------
    UnknownName
        There is no such asset, or it has no such monitor.
    """
    page = _page(reads, asset)
    name = metric if column is None else f"{metric}({column})"
    parts = {monitor.part: monitor for monitor in page.monitors if monitor.id == name}
    if not parts:
        raise UnknownName("monitor", name, sorted({monitor.id for monitor in page.monitors}), where=asset)
    if (found := parts.get(part)) is None:
        raise UnknownName("part of the partitions", part, sorted(parts), where=f"{name} of {asset}")
    return _figure(history_figure(found, timezone=page.timezone), dark)


def decomposition(
    reads: StoredReads, asset: str, metric: str, *, column: str | None = None, part: str = "", dark: bool = False
) -> Figure:
    """A metric as level, season and remainder; ``part`` as for ``history``.

    Raises
    ------
    UnknownName
        There is no such asset or metric, or too few points of it to tell its level.
    """
    parts = {one.part: one for one in reads.decomposed(asset, metric, column=column) if one.points}
    if (found := parts.get(part)) is None:
        raise UnknownName(
            "part of the partitions with points enough", part, sorted(parts), where=f"{metric} of {asset}"
        )
    return _figure(decomposed_figure(found, timezone=_page(reads, asset).timezone), dark)


def null_rates(reads: Reads, asset: str, *, dark: bool = False) -> Figure:
    """The null rates of an asset's columns by partition; raises UnknownName where there is no such asset or table."""
    page = _page(reads, asset)
    if page.heatmap is None:
        raise UnknownName("table", asset, (), where="null rates")
    return _figure(null_heatmap(page.heatmap), dark)


def _page(reads: Reads, asset: str) -> AssetPage:
    page = reads.asset(asset)
    if page is None:
        raise UnknownName("asset", asset, reads.states())
    return page


def _figure(figure: object, dark: bool) -> Figure:
    from plotly.graph_objects import Figure

    return Figure(resolve(figure, DARK if dark else LIGHT))
