"""Until when something lasts that a person begins on a page: the choices of a form, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

CHOICES: Final = (
    ("1h", "1 hour"), ("4h", "4 hours"), ("tomorrow", "tomorrow 09:00"), ("3d", "3 days"), ("7d", "7 days"),
)  # fmt: skip
"""The value of each, and its words."""

_HOURS: Final[Mapping[str, int]] = {"1h": 1, "4h": 4, "3d": 72, "7d": 168}


def until(word: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant that a choice means; None for a word that is none of them."""
    if word in _HOURS:
        return now + timedelta(hours=_HOURS[word])
    if word != "tomorrow":
        return None
    day = (now.astimezone(zone) + timedelta(days=1)).date()
    return datetime(day.year, day.month, day.day, 9, tzinfo=zone).astimezone(UTC)
