"""Due when something outside says so."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.errors import DefinitionError
from orchestration.schedule.base import Answer, Occasion, Trigger, View

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class OnEvent(Trigger):
    """Made by :func:`on_event`."""

    event: str

    @property
    def name(self) -> str:
        return f"event {self.event}"

    def describe(self) -> str:
        return f"event {self.event}"

    def answer(self, view: View) -> Answer:
        mark = view.mark(self.name) or {}
        pending = [*mark.get("pending", ()), *([one.seq, one.id] for one in view.signals(self.event))]
        if not pending:
            return self.says_pending((), mark, mark)
        told = f"event {self.event} {pending[-1][1]}" if len(pending) == 1 else f"{len(pending)} events {self.event}"
        occasion = Occasion(key=f"event@{pending[-1][0]}", says=f"{told} came in", partitions=view.complete(view.now))
        return self.says_pending((occasion,), {"pending": pending}, {})


def on_event(name: str) -> OnEvent:
    """Due when an event of that name comes in: ``POST /api/v1/events``. Those that come meanwhile make one run.

    >>> on_event("upload").describe()
    'event upload'
    """
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise DefinitionError(f"on_event() takes a name of at most {LONGEST_NAME} printable characters, not {name!r}")
    return OnEvent(name.strip())
