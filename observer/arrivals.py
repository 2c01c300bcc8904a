"""What was waited for, and how long: told from when the versions of an asset were made. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from observer.history import StoredPoint
from observer.local_clock import offset_s
from observer.metrics import AGE
from observer.monitors import Monitor
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.model import PartitionKey
from orchestration.partitions import Interval, Partitions

_CATCHING_UP = 0.25
"""A partition that comes within this share of its length after another one was made up for: it says nothing of
when partitions usually come."""

_APART = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A wait for data.

    ``seconds`` are those of the clock that makes it shorter, of UTC and the data's own: on two days a year they differ.
    ``over``: something came at ``until``; ``new``: it is the first that did.
    """

    began: datetime
    until: datetime
    seconds: float
    over: bool = True
    new: bool = True


class Arrivals:
    """The waits of one asset, or one part of its partitions, version by version in the order of being made.

    What is partitioned in time is waited for from the end of a partition on; anything else from the last time that it
    came. By its age, a source came when it last changed.
    """

    def __init__(self, asset: Asset, *, by_age: bool) -> None:
        self._by_age = by_age
        self._timed = asset.partitions if asset.partitions is not None and asset.partitions.has_time else None
        self._zone = "UTC" if asset.partitions is None else asset.partitions.timezone
        self._last: datetime | None = None  # when something last came
        self._newest: Interval | None = None
        self._ended: Wait | None = None  # by the newest partition

    def came(self, at: datetime, partition: PartitionKey, age_s: float | None) -> Wait | None:
        """Take a version in: the wait that it ended, or that goes on though it was looked; None: neither is known."""
        if self._by_age:
            return None if age_s is None else self._changed(at, at - timedelta(seconds=age_s))
        if self._timed is not None and partition is not None:
            return self._partition(at, partition)
        last, self._last = self._last, at
        return None if last is None else self._wait(last, at)

    def next_began(self) -> datetime | None:
        """When the wait began that goes on after the last version; None where nothing more is to come."""
        if self._timed is None:
            return self._last
        if self._newest is None:
            return None
        end = self._newest.end
        following = self._timed.overlapping(Interval(end, end + timedelta(microseconds=1)))
        covered = self._timed.interval(following[0]) if following else None
        return None if covered is None else covered.end

    def _changed(self, at: datetime, changed: datetime) -> Wait | None:
        last = self._last
        if last is not None and changed <= last + _APART:
            return self._wait(last, at, over=False, new=False)
        self._last = changed
        return None if last is None else self._wait(last, changed)

    def _partition(self, at: datetime, partition: PartitionKey) -> Wait | None:
        covered = self._interval(partition)
        if covered is None:
            return None
        newest, last = self._newest, self._last
        if newest is not None and covered.end == newest.end:  # made again: what it came after is what it came after
            return self._ended
        self._last = at
        if newest is not None and covered.end < newest.end:
            return None
        self._newest, self._ended = covered, None
        if newest is None or last is None or at - last < _CATCHING_UP * (covered.end - covered.start):
            return None
        wait = self._wait(covered.end, at)
        self._ended = Wait(began=wait.began, until=wait.until, seconds=wait.seconds, new=False)
        return wait

    def _interval(self, partition: PartitionKey) -> Interval | None:
        assert self._timed is not None
        try:
            return None if partition is None else _covered(self._timed, partition)
        except PartitionError:  # the asset is cut otherwise since
            return None

    def _wait(self, began: datetime, until: datetime, *, over: bool = True, new: bool = True) -> Wait:
        seconds = (until - began).total_seconds()
        shown = seconds
        if self._zone != "UTC":
            shown += offset_s(self._zone, until) - offset_s(self._zone, began)
        return Wait(began=began, until=until, seconds=max(0.0, min(seconds, shown)), over=over, new=new)


@lru_cache(maxsize=16_384)  # a version's whole past is looked at with each that comes
def _covered(partitions: Partitions, key: str) -> Interval | None:
    return partitions.interval(key)


def arrivals_of(
    asset: Asset, monitor: Monitor, points: Sequence[StoredPoint]
) -> tuple[tuple[StoredPoint, ...], Arrivals]:
    """The waits that ended, as the series of an arrival monitor, and what is known after them.

    Parameters
    ----------
    points:
        Of the series that the monitor is told by, oldest first.
    """
    known = Arrivals(asset, by_age=monitor.key.metric == AGE)
    ended: list[StoredPoint] = []
    for point in points:
        wait = known.came(point.at, point.partition, point.value)
        if wait is not None and wait.new and (not ended or wait.until > ended[-1].at):
            ended.append(point._replace(at=wait.until, value=wait.seconds))
    return tuple(ended), known
