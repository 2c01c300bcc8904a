"""Reading the log forwards by its ids, so that nothing that commits late is passed over.

On PostgreSQL ids are given before they are committed: one that is missing may be still to come. It is waited for until
every transaction that could have taken it has ended. SQLite has one writer, whose ids come in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, case, func, select, text

from orchestration.events import EventKind
from orchestration.tables import events

FULL = 1000
"""How many notices are read at once: as many say that there may be more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """That something happened: ids only. ``incident`` is the number of the incident that took a turn."""

    id: int
    kind: str
    run_id: str | None
    asset: str | None
    partition: str | None
    incident: int | None = None


@dataclass(slots=True)
class Cursor:
    """Follows the end of the log; ``at`` is the id up to which nothing more will come, None until that is known."""

    at: int | None = None
    _seen: int | None = None  # the newest id when it was last asked who is writing
    _writers: int = field(default=0)  # no transaction before this one can have taken an id beyond ``_seen``

    def advance(self, connection: Connection) -> Sequence[Notice]:
        """What has come since the last call, oldest first; at most a thousand."""
        oldest, following = _transactions(connection)
        if self.at is None:
            return self._begin(connection, oldest, following)
        rows = after(connection, self.at, FULL)
        settled = self._seen if self._seen is not None and oldest >= self._writers else self.at
        found, last = [], self.at
        for row in rows:
            if row.id != last + 1 and row.id > settled and following:
                break  # what is missing before it may be still to come
            found.append(row)
            last = row.id
        self.at = last
        if len(found) == len(rows):
            self._seen = None
        elif self._seen is None or oldest >= self._writers:
            self._seen, self._writers = rows[-1].id, following
        return found

    def _begin(self, connection: Connection, oldest: int, following: int) -> Sequence[Notice]:
        if self._seen is None:
            self._seen, self._writers = connection.execute(select(func.max(events.c.id))).scalar_one() or 0, following
        if oldest >= self._writers:
            self.at, self._seen = self._seen, None
        return ()


def after(connection: Connection, cursor: int, most: int, *, until: int | None = None) -> Sequence[Notice]:
    """The events after ``cursor``, and up to ``until``, oldest first."""
    wanted = select(*_NOTICE).where(events.c.id > cursor).order_by(events.c.id).limit(most)
    if until is not None:
        wanted = wanted.where(events.c.id <= until)
    return [Notice(*row) for row in connection.execute(wanted)]


_INCIDENT = case(
    (events.c.kind == EventKind.INCIDENT_CHANGED.value, events.c.detail["incident"].as_integer()), else_=None
)
_NOTICE = (events.c.id, events.c.kind, events.c.run_id, events.c.asset, events.c.partition, _INCIDENT.label("incident"))


def _transactions(connection: Connection) -> tuple[int, int]:
    """The oldest transaction that still runs, and the next one that will begin; zeros where ids come in order."""
    if connection.dialect.name != "postgresql":
        return 0, 0
    row = connection.execute(_TRANSACTIONS).one()
    return int(row.oldest), int(row.following)


_TRANSACTIONS = text(
    "SELECT pg_snapshot_xmin(s)::text AS oldest, pg_snapshot_xmax(s)::text AS following FROM pg_current_snapshot() AS s"
)
