"""The mark and the word of a state: pages show the same few of them by the thousand, and a macro takes its time."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from dashboards.theme import look


@lru_cache(maxsize=256)
def mark(word: str) -> Markup:
    """The symbol alone, which says nothing to who can't see it."""
    seen = look(word)
    return Markup('<svg class="mark tone-{}" aria-hidden="true"><use href="#s-{}"/></svg>').format(
        seen.tone, seen.symbol
    )


@lru_cache(maxsize=256)
def state(word: str) -> Markup:
    """The symbol with its word beside it."""
    seen = look(word)
    return Markup('<span class="state tone-{}">{}<span>{}</span></span>').format(seen.tone, mark(word), seen.word)
