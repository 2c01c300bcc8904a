"""The arguments of an expectation, as far as a rule can take them at their word."""

from __future__ import annotations

import math
from collections.abc import Mapping

from observer.collectors.patterns import NotPlain

EXACT = 2**53
"""Whole numbers up to it are the same as a float: beyond, engines differ in how they compare the two."""


class Arguments:
    """Arguments by name; None is as good as left out. Whatever isn't plainly what a rule needs raises NotPlain."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}

    def ensure_only(self, names: frozenset[str]) -> None:
        """Refuse arguments that a rule doesn't know."""
        if unknown := self._given.keys() - names:
            raise NotPlain(f"{', '.join(sorted(unknown))} is for the library")

    def text(self, name: str) -> str:
        value = self._given.get(name)
        if not isinstance(value, str) or not value or not _can_be_said(value):
            raise NotPlain(f"{name} is no plain text")
        return value

    def text_or(self, name: str, default: str) -> str:
        return self.text(name) if name in self._given else default

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._given.get(name)
        if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str) for one in value):
            raise NotPlain(f"{name} is no list of texts")
        return tuple(value)

    def number(self, name: str) -> int | float | None:
        """A number that every engine compares alike; None where it is left out."""
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_plain(value):
            raise NotPlain(f"{name} is no plain number")
        return value

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if isinstance(value, float):
            raise NotPlain(f"{name} is no whole number")
        return value

    def share(self, name: str = "mostly") -> float:
        """A share, 1 where it is left out."""
        value = self.number(name)
        if value is None:
            return 1.0
        if not 0 <= value <= 1:
            raise NotPlain(f"{name} is no share")
        return float(value)

    def switch(self, name: str, *, default: bool = False) -> bool:
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            raise NotPlain(f"{name} is neither True nor False")
        return value

    def values(self, name: str = "value_set") -> tuple[str | int | float, ...]:
        """Texts or numbers to compare with, all of one kind."""
        value = self._given.get(name)
        if not isinstance(value, list | tuple) or not value:
            raise NotPlain(f"{name} is no list of values")
        plain = all(isinstance(one, str) and _can_be_said(one) for one in value) or all(
            isinstance(one, int | float) and not isinstance(one, bool) and _is_plain(one) for one in value
        )
        if not plain:
            raise NotPlain(f"{name} holds values of several kinds")
        return tuple(value)


def _can_be_said(text: str) -> bool:
    """Whether SQL has words for it."""
    return "\0" not in text and text == text.encode("utf-8", "ignore").decode("utf-8")


def _is_plain(value: int | float) -> bool:
    return math.isfinite(value) and abs(value) <= EXACT
