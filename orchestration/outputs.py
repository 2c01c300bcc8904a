"""What one call makes when it makes several: its results by name, each asked for, each there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from orchestration.errors import AssetError, nearest


def by_name(
    value: object, wanted: Sequence[str], known: Collection[str], said: Callable[[str], str]
) -> Iterator[tuple[str, object]]:
    """The pairs of name and result that a call gave, each as soon as it is there.

    Parameters
    ----------
    value:
        A mapping, or what yields pairs of a name and its result.
    wanted:
        The names that were asked for; each must come once.
    known:
        Names that may come unasked and are then left out.
    said:
        Makes an error's text of what is wrong.

    Raises
    ------
    AssetError
        A result is missing, comes twice or was not asked for, or it is no mapping; after those that came before it.
    """
    missing = dict.fromkeys(wanted)
    for name, result in _pairs(value, wanted, said):
        if name in missing:
            del missing[name]
            yield name, result
        elif name in wanted:
            raise AssetError(said(f"gave {name!r} twice"))
        elif name not in known:
            raise AssetError(said(f"gave {name!r}, which it was not asked for{nearest(str(name), wanted)}"))
    if missing:
        raise AssetError(said(f"gave no {', '.join(map(repr, missing))}; it was asked for {_listed(wanted)}"))


def _pairs(value: object, wanted: Sequence[str], said: Callable[[str], str]) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
        return
    if not inspect.isgenerator(value):
        raise AssetError(said(f"returned a {type(value).__name__}; return {{name: data}} with {_listed(wanted)}"))
    for pair in value:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise AssetError(said(f"yielded a {type(pair).__name__}; yield pairs, such as {wanted[0]!r}, data"))
        yield pair


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
