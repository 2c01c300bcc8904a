"""``retention``: how many earlier versions stay, and for how long."""

from __future__ import annotations

from datetime import timedelta

from observer.config.section import Section
from observer.errors import ProjectError
from orchestration.retention import Retention

KEYS = ("keep", "days")


def retention(section: Section) -> Retention | None:
    """What a section says of retention; None where it says nothing. Raises ProjectError, UnknownName."""
    if "retention" not in section.values:
        return None
    given = section.table("retention")
    given.only(KEYS)
    keep, days = given.count("keep", "how many earlier versions stay"), given.count("days", "how long they stay")
    if keep is None and days is None:
        raise ProjectError(f"{given} says nothing; write retention = {{ keep = 5, days = 30 }}")
    return Retention(keep=keep or 0, age=timedelta(days=days or 0))
