"""Due at the firings of a cron expression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from orchestration.errors import DefinitionError, PartitionError
from orchestration.partitions.calendar import known_zone
from orchestration.partitions.firings import Firings, tidy_expression
from orchestration.schedule.base import Answer, Mark, Occasion, Trigger, View

GRACE = timedelta(minutes=10)
"""A due time that is older when it is first looked at was missed."""
AT_ONCE = 4
"""So many runs of one asset wait or run at a time before more is made up for."""


class CatchUp(StrEnum):
    """What becomes of due times that passed while nothing looked."""

    LATEST = "latest"  # the newest is acted on, those before it are passed over
    ALL = "all"  # the newest first, then those before it, a few at a time
    NONE = "none"  # they are passed over


@dataclass(frozen=True, slots=True)
class Cron(Trigger):
    """Made by :func:`orchestration.cron.cron`."""

    firings: Firings
    catch_up: CatchUp = CatchUp.LATEST

    @property
    def name(self) -> str:
        return f"cron {self.firings.expression} {self.firings.zone}"

    def describe(self) -> str:
        return f"cron {self.firings.expression} {self.firings.zone}"

    def next_at(self, now: datetime) -> datetime | None:
        try:
            return datetime.fromtimestamp(self.firings.next(int(now.timestamp() // 1)), UTC)
        except PartitionError:  # it doesn't fire any more
            return None

    def answer(self, view: View) -> Answer:
        mark = view.mark(self.name)
        if mark is None:  # what was before nobody has asked for
            begun = {"done": view.now.isoformat()}
            return self.says_pending((), begun, begun)
        done = datetime.fromisoformat(mark["done"])
        following = self.next_at(done)
        new = following is not None and following <= view.now
        if not new and "missed" not in mark:
            return self.says_pending((), mark, mark)
        if self.catch_up is CatchUp.ALL:
            return self._all(view, mark, done)
        last = self._last(view.now)
        return self._newest(view, mark, done, last) if new else self.says_pending((), mark, mark)

    def _newest(self, view: View, mark: Mark, done: datetime, last: datetime) -> Answer:
        taken = {"done": last.isoformat()}
        if self.catch_up is CatchUp.NONE and view.now - last > GRACE:
            return self.says_pending((), taken, taken, f"{_shown(last)} was missed, and nothing is made up for")
        earlier = self.next_at(done)
        over = f"; due times from {_shown(earlier)} on were passed over" if earlier and earlier < last else ""
        return self.says_pending((self._occasion(view, last, over),), mark, taken)

    def _all(self, view: View, mark: Mark, done: datetime) -> Answer:
        """The newest, and the oldest of those that were missed, as far as there is room."""
        last = max(done, self._last(view.now))
        start, end = (datetime.fromisoformat(text) for text in mark.get("missed", (last.isoformat(),) * 2))
        before = self._before(last)
        if last > done and before is not None and before > done:
            start, end = (start, before) if "missed" in mark else (done, before)
        occasions: tuple[Occasion, ...] = (self._occasion(view, last, ""),) if last > done else ()
        for at in self.firings.between(start, end):
            if view.open_requests + len(occasions) >= AT_ONCE:
                break
            occasions += (self._occasion(view, at, "; it was missed", makes_up=True),)
            start = at
        taken: dict[str, object] = {"done": last.isoformat()}
        following = self.next_at(start)
        if following is not None and following <= end:
            taken["missed"] = [start.isoformat(), end.isoformat()]
        return self.says_pending(occasions, mark, taken)

    def _occasion(self, view: View, at: datetime, more: str, *, makes_up: bool = False) -> Occasion:
        return Occasion(
            key=f"cron@{at:%Y-%m-%dT%H:%M:%SZ}", says=f"due at {_shown(at)}{more}", at=at,
            partitions=view.complete(at), makes_up=makes_up, waits=False,
        )  # fmt: skip

    def _last(self, now: datetime) -> datetime:
        found = self.firings.last(now)
        return datetime.min.replace(tzinfo=UTC) if found is None else datetime.fromtimestamp(found, UTC)

    def _before(self, at: datetime) -> datetime | None:
        found = self.firings.last(at - timedelta(microseconds=1))
        return None if found is None else datetime.fromtimestamp(found, UTC)


def cron_trigger(expression: str, timezone: str, catch_up: CatchUp | str) -> Cron:
    """A checked trigger; raises DefinitionError."""
    what = f"cron({expression!r}, timezone={timezone!r})"
    try:
        firings = Firings(tidy_expression(expression, what), known_zone(timezone))
        firings.next(0)
        return Cron(firings, CatchUp(catch_up))
    except PartitionError as error:
        raise DefinitionError(str(error)) from None
    except ValueError:
        raise DefinitionError(f"{what}: catch_up={catch_up!r}: write 'latest', 'all' or 'none'") from None


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
