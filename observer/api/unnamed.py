"""What the service says, without the names of assets that are not its reader's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from observer.access import Caller

OTHER = "another asset"
"""What stands in place of a name."""
_WORD = re.compile(r"\w+")


def unnamed(caller: Caller, names: Iterable[str]) -> Callable[[str], str]:
    """What tells a text to a caller: in place of the ``names`` of other assets stands ``OTHER``.

    A longer name that is the caller's stands as it is, whatever it holds.
    """
    if caller.assets is None:
        return lambda text: text
    beginning: dict[str, list[tuple[int, str]]] = {}  # by its first word, where that stands in it
    for name in sorted(names, key=len, reverse=True):
        if (first := _WORD.search(name)) is not None:
            beginning.setdefault(first[0], []).append((first.start(), name))

    def told(text: str) -> str:
        said, at = [], 0
        for word in _WORD.finditer(text):
            for offset, name in beginning.get(word[0], ()):
                start = word.start() - offset
                end = start + len(name)
                if start >= at and text.startswith(name, start) and not _goes_on(text, end):
                    said += [text[at:start], name if caller.sees(name) else OTHER]
                    at = end
                    break
        return "".join((*said, text[at:]))

    return told


def _goes_on(text: str, at: int) -> bool:
    """Whether a word goes on there."""
    return at < len(text) and _WORD.match(text, at - 1) is not None and _WORD.match(text, at) is not None
