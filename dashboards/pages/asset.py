"""One asset: its four cells, its gate, its history against what was expected, and its neighbours."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from dashboards.figures import compared, history, null_heatmap
from dashboards.figures.heatmap import BINS
from dashboards.instants import Clock
from dashboards.pages.feedback import is_odd
from dashboards.pages.site import Context, Site
from observer.reads.model import AssetPage, MonitorSeries

_SUFFIX = ".json"


def add(app: FastAPI, site: Site) -> None:
    """Add ``/assets/{key}`` with its twin."""

    @app.get("/assets/{key:path}", include_in_schema=False)
    def asset(request: Request, key: str) -> Response:
        return _asset(site, key, request.query_params.get("partition"))


def _asset(site: Site, key: str, partition: str | None) -> Response:
    """The page of ``key``; its twin if the address ends in .json and no asset's own name does."""
    stem = key.removesuffix(_SUFFIX)
    twin = key != stem

    def ask() -> AssetPage | None:
        return (site.reads.asset(stem) if twin else None) or site.reads.asset(key)

    def show(page: AssetPage) -> Response:
        if twin and page.key == stem:
            return site.json(page)
        return site.html("asset.html", view(page, partition))

    return site.answer(ask, show, lambda: site.unknown_asset(stem), what=f"Asset {stem}", twin=twin)


def view(page: AssetPage, partition: str | None = None) -> Context:
    """What the template shows of ``page``, with its figures; ``partition`` is the one to point at."""
    drawn = page.monitors[:_DRAWN]
    return {
        "page": page,
        "monitors": drawn,
        "clock": Clock.of(page.at, page.timezone),
        "partition": partition,
        "figures": [
            history(series, timezone=page.timezone, large=index == 0) if series.points else None
            for index, series in enumerate(drawn)
        ],
        "pointed": [_pointed(series, partition) for series in drawn],
        "beside_all": [compared(series.compared) if series.compared else None for series in drawn],
        "across": _across(len(drawn) - 1),
        "heatmap": null_heatmap(page.heatmap) if page.heatmap and page.heatmap.partitions else None,
        "bins": BINS,
        "plots": any(series.points for series in page.monitors) or page.heatmap is not None,
    }


def _pointed(series: MonitorSeries, partition: str | None) -> str | None:
    """The partition that a word would be on: what is pointed to, else the newest alarm, else the newest."""
    there = [point for point in series.points if point.partition is not None]
    odd = [point.partition for point in there if point.mark is None and is_odd(point)]
    return partition or next(iter(reversed(odd)), there[-1].partition if there else None)


_DRAWN = 49
"""How many monitors a page draws, the worst first: one for each region of many is too much for a browser."""


def _across(small: int) -> int:
    """How many of the small plots stand side by side, so that no row is left with a hole."""
    return 3 if small % 3 == 0 and small % 2 else 2
