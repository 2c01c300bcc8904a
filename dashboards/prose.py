"""Sentences as pages show them: what belongs together stays on one line, names are links, instants the reader's."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from markupsafe import Markup, escape

from dashboards.instants import Clock, exact
from observer.reads.instants import Sentence
from observer.visible import visible

_NUMBER: Final = r"\d[\d.,]*"
_TOGETHER: Final = re.compile(
    rf"(?<![\w.-])(?:\d{{4}}-\d{{2}}-\d{{2}}(?![\w-])|\d+ of \d+\b"
    rf"|{_NUMBER}(?:[-–]{_NUMBER})? (?:%|[a-z]{{1,12}}\b)|{_NUMBER}[-–]{_NUMBER}(?![\w-]))"
)
_SEAM: Final = re.compile(r"(?<=[_./(,])(?=[^\s_])|(?<=[a-z])(?=[A-Z])")


def prose(text: str) -> Markup:
    """``text`` with its days, ranges and numbers with their unit unbreakable: 2013-02-08, 0-25.5 %, 38 days."""
    parts: list[Markup] = []
    end = 0
    for match in _TOGETHER.finditer(text):
        parts += [escape(text[end : match.start()]), Markup('<span class="nowrap">{}</span>').format(match[0])]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def told(text: str, clock: Clock) -> Markup:
    """``prose`` whose instants are elements, which a script says in the reader's zone."""
    parts: list[Markup] = []
    end = 0
    for begin, until, at in _instants(text):
        parts += [prose(visible(text[end:begin])), _instant(text[begin:until], at, clock)]
        end = until
    return Markup("").join([*parts, prose(visible(text[end:]))])


def _instant(words: str, at: datetime, clock: Clock) -> Markup:
    shown_as = "day" if "-" in words else "moment"
    return Markup('<time class="told" datetime="{}" title="{} · {}" data-as="{}">{}</time>').format(
        exact(at), clock.full(at), exact(at), shown_as, words
    )


def in_utc(text: str) -> str:
    """``text`` for the hover, where no script reaches: its instants as the exact UTC."""
    parts, end = [], 0
    for begin, until, at in _instants(text):
        parts += [text[end:begin], exact(at)]
        end = until
    return "".join([*parts, text[end:]])


def _instants(text: str) -> tuple[tuple[int, int, datetime], ...]:
    return text.instants if isinstance(text, Sentence) else ()


def seams(name: str) -> Markup:
    """A long name with the places where it may break: after ``_ . / ( ,`` and before an inner capital."""
    return Markup("<wbr>").join(_SEAM.split(name))


def around(text: str, name: str | None) -> tuple[str, str] | None:
    """What stands before and after ``name`` in ``text``; None if ``text`` doesn't name it."""
    found = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) if name else None
    return (text[: found.start()], text[found.end() :]) if found else None


def process(holder: str) -> str:
    """Who runs or ran a run, for people: ``vm/4026531836:12389:353976`` -> ``process 12389 on vm``."""
    parts = holder.rsplit(":", 2)
    if len(parts) != 3 or not parts[1].isdigit():
        return holder
    return f"process {parts[1]} on {parts[0].partition('/')[0]}"
