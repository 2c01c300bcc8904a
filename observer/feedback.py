"""What people said of versions, and what of the past is learned from because of it. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from observer.history import StoredPoint
from observer.model import Feedback, FeedbackKind
from observer.recurrence import Recurrence
from orchestration.model import VersionStatus
from orchestration.special_days import HOLIDAY, SpecialDays

_LEFT_OUT = {FeedbackKind.BAD_DATA, FeedbackKind.EXPECTED_ONCE}
_TAKEN_IN = {FeedbackKind.EXPECTED, FeedbackKind.NEW_NORMAL, FeedbackKind.RECURRING}

Said = Mapping[int, FeedbackKind]
"""By the number of a version."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What counts of the feedback on one asset, by subject (``""``: all its monitors), and which days are special."""

    said: Mapping[str, Said] = field(default_factory=dict)
    begins: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)  # in data time, and by the clock
    recurs: Mapping[str, tuple[Recurrence, ...]] = field(default_factory=dict)
    holidays: SpecialDays | None = None

    def with_holidays(self, holidays: SpecialDays | None) -> Marks:
        """The same, with the days that are special to all its monitors."""
        return self if holidays is None else replace(self, holidays=holidays)

    def special(self, subject: str) -> Callable[[date], int] | None:
        """What tells the kind of special day that a day is to a monitor, 0 for none; None: no day is."""
        recurs = tuple(sorted({*self.recurs.get("", ()), *self.recurs.get(subject, ())}))
        holidays = self.holidays
        if not recurs and holidays is None:
            return None

        def kind(day: date) -> int:
            known = next((one.kind for one in recurs if one.falls_on(day)), 0)
            return known or (HOLIDAY if holidays is not None and day in holidays else 0)

        return kind

    def on(self, subject: str) -> Said:
        """What was said of versions as far as a monitor is concerned: of itself before what was said of all."""
        return {**self.said.get("", {}), **self.said.get(subject, {})}

    def known(
        self, subject: str, points: Sequence[StoredPoint], *, by_clock: bool
    ) -> tuple[Sequence[StoredPoint], Sequence[bool]]:
        """The points of a monitor's series since its newest new normal, and of each whether it is not learned from."""
        if not self.said:
            return points, [point.status is VersionStatus.HELD for point in points]
        begun = [self.begins[name][by_clock] for name in ("", subject) if name in self.begins]
        if begun:
            points = [point for point in points if point.at >= max(begun)]
        said = self.on(subject)
        return points, [is_left_out(point, said) for point in points]


NO_MARKS = Marks()


def is_left_out(point: StoredPoint, said: Said) -> bool:
    """Whether a point is not learned from: bad data, an exception, or held and nobody has said that it is right."""
    kind = said.get(point.version_seq)
    return kind in _LEFT_OUT or (point.status is VersionStatus.HELD and kind not in _TAKEN_IN)


def is_bad(point: StoredPoint, said: Said) -> bool:
    """Whether a point is known to be bad: somebody said so, or it is held and nobody said otherwise."""
    kind = said.get(point.version_seq)
    return kind is FeedbackKind.BAD_DATA or (point.status is VersionStatus.HELD and kind is None)


def in_force(given: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """What counts of all that was said of an asset, oldest first: what nobody undid, the newest of a version's each."""
    there = list(given)
    undone = {one.undoes for one in there if one.undoes is not None}
    newest = {
        (one.version_seq, one.subject): one
        for one in sorted(there, key=lambda one: one.id)
        if one.undoes is None and one.id not in undone
    }
    return tuple(sorted(newest.values(), key=lambda one: one.id))


def marks_of(given: Iterable[Feedback]) -> Marks:
    """What feedback on one asset comes to."""
    said: dict[str, dict[int, FeedbackKind]] = {}
    begins: dict[str, tuple[datetime, datetime]] = {}
    recurs: dict[str, tuple[Recurrence, ...]] = {}
    for one in in_force(given):
        assert one.kind is not None  # only what undoes has none
        said.setdefault(one.subject, {})[one.version_seq] = one.kind
        if one.kind is FeedbackKind.NEW_NORMAL:
            here = (one.data_at, one.made_at)
            begins[one.subject] = max(begins.get(one.subject, here), here)
        if one.every is not None and one.day is not None:
            recurs[one.subject] = (*recurs.get(one.subject, ()), Recurrence.of(one.every, one.day))
    return Marks(said, begins, recurs) if said else NO_MARKS
