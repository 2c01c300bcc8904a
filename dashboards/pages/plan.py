"""What a run would do and why, before anybody asks for it: two plain pages, no script."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site, run_url
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.problems import status_of
from observer.api.roles import OWN_ASSETS, allowed, require_all, told_to
from observer.api.runs import require_plan
from observer.api.unnamed import unnamed
from observer.errors import NotAllowed, StateError, TidegateError
from observer.reads.instants import timezone_of
from observer.requests import Wanted, ask, planned
from orchestration.errors import DefinitionError
from orchestration.plan import MEANINGS, WORDS, Plan, counted, summary
from orchestration.run_request import RunRequest
from orchestration.staleness import Action

if TYPE_CHECKING:
    from observer.project import Project

_SHOWN = 400
"""Steps that are listed; a backfill of years has many, and all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to be run, as the fields of the form have it; ``""`` is nothing."""

    select: str
    partition: str = ""  # a key; of a range the first
    last: str = ""
    upstream: str = ""  # "no": only what is selected
    force: str = ""  # "yes": whatever its state

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Wish:
        """From the fields of a form, or of an address."""
        return cls(**{name: fields.get(name, "").strip() for name in cls.__slots__})

    def fields(self) -> Mapping[str, str]:
        """The fields that say it."""
        there = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in there.items() if value}

    @property
    def url(self) -> str:
        """The page of its plan."""
        return f"/plan?{urlencode(self.fields())}"

    def wanted(self, reason: str = "") -> Wanted:
        """What the project is asked for."""
        keys = f"{self.partition or self.last}..{self.last}" if self.last else self.partition
        return Wanted(
            selection=self.select, partitions=(keys,) if keys else None, upstream=self.upstream != "no",
            force=self.force == "yes", reason=reason,
        )  # fmt: skip

    def command(self) -> str:
        """What to type for the same."""
        keys = self.wanted().partitions
        where = f" --partition {quote(keys[0])}" if keys else ""
        return f"tidegate plan {quote(self.select or '*')}{where}{' --force' if self.force == 'yes' else ''}"


def add(app: FastAPI, site: Site, work: Project) -> None:
    """Add ``/plan``: asked, it shows what a run would do; sent, it asks for the run."""

    @app.get("/plan", include_in_schema=False, openapi_extra=OWN_ASSETS)
    def look(request: Request, caller: Annotated[Caller, Depends(allowed(Role.VIEWER))]) -> Response:
        wish = Wish.of(request.query_params)
        return _answer(site, wish, caller, lambda: _shown(site, work, wish, request, caller))

    @app.post("/plan", include_in_schema=False, openapi_extra=OWN_ASSETS)
    def run(
        request: Request,
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        wish = Wish.of(sent)

        def asked() -> Response:
            _, plan = _planned(work, wish, caller)
            if digest(plan) != sent.get("plan", ""):
                changed = "The plan has changed since it was shown: something ran or was decided. Look again."
                return _shown(site, work, wish, request, caller, refused=changed)
            key = f"{caller.id}:{sent['key']}" if sent.get("key") else None
            wanted = wish.wanted(sent.get("reason", ""))
            row, new = ask(work, wanted, by=caller.name, key=key, check=partial(require_plan, caller), sees=caller.sees)
            if new:
                request.app.state.wake()
            return RedirectResponse(run_url(row.id), status_code=303)

        return _answer(site, wish, caller, asked)


def _answer(site: Site, wish: Wish, caller: Caller, ask: Callable[[], Response]) -> Response:
    try:
        return ask()
    except StateError as error:
        return site.problem(Problem(503, error.code, "Nothing could be planned", str(error), "tidegate doctor"))
    except NotAllowed:
        raise
    except TidegateError as error:
        context: Context = {"wish": wish, "refused": str(told_to(caller, error)), "plan": None}
        return site.html("plan.html", context, status=status_of(error))


def _planned(work: Project, wish: Wish, caller: Caller) -> tuple[RunRequest, Plan]:
    """The plan of a wish; raises NotAllowed where it is about assets that aren't the caller's."""
    request, plan = planned(work, wish.wanted(), by=caller.name, sees=caller.sees)
    require_all(caller, request.assets)
    try:
        work.check_configs(plan)
    except DefinitionError as error:
        raise DefinitionError(unnamed(caller, work.graph.order)(str(error))) from None
    return request, plan


def _shown(site: Site, work: Project, wish: Wish, request: Request, caller: Caller, refused: str = "") -> Response:
    wanted, plan = _planned(work, wish, caller)
    at = work.clock.now()
    told = unnamed(caller, work.graph.order)
    steps = [
        replace(step, reason=told(step.reason), note=told(step.note))
        for step in plan.steps
        if caller.sees(step.address.asset)
    ]
    acts = any(step.action in (Action.RUN, Action.OBSERVE) for step in plan.steps)
    context: Context = {
        "wish": wish, "refused": refused, "plan": plan, "summary": summary(plan), "steps": steps[:_SHOWN],
        "left": len(steps[_SHOWN:]), "words": WORDS, "acts": acts,
        "meanings": [(WORDS[action], MEANINGS[action]) for action in counted(plan)],
        "chosen": wanted.assets, "digest": digest(plan), "key": secrets.token_hex(12),
        "may": caller.role.covers(Role.OPERATOR), "proof": request.scope["state"]["proof"],
        "clock": Clock.of(at, timezone_of(work.graph)), "at": at,
    }  # fmt: skip
    return site.html("plan.html", context, status=409 if refused else 200)


def digest(plan: Plan) -> str:
    """What a plan does, in a few characters: two that do the same have the same one, whatever their reasons."""
    said = "\n".join(f"{step.address!r} {step.action} {step.forced}" for step in plan.steps)
    return hashlib.sha256(said.encode()).hexdigest()[:24]
