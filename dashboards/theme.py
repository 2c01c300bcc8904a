"""Colour tokens for light and dark, and the shape, word and colour of every state.

A *mark* token (``failing``) has at least 3:1 against the surfaces and is for shapes and lines; its *text*
twin (``failing-text``) has at least 4.5:1. Figures name tokens as ``var(--failing)``, which Plotly's
validator accepts: the browser replaces them when it draws, ``resolve`` does it for notebooks and exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from observer.reads.model import State

Palette = Mapping[str, str]
"""Token name -> CSS colour."""

LIGHT: Final[Palette] = {
    "page": "#F6F7F9",
    "surface": "#FFFFFF",
    "sunken": "#F1F3F6",
    "line": "#E3E7EC",
    "line-strong": "#C9D0D9",
    "ink": "#141A22",
    "muted": "#586372",
    "link": "#17606C",
    "focus": "#17606C",
    "healthy": "#2E8B9A",
    "warning": "#B8862F",
    "failing": "#8A1C1C",
    "held": "#7A3FE0",
    "neutral": "#7A8594",
    "healthy-text": "#1B6B78",
    "warning-text": "#7C5710",
    "failing-text": "#8A1C1C",
    "held-text": "#6A30CC",
    "neutral-text": "#586372",
    "healthy-wash": "#E8F3F4",
    "warning-wash": "#FAF3E4",
    "failing-wash": "#F9ECEC",
    "held-wash": "#F3EDFD",
    "neutral-wash": "#F1F3F6",
    "measure": "#24303E",
    "band": "rgba(46,139,154,0.17)",
    "expected": "#2E8B9A",
    "training": "rgba(88,99,114,0.055)",
    "grid": "#EDF0F3",
    "heat-0": "#F1F3F6",
    "heat-1": "#D3E7EB",
    "heat-2": "#ABD3DA",
    "heat-3": "#76B6C1",
    "heat-4": "#3F97A5",
    "heat-5": "#1F6878",
    "heat-6": "#0C3B49",
}

DARK: Final[Palette] = {
    "page": "#0B0F14",
    "surface": "#11161D",
    "sunken": "#0D1218",
    "line": "#222B36",
    "line-strong": "#394554",
    "ink": "#E9EEF4",
    "muted": "#98A4B3",
    "link": "#6BCFE2",
    "focus": "#6BCFE2",
    "healthy": "#3FBBD4",
    "warning": "#EBC71F",
    "failing": "#D6453F",
    "held": "#A64DF0",
    "neutral": "#7D8999",
    "healthy-text": "#5FCBE0",
    "warning-text": "#EBC71F",
    "failing-text": "#FF8A80",
    "held-text": "#C493FF",
    "neutral-text": "#98A4B3",
    "healthy-wash": "#11262D",
    "warning-wash": "#29240F",
    "failing-wash": "#2C1618",
    "held-wash": "#22163A",
    "neutral-wash": "#19212B",
    "measure": "#D5DDE6",
    "band": "rgba(63,187,212,0.20)",
    "expected": "#3FBBD4",
    "training": "rgba(152,164,179,0.07)",
    "grid": "#1C242E",
    "heat-0": "#18202A",
    "heat-1": "#17333D",
    "heat-2": "#164A57",
    "heat-3": "#1C6F82",
    "heat-4": "#2F9BB2",
    "heat-5": "#74CCDD",
    "heat-6": "#D6F3F9",
}

SURFACES: Final = ("page", "surface")
"""What marks and texts stand on."""

TONES: Final = ("healthy", "warning", "failing", "held", "neutral")
"""Each is a mark token; ``<tone>-text`` and ``<tone>-wash`` belong to it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: a glyph for plain text, the drawn symbol's name, the word, the tone."""

    glyph: str
    symbol: str
    word: str
    tone: str


LOOKS: Final[Mapping[State, Look]] = {
    State.FAILING: Look("■", "failing", "failing", "failing"),
    State.HELD: Look("‖", "held", "held", "held"),
    State.BLOCKED: Look("⊘", "blocked", "blocked", "held"),
    State.STALE: Look("◷", "stale", "stale", "warning"),
    State.WARNED: Look("▲", "warned", "warned", "warning"),
    State.UNKNOWN: Look("?", "unknown", "unknown", "neutral"),
    State.LEARNING: Look("◌", "learning", "learning", "neutral"),
    State.HEALTHY: Look("●", "healthy", "healthy", "healthy"),
    State.NEVER: Look("○", "never", "never run", "neutral"),
}

_STATUS_STATES: Final[Mapping[str, State]] = {
    # evaluations
    "passed": State.HEALTHY,
    "failed": State.FAILING,
    # steps and runs
    "planned": State.NEVER,
    "running": State.LEARNING,
    "published": State.HEALTHY,
    "observed": State.HEALTHY,
    "succeeded": State.HEALTHY,
    "skipped": State.NEVER,
    "interrupted": State.FAILING,
    "cancelled": State.NEVER,
    "queued": State.NEVER,
    "refused": State.FAILING,
    # what the scheduler decided
    "asked": State.HEALTHY,
    "waits": State.LEARNING,
    "passed_over": State.NEVER,
    # versions and gates
    "publishing": State.LEARNING,
    "superseded": State.NEVER,
    "discarded": State.NEVER,
    "rolled_back": State.NEVER,
    "open": State.HEALTHY,
    "open_by_override": State.WARNED,
    "none": State.NEVER,
    # incidents and severities
    "error": State.HELD,
    "warn": State.WARNED,
    "acknowledged": State.WARNED,
    "snoozed": State.LEARNING,
    "muted": State.LEARNING,
    "resolved": State.HEALTHY,
}


@lru_cache(maxsize=256)  # a page says the same few words thousands of times
def look(word: str) -> Look:
    """The look of a state or of any status; a word that is neither looks ``unknown`` and keeps its text."""
    try:
        return LOOKS[State(word)]
    except ValueError:
        known = LOOKS[_STATUS_STATES.get(word, State.UNKNOWN)]
        return Look(known.glyph, known.symbol, word.replace("_", " "), known.tone)


def token(name: str) -> str:
    """The reference to a token in a figure, e.g. ``var(--failing)``."""
    assert name in LIGHT, name
    return f"var(--{name})"


def resolve(value: object, palette: Palette) -> object:
    """A copy of a figure (or any part of it) in which the tokens are the colours of ``palette``."""
    if isinstance(value, str):
        if value.startswith("var(--") and value.endswith(")"):
            return palette[value[6:-1]]
        return value
    if isinstance(value, Mapping):
        return {key: resolve(part, palette) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(part, palette) for part in value]
    return value


def stylesheet() -> str:
    """The tokens as CSS custom properties: the system's theme, or the one that the reader chose."""
    light = _declarations(LIGHT) + "color-scheme:light;"
    dark = _declarations(DARK) + "color-scheme:dark;"
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
        f"@media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{{light}}}}}\n"
    )


def _declarations(palette: Palette) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in palette.items())
