"""Where a person shows a token, once, and is somebody from then on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.pages.site import Site
from observer.api.callers import Callers
from observer.api.login import own_path


def add(app: FastAPI, site: Site) -> None:
    """Add ``/login``."""

    @app.get("/login", include_in_schema=False)
    async def login(
        request: Request,
        wanted: Annotated[str, Query(alias="next", max_length=2000)] = "/",
        failed: Annotated[bool, Query()] = False,
    ) -> Response:
        path = own_path(wanted)
        callers: Callers = request.scope["state"]["callers"]
        if request.headers.get("sec-fetch-site") == "cross-site":
            # A link from a message: the browser keeps the session to itself until a page of ours asks again.
            return site.html("again.html", {"again": f"/login?next={quote(path, safe='')}"})
        if await callers.recognize(request.headers) is not None:
            return RedirectResponse(path, HTTPStatus.SEE_OTHER)
        proof = request.scope["state"]["proof"]
        return site.html("login.html", {"proof": proof, "wanted": path, "failed": failed})
