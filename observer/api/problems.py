"""Errors as RFC 9457 problems: what happened in our own words, never a stack, a query or a secret."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.access import Caller
from observer.api.roles import told_to
from observer.errors import TidegateError, UnknownName

_STATUS: Mapping[str, int] = {
    "unknown-name": 404,
    "invalid-partition": 404,
    "cannot-release": 409,
    "cannot-change-run": 409,
    "request-conflict": 409,
    "cannot-override": 409,
    "invalid-version": 409,
    "cannot-change-incident": 409,
    "incident-changed": 412,
    "cannot-mark": 409,
    "cannot-take-in": 409,
    "invalid-project": 422,
    "cannot-make-token": 409,
    "not-allowed": 403,
    "invalid-selection": 422,
    "lease-held": 409,
    "lease-lost": 409,
    "channel": 502,
    "state": 503,
    "storage": 503,
}
_PHRASES: Mapping[int, str] = {413: "Content Too Large", 422: "Invalid request"}
"""Those that Python calls otherwise from release to release; a code stays."""
_log = logging.getLogger("observer.api")


class Problem(BaseModel):
    """An RFC 9457 problem; ``code`` is the one that the command prints, too."""

    type: str = Field(examples=["urn:tidegate:problem:unknown-name"])
    title: str = Field(examples=["Unknown name"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no asset is called 'flihgts'; did you mean 'flights'?"])
    code: str = Field(examples=["unknown-name"])
    nearest: list[str] | None = Field(default=None, description="names that exist and look alike")
    errors: list[dict[str, str]] | None = Field(default=None, description="what of the request, and why")


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    nearest: tuple[str, ...] | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer ``application/problem+json`` of one problem.

    Parameters
    ----------
    status: the HTTP status.
    code: stable, in kebab-case; the same as the command's.
    title: the same for every problem of that code.
    detail: what and where, what was left as it was, what to do.
    nearest, errors: extra members, left out where None.
    headers: of the answer.
    """
    content = Problem(
        type=f"urn:tidegate:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        nearest=None if nearest is None else list(nearest),
        errors=errors,
    )
    return JSONResponse(
        content.model_dump(exclude_none=True),
        status_code=status,
        headers=None if headers is None else dict(headers),
        media_type="application/problem+json",
    )


def status_of(error: TidegateError) -> int:
    """The HTTP status that an error of ours is answered with."""
    return _STATUS.get(error.code, 500)


def of_error(error: TidegateError) -> JSONResponse:
    """The problem of one of our own errors; its text is made to be read and holds no secret."""
    status = status_of(error)
    nearest = error.nearest if isinstance(error, UnknownName) else None
    return problem(status, error.code, _title(error.code), str(error), nearest=nearest)


def add_problems(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem. A page application may register its own 404 over it."""

    @app.exception_handler(TidegateError)
    async def ours(request: Request, error: TidegateError) -> JSONResponse:
        found: Caller | None = request.scope["state"].get("caller")  # None: the path is open to everybody
        answer = of_error(error if found is None else told_to(found, error))
        if answer.status_code >= 500:
            _log.error("%s %s: %s", request.method, request.url.path, error)
        return answer

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        title = _phrase(error.status_code)
        detail = str(error.detail)
        if error.status_code == 404 and detail == title:
            detail = f"nothing is at {request.url.path[:200]}; /api/v1/openapi.json lists what is"
        code = title.lower().replace(" ", "-")
        return problem(error.status_code, code, title, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [  # never the input: it may be a secret sent to the wrong field
            {"where": ".".join(str(part) for part in each["loc"]), "message": str(each["msg"])}
            for each in error.errors()
        ]
        detail = "the request can't be used; nothing was changed; correct what `errors` names"
        return problem(422, "invalid-request", "Invalid request", detail, errors=errors)


class UnexpectedErrors:
    """Answers 500 where the application broke, and writes the stack into the log only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception:  # the outermost frame of a request: its caller gets an answer, the log the trace
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise  # the server has to cut the answer off
            answer = problem(
                500,
                "unexpected",
                "Unexpected error",
                "the server made a mistake that nobody foresaw; its log says where",
            )
            await answer(scope, receive, send)


def _title(code: str) -> str:
    return code.replace("-", " ").capitalize()


def _phrase(status: int) -> str:
    if status in _PHRASES:
        return _PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
