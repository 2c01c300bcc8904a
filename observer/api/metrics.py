"""``/metrics`` in the text format of Prometheus: the state of the assets, and what the service itself does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter, Depends, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.access import Role
from observer.api.feed import Feed
from observer.api.roles import allowed
from observer.reads.base import Reads

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REMEMBERED_S = 5.0


class Requests:
    """Counts requests and how long they took; used from one event loop."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self.within: Counter[float] = Counter()
        self.seconds = 0.0

    def count(self, method: str, status: int, seconds: float) -> None:
        """Count one."""
        self.answered[method if method in _METHODS else "other", status] += 1
        self.seconds += seconds
        self.within[next((bound for bound in _BOUNDS if seconds <= bound), float("inf"))] += 1


class Counting:
    """Counts every request in ``requests``, until its answer begins: a stream goes on for long."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noticed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.count(scope["method"], message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noticed)


def metric_routes(reads: Reads, requests: Requests, feed: Feed | None) -> APIRouter:
    """``GET /metrics``."""
    routes = APIRouter(tags=["health"], dependencies=[Depends(allowed(Role.VIEWER))])
    kept: tuple[float, tuple[str, ...]] = (0.0, ())

    @routes.get(
        "/metrics", summary="For Prometheus", response_class=Response, responses={200: {"content": {_TYPE: {}}}}
    )
    def metrics() -> Response:
        nonlocal kept
        until, state = kept
        if time.monotonic() >= until:
            state = tuple(_state(reads))
            kept = (time.monotonic() + _REMEMBERED_S, state)
        return Response("\n".join((*state, *_service(requests, feed), "")), media_type=_TYPE)

    return routes


def _state(reads: Reads) -> Iterator[str]:
    page = reads.now()
    yield from _head("tidegate_assets", "gauge", "Assets by state.")
    for state, number in page.counts:
        yield f'tidegate_assets{{state="{state.value}"}} {number}'
    yield from _head("tidegate_incidents_unresolved", "gauge", "Incidents that nobody has resolved, by severity.")
    for severity, number in sorted(Counter(one.severity.value for one in page.incidents).items()):
        yield f'tidegate_incidents_unresolved{{severity="{severity}"}} {number}'
    yield from _head("tidegate_alerts_waiting", "gauge", "Alerts that are still to be delivered.")
    yield f"tidegate_alerts_waiting {page.observer.outbox_waiting}"
    yield from _head("tidegate_alerts_failing", "gauge", "Alerts whose last delivery failed.")
    yield f"tidegate_alerts_failing {page.observer.outbox_failing}"
    yield from _head("tidegate_alerts_given_up", "gauge", "Alerts that nobody tries to deliver any more.")
    yield f"tidegate_alerts_given_up {page.observer.given_up}"
    if page.observer.last_event_at is not None:
        yield from _head("tidegate_last_event_timestamp_seconds", "gauge", "When something last happened.")
        yield f"tidegate_last_event_timestamp_seconds {page.observer.last_event_at.timestamp():.3f}"


def _service(requests: Requests, feed: Feed | None) -> Iterator[str]:
    yield from _head("tidegate_http_requests_total", "counter", "Requests by method and status.")
    for (method, status), number in sorted(requests.answered.items()):
        yield f'tidegate_http_requests_total{{method="{method}",status="{status}"}} {number}'
    yield from _head("tidegate_http_request_seconds", "histogram", "From a request to the beginning of its answer.")
    total = 0
    for bound in (*_BOUNDS, float("inf")):
        total += requests.within[bound]
        yield f'tidegate_http_request_seconds_bucket{{le="{"+Inf" if bound == float("inf") else bound}"}} {total}'
    yield f"tidegate_http_request_seconds_sum {requests.seconds:.6f}"
    yield f"tidegate_http_request_seconds_count {total}"
    yield from _head("tidegate_listeners", "gauge", "Who listens to events or waits at a gate.")
    yield f"tidegate_listeners {0 if feed is None else feed.listeners}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"
