"""``records``: how long the account of what was done stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from observer.config.section import Section
from observer.errors import ProjectError

KEYS = ("days", "audit_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """How long runs, delivered messages and passing events stay, and how long the audit does; None: for good."""

    age: timedelta | None = None
    audit: timedelta | None = None


def records(section: Section) -> Records:
    """What a section says of records. Raises ProjectError, UnknownName."""
    if "records" not in section.values:
        return Records()
    given = section.table("records")
    given.only(KEYS)
    days = given.count("days", "how long runs, delivered messages and events that nothing reads stay")
    audit = given.count("audit_days", "how long the audit stays")
    if days is None and audit is None:
        raise ProjectError(f"{given} says nothing; write records = {{ days = 400, audit_days = 800 }}")
    return Records(age=_days(days), audit=_days(audit))


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)
