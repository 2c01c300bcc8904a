"""``remind_after``: how long after the last message people are reminded of an incident that is open."""

from __future__ import annotations

import re
from datetime import timedelta

from observer.config.section import Section
from observer.errors import ProjectError

DAILY = timedelta(hours=24)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def remind_after(section: Section) -> timedelta | None:
    """``"24h"`` if nothing is said; None: never. Raises ProjectError."""
    text = section.values.get("remind_after", "24h")
    if text == "never":
        return None
    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text) if isinstance(text, str) else None
    if match is None:
        raise ProjectError(
            f"{section}: remind_after = {text!r} isn't a length of time; write '90m', '24h', '3d' or 'never'"
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
