"""What every page needs: the reads, the templates, the static files, and one way to answer."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as TemplateContext
from markupsafe import Markup

from dashboards import instants, marks, prose, theme
from dashboards.figures import sparkline
from dashboards.instants import NotAnInstant
from dashboards.pages.links import LINKS
from dashboards.pages.monitor_view import monitor_url
from dashboards.pages.static import StaticFiles
from dashboards.pages.twin import plain
from dashboards.parts import Parts
from observer.access import Role
from observer.api import problems
from observer.errors import StateError, UnknownName
from observer.quantities import compact, quantity, span, unbroken
from observer.reads.base import Reads
from observer.reads.model import IncidentRow
from observer.reads.run_model import RunsWanted
from observer.visible import visible

_TEMPLATES: Final = Path(__file__).parent.parent / "templates"

Record = TypeVar("Record")
Context = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a page can't be shown, in words, and the command that helps."""

    status: int
    code: str
    title: str
    detail: str
    command: str
    nearest: tuple[tuple[str, str], ...] = ()  # (word, address)


@dataclass(frozen=True, slots=True)
class Site:
    """The reads behind the pages and the templates in front of them."""

    reads: Reads
    writes: bool = False  # whether pages may offer what changes something
    static: StaticFiles = field(default_factory=StaticFiles)
    templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "templates", _environment(self.static, writes=self.writes))

    def answer(
        self,
        ask: Callable[[], Record | None],
        show: Callable[[Record], Response],
        missing: Callable[[], Problem],
        *,
        what: str,
        twin: bool = False,
    ) -> Response:
        """The response that ``show`` makes of what ``ask`` reads; a named problem where that fails."""
        try:
            record = ask()
            if record is not None:
                return show(record)
            problem = missing()
        except StateError as error:
            problem = Problem(503, error.code, f"{what} could not be read", str(error), "tidegate ls")
        return self.json_problem(problem) if twin else self.problem(problem)

    def html(self, template: str, context: Context, *, status: int = 200) -> Response:
        """A rendered page, never cached: it says what is now."""
        text = self.templates.get_template(template).render(**context)
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})

    def json(self, record: object) -> Response:
        """The twin of a page."""
        return JSONResponse(plain(record), headers={"Cache-Control": "no-store"})

    def problem(self, problem: Problem) -> Response:
        """The page of a problem."""
        return self.html("problem.html", {"problem": problem}, status=problem.status)

    def json_problem(self, problem: Problem) -> Response:
        """The same for a program, in the API's form (RFC 9457)."""
        nearest = tuple(word for word, _ in problem.nearest) or None
        return problems.problem(problem.status, problem.code, problem.title, problem.detail, nearest=nearest)

    def unknown_asset(self, key: str) -> Problem:
        """No such asset: which names are near."""
        error = UnknownName("asset", key, self.reads.keys())
        near = tuple((name, asset_url(name)) for name in error.nearest)
        detail = f"No asset is called {key!r}."
        return Problem(404, error.code, "There is no such asset", detail, "tidegate ls", near)

    def no_instant(self, error: NotAnInstant, command: str) -> Problem:
        """An address with a time that none is."""
        return Problem(400, "not-an-instant", "There is no such time", f"{error}; nothing is shown", command)

    def unknown_run(self, run_id: str) -> Problem:
        """No such run: which are the last ones."""
        last = self.reads.run_lines(RunsWanted(limit=3))
        near = tuple((row.id, run_url(row.id)) for row in (*last.open, *last.ended)[:3])
        detail = f"No run has the id {run_id!r}."
        return Problem(404, "unknown-name", "There is no such run", detail, "tidegate ls", near)


def proof_of(request: Request) -> str | None:
    """What the forms of a page have to carry; None where the caller may not use them."""
    state = request.scope.get("state", {})
    caller = state.get("caller")
    proof: str | None = state.get("proof")
    return proof if caller is not None and caller.role.covers(Role.OPERATOR) else None


def asset_url(key: str) -> str:
    """The address of an asset's page, whatever its name holds."""
    return f"/assets/{quote(key, safe='/')}"


def incident_url(row: IncidentRow) -> str:
    """What an incident is about: its asset's page, at its partition."""
    query = f"?partition={quote(row.partition, safe='')}" if row.partition else ""
    return f"{asset_url(row.asset)}{query}#incident-{row.id}"


def feedback_url(asset: str, partition: str | None = None, monitor: str | None = None, undo: int | None = None) -> str:
    """Where a word on a version is chosen, or taken back."""
    fields = {"asset": asset, "partition": partition, "monitor": monitor, "undo": undo}
    return f"/feedback?{urlencode({name: value for name, value in fields.items() if value is not None})}"


def run_url(run_id: str) -> str:
    """The address of a run's page."""
    return f"/runs/{quote(run_id, safe='')}"


def log_url(run_id: str, asset: str, partition: str | None) -> str:
    """Where all that a step said stands."""
    return f"{run_url(run_id)}/log?{log_query(asset, partition)}"


def log_query(asset: str, partition: str | None) -> str:
    """How that page is asked for a step."""
    return urlencode({"asset": asset} if partition is None else {"asset": asset, "partition": partition})


@pass_context
def _told(context: TemplateContext, text: str) -> Markup:
    """A sentence with its instants in the reader's zone, where the page has a clock."""
    clock = context["clock"]
    return prose.prose(text) if clock is None else prose.told(text, clock)


def _environment(static: StaticFiles, *, writes: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=(Parts,),
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    made.filters.update(
        quantity=quantity,
        compact=compact,
        unbroken=unbroken,
        prose=prose.prose,
        told=_told,
        in_utc=prose.in_utc,
        shell=shlex.quote,
        seams=prose.seams,
        around=prose.around,
        process=prose.process,
        look=theme.look,
        mark=marks.mark,
        state=marks.state,
        exact=instants.exact,
        visible=visible,
        asset_url=asset_url,
        incident_url=incident_url,
        run_url=run_url,
        sparkline=sparkline,
    )
    made.globals.update(
        writes=writes,
        feedback_url=feedback_url,
        log_url=log_url,
        monitor_url=monitor_url,
        static=static.url,
        clock=None,
        span=span,
        tones=theme.TONES,
        sections=LINKS,  # the bar; a page may have links of its own
    )
    return made
