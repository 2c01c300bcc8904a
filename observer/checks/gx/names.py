"""The names of the library's expectations, read from its files: importing it costs seconds."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

from observer.errors import UnknownName

_NAME = re.compile(r"^    (Expect\w+|UnexpectedRowsExpectation),$", re.MULTILINE)


def known() -> frozenset[str]:
    """The names of all classes; none where the library isn't there, or keeps them elsewhere."""
    spec = importlib.util.find_spec("great_expectations")
    folders = () if spec is None else spec.submodule_search_locations or ()
    return frozenset().union(*(_named_in(Path(folder) / "expectations" / "__init__.py") for folder in folders))


@cache
def _named_in(file: Path) -> frozenset[str]:
    return frozenset(_NAME.findall(file.read_text(encoding="utf-8"))) if file.is_file() else frozenset()


def class_of(type_: str, where: str) -> str:
    """The name of the class for a suite's ``type``, which is spelled like ``expect_column_to_exist``.

    Raises
    ------
    UnknownName: there is none.
    """
    by_letters = {_letters(name): name for name in known()}
    found = by_letters.get(_letters(type_))
    if found is None and by_letters:
        raise UnknownName("expectation", type_, [_spelled(name, type_) for name in known()], where=where)
    return found or "".join(part.capitalize() for part in type_.split("_"))


def ensure_known(name: str) -> None:
    """Refuse the name of a class that there isn't; raises UnknownName."""
    if known() and name not in known():
        raise UnknownName("expectation", name, known())


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def _spelled(name: str, like: str) -> str:
    """A class's name, spelled as a suite does where what was written is."""
    if "_" not in like:
        return name
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
