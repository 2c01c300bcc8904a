"""A word on a version: choose it, see what it would change, confirm it. Three plain pages, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.instants import Clock
from dashboards.pages.site import Problem, Site, asset_url
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.errors import FeedbackError, StateError, TidegateError
from observer.marking import Marked, mark, undo
from observer.model import EvaluationStatus, Every, FeedbackKind
from observer.reads.model import AssetPage, MonitorSeries, SeriesPoint

if TYPE_CHECKING:
    from observer.project import Project

KINDS: Mapping[FeedbackKind, tuple[str, str]] = {
    FeedbackKind.EXPECTED_ONCE: ("Right this once", "It stays out of what monitors learn from."),
    FeedbackKind.EXPECTED: ("Right, and ordinary", "Monitors learn from it."),
    FeedbackKind.BAD_DATA: ("Bad data", "It stays out of what monitors learn from."),
    FeedbackKind.NEW_NORMAL: ("A new normal", "Monitors learn from here on and forget what was before."),
    FeedbackKind.RECURRING: ("Right, and comes again", "It is compared with its like, and ordinary days with theirs."),
}
"""What a person can say, and what it means to monitors; the likeliest first."""

_SHOWN = 90
"""Partitions that are offered, the newest; another is written into the address."""

_ODD = {EvaluationStatus.WARNED, EvaluationStatus.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody has chosen so far, as the fields of the form have it; ``""`` is nothing."""

    asset: str
    partition: str = ""
    monitor: str = ""
    kind: str = ""  # the field "as"
    every: str = ""
    undo: str = ""  # the number of the word that is to be taken back

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Word:
        """From the fields of a form, or of an address."""
        chosen = {name: fields.get(name, "") for name in ("partition", "monitor", "every", "undo")}
        word = cls(asset=fields.get("asset", ""), kind=fields.get("as", ""), **chosen)
        return word if word.kind == FeedbackKind.RECURRING else replace(word, every="")

    def fields(self) -> Mapping[str, str]:
        """The fields that say it."""
        there = {
            "asset": self.asset, "partition": self.partition, "monitor": self.monitor, "as": self.kind,
            "every": self.every, "undo": self.undo,
        }  # fmt: skip
        return {name: value for name, value in there.items() if value}

    @property
    def url(self) -> str:
        """The page on which it is chosen."""
        return f"/feedback?{urlencode(self.fields())}"

    @property
    def chosen(self) -> bool:
        """Whether there is anything to preview."""
        return bool(self.kind or self.undo)

    def said(self, work: Project, *, reason: str, by: str, preview: bool = False) -> Marked:
        """Say it; raises what ``mark`` and ``undo`` raise, and FeedbackError of what can't be said."""
        partition = self.partition or None
        if self.undo:
            number = _number(self.undo)
            return undo(work, self.asset, partition, number=number, reason=reason, by=by, preview=preview)
        every = _one_of(Every, self.every, "how often it comes again") if self.every else None
        return mark(
            work, self.asset, partition, _one_of(FeedbackKind, self.kind, "what it is"), subject=self.monitor or None,
            every=every, reason=reason, by=by, preview=preview,
        )  # fmt: skip


def add(app: FastAPI, site: Site, work: Project) -> None:
    """Add ``/feedback``: asked, it shows what a word would change; sent, it is said."""

    @app.get("/feedback", include_in_schema=False, openapi_extra=OWN_ASSETS)
    def look(request: Request, caller: Annotated[Caller, Depends(allowed(Role.VIEWER))]) -> Response:
        word = Word.of(request.query_params)
        require(caller, word.asset)
        return _answer(site, word, lambda: _looked_at(site, work, word, request, caller))

    @app.post("/feedback", include_in_schema=False, openapi_extra=OWN_ASSETS)
    def say(
        request: Request,
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        word = Word.of(sent)
        require(caller, word.asset)

        def done() -> Response | None:
            reason = sent.get("reason", "").strip()
            if not reason:
                return _looked_at(site, work, word, request, caller, refused="Say why: it stays in the history.")
            word.said(work, reason=reason, by=caller.name)
            query = f"?{urlencode({'partition': word.partition})}" if word.partition else ""
            return RedirectResponse(f"{asset_url(word.asset)}{query}#said", status_code=303)

        return _answer(site, word, done)


def _answer(site: Site, word: Word, ask: Callable[[], Response | None]) -> Response:
    try:
        answer = ask()
        return answer if answer is not None else site.problem(site.unknown_asset(word.asset))
    except StateError as error:
        return site.problem(Problem(503, error.code, "Nothing could be said", str(error), "tidegate doctor"))
    except TidegateError as error:
        command = f"tidegate mark {quote(word.asset)}"
        return site.problem(Problem(409, error.code, "This can't be said", str(error), command))


def _looked_at(
    site: Site, work: Project, word: Word, request: Request, caller: Caller, refused: str = ""
) -> Response | None:
    page = site.reads.asset(word.asset)
    if page is None:
        return None
    done: Marked | None = None
    if word.chosen:
        try:
            done = word.said(work, reason="", by=caller.name, preview=True)
        except FeedbackError as error:
            refused = str(error)
    series = next((one for one in page.monitors if one.id == word.monitor), None)
    context = {
        "page": page, "clock": Clock.of(page.at, page.timezone), "word": word, "done": done, "refused": refused,
        "kinds": KINDS, "everies": tuple(Every), "versions": versions(page, series),
        "monitors": tuple(dict.fromkeys(one.id for one in page.monitors if one.metric != "schema")),
        "may": caller.role.covers(Role.OPERATOR), "proof": request.scope["state"]["proof"],
    }  # fmt: skip
    return site.html("feedback.html", context, status=409 if refused and done is None else 200)


Kind = TypeVar("Kind", FeedbackKind, Every)


def versions(page: AssetPage, series: MonitorSeries | None) -> tuple[tuple[str, str], ...]:
    """The partitions that a word can be on, each with what is known of it; the newest first, none of what has none."""
    points: dict[str, SeriesPoint] = {}
    for one in (series,) if series is not None else page.monitors:
        for point in one.points:
            if point.partition is not None and (point.partition not in points or is_odd(point)):
                points[point.partition] = point
    newest = sorted(points.values(), key=lambda point: (point.at, point.partition or ""), reverse=True)
    return tuple((point.partition or "", _known(point)) for point in newest[:_SHOWN])


def is_odd(point: SeriesPoint) -> bool:
    """Whether its monitor alarmed."""
    return point.status in _ODD


def _known(point: SeriesPoint) -> str:
    if point.mark is not None:
        return f"marked {point.mark}"
    words = [point.status.value] if point.status is not None and is_odd(point) else []
    return ", ".join([*words, *(["held"] if point.held else [])])


def _one_of(kinds: type[Kind], value: str, meaning: str) -> Kind:
    try:
        return kinds(value)
    except ValueError:
        there = ", ".join(kinds)
        raise FeedbackError(f"{meaning} is one of {there}, not {value!r}; nothing was changed") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise FeedbackError(f"a word goes by its number, not {text!r}; nothing was changed")
    return int(text)
