"""Logging in with a token, for people: a session in a cookie that only this server reads."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse

from observer.api.callers import SESSION_S, Callers
from observer.api.cookies import SESSION, drawn, set_cookie
from observer.api.forms import form, form_body


def login_routes() -> APIRouter:
    """``POST /login`` and ``POST /logout``; the pages around them are the dashboard's."""
    routes = APIRouter(tags=["login"])

    fields = form_body(
        token="as `tidegate token create` has shown it",
        next="the page of this server to go to",
        csrf="the proof that the page came with",
    )

    @routes.post(
        "/login", summary="Begin a session with a token", status_code=HTTPStatus.SEE_OTHER, openapi_extra=fields
    )
    async def log_in(request: Request, sent: Annotated[Mapping[str, str], Depends(form)]) -> RedirectResponse:
        callers: Callers = request.scope["state"]["callers"]
        wanted = sent.get("next", "/")
        value = await callers.log_in(sent.get("token", "").strip())
        if value is None:
            return _to(f"/login?failed=1&next={quote(own_path(wanted), safe='')}")
        answer = _to(own_path(wanted))
        secure = request.headers.get("origin", "").startswith("https://")
        answer.headers.append("set-cookie", set_cookie(SESSION, value, max_age_s=SESSION_S, secure=secure))
        return answer

    @routes.post("/logout", summary="End the session", status_code=HTTPStatus.SEE_OTHER)
    async def log_out(request: Request) -> RedirectResponse:
        callers: Callers = request.scope["state"]["callers"]
        await callers.log_out(request.headers)
        answer = _to("/login")
        answer.headers.append("set-cookie", set_cookie(SESSION, drawn(), max_age_s=0, secure=False))
        return answer

    return routes


def own_path(wanted: str) -> str:
    """``wanted`` where it is a path of this server, else its first page."""
    ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if ours else "/"


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
