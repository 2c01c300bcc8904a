"""What can't be answered, as a page for people; every other client gets the problem that it would have got."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from dashboards.pages.site import Problem, Site
from observer.access import Caller
from observer.api.problems import status_of
from observer.api.roles import told_to
from observer.errors import TidegateError

Handler = Callable[[Request, Any], Response | Awaitable[Response]]

_START: Final = (("Now", "/"),)
_KEPT: Final = ("allow", "retry-after", "www-authenticate")


def add(app: FastAPI, site: Site) -> None:
    """Let a browser that asks for a page get one, whatever is wrong with what it asks for."""
    _add(app, site, HTTPException, http_exception_handler, _refused)
    _add(app, site, RequestValidationError, request_validation_exception_handler, _misread)
    if TidegateError in app.exception_handlers:  # else nothing answers them, and a mistake of ours shows itself
        _add(app, site, TidegateError, app.exception_handlers[TidegateError], _ours)


def _add(
    app: FastAPI, site: Site, kind: type[Exception], default: Handler, told: Callable[[Request, Any], Problem]
) -> None:
    others: Handler = app.exception_handlers.get(kind, default)

    async def answered(request: Request, error: Exception) -> Response:
        made = others(request, error)
        answer = made if isinstance(made, Response) else await made
        if not _wants_page(request):
            return answer
        page = site.problem(told(request, error))
        page.headers.update({name: answer.headers[name] for name in _KEPT if name in answer.headers})
        return page

    app.add_exception_handler(kind, answered)


def _wants_page(request: Request) -> bool:
    path = request.url.path
    is_program = path == "/api" or path.startswith("/api/") or path.endswith(".json")
    return "text/html" in request.headers.get("accept", "") and not is_program


def _refused(request: Request, error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"Nothing is at {request.url.path}."
        return Problem(404, "unknown-name", "There is no such page", detail, "tidegate ls", _START)
    title = HTTPStatus(error.status_code).phrase
    return Problem(error.status_code, title.lower().replace(" ", "-"), title, str(error.detail), "tidegate ls", _START)


def _misread(request: Request, error: RequestValidationError) -> Problem:
    """Which fields of the address can't be read, and where it is shown without them; never what they hold."""
    said = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
    without = (("the page without it", request.url.path),)
    detail = f"Of the address this can't be read: {said}. Nothing was changed."
    return Problem(422, "invalid-request", "This can't be shown", detail, "tidegate ls", without)


def _ours(request: Request, error: TidegateError) -> Problem:
    title = "This is not yours to see or do" if status_of(error) == HTTPStatus.FORBIDDEN else "This can't be answered"
    found: Caller | None = request.scope["state"].get("caller")  # None: the path is open to everybody
    said = str(error if found is None else told_to(found, error))
    return Problem(status_of(error), error.code, title, said, "tidegate ls", _START)
