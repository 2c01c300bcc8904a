"""Which steps of a run its page shows: all of a few; of many those that one looks at first, the others by pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from dashboards.figures.gantt import MOST_ROWS
from observer.reads.model import StepRow
from orchestration.model import StepStatus

FEW: Final = 200
"""A run of no more steps is shown whole, in the order walked."""
PAGE: Final = 100

_WRONG: Final = (StepStatus.FAILED, StepStatus.INTERRUPTED, StepStatus.HELD, StepStatus.RUNNING)
_IDLE: Final = (StepStatus.CANCELLED, StepStatus.BLOCKED, StepStatus.PLANNED, StepStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a run is asked for.

    Parameters
    ----------
    status: of steps; None: any.
    page: the first is 1.
    """

    status: StepStatus | None = None
    page: int = 1


ALL: Final = Asked()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of steps.

    Parameters
    ----------
    steps: those in the table.
    drawn: those in the plot, in the order walked.
    whole: all of the run's are in both.
    found: how many there are on all pages.
    first: the number of the page's first one.
    before: the query of the page before this; None: there is none.
    after: the same of the next one.
    """

    asked: Asked
    steps: tuple[StepRow, ...]
    drawn: tuple[StepRow, ...]
    whole: bool
    found: int
    first: int = 1
    before: str | None = None
    after: str | None = None


def shown(steps: Sequence[StepRow], asked: Asked) -> Shown:
    """What a page shows of ``steps``, which are in the order walked; past the last page, that one."""
    if len(steps) <= FEW:
        return Shown(ALL, tuple(steps), tuple(steps), whole=True, found=len(steps))
    numbered = [n for n, step in enumerate(steps) if asked.status is None or step.status == asked.status]
    numbered.sort(key=lambda n: (_rank(steps[n]), -(steps[n].duration_s or 0.0)))
    number = max(1, min(asked.page, -(-len(numbered) // PAGE)))
    start = (number - 1) * PAGE
    page = numbered[start : start + PAGE]
    return Shown(
        Asked(asked.status, number),
        steps=tuple(steps[n] for n in page),
        drawn=tuple(steps[n] for n in sorted(page[:MOST_ROWS])),
        whole=False,
        found=len(numbered),
        first=start + 1,
        before=query(Asked(asked.status, number - 1)) if number > 1 else None,
        after=query(Asked(asked.status, number + 1)) if start + PAGE < len(numbered) else None,
    )


def _rank(step: StepRow) -> int:
    """What went wrong, or goes on, comes first; then what was made, and at last what never began."""
    status = StepStatus(step.status)
    if status in _WRONG:
        return _WRONG.index(status)
    return len(_WRONG) + (1 + _IDLE.index(status) if status in _IDLE else 0)


def query(asked: Asked) -> str:
    """The end of the address at which this is shown."""
    given = {"status": asked.status and asked.status.value, "page": asked.page if asked.page > 1 else None}
    return f"?{urlencode({name: value for name, value in given.items() if value})}#steps-title"
