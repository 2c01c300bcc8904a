"""Takes down what the steps of a run say and wait for, until somebody writes to the log anyway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from orchestration import step_logs
from orchestration.model import Address, StepRecord
from orchestration.runtime import Runtime
from orchestration.spans import WORTH_S, Span, SpanKind
from orchestration.step import plain_text
from orchestration.step_log import LogLine, Said, shortened, so_far
from orchestration.step_logs import NewLog

_EVERY_S: Final = 1.0
"""How often what a step under way says is written."""
NOT_KEPT: Final = "not kept, for it may show a sensitive column"


class Scribe:
    """What is to be written about the steps of one run; used by the walk and by the thread beside it.

    Secrets are taken out here, the only way into the state.
    """

    def __init__(self, runtime: Runtime, run_id: str, offset_s: Callable[[], float]) -> None:
        self._runtime, self._run_id, self._offset_s = runtime, run_id, offset_s
        self._before: dict[Address, int] = {}
        self._under_way: dict[str, tuple[tuple[StepRecord, ...], int, float]] = {}
        self._written: dict[str, int] = {}  # how many lines of a task under way
        self._wrote_at = 0.0
        self._logs: list[NewLog] = []
        self._spans: list[Span] = []
        self._waits: dict[tuple[int, SpanKind], tuple[float, str]] = {}
        self._lock = threading.Lock()

    def goes_on(self, connection: Connection) -> None:
        """Another process has walked this run before: its tries are not overwritten."""
        self._before = step_logs.tries_before(connection, self._run_id)

    def begins(self, task_id: str, steps: Sequence[StepRecord], number: int) -> None:
        """A call is handed to the executor: it is try ``number`` of these steps."""
        with self._lock:
            self._under_way[task_id] = (tuple(steps), number, self._offset_s())

    def ends(self, task_id: str, said: Said | None, worked_s: float | None) -> None:
        """A call has ended and has said this; a worker worked at it so long (None: that is not known)."""
        with self._lock:
            steps, number, begun_s = self._under_way.pop(task_id)
            self._written.pop(task_id, None)
            if said is not None:
                now = self._runtime.clock.now()
                begun = None if worked_s is None else now - timedelta(seconds=worked_s)
                said = self._clean(steps, said)
                self._logs += [self._log(step, number, said, begun or step.started_at, ended=True) for step in steps]
        idle_s = 0.0 if worked_s is None else self._offset_s() - begun_s - worked_s
        if idle_s >= WORTH_S:
            for step in steps:
                self.span(step, SpanKind.WORKER, number, begun_s, idle_s, "a free worker")

    def left_alone(self, task_id: str) -> None:
        """A call goes on unheard; what it has said so far is all that will be known."""
        log = so_far(task_id)
        unknown = "it was left to itself; what it said after that is not kept"
        self.ends(task_id, None if log is None else log.said(unknown), None)

    def waits(self, step: StepRecord, kind: SpanKind, said: str) -> None:
        """A step begins to wait; a second word of the same wait changes nothing."""
        self._waits.setdefault((step.position, kind), (self._offset_s(), said))

    def waited(self, step: StepRecord, kind: SpanKind, number: int) -> None:
        """The wait is over, if there was one."""
        if self._waits and (begun := self._waits.pop((step.position, kind), None)) is not None:
            self.span(step, kind, number, begun[0], self._offset_s() - begun[0], begun[1])

    def had_to_wait(self, step: StepRecord, number: int, took_s: float, places: Sequence[str]) -> None:
        """A step begins that had to wait for places in pools."""
        self.span(step, SpanKind.PLACE, number, self._offset_s() - took_s, took_s, f"a place in {', '.join(places)}")

    def had_its_turn(self, step: StepRecord, number: int, made_s: float) -> None:
        """A step is judged whose version was made at ``made_s``."""
        if (took_s := self._offset_s() - made_s) >= WORTH_S:
            self.span(step, SpanKind.TURN, number, made_s, took_s, "partitions before it were not judged yet")

    def tried(self, step: StepRecord, number: int, error: str, wait_s: float) -> None:
        """A try has failed, and another one comes."""
        begun_s = step.offset_s or 0.0
        self.span(step, SpanKind.TRY, number, begun_s, self._offset_s() - begun_s, error)
        self.waits(step, SpanKind.RETRY, f"it is tried again after {wait_s:.1f} s")

    def span(self, step: StepRecord, kind: SpanKind, number: int, start_s: float, length_s: float, said: str) -> None:
        """A step has spent its time like that; nothing of a wait that is not worth a word."""
        if length_s >= WORTH_S or kind is SpanKind.TRY:
            text = plain_text(self._runtime.redact(said))
            with self._lock:
                self._spans.append(Span(step.position, kind, number, start_s, length_s, text))

    def save(self, connection: Connection) -> None:
        """Write what there is, in a transaction of the caller's."""
        if not self._logs and not self._spans:
            return
        with self._lock:
            logs, self._logs = self._logs, []
            spans, self._spans = self._spans, []
        step_logs.save(connection, self._run_id, logs, spans)

    def look(self) -> bool:
        """Take down what steps under way have said since, now and then; whether there is something to write."""
        if self._under_way and time.monotonic() - self._wrote_at >= _EVERY_S:
            with self._lock:
                self._logs += self._news()
        return bool(self._logs or self._spans)

    def _news(self) -> Iterable[NewLog]:
        self._wrote_at = time.monotonic()
        for task_id, (steps, number, _) in self._under_way.items():
            log = so_far(task_id)
            if log is None or log.heard == self._written.get(task_id, 0):
                continue
            self._written[task_id] = log.heard
            if (said := log.said()) is not None:
                said = self._clean(steps, said)
                yield from (self._log(step, number, said, step.started_at, ended=False) for step in steps)

    def _log(self, step: StepRecord, number: int, said: Said, begun_at: datetime | None, *, ended: bool) -> NewLog:
        number += self._before.get(step.address, 0)
        return NewLog(step.address, number, begun_at, said, ended)

    def _clean(self, steps: Sequence[StepRecord], said: Said) -> Said:
        """In text that may be kept and shown: no secret, no value of a column that is sensitive in any of the steps."""
        if any(self._runtime.is_private(asset) for asset in {step.asset for step in steps}):
            hidden = tuple(self._line(line._replace(text=NOT_KEPT)) for line in said.lines)
            return replace(said, lines=hidden)
        redact = self._runtime.redact
        lines = [self._line(line) for line in said.lines]
        whole = "\n".join(line.text for line in lines)
        if lines and (cleaned := redact(whole)) != whole:  # a secret of several lines, each printed by itself
            lines = [lines[0]._replace(text=cleaned)]
        return replace(said, lines=tuple(map(shortened, lines)))

    def _line(self, line: LogLine) -> LogLine:
        text, source = self._runtime.redact(line.text), self._runtime.redact(line.source)
        return line._replace(text=plain_text(text), source=plain_text(source), level=plain_text(line.level))
