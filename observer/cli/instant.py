"""Instants as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

from observer.errors import ProjectError


def instant(text: str, option: str) -> datetime:
    """``2013-02-09T06:00+01:00``, or UTC where no zone is said; raises ProjectError, which names the option.

    >>> instant("2013-02-09 06:00", "--until").isoformat()
    '2013-02-09T06:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ProjectError(
            f"{option} {text!r} isn't an instant; write 2013-02-09T06:00+01:00, or without a zone for UTC"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
