"""An address as people may see it: in errors, in the log, on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL

SECRET_KEYS = re.compile(r"(?i)pass(word|wd|phrase)?|secret|token|credential|(access|private|account|api)_?key|pwd")
"""Names of settings, and of options of an address, that hold a secret."""


def shown(url: URL) -> str:
    """The address without its password, and without any option that is called one: ``?password=`` holds it too."""
    query = {name: "***" if SECRET_KEYS.search(name) else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)
