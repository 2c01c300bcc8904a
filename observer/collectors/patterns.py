"""Regular expressions that mean the same in every engine; others are tried by DuckDB alone."""

from __future__ import annotations

import re

from observer.errors import CheckError

_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": " \\t\\n\\f\\r"}
_TOKEN = re.compile(
    r"""
    \\(?P<set>[dwsDWS])                 # a set of characters
  | \\(?P<sign>[^0-9A-Za-z_\s])         # a character that stands for itself
  | \[(?P<not>\^?)(?P<among>(?:\\[dws]|\\[^0-9A-Za-z_\s]|[^\\\[\]^])+)\]
  | (?P<any>\.)
  | (?P<plain>[()|^$]|[^\\\[\](){}*+?.|^$])
  | (?P<times>[*+?]|\{\d+(?:,\d*)?\})
    """,
    re.VERBOSE | re.DOTALL,
)


class NotPlain(CheckError):
    """An engine can't tell as exactly as DuckDB can: the data is fetched, and looked at there."""


def everywhere(pattern: str, end: str = "$") -> str:
    """A regular expression of RE2 in words that PostgreSQL, Python and Snowflake take for the same.

    ``end`` is how the end of a text is spelled.

    Raises
    ------
    NotPlain: it holds what one of them reads otherwise, or can't read.

    >>> everywhere(r"^\\d{3}-[a-z\\d]+$")
    '^[0-9]{3}-[a-z0-9]+$'
    """
    out, at, repeats = [], 0, False
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        times = found is not None and found["times"] is not None
        if found is None or (times and not repeats):
            raise NotPlain(f"not every engine reads {pattern[at : at + 10]!r} in the regular expression alike")
        out.append(end if found[0] == "$" else _said(found))
        at, repeats = found.end(), not times and found[0] not in "(|^$"
    return "".join(out)


def in_python(pattern: str) -> str:
    """The same for Python's ``re``, in which ``$`` is also found before a last line feed.

    >>> in_python("^a.*$")
    '^a[^\\\\n]*\\\\Z'
    """
    return everywhere(pattern, r"\Z")


def _said(token: re.Match[str]) -> str:
    if (name := token["set"]) is not None:
        return f"[{'' if name.islower() else '^'}{_SETS[name.lower()]}]"
    if (among := token["among"]) is not None:
        spelled = re.sub(r"\\([dws])", lambda found: _SETS[found[1]], among)
        return f"[{token['not']}{spelled}]"
    return r"[^\n]" if token["any"] else token[0]
