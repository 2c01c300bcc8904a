"""When something was wrong, in words and in rows: the last day by hours, twelve weeks by days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dashboards.instants import exact
from observer.quantities import count
from observer.reads.model import DayCell, HourCell, State


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the calendar."""

    day: date
    state: State
    opened: int
    text: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """``rows``: Monday to Sunday, a square for each week; None: still to come."""

    rows: tuple[tuple[Day | None, ...], ...]
    caption: str

    @property
    def firsts(self) -> tuple[Day, ...]:
        """The Monday of each week."""
        return tuple(day for day in self.rows[0] if day is not None)


@dataclass(frozen=True, slots=True)
class Hours:
    """``cells``: state and text of each hour; ``axis``: what stands below every sixth; ``open``: now."""

    cells: tuple[tuple[str, str], ...]
    axis: tuple[datetime, ...]
    caption: str
    open: int
    opened: int
    quiet: int  # hours in which none was open


def calendar(days: Sequence[DayCell]) -> Calendar:
    """The weeks side by side."""
    cells = [Day(one.day, one.state, one.opened, _day_text(one)) for one in days]
    weeks = -(-len(cells) // 7)
    rows = tuple(
        tuple(cells[n] if (n := 7 * week + day) < len(cells) else None for week in range(weeks)) for day in range(7)
    )
    opened = sum(one.opened for one in days)
    troubled = sum(one.opened > 0 for one in days)
    said = f"{count(opened, 'incident')} opened on {count(troubled, 'day')}" if opened else "No incident was opened"
    return Calendar(rows, f"{said} in twelve weeks.")


def hours(cells: Sequence[HourCell]) -> Hours:
    """The hours side by side."""
    bad = sum(one.open > 0 for one in cells)
    opened = sum(one.opened for one in cells)
    said = f"An incident was open in {count(bad, 'hour')}; {opened:,} opened." if bad else "No incident was open."
    return Hours(
        tuple((one.state.value, _hour_text(one)) for one in cells),
        tuple(one.start for one in cells[::6]),
        said, open=cells[-1].open if cells else 0, opened=opened, quiet=len(cells) - bad,
    )  # fmt: skip


def _day_text(one: DayCell) -> str:
    day = f"{one.day:%A} {one.day.day} {one.day:%B %Y}"
    if not one.opened:
        return f"{day}: no incident opened"
    return f"{day}: {count(one.opened, 'incident')} opened, the worst {_worst(one.state)}"


def _hour_text(one: HourCell) -> str:
    hour = exact(one.start)  # on hover
    if not one.open:
        return f"{hour}: no incident open"
    return f"{hour}: {count(one.open, 'incident')} open, {one.opened} of them new, the worst {_worst(one.state)}"


def _worst(state: State) -> str:
    return "an error" if state is State.FAILING else "a warning"
