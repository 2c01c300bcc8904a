"""Reading the options of an IO manager: each kind names those that it has, and whatever else is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from orchestration.errors import StorageError, UnknownName


def ensure_known(kind: str, options: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse an option that the kind doesn't have; raises UnknownName with the nearest ones."""
    for name in options:
        if name not in known:
            raise UnknownName(f"option of kind {kind!r}", name, known)


def text(kind: str, options: Mapping[str, object], name: str, default: str | None = None) -> str:
    """An option that is a text; raises StorageError where it is missing or is none (the value is never shown)."""
    value = options.get(name, default)
    if not isinstance(value, str) or not value:
        said = "is missing" if value is None else "is empty" if value == "" else "is no text"
        raise StorageError(f"an IO manager of kind {kind!r}: {name} {said}; write {name} = '...'")
    return value


def given(kind: str, options: Mapping[str, object], names: Iterable[str]) -> dict[str, Any]:
    """Those options of these names that are given, texts all of them: arguments whose defaults stand elsewhere."""
    return {name: text(kind, options, name) for name in names if name in options}


def number(kind: str, options: Mapping[str, object], name: str) -> int:
    """An option that is a whole number, or its digits, as a variable of the environment gives them."""
    value = str(options.get(name, ""))
    if not (value.isascii() and value.isdigit()):
        raise StorageError(f"an IO manager of kind {kind!r}: {name} is no whole number; write {name} = 10")
    return int(value)


def one_of(kind: str, options: Mapping[str, object], name: str, known: Sequence[str]) -> str:
    """An option with few values, the first of which is the default; raises UnknownName for any other."""
    value = options.get(name, known[0])
    if value not in known:
        raise UnknownName(f"{name} of kind {kind!r}", str(value), known)
    return str(value)


def table(kind: str, options: Mapping[str, object], name: str) -> Mapping[str, Any]:
    """An option that is a table of its own, empty where it isn't given; raises StorageError for anything else."""
    value = options.get(name, {})
    if not isinstance(value, Mapping):
        raise StorageError(f"an IO manager of kind {kind!r}: {name} is no table; write {name} = {{ ... }}")
    return value
