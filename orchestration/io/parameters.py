"""Parameters of a query: ``$name`` in what a person wrote becomes the driver's own mark, and the value is bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKENS = re.compile(
    r"""
      (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | (?P<tag>\$\w*\$).*?(?P=tag) )
    | \$(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


def used(sql: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters that a query names outside of texts, names and comments."""
    names = {match["name"] for match in _TOKENS.finditer(sql) if match["name"]}
    return {name: value for name, value in parameters.items() if name in names}


def respelled(
    sql: str, parameters: Mapping[str, object], mark: Callable[[str], str], escape: Callable[[str], str] = str
) -> str:
    """The query with ``mark(name)`` for each parameter; ``escape`` spells everything else for the driver.

    >>> respelled("select '$day', $day, 5 % 2", {"day": 1}, "%({})s".format, lambda text: text.replace("%", "%%"))
    "select '$day', %(day)s, 5 %% 2"
    """
    parts: list[str] = []
    at = 0
    for match in _TOKENS.finditer(sql):
        if match["name"] and match["name"] in parameters:
            parts += [escape(sql[at : match.start()]), mark(match["name"])]
            at = match.end()
    return "".join([*parts, escape(sql[at:])])
