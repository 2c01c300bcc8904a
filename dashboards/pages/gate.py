"""What a person does about a gate on an asset's page: release what is held, or override for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from shlex import quote
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Response
from fastapi.responses import RedirectResponse

from dashboards.instants import zone
from dashboards.pages.site import Problem, Site, asset_url
from dashboards.pages.until import until
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.problems import status_of
from observer.api.roles import OWN_ASSETS, allowed, require, require_role
from observer.errors import NotAllowed, OverrideError, TidegateError
from observer.overrides import override_subject
from observer.reads.instants import timezone_of
from observer.versions import override_gate

if TYPE_CHECKING:
    from observer.project import Project


def add(app: FastAPI, site: Site, work: Project) -> None:
    """Add ``/gate``, where the forms of an asset's gate are sent to."""

    @app.post("/gate", include_in_schema=False, openapi_extra=OWN_ASSETS)
    def act(
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        asset, partition = sent.get("asset", ""), sent.get("partition") or None
        require(caller, asset)
        try:
            _do(work, asset, partition, sent, caller)
        except NotAllowed:
            raise
        except TidegateError as error:
            again = ((asset, asset_url(asset)),) if asset in work.graph else ()
            title, command = "The gate stands as it did", f"tidegate gate {quote(asset)}"
            return site.problem(Problem(status_of(error), error.code, title, str(error), command, again))
        query = f"?{urlencode({'partition': partition})}" if partition else ""
        return RedirectResponse(f"{asset_url(asset)}{query}#gate", HTTPStatus.SEE_OTHER)


def _do(work: Project, asset: str, partition: str | None, sent: Mapping[str, str], caller: Caller) -> None:
    reason = sent.get("reason", "")
    if sent.get("deed") == "release":
        work.release(asset, partition, reason=reason, by=caller.name)
        return
    if sent.get("deed") != "override":
        raise OverrideError("the form asks for nothing that gates do; nothing was changed; open its page again")
    require_role(caller, Role.ADMIN)
    for_s = (_until(sent.get("until", ""), work) - work.clock.now()).total_seconds()
    if subject := sent.get("subject", ""):
        override_subject(work, asset, subject, partition, for_s=for_s, reason=reason, by=caller.name)
    else:
        override_gate(work, asset, partition, for_s=for_s, reason=reason, by=caller.name)


def _until(word: str, work: Project) -> datetime:
    found = until(word, work.clock.now(), zone(timezone_of(work.graph)))
    if found is None:
        raise OverrideError("say for how long; nothing was changed")
    return found
