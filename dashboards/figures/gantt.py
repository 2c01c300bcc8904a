"""A run over time: a row a step; work, judging, waits and failed tries as own bars, holds hatched, blocks marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.figures.scale import scale
from dashboards.figures.text import apart, plain
from dashboards.theme import look, token
from observer.quantities import compact
from observer.reads.model import RunPage, StepRow
from observer.reads.run_model import SpanRow

Part = dict[str, object]
Lane = tuple[str, StepRow]  # the row's name and what happened in it

MOST_ROWS: Final = 60
"""A run of more steps is drawn with one row an asset."""

_ROW_PX: Final = 30
_BLOCKED: Final = frozenset({"blocked", "failed", "interrupted", "cancelled"})


def gantt(page: RunPage) -> Part:
    """The figure of a run's steps in the order walked, seconds since it began on x."""
    folded = len(page.steps) > MOST_ROWS
    lanes = list(zip(_names(page.steps, folded=folded), page.steps, strict=True))
    so_far = max(0.0, (page.at - page.run.started_at).total_seconds()) if page.ended_at is None else 0.0
    end = max([_end(step) for step in page.steps] + [page.run.duration_s or 0.0, so_far, 0.001])
    bounds = scale([0.0, end], "s", ticks=6, headroom=0.04)
    data = [
        part
        for part in (
            _bars("execute", lanes, "healthy"),
            _bars("gate", [lane for lane in lanes if lane[1].status != "held"], "neutral"),
            _bars("gate, held", [lane for lane in lanes if lane[1].status == "held"], "held", pattern="/"),
            _bars("other", lanes, "line-strong"),
            _going(lanes, so_far),
            _waits(lanes),
            _tries(lanes),
            _ends(lanes, end),
        )
        if part is not None
    ]
    names = list(dict.fromkeys(name for name, _ in lanes))
    return {
        "data": data,
        "layout": {
            "barmode": "overlay",
            "bargap": 0.42,
            "height": 58 + _ROW_PX * max(1, len(names)),
            "xaxis": {
                "range": [0, bounds.high],
                "tickvals": list(bounds.ticks),
                "ticktext": list(bounds.labels),
                "title": {"text": "since the run began"},
            },
            "yaxis": {"type": "category", "categoryarray": names, "autorange": "reversed", "dtick": 1},
        },
    }


def _names(steps: Sequence[StepRow], *, folded: bool) -> list[str]:
    """The row's name of each step: the asset, with its partition where that tells rows apart."""
    several = not folded and len({step.partition for step in steps if step.partition}) > 1
    return apart(
        [f"{step.asset} {step.partition}" if several and step.partition is not None else step.asset for step in steps],
        limit=30,
    )


def _spans(step: StepRow, kind: str) -> tuple[float, float] | None:
    """Start and length of one part of a step; None if it has no such part."""
    if step.start_s is None:
        return None
    execute, gate = step.execute_s or 0.0, step.gate_s or 0.0
    begun = step.start_s + _waited(step, "worker")
    made = begun + execute + _waited(step, "turn")
    if kind == "execute":
        return (begun, execute) if execute > 0 else None
    if kind.startswith("gate"):
        return (made, gate) if gate > 0 else None
    rest = step.start_s + (step.duration_s or 0.0) - made - gate
    return (made + gate, rest) if rest > 0 else None


def _waited(step: StepRow, kind: str) -> float:
    """How long the last try waited, once it was begun."""
    mine = (one for one in step.spans if one.kind == kind and one.start_s >= (step.start_s or 0.0))
    return sum(one.length_s for one in mine)


def _bars(kind: str, lanes: Sequence[Lane], tone: str, pattern: str = "") -> Part | None:
    drawn = [(name, step, part) for name, step in lanes if (part := _spans(step, kind)) is not None]
    if not drawn:
        return None
    words = {"execute": "executing", "gate": "measuring and deciding", "gate, held": "judged, then held"}
    marker: Part = {"color": token(tone), "line": {"width": 0}}
    if pattern:
        stripes = {"fgcolor": token("surface"), "bgcolor": token(tone), "size": 7, "solidity": 0.3}
        marker["pattern"] = {"shape": pattern, **stripes}
    return {
        "type": "bar",
        "name": words.get(kind, "publishing and the rest"),
        "orientation": "h",
        "y": [name for name, _, _ in drawn],
        "base": [round(part[0], 4) for _, _, part in drawn],
        "x": [round(part[1], 4) for _, _, part in drawn],
        "marker": marker,
        "customdata": [f"{plain(step.status)}, {compact(part[1], 's')}" for _, step, part in drawn],
        "hovertemplate": "<b>%{y}</b><br>%{fullData.name}: %{customdata}<extra></extra>",
    }


def _waits(lanes: Sequence[Lane]) -> Part | None:
    """What kept steps from getting on, hatched."""
    found = [(name, one) for name, step in lanes for one in step.spans if one.kind != "try"]
    stripes: Part = {"shape": "/", "fgcolor": token("muted"), "bgcolor": token("surface"), "size": 5, "solidity": 0.15}
    marker: Part = {"color": token("surface"), "line": {"width": 1, "color": token("line-strong")}, "pattern": stripes}
    return _apart("waiting", found, marker)


def _tries(lanes: Sequence[Lane]) -> Part | None:
    """Tries that failed and were followed by another, each with its error."""
    found = [(name, one) for name, step in lanes for one in step.spans if one.kind == "try"]
    return _apart("failed try", found, {"color": token("failing"), "line": {"width": 0}})


def _apart(name: str, found: Sequence[tuple[str, SpanRow]], marker: Part) -> Part | None:
    if not found:
        return None
    return {
        "type": "bar",
        "name": name,
        "orientation": "h",
        "y": [lane for lane, _ in found],
        "base": [round(one.start_s, 4) for _, one in found],
        "x": [round(one.length_s, 4) for _, one in found],
        "marker": marker,
        "customdata": [
            f"{compact(one.length_s, 's')}, {f'try {one.number}: ' if one.kind == 'try' else ''}{plain(one.said)}"
            for _, one in found
        ],
        "hovertemplate": "<b>%{y}</b><br>%{fullData.name} %{customdata}<extra></extra>",
    }


def _going(lanes: Sequence[Lane], so_far: float) -> Part | None:
    """What is under way, up to now."""
    going = [(name, step.start_s) for name, step in lanes if step.status == "running" and step.start_s is not None]
    if not going:
        return None
    return {
        "type": "bar",
        "name": "under way",
        "orientation": "h",
        "y": [name for name, _ in going],
        "base": [round(start, 4) for _, start in going],
        "x": [round(max(so_far - start, 0.0), 4) for _, start in going],
        "marker": {
            "color": token("surface"),
            "line": {"width": 1, "color": token("healthy")},
            "pattern": {
                "shape": "|", "fgcolor": token("healthy"), "bgcolor": token("surface"), "size": 6, "solidity": 0.4,
            },
        },
        "hovertemplate": "<b>%{y}</b><br>%{fullData.name}<extra></extra>",
    }  # fmt: skip


def _ends(lanes: Sequence[Lane], end: float) -> Part | None:
    """A mark at the end of the run for what did not come to be, with the reason on hover."""
    stopped = [(name, step) for name, step in lanes if step.status in _BLOCKED]
    if not stopped:
        return None
    return {
        "type": "scatter",
        "name": "did not run",
        "mode": "markers+text",
        "y": [name for name, _ in stopped],
        "x": [end if step.status == "blocked" else max(_end(step), 0.0) for _, step in stopped],
        "cliponaxis": False,
        "marker": {
            "symbol": ["x-thin-open" if step.status == "blocked" else "square" for _, step in stopped],
            "size": 11,
            "color": [token(look(step.status).tone) for _, step in stopped],
            "line": {"width": 2, "color": [token(look(step.status).tone) for _, step in stopped]},
        },
        "text": [_why(step) for _, step in stopped],
        "textposition": "middle left",
        "textfont": {"size": 12, "color": token("muted")},
        "customdata": [plain(step.error or step.reason) for _, step in stopped],
        "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
    }


def _why(step: StepRow) -> str:
    if step.status == "blocked":
        return f"blocked by {plain(step.blocked_by, limit=24)}  " if step.blocked_by else "blocked  "
    return ""


def _end(step: StepRow) -> float:
    length = max(step.duration_s or 0.0, (step.execute_s or 0.0) + (step.gate_s or 0.0))
    return max([(step.start_s or 0.0) + length, *(one.start_s + one.length_s for one in step.spans)])
