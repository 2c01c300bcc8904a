"""``schedules``: whether an environment follows the schedules that assets declare."""

from __future__ import annotations

from observer.config.section import Section
from observer.errors import ProjectError

KEY = "schedules"


def schedules(section: Section) -> bool:
    """What a section says of it; yes where it says nothing. Raises ProjectError."""
    value = section.values.get(KEY, True)
    if not isinstance(value, bool):
        raise ProjectError(f"{section}: {KEY} is true or false, not {value!r}")
    return value
