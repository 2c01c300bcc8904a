"""Who types."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """The name that stays in the history beside what a person has decided."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown user"
