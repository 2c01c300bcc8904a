"""``false_alarms_per_week``: how many false alarms people can stand, over all monitors of an environment."""

from __future__ import annotations

from math import isfinite

from observer.config.section import Section
from observer.errors import ProjectError

KEY = "false_alarms_per_week"


def budget(section: Section) -> float | None:
    """What a section says of it; None where it says nothing. Raises ProjectError."""
    value = section.values.get(KEY)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and value > 0):
        raise ProjectError(f"{section}: {KEY} is how many a week, a number above 0 such as 2 or 0.5, not {value!r}")
    return float(value)


def budget_of(said: Section, environment: str) -> float | None:
    """What an environment of a project's file says of it, its variables left alone; raises ProjectError."""
    environments = said.table("env")
    return budget(environments.table(environment))
