"""How things stand, as one file to hand on: it opens without a server and asks no other host for anything."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from dashboards.figures import history
from dashboards.instants import Clock
from dashboards.pages.site import Site
from dashboards.theme import LOOKS
from observer.model import EvaluationStatus, IncidentStatus, Severity
from observer.quantities import count
from observer.reads.base import Reads
from observer.reads.model import AssetRow, IncidentRow, MonitorSeries, NowPage, State

MOST_PLOTS: Final = 6
MOST_ROWS: Final = 500
_ORDER: Final = tuple(LOOKS)  # the worst first
_ASKED = 12  # assets that are read for their monitors, the worst
_ODD = (EvaluationStatus.FAILED, EvaluationStatus.WARNED)
_UNRESOLVED = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)
_CALM = frozenset({State.HEALTHY, State.LEARNING, State.NEVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The file's text, and what is in it."""

    html: str
    assets: int
    incidents: int
    plots: int


def report(reads: Reads, keys: Collection[str], *, whole: bool) -> Report:
    """A report on some assets.

    Parameters
    ----------
    keys: the assets that it is about.
    whole: whether these are all assets of the project.
    """
    page, chosen = reads.now(), frozenset(keys)
    states = {key: state for key, state in reads.states().items() if key in chosen}
    rows = reads.assets(sorted(states, key=lambda key: _ORDER.index(states[key]))[:MOST_ROWS])
    incidents = page.incidents if whole else _open(reads, chosen)
    worst = _worst(reads, rows)
    site = Site(reads)
    scripts = _scripts(site, plots=bool(worst))
    html = site.templates.get_template("report.html").render(
        page=page, clock=Clock.of(page.at, page.timezone), sentence=_sentence(page, states, incidents, whole=whole),
        rows=rows, total=len(states), incidents=incidents, counts=_counts(states),
        style=Markup(_text(site, "tidegate.css")),
        plots=[(key, series, history(series, timezone=page.timezone)) for key, series in worst],
        scripts=[Markup(text) for text in scripts], policy=_policy(scripts),
    )  # fmt: skip
    return Report(html=html, assets=len(states), incidents=len(incidents), plots=len(worst))


def _open(reads: Reads, keys: Collection[str]) -> tuple[IncidentRow, ...]:
    """The unresolved incidents of some assets, the worst first; Now has the worst of all, which may be of others."""
    found: list[IncidentRow] = []
    before: int | None = None
    while True:
        page = reads.incidents(_UNRESOLVED, before=before)
        found += [row for row in page.incidents if row.asset in keys]
        if not page.more or not page.incidents:
            return tuple(sorted(found, key=lambda row: (row.severity is not Severity.ERROR, -len(row.affected))))
        before = page.incidents[-1].id


def _counts(states: Mapping[str, State]) -> Sequence[tuple[State, int]]:
    found = Counter(states.values())
    return [(state, found[state]) for state in _ORDER]


def _sentence(page: NowPage, states: Mapping[str, State], incidents: Sequence[IncidentRow], *, whole: bool) -> str:
    if whole:
        return page.sentence
    said = ", ".join(f"{number} {LOOKS[state].word}" for state, number in _counts(states) if number)
    return f"{count(len(states), 'asset')}: {said}; {count(len(incidents), 'incident')} open"


def _worst(reads: Reads, rows: Sequence[AssetRow]) -> list[tuple[str, MonitorSeries]]:
    """The monitors that alarm, those of the first of ``rows`` first."""
    ill = [row for row in rows if row.state not in _CALM]
    found: list[tuple[str, MonitorSeries]] = []
    for row in ill[:_ASKED]:
        page = reads.asset(row.key)
        found += [(row.key, one) for one in (page.monitors if page else ()) if one.points and one.status in _ODD]
        if len(found) >= MOST_PLOTS:
            break
    return found[:MOST_PLOTS]


def _text(site: Site, name: str) -> str:
    return site.static.files[name].body.decode()


def _scripts(site: Site, *, plots: bool) -> list[str]:
    """What the file runs: nothing but the plots, if it has any."""
    texts = [_text(site, name) for name in ("plotly.js", "plots.js")] if plots else []
    return [text.replace("</script", "<\\/script") for text in texts]


def _policy(scripts: Sequence[str]) -> str:
    """A policy that lets these scripts run and no other, and nothing be asked of any host."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    parts: Mapping[str, str] = {
        "default-src": "'none'", "script-src": allowed, "style-src": "'unsafe-inline'", "img-src": "data:",
        "form-action": "'none'", "base-uri": "'none'",
    }  # fmt: skip
    return "; ".join(f"{name} {value}" for name, value in parts.items())
