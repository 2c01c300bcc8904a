"""The HTTP interface: routes, problems, and who may ask."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from observer.api.assets import asset_routes
from observer.api.audit import Audit, audit_routes
from observer.api.bodies import Bodies
from observer.api.callers import Callers
from observer.api.dead_letters import dead_letter_routes
from observer.api.description import describe
from observer.api.etags import ETags
from observer.api.events import event_routes
from observer.api.feed import Feed
from observer.api.feedback import feedback_routes
from observer.api.gate import gate_routes
from observer.api.health import health_routes
from observer.api.incidents import incident_routes
from observer.api.ingest import MOST_BYTES, PATH, ingest_routes
from observer.api.lineage import LINEAGE_PATH, MOST_EVENT_BYTES, lineage_routes
from observer.api.login import login_routes
from observer.api.metrics import Counting, Requests, metric_routes
from observer.api.problems import UnexpectedErrors, add_problems
from observer.api.quieting import quieting_routes
from observer.api.roles import within_assets
from observer.api.runs import run_routes
from observer.api.schedules import schedule_routes
from observer.api.security import Security
from observer.api.step_logs import step_log_routes
from observer.reads.base import Reads
from observer.reported import Reception
from observer.settings import ServeSettings

if TYPE_CHECKING:
    from observer.project import Project


_COMPRESSED = 5
"""How hard: nine, the usual, takes three times as long over a page for a hundredth of its size."""


def create_api(reads: Reads, settings: ServeSettings, work: Project | None = None) -> FastAPI:
    """Make the application that answers other programs; pages add their routes to it.

    Its description is at ``/api/v1/openapi.json``. There is no page for it: FastAPI's own load from a CDN.

    Parameters
    ----------
    reads: answers every question.
    settings: under which names it is reached, and its token.
    work: what is written to, and where tokens are kept; None for an API that only answers.
    """
    app = FastAPI(
        title="Tidegate",
        summary="What was seen of the data, what it means, and whether anything downstream may run.",
        version=_version(),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(within_assets)],
    )
    add_problems(app)
    describe(app)
    requests = Requests()
    app.include_router(health_routes(reads))
    app.include_router(login_routes())
    feed = None if work is None else Feed(work.engine)
    app.include_router(gate_routes(reads, feed))
    app.include_router(metric_routes(reads, requests, feed))
    app.state.wake = lambda: None  # whoever walks queued runs puts in what wakes it
    app.state.hang_up = (lambda: None) if feed is None else feed.close  # for who ends the server
    if work is not None and feed is not None:
        app.include_router(event_routes(feed))
        app.include_router(asset_routes(reads, work))
        app.include_router(run_routes(work))
        app.include_router(step_log_routes(work))
        app.include_router(quieting_routes(work))
        app.include_router(audit_routes(work))
        app.include_router(feedback_routes(work))
        reception = Reception(work)
        app.include_router(ingest_routes(work, reception))
        app.include_router(lineage_routes(work, reception))
        app.include_router(schedule_routes(work))
        app.include_router(dead_letter_routes(reads, work))
    app.include_router(incident_routes(reads, work))
    app.add_middleware(UnexpectedErrors)  # the last one added is the outermost
    app.add_middleware(Bodies, limits={PATH: MOST_BYTES, LINEAGE_PATH: MOST_EVENT_BYTES})
    if work is not None:
        app.add_middleware(Audit, work=work)
    app.add_middleware(ETags)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=_COMPRESSED)
    app.add_middleware(Security, settings=settings, callers=Callers(settings, work))
    app.add_middleware(Counting, requests=requests)
    return app


def _version() -> str:
    try:
        return version("tidegate")
    except PackageNotFoundError:
        return "0"
