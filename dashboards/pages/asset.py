"""One asset: its four cells, its gate, its history against what was expected, and its neighbours."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from dashboards.figures import compared, history, null_heatmap
from dashboards.figures.heatmap import BINS
from dashboards.instants import Clock
from dashboards.pages.deeds import Deeds, deeds
from dashboards.pages.feedback import is_odd
from dashboards.pages.graph import around_url
from dashboards.pages.site import Context, Site, asset_url
from observer.quantities import count
from observer.reads.model import AssetPage, Making, MonitorSeries

if TYPE_CHECKING:
    from observer.project import Project

_SUFFIX = ".json"


def add(app: FastAPI, site: Site, work: Project | None = None) -> None:
    """Add ``/assets/{key}`` with its twin; with ``work`` the forms of what its reader may do."""

    @app.get("/assets/{key:path}", include_in_schema=False)
    def asset(request: Request, key: str) -> Response:
        may = deeds(work, key, request) if work is not None else None
        asked = request.query_params
        return answer(site, key, asked.get("partition"), may, as_json=asked.get("as") == "json")


def answer(site: Site, key: str, partition: str | None, may: Deeds | None = None, *, as_json: bool = False) -> Response:
    """The page of ``key``; its twin ``as_json``, or if the address ends in .json and is no asset's own name."""
    stem = key if as_json else key.removesuffix(_SUFFIX)
    twin = as_json or key != stem

    def asked() -> Response | None:
        if not twin or (key != stem and site.reads.has(key)):
            return shown(key)
        page = site.reads.asset(stem) or site.reads.left(stem)
        return site.json(page) if page is not None else shown(key)

    def shown(name: str) -> Response | None:
        page = site.reads.asset(name)
        if page is not None:
            return site.html("asset.html", {**view(page, partition, may), "twin": twin_url(site, name)})
        left = site.reads.left(name)
        if left is None:
            return None
        context = {"page": left, "clock": Clock.of(left.at, left.timezone), "twin": twin_url(site, name)}
        return site.html("asset_left.html", context)

    return site.answer(
        asked, lambda response: response, lambda: site.unknown_asset(stem), what=f"Asset {stem}", twin=twin
    )


def twin_url(site: Site, key: str) -> str:
    """Where ``key`` is as JSON, also where another asset's own name is what its twin would be called."""
    return f"{asset_url(key)}?as=json" if site.reads.has(f"{key}{_SUFFIX}") else f"{asset_url(key)}{_SUFFIX}"


def view(page: AssetPage, partition: str | None = None, may: Deeds | None = None) -> Context:
    """What the template shows of ``page``, with its figures and forms; ``partition`` is the one to point at."""
    drawn = page.monitors[:_DRAWN]
    return {
        "page": page,
        "monitors": drawn,
        "listed": _LISTED,
        "clock": Clock.of(page.at, page.timezone),
        "partition": partition,
        "deeds": may,
        "never": _never(page),
        "around": around_url(page.key),
        "progress": progress(page.monitors),
        "figures": lambda: [
            history(series, timezone=page.timezone, large=index == 0) if series.points else None
            for index, series in enumerate(drawn)
        ],
        "pointed": [_pointed(series, partition) for series in drawn],
        "beside_all": lambda: [compared(series.compared) if series.compared else None for series in drawn],
        "across": _across(len(drawn) - 1),
        "heatmap": lambda: null_heatmap(page.heatmap) if page.heatmap and page.heatmap.partitions else None,
        "bins": BINS,
        "plots": any(series.points for series in page.monitors) or page.heatmap is not None,
    }


def _never(page: AssetPage) -> tuple[str, str, str]:
    """What to say where it has no version: what, why, and the next command."""
    command = f"tidegate run {shlex.quote(page.key)}"
    if page.making is Making.MADE:
        return "Never materialized", "No version of it exists, so readers see nothing.", command
    if page.making is Making.OBSERVED:
        return "Never observed", "It is read, measured and judged whenever a run looks at it, and none has.", command
    why = "Others make it and report each version: with its rows and checks, or as OpenLineage. None has come yet."
    return "Nothing was reported", why, "tidegate ingest --help"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the monitors are that can't judge yet: the points of the slowest, and how many it needs."""

    made: int
    needed: int
    sentence: str


def progress(monitors: Sequence[MonitorSeries]) -> Progress | None:
    """What is still missing until all of them can judge; None where nothing is."""
    learning = {one.id: (one.sight.runs_needed, one.n_train) for one in monitors if one.sight and one.sight.runs_needed}
    if not learning:
        return None
    last, made = max(learning.values(), key=lambda each: (each[0], -each[1]))
    first = min(learning.values())[0]
    able = len({one.id for one in monitors} - set(learning))
    begun = f"{able} of {able + len(learning)} monitors can judge" if able else "No monitor can judge yet"
    some = "them all" if first == last else f"the first, {last} for the last"
    said = f"{begun}: it takes {count(first, 'more run')} for {some if able or len(learning) > 1 else 'it'}"
    return Progress(made=made, needed=made + last, sentence=f"{said}, with wide ranges at first")


def _pointed(series: MonitorSeries, partition: str | None) -> str | None:
    """The partition that a word would be on: what is pointed to, else the newest alarm, else the newest."""
    there = [point for point in series.points if point.partition is not None]
    odd = [point.partition for point in there if point.mark is None and is_odd(point)]
    return partition or next(iter(reversed(odd)), there[-1].partition if there else None)


_LISTED = 60
"""Points of each monitor in its table, the newest: the page of a monitor lists them all."""

_DRAWN = 49
"""How many monitors a page draws, the worst first: one for each region of many is too much for a browser."""


def _across(small: int) -> int:
    """How many of the small plots stand side by side, so that no row is left with a hole."""
    return 3 if small % 3 == 0 and small % 2 else 2
