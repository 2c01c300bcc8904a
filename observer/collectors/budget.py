"""What looking at one version may cost, and what it did: statements counted, seconds bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self


class BudgetSpent(Exception):
    """The seconds that looking at a version may take are over; what was measured until then stays."""


class Budget:
    """Counts the statements of one look; ``max_seconds=None``: as long as it takes.

    ``max_fetched_rows``: of what lies in another database; None: all. In a ``with`` block it is the budget of all
    statements of this thread, whichever relation they ask.
    """

    def __init__(
        self,
        max_seconds: float | None,
        timer: Callable[[], float] = time.perf_counter,
        *,
        max_fetched_rows: int | None = None,
    ) -> None:
        self._max_s, self._timer, self._begun = max_seconds, timer, timer()
        self.statements = 0
        self.max_fetched_rows = max_fetched_rows

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)

    @contextmanager
    def statement(self, interrupt: Callable[[], None] | None) -> Iterator[float | None]:
        """One statement, and how many seconds it may take; None: as many as it does.

        Raises BudgetSpent before it, or when it was interrupted, where the seconds are over.
        """
        left_s = self._left_s()
        if left_s <= 0:
            raise BudgetSpent(self._said())
        self.statements += 1
        if self._max_s is None:
            yield None
            return
        timer = None if interrupt is None else threading.Timer(left_s, interrupt)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield left_s
        except Exception:  # each engine has an error of its own for what was interrupted
            if self._left_s() <= 0:
                raise BudgetSpent(self._said()) from None
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _left_s(self) -> float:
        return float("inf") if self._max_s is None else self._max_s - (self._timer() - self._begun)

    def _said(self) -> str:
        return f"the budget of {self._max_s:g} s was spent before it was measured"


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def counted(interrupt: Callable[[], None] | None = None) -> Iterator[float | None]:
    """One statement of the current budget, if there is one, and the seconds that it may take.

    ``interrupt`` stops it from another thread; without, whoever runs it keeps to the seconds.
    """
    current = _current.get()
    if current is None:
        yield None
        return
    with current.statement(interrupt) as left_s:
        yield left_s


def ensure_fetchable(rows: int, where: str) -> None:
    """Refuse to bring more rows here than the current budget allows.

    Raises
    ------
    LookupError: there are more; where they lie, and what to do.
    """
    current = _current.get()
    most = None if current is None else current.max_fetched_rows
    if most is not None and rows > most:
        raise LookupError(
            f"it would fetch all {rows:,} rows out of {where}, and at most {most:,} are; nothing was fetched; say it "
            "as a check that runs where the data lies, or allow more: profile=ob.ProfilePolicy(max_fetched_rows=...)"
        )
