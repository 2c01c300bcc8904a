"""The effect sizes of an asset's versions, followed from one version to the next."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from observer.detection import as_clocks_tell, behind, slot_of
from observer.effects import Trail, trail_of
from observer.feedback import Marks
from observer.history import SeriesKey, StoredPoint
from observer.kept import Kept, Version
from observer.metrics import EFFECTS
from observer.model import EXACT, Audit, Effect, Observation
from observer.monitors import Monitor
from orchestration.assets import Asset

LAST = 200
"""How many versions another is compared with or judged by, at least, where there are so many."""

_STRIDE = 50
"""How many versions more, at most: a past that began one later each time could never be gone on with."""

_MOST = 64


@dataclass(frozen=True, slots=True)
class _Step:
    """A version of the past."""

    version_seq: int
    slot: int
    left_out: bool


@dataclass(slots=True)
class _Followed:
    steps: list[_Step]
    effects: list[Effect]
    trail: Trail[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailed:
    """The effect sizes of one monitor: of the versions before, and what tells the next one's.

    ``points`` and ``worth`` are as series: of the effects, and of what each is worth (its exposure).
    """

    points: tuple[StoredPoint, ...]
    worth: tuple[StoredPoint, ...]
    effects: tuple[Effect, ...]
    trail: Trail[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The effect sizes that the monitors of a version ask for: series as others are, and what there is of it itself."""

    series: Mapping[SeriesKey, tuple[StoredPoint, ...]] = field(default_factory=dict)
    now: Mapping[SeriesKey, Effect] = field(default_factory=dict)

    def observations(self) -> tuple[Observation, ...]:
        """The version's own, as what was measured of it."""
        return tuple(
            Observation(metric=key.metric, column=key.column, value=one.value, reason=one.reason)
            for key, one in self.now.items()
        )


NOTHING_TOLD = Told()


class Trails:
    """Follows trails, and goes on with them while their pasts only grow; whatever else has changed, it begins anew.

    So it doesn't matter who has written the past. Safe in several threads: a trail is in one's hands at a time.
    """

    def __init__(self, most: int = _MOST, last: int = LAST) -> None:
        self._most, self._last = most, last
        self._kept: dict[Hashable, _Followed] = {}

    def of_version(
        self,
        asset: Asset,
        audit: Audit,
        monitors: Sequence[Monitor],
        series: Mapping[SeriesKey, Sequence[StoredPoint]],
        kept: Kept,
        marks: Marks,
        *,
        data_at: datetime,
        part: str,
        why_not: Callable[[str], str | None],
    ) -> Told:
        """The effect sizes of a version and of those before it, as far as its monitors ask for them.

        Parameters
        ----------
        series: with that of ``row_count``, which says what versions there are.
        data_at: in the data's time, when the version is of.
        why_not: why nothing is kept of a column's values; None where that is not by anybody's wish.
        """
        points: dict[SeriesKey, tuple[StoredPoint, ...]] = {}
        now: dict[SeriesKey, Effect] = {}
        before = [point for point in _rows(series) if point.at < data_at]
        instants = {one.column for one in audit.observations if one.metric == "latest"}
        for monitor in (m for m in monitors if m.metric in EFFECTS):
            found = self.follow(asset, monitor, before, kept, marks, at=data_at, part=part)
            points |= {monitor.key: found.points, behind(monitor.key): found.worth}
            effect = found.trail.effect(version_of(audit, monitor), slot_of(asset, data_at))
            reason = why_not(monitor.column) if monitor.column and effect.value is None else None
            if monitor.column in instants:
                reason = "it holds instants, which move on with time"
            now[monitor.key] = Effect(value=None, reason=reason) if reason else effect
        return Told(series=points, now=now)

    def follow(
        self,
        asset: Asset,
        monitor: Monitor,
        versions: Sequence[StoredPoint],
        kept: Kept,
        marks: Marks,
        *,
        at: datetime,
        part: str = "",
    ) -> Trailed:
        """The effect sizes of a monitor over some versions, each one told by those before it.

        Parameters
        ----------
        versions: by their points of any one series, oldest first.
        at: the instant whose clocks slots go by.
        """
        counted, left_out = marks.known(monitor.id, versions[begin(versions, self._last) :], by_clock=False)
        slots = as_clocks_tell(asset, [point.at for point in counted], at)
        steps = [_Step(point.version_seq, slot, out) for point, slot, out in zip(counted, slots, left_out, strict=True)]
        name = (asset.key, part, monitor.id, monitor.measure)
        followed = self._kept.pop(name, None)
        if followed is None or followed.steps != steps[: len(followed.steps)]:
            followed = _Followed([], [], trail_of(monitor))
        new = len(followed.steps)
        for step, version in zip(steps[new:], kept.versions(monitor, counted[new:]), strict=True):
            followed.effects.append(followed.trail.take(version, step.slot, learn=not step.left_out))
            followed.steps.append(step)
        self._kept[name] = followed
        while len(self._kept) > self._most:
            self._kept.pop(next(iter(self._kept)), None)
        pairs = list(zip(counted, followed.effects, strict=True))
        return Trailed(
            points=tuple(point._replace(value=effect.value, accuracy=EXACT) for point, effect in pairs),
            worth=tuple(point._replace(value=effect.exposure, accuracy=EXACT) for point, effect in pairs),
            effects=tuple(followed.effects), trail=followed.trail,
        )  # fmt: skip


def begin(versions: Sequence[StoredPoint], last: int) -> int:
    """Where the past begins of which at least the ``last`` versions count: at one that stays the same for a while.

    Whoever asks, and whenever, is told the same.
    """
    latest = len(versions) - last
    if latest <= 0:
        return 0

    def order(at: int) -> tuple[int, int]:
        return versions[at].at.toordinal() % _STRIDE, versions[at].version_seq % _STRIDE

    return min(range(max(0, latest - _STRIDE), latest + 1), key=order)


def _rows(series: Mapping[SeriesKey, Sequence[StoredPoint]]) -> list[StoredPoint]:
    return list(series.get(SeriesKey("row_count"), ()))


def version_of(audit: Audit, monitor: Monitor) -> Version:
    """What a monitor looks at of the version that is judged."""
    if monitor.column is None:
        return {
            SeriesKey(one.metric, one.column, one.segment): one.value
            for one in audit.observations
            if one.value is not None
        }
    return next((one for one in audit.distributions if one.column == monitor.column), None)


def with_effects(
    asset: Asset,
    monitors: Sequence[Monitor],
    series: Mapping[SeriesKey, tuple[StoredPoint, ...]],
    kept: Kept,
    marks: Marks,
    trails: Trails | None = None,
) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """Stored series with those of the monitors of effect sizes, which nobody stores."""
    asked, versions = [m for m in monitors if m.metric in EFFECTS], _rows(series)
    if not asked or not versions:
        return series
    trails, found = trails or Trails(), dict(series)
    for monitor in asked:
        trailed = trails.follow(asset, monitor, versions, kept, marks, at=versions[-1].at)
        found |= {monitor.key: trailed.points, behind(monitor.key): trailed.worth}
    return found
