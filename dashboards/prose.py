"""Sentences as pages show them: what belongs together stays on one line, and a name in them is a link."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

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
