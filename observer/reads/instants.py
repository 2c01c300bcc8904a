"""Instants in words, in the zone in which a project cuts its days; sentences know where they say one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from orchestration.graph import Graph


class Sentence(str):
    """Text that knows which of its words say an instant: what only looks like one may be a value of somebody's data.

    ``instants``: where the words of each begin and end, and which it is; in their order.
    """

    instants: tuple[tuple[int, int, datetime], ...] = ()

    @classmethod
    def of(cls, *parts: str) -> Sentence:
        """``parts`` one after the other, which keep their instants.

        >>> from datetime import UTC
        >>> Sentence.of("since ", full(datetime(2013, 2, 9, 6, tzinfo=UTC), ZoneInfo("UTC")))
        'since 2013-02-09 06:00'
        """
        made, found, end = cls("".join(parts)), [], 0
        for part in parts:
            if isinstance(part, Sentence):
                found += [(end + begin, end + until, at) for begin, until, at in part.instants]
            end += len(part)
        made.instants = tuple(found)
        return made

    @classmethod
    def joined(cls, between: str, parts: Iterable[str]) -> Sentence:
        """``parts`` with ``between`` each two of them."""
        several = [each for part in parts for each in (between, part)]
        return cls.of(*several[1:])

    @classmethod
    def saying(cls, words: str, at: datetime) -> Sentence:
        """The ``words`` for an instant."""
        made = cls(words)
        made.instants = ((0, len(words), at),)
        return made


def timezone_of(graph: Graph) -> str:
    """The IANA name of the zone of the first partitioned asset; UTC if nothing is partitioned."""
    return next((asset.partitions.timezone for asset in graph if asset.partitions is not None), "UTC")


def full(at: datetime, zone: ZoneInfo) -> Sentence:
    """``2013-02-09 06:00``: a day and a time that mean the same tomorrow."""
    return Sentence.saying(f"{at.astimezone(zone):%Y-%m-%d %H:%M}", at)


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> Sentence:
    """``06:00``, ``8 Feb 06:00`` or ``8 Feb 2012 06:00``: no more than is needed to tell it from ``now``.

    >>> from datetime import UTC
    >>> moment(datetime(2013, 2, 8, 6, tzinfo=UTC), datetime(2013, 2, 9, 7, tzinfo=UTC), ZoneInfo("UTC"))
    '8 Feb 06:00'
    """
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return Sentence.saying(f"{local:%H:%M}", at)
    year = "" if local.year == today.year else f" {local.year}"
    return Sentence.saying(f"{local.day} {local:%b}{year} {local:%H:%M}", at)
