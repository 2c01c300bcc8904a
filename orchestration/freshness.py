"""Freshness: how old the newest published data may be, as a pure function of state and ``now``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from orchestration.business_days import BusinessDays, business_days
from orchestration.errors import DefinitionError, PartitionError
from orchestration.partitions.firings import Firings, tidy_expression

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONGEST_SEARCH = 4000  # deadlines that fall on days which don't count, one after the other


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


class FreshnessOf(StrEnum):
    """What the age of an asset is counted from."""

    DATA = "data"  # the end of its newest partition, or the last change of a source; else when it was made
    MATERIALIZATION = "materialization"  # when it was last made, or looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """How old published data may be.

    Parameters
    ----------
    max_age:
        The greatest age at any time: ``"4h"``, ``"26h"``, ``"7d"``. With ``by``, the greatest age at a deadline.
    warn_at:
        The age from which on it warns; with ``by``, how long before a deadline that it would miss.
    by:
        The deadline: a time of day, ``"06:00"``, or a cron expression. Without ``max_age``, something newer than
        the deadline before has to be there.
    timezone:
        IANA name of the zone in which ``by``, ``days`` and ``holidays`` are meant.
    days, holidays:
        The days that count, ``"mon-fri"``, and those that don't: ``("US", "2024-11-29")``. On others there is no
        deadline, and nothing grows older.
    of:
        ``"data"``: counted from the end of the newest partition, or from a source's last change; ``"materialization"``:
        from when it was last made.
    refresh:
        Whether the scheduler has it made, or observed, when it warns (without ``warn_at``: when it fails).

    Raises
    ------
    DefinitionError
        It says nothing that can be kept.

    >>> policy = FreshnessPolicy(max_age="26h", warn_at="20h")
    """

    max_age: str | None = None
    warn_at: str | None = None
    by: str | None = None
    timezone: str = "UTC"
    days: str | None = None
    holidays: Iterable[str] = ()
    of: FreshnessOf | str = FreshnessOf.DATA
    refresh: bool = True
    limit: timedelta | None = field(init=False)
    _warning: timedelta | None = field(init=False, repr=False)
    _calendar: BusinessDays = field(init=False, repr=False)
    _deadlines: Firings | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.max_age is None and self.by is None:
            raise DefinitionError("FreshnessPolicy() says nothing; write max_age='26h', by='06:00', or both")
        limit = None if self.max_age is None else duration(self.max_age)
        warning = None if self.warn_at is None else duration(self.warn_at)
        if self.by is None and warning is not None and limit is not None and warning > limit:
            raise DefinitionError(f"warn_at={self.warn_at!r} lies beyond max_age={self.max_age!r}; swap them")
        holidays = (self.holidays,) if isinstance(self.holidays, str) else tuple(self.holidays)
        try:
            of = FreshnessOf(self.of)
        except ValueError:
            raise DefinitionError(f"of={self.of!r}: write 'data' or 'materialization'") from None
        for name, value in (
            ("limit", limit), ("_warning", warning), ("holidays", holidays), ("of", of),
            ("_calendar", business_days(self.days, holidays, self.timezone, "FreshnessPolicy")),
            ("_deadlines", None if self.by is None else _deadlines(self.by, self.timezone)),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def status(self, data_until: datetime | None, now: datetime) -> FreshnessStatus:
        """What data that reaches until ``data_until`` (None: there is none) is worth at ``now``."""
        if data_until is None:
            return FreshnessStatus.UNKNOWN
        fails = self.fails_at(data_until)
        if now > fails:
            return FreshnessStatus.FAILED
        return FreshnessStatus.WARNED if now > self._warns_at(data_until, fails) else FreshnessStatus.PASSED

    def fails_at(self, data_until: datetime) -> datetime:
        """The last instant at which such data is fresh enough."""
        if self._deadlines is None:
            assert self.limit is not None
            return self._calendar.after(data_until, self.limit)
        if self.limit is not None:
            return self._deadline(self._calendar.after(data_until, self.limit), strictly=True)
        return self._deadline(self._deadline(data_until, strictly=False), strictly=True)

    def warns_at(self, data_until: datetime) -> datetime:
        """The last instant at which there is nothing to say of such data; :meth:`fails_at` where nothing warns."""
        return self._warns_at(data_until, self.fails_at(data_until))

    def _warns_at(self, data_until: datetime, fails: datetime) -> datetime:
        if self._warning is None or fails == _NEVER:
            return fails
        if self._deadlines is None:
            return self._calendar.after(data_until, self._warning)
        return fails - self._warning

    def refreshes_at(self, data_until: datetime, now: datetime) -> datetime | None:
        """The newest time, up to ``now``, at which such data was to be made anew; None: not yet.

        It comes again while the data stays as old: after each ``max_age``, or at each deadline.
        """
        first = self.warns_at(data_until)
        if now <= first:
            return None
        if self._deadlines is not None:
            last = self._deadlines.last(now)
            again = None if last is None else datetime.fromtimestamp(last, UTC)
            return first if again is None or again <= first or not self._calendar.holds(again) else again
        assert self.limit is not None
        step = max(self.limit, timedelta(minutes=1))
        return first + (now - first) // step * step

    def allowed(self) -> str:
        """What is allowed, in a few words: ``26h``, ``by 06:00 America/New_York``."""
        by = f"by {self.by} {self.timezone}" if self.by is not None else ""
        on = f"on {self.days}" if self.days is not None else ""
        return " ".join(filter(None, (self.max_age or "", by, on)))

    def _deadline(self, instant: datetime, *, strictly: bool) -> datetime:
        """The first deadline after an instant; at it too, unless ``strictly``."""
        assert self._deadlines is not None
        if instant == _NEVER:
            return _NEVER
        place = int(instant.timestamp() // 1)
        if not strictly and instant == datetime.fromtimestamp(place, UTC):
            place -= 1
        try:
            for _ in range(_LONGEST_SEARCH):
                place = self._deadlines.next(place)
                found = datetime.fromtimestamp(place, UTC)
                if self._calendar.holds(found):
                    return found
        except PartitionError:  # it doesn't come any more
            pass
        return _NEVER


def _deadlines(text: str, zone: str) -> Firings:
    match = _TIME_OF_DAY.fullmatch(text.strip()) if isinstance(text, str) else None
    expression = f"{int(match[2])} {int(match[1])} * * *" if match else text
    what, instead = f"FreshnessPolicy(by={text!r})", "write a time of day such as '06:00', or a cron expression"
    try:
        tidy = tidy_expression(expression, what)
    except PartitionError:  # most often a time that no day has
        raise DefinitionError(f"{what} is no deadline; {instead}") from None
    try:
        made = Firings(tidy, zone)
        made.next(0)
    except PartitionError as error:
        raise DefinitionError(f"{what}: {error}; {instead}") from None
    return made
