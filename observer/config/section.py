"""One table of the project file, and where it stands: what every setting is read through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observer.errors import ProjectError, UnknownName


@dataclass(frozen=True, slots=True)
class Section:
    """A table; ``where`` names it as people write it: ``[env.local] io.default``."""

    values: Mapping[str, Any]
    file: Path
    where: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.where}".strip()

    def only(self, known: Iterable[str]) -> None:
        """Refuse every key but these; raises UnknownName."""
        there = tuple(known)
        for key in self.values:
            if key not in there:
                raise UnknownName("setting", key, there, where=str(self))

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text that isn't empty; raises ProjectError, which never shows the value: it may be a secret."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value:
            said = "is missing" if value is None else "is empty" if value == "" else "is no text"
            raise ProjectError(f"{self}: {key} {said}; write {key} = '...'")
        return value

    def maybe(self, key: str) -> str | None:
        """A text, or None where it isn't given."""
        return self.text(key) if key in self.values else None

    def table(self, key: str) -> Section:
        """The table under ``key``, empty where there is none."""
        return self.at(self.values.get(key, {}), f"{self.where} {key}".strip())

    def at(self, value: object, where: str) -> Section:
        """``value`` as a table that stands at ``where``; raises ProjectError."""
        if not isinstance(value, dict):
            raise ProjectError(f"{self.file}: {where} is a table; write it in brackets, or as {{ key = value }}")
        return Section(value, self.file, where)

    def switch(self, key: str) -> bool:
        """True or false; false where it isn't given."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise ProjectError(f"{self}: {key} is true or false, not {value!r}")
        return value

    def part(self, *keys: str) -> Section:
        """This table with these keys alone."""
        return Section({key: self.values[key] for key in keys if key in self.values}, self.file, self.where)

    def amounts(self, key: str) -> dict[str, float]:
        """A table of numbers above 0."""
        there = self.table(key)
        for name, amount in there.values.items():
            if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
                raise ProjectError(f"{there}: {name} is a number above 0, not {amount!r}")
        return {name: float(amount) for name, amount in there.values.items()}

    def count(self, key: str, meaning: str) -> int | None:
        """A whole number of 1 or more; None where it isn't given."""
        value = self.values.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ProjectError(f"{self}: {key} is {meaning}, 1 or more, not {value!r}")
        return value
