"""One monitor: its history as it was judged, what explains it, and what another sensitivity would have said."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from shlex import quote

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from dashboards.figures import compared, decomposed, history
from dashboards.figures.callout import Part
from dashboards.figures.history import can_be_logarithmic
from dashboards.figures.lane import MARKS
from dashboards.figures.packed import packed
from dashboards.figures.replayed import replayed
from dashboards.instants import Clock, NotAnInstant
from dashboards.pages import asset as asset_page
from dashboards.pages.apart import Apart
from dashboards.pages.feedback import KINDS, is_odd
from dashboards.pages.monitor_view import BACKTEST, View, monitor_url
from dashboards.pages.site import Context, Problem, Site, asset_url, run_url
from observer.backtests.sensitivities import Sensitivities
from observer.errors import UnknownName
from observer.model import Every
from observer.reads.decomposed import Decomposed
from observer.reads.model import Comparison, SeriesPoint
from observer.reads.monitor_model import Happening, MonitorPage, Unread

ROWS = 100
"""Of the table on one page."""

_BETWEEN = "/monitors/"
_SUFFIX = ".json"
_RANGES = (("30 days", 30), ("90 days", 90), ("a year", 365))


def add(app: FastAPI, site: Site) -> None:
    """Add ``/assets/{key}/monitors/{id}`` with its twin."""

    replaying = Apart(threads=2, waiting=20)

    @app.get("/assets/{key:path}/monitors/{name:path}", include_in_schema=False)
    async def monitor(request: Request, key: str, name: str) -> Response:
        path = f"{key}{_BETWEEN}{name}"
        if request.query_params.get("panel") != BACKTEST:
            return await run_in_threadpool(_monitor, site, request, path)
        answer = await replaying.answer(lambda: _monitor(site, request, path))
        return answer or _busy(site, request, twin=path.endswith(_SUFFIX))


def _busy(site: Site, request: Request, *, twin: bool) -> Response:
    detail = "Others have their histories replayed just now; nothing is wrong, and nothing was replayed."
    again = (("Try again", str(request.url.include_query_params())),)
    problem = Problem(503, "busy", "Too many replays at once", detail, "tidegate backtest --help", again)
    answer = site.json_problem(problem) if twin else site.problem(problem)
    answer.headers["retry-after"] = "5"
    return answer


def _monitor(site: Site, request: Request, path: str) -> Response:
    """The page; of an asset whose own name reads like the address of a monitor, the asset's."""
    try:
        views = [View.of(key, name, request.query_params) for key, name in _readings(path)]
    except NotAnInstant as error:
        problem = site.no_instant(error, "tidegate history")
        return site.json_problem(problem) if path.endswith(_SUFFIX) else site.problem(problem)
    known = [view for view in views if _has(site, view.asset)]
    if not known and _has(site, path):
        return asset_page.answer(site, path, request.query_params.get("partition"))
    return _answer(site, request, (known or views)[0])


def _readings(path: str) -> Iterator[tuple[str, str]]:
    """Each way in which an address can be read as an asset and a monitor; the shortest asset first."""
    at = path.find(_BETWEEN)
    while at >= 0:
        yield path[:at], path[at + len(_BETWEEN) :]
        at = path.find(_BETWEEN, at + 1)


def _has(site: Site, key: str) -> bool:
    return site.reads.has(key)


def _answer(site: Site, request: Request, view: View) -> Response:
    stem = view.monitor.removesuffix(_SUFFIX)
    twin = stem != view.monitor

    if view.panel == BACKTEST:
        return _backtest(site, view, stem, twin=twin)

    def ask() -> MonitorPage | None:
        names = (stem, view.monitor) if twin else (stem,)
        found = (
            site.reads.monitor(view.asset, name, part=view.part, since=view.since, until=view.until) for name in names
        )
        return next((page for page in found if page is not None), None)

    def show(page: MonitorPage) -> Response:
        if twin and page.series.id == stem:
            return site.json(page)
        if request.query_params.get("go") == "run":
            return _to_run(page, view)
        return site.html("monitor.html", context(page, view))

    return site.answer(ask, show, lambda: _unknown(site, view.asset, stem), what=f"Monitor {stem}", twin=twin)


def _backtest(site: Site, view: View, stem: str, *, twin: bool) -> Response:
    """The panel of nine sensitivities, as a page of its own: the monitor's page fetches it when it is looked at."""

    def show(found: Sensitivities) -> Response:
        if twin:
            return site.json(found)
        chosen = next((number for number, level in enumerate(found.levels) if level.current), 0)
        shown = {
            "page": found, "view": view, "clock": Clock.of(found.at, found.timezone),
            "figure": packed(replayed(found)), "chosen": chosen,
        }  # fmt: skip
        return site.html("backtest.html", shown)

    def missing() -> Problem:
        if site.reads.monitor(view.asset, stem, part=view.part) is None:
            return _unknown(site, view.asset, stem)
        near = ((stem, replace(view, monitor=stem, panel="").url),)
        detail = f"The project declares no monitor {stem!r} of {view.asset} of which points are stored."
        command = f"tidegate run {quote(view.asset)}"
        return Problem(404, "unknown-name", "There is nothing to replay", detail, command, near)

    def ask() -> Sensitivities | None:
        return site.reads.sensitivities(view.asset, stem, part=view.part)

    return site.answer(ask, show, missing, what=f"The past of {stem}", twin=twin)


def _unknown(site: Site, key: str, name: str) -> Problem:
    """No such monitor, or no such asset: which names are near."""
    page = site.reads.asset(key)
    if page is None:
        return site.unknown_asset(key)
    names = list(dict.fromkeys(one.id for one in page.monitors))
    error = UnknownName("monitor of a number", name, names, where=key)
    near = tuple((one, monitor_url(key, one)) for one in error.nearest) or ((key, asset_url(key)),)
    detail = f"{key} has, and had, no monitor of a number that is called {name!r}."
    return Problem(404, error.code, "There is no such monitor", detail, f"tidegate monitors {quote(key)}", near)


def _to_run(page: MonitorPage, view: View) -> Response:
    """To the run that made the point nearest to an instant."""
    points, at = _ordered(page, clock=view.clock), view.at
    if not points or at is None:
        return RedirectResponse(replace(view, at=None).url, status_code=303)
    place = bisect_left([point.at for point in points], at)
    near = min(points[max(0, place - 1) : place + 1], key=lambda point: abs(point.at - at))
    return RedirectResponse(run_url(near.run_id), status_code=303)


def context(page: MonitorPage, view: View) -> Context:
    """What the template shows of ``page`` as ``view`` asks for it."""
    points = page.series.points
    chosen = _chosen(points, view)
    odd = [point for point in points if is_odd(point) and point.mark is None]
    rows = [point for point in reversed(points) if view.before is None or point.at < view.before]
    return {
        "page": page, "view": view, "series": page.series, "clock": Clock.of(page.at, page.timezone),
        "figure": packed(_figure(page, view, chosen)) if points else None,
        "chosen": chosen, "told": chosen or (points[-1] if points else None),
        "chosen_made": next((made for p, made in zip(points, page.made, strict=True) if p is chosen), None),
        "earlier": next((p for p in reversed(odd) if chosen is None or p.at < chosen.at), None),
        "later": next((p for p in odd if chosen is not None and p.at > chosen.at), None),
        "odd": odd, "ranges": tuple(_ranges(page, view)), "can_log": can_be_logarithmic(points),
        "can_week": bool(page.week_before) or _spans_two_weeks(points), "can_clock": not page.by_clock,
        "rows": rows[:ROWS], "older": rows[ROWS - 1].at if len(rows) > ROWS else None,
        "lane": tuple(kind for kind in MARKS if any(one.kind is kind for one in _shown(page))),
        "learning": _learning(page), "kinds": KINDS, "everies": tuple(Every),
        "beside": packed(compared(page.compared)) if isinstance(page.compared, Comparison) else None,
        "apart": _apart(page),
    }  # fmt: skip


def _apart(page: MonitorPage) -> Part | None:
    found = page.decomposed
    return packed(decomposed(found, timezone=page.timezone)) if isinstance(found, Decomposed) and found.points else None


def _shown(page: MonitorPage) -> Sequence[Happening]:
    return () if isinstance(page.happenings, Unread) else page.happenings.shown


def _chosen(points: Sequence[SeriesPoint], view: View) -> SeriesPoint | None:
    if view.at is not None:
        return next((point for point in points if point.at == view.at), None)
    if view.partition is None:
        return None
    return next((point for point in reversed(points) if point.partition == view.partition), None)


def _figure(page: MonitorPage, view: View, chosen: SeriesPoint | None) -> Part:
    series, happened = page.series, _shown(page)
    at = chosen.at if chosen is not None else None
    if view.clock and not page.by_clock:
        measured = {point.at: made for point, made in zip(series.points, page.made, strict=True)}
        at = measured.get(at) if at is not None else None
        series = replace(series, points=_ordered(page, clock=True), trained_from=None, trained_to=None)
        happened = sorted((replace(one, at=one.made_at) for one in happened), key=lambda one: one.at)
    over = page.week_before if view.week and not view.clock else None
    return history(series, timezone=page.timezone, at=at, log=view.log, happenings=happened, week_before=over)


def _ordered(page: MonitorPage, *, clock: bool) -> tuple[SeriesPoint, ...]:
    """The points by data time, or by when they were measured."""
    points = page.series.points
    if not clock or page.by_clock:
        return points
    pairs = [(made, point) for point, made in zip(points, page.made, strict=True) if made is not None]
    return tuple(replace(point, at=made) for made, point in sorted(pairs, key=lambda pair: pair[0]))


def _spans_two_weeks(points: Sequence[SeriesPoint]) -> bool:
    return bool(points) and points[-1].at - points[0].at > timedelta(days=7)


def _ranges(page: MonitorPage, view: View) -> Iterator[tuple[str, str, bool]]:
    """Times to look at: what they are called, their address, and whether it is that which is shown."""
    first, last = page.stretch.first, page.stretch.last
    if first is None or last is None:
        return
    for name, days in _RANGES:
        since = last - timedelta(days=days)
        if since > first:
            yield name, view.but(since=since, until=last, before=None), (view.since, view.until) == (since, last)
    whole = (view.since is None and page.stretch.whole) or (view.since, view.until) == (first, last)
    yield "all", view.but(since=first, until=last, before=None), whole


def _learning(page: MonitorPage) -> tuple[int, int] | None:
    """How many points it has learned from, and of how many it can judge; None: it can, or nobody knows."""
    sight = page.series.sight
    if sight is None or not sight.runs_needed:
        return None
    known = page.series.n_train
    return known, known + sight.runs_needed
