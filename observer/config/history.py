"""``history``: how long each point of the history stays before its day's summary stands for it."""

from __future__ import annotations

from datetime import timedelta

from observer.config.section import Section
from observer.errors import ProjectError


def history(section: Section) -> timedelta | None:
    """How long points stay; None: as long as the project. Raises ProjectError, UnknownName."""
    if "history" not in section.values:
        return None
    given = section.table("history")
    given.only(("days",))
    days = given.count("days", "how long the points of a removed version stay")
    if days is None:
        raise ProjectError(f"{given} says nothing; write history = {{ days = 400 }}")
    return timedelta(days=days)
