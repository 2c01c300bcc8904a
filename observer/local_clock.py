"""Instants as the clocks on the wall tell them where data comes from, whatever the season was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_STEADY = timedelta(days=28)
"""Clocks that show the same offset at both ends of so short a time have not changed in between."""

_APART_S = 1.0


def offset_s(zone: str, at: datetime) -> float:
    """Seconds that the clocks of a zone are ahead of UTC at an instant.

    >>> from datetime import UTC
    >>> offset_s("America/New_York", datetime(2013, 7, 1, tzinfo=UTC))
    -14400.0
    """
    ahead = at.astimezone(ZoneInfo(zone)).utcoffset()
    return ahead.total_seconds() if ahead else 0.0


def as_of(zone: str, ats: Sequence[datetime], ahead_s: float) -> list[float]:
    """Seconds since 1970 that show the same weekday and hour at a fixed offset as the zone's clocks did then.

    A day that began at midnight in summer begins at midnight in winter too; by the plain instants it would begin at
    eleven the evening before. Of two hours that clocks show twice the second comes a second after the first.

    Parameters
    ----------
    ats: strictly increasing.
    ahead_s: the offset that they are read by.

    Returns
    -------
    list[float]: strictly increasing.
    """
    plain = [at.timestamp() for at in ats]
    if zone == "UTC":
        return plain
    told: list[float] = []
    for at, offset in zip(plain, _offsets(zone, ats), strict=True):
        shown = at + offset - ahead_s
        told.append(shown if not told or shown > told[-1] else told[-1] + _APART_S)
    return told


def _offsets(zone: str, ats: Sequence[datetime]) -> list[float]:
    found: list[float] = []
    while len(found) < len(ats):
        first = len(found)
        last = bisect_right(ats, ats[first] + _STEADY) - 1
        begin, end = offset_s(zone, ats[first]), offset_s(zone, ats[last])
        steady = begin == end
        found += [begin] * (last - first + 1) if steady else [offset_s(zone, at) for at in ats[first : last + 1]]
    return found
