"""Text that shows what is in it: marks that a terminal would obey, or that turn text around, are written out."""

from __future__ import annotations

import re

# C0 but for tab and newline, C1, soft hyphen, direction marks and overrides, line separators, invisible operators,
# byte order mark, interlinear annotations, tags. The joiners U+200C and U+200D stay: scripts and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text with such marks as escapes.

    >>> visible("orders\u202egpj\x1b[2J")
    'orders\\u202egpj\\x1b[2J'
    """
    return _HIDDEN.sub(lambda mark: mark[0].encode("unicode_escape").decode(), text)


def visible_json(text: str) -> str:
    r"""JSON with such marks as JSON's own escapes: whoever reads it gets the same text.

    >>> visible_json('"a\u202e"')
    '"a\\u202e"'
    """
    return _HIDDEN.sub(lambda mark: _utf16(mark[0]), text)


def _utf16(mark: str) -> str:
    units = mark.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
