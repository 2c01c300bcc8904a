"""``records``: how long the account of what was done stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from observer.config.section import Section
from observer.errors import ProjectError


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """How long each part of the account stays; None: for good.

    Parameters
    ----------
    age: of runs, delivered messages and passing events.
    audit: of the audit.
    incidents: of what is resolved.
    dead_letters: of messages that were given up.
    evaluations: on versions whose data is gone.
    versions: records of versions whose data and points are gone.
    """

    age: timedelta | None = None
    audit: timedelta | None = None
    incidents: timedelta | None = None
    dead_letters: timedelta | None = None
    evaluations: timedelta | None = None
    versions: timedelta | None = None


_SETTINGS: Mapping[str, tuple[str, str]] = {
    "days": ("age", "runs, delivered messages and events that nothing reads stay"),
    "audit_days": ("audit", "the audit stays"),
    "incident_days": ("incidents", "resolved incidents stay"),
    "dead_letter_days": ("dead_letters", "messages that were given up stay"),
    "evaluation_days": ("evaluations", "evaluations of versions whose data is gone stay"),
    "version_days": ("versions", "records of versions whose data and points are gone stay"),
}
KEYS = tuple(_SETTINGS)


def records(section: Section) -> Records:
    """What a section says of records. Raises ProjectError, UnknownName."""
    if "records" not in section.values:
        return Records()
    given = section.table("records")
    given.only(KEYS)
    said = {name: given.count(key, f"how long {meaning}") for key, (name, meaning) in _SETTINGS.items()}
    if not given.values:
        raise ProjectError(f"{given} says nothing; write records = {{ days = 400, audit_days = 800 }}")
    return Records(**{name: timedelta(days=days) for name, days in said.items() if days is not None})
