"""Freshness: how old the newest published data may be, as a pure function of state and ``now``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from orchestration.errors import DefinitionError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """``90m``, ``26h``, ``7d``, ``2w`` as a timedelta; raises DefinitionError.

    >>> duration("26h")
    datetime.timedelta(days=1, seconds=7200)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip())
    if not match:
        raise DefinitionError(f"{text!r} isn't a length of time; write a number and m, h, d or w, e.g. '26h'")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise DefinitionError(f"{text!r} is longer than can be counted; write a shorter length of time") from None


class FreshnessStatus(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nothing was ever published


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """How old published data may be, counted from the end of the newest partition or from materialization.

    >>> policy = FreshnessPolicy(max_age="26h", warn_at="20h")
    """

    max_age: str
    warn_at: str | None = None
    limit: timedelta = field(init=False)

    def __post_init__(self) -> None:
        limit = duration(self.max_age)
        if self.warn_at is not None and duration(self.warn_at) > limit:
            raise DefinitionError(f"warn_at={self.warn_at!r} lies beyond max_age={self.max_age!r}; swap them")
        object.__setattr__(self, "limit", limit)

    def status(self, data_until: datetime | None, now: datetime) -> FreshnessStatus:
        """What data that reaches until ``data_until`` (None: there is none) is worth at ``now``."""
        if data_until is None:
            return FreshnessStatus.UNKNOWN
        age = now - data_until
        if age > self.limit:
            return FreshnessStatus.FAILED
        if self.warn_at is not None and age > duration(self.warn_at):
            return FreshnessStatus.WARNED
        return FreshnessStatus.PASSED
