"""The queue of runs, in the state database: each request once, held by one process at a time, lost by none.

A request is also the record of its run, under the same id, from the moment that it is asked for. A process claims it
for a while and says again and again that it lives; of one that died another claims it anew, with a greater token, and
goes on with the run. All instants here are the database's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration import log, runs
from orchestration.database_clock import database_now
from orchestration.errors import ClaimLost, UnknownName
from orchestration.events import Event, EventKind
from orchestration.lease import is_gone, this_process
from orchestration.model import AssetKey, Cancellation, Run, RunStatus
from orchestration.queue_tables import run_attempts, run_queue
from orchestration.run_request import RunRequest

CLAIM = timedelta(seconds=60)
"""How long a claim lasts after its holder was last heard of."""
MOST_DEATHS = 10
"""A run whose processes died so often is given up: what it runs probably kills them."""
OVER_IT = f"{MOST_DEATHS} processes died over it; see their logs, then ask for the run again"
"""Why."""

_SECOND_DEATH_S = 2.0
_DIED = "its process died"
_LOOKED_AT = 64  # requests that wait, in one look
_c = run_queue.c


class RequestStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"  # claimed by a process
    SUCCEEDED = "succeeded"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # it can't be planned: nothing was run


_OPEN = (RequestStatus.QUEUED.value, RequestStatus.RUNNING.value)
_AS_RUN = {RequestStatus.QUEUED: RunStatus.RUNNING, RequestStatus.REFUSED: RunStatus.FAILED}


def wait_after(deaths: int) -> float:
    """How many seconds a run waits after a process that held it died: once is chance; what kills it would again."""
    return _SECOND_DEATH_S * 2.0 ** (deaths - 2) if 2 <= deaths < MOST_DEATHS else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One process's try at a run; ``ended``: how, in words, None while it goes on."""

    number: int
    holder: str
    began_at: datetime
    ended_at: datetime | None
    ended: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A request as the queue has it; ``id`` is its run's, ``token`` that of who holds it, ``deaths`` of who held it."""

    id: str
    environment: str
    request: RunRequest
    status: RequestStatus
    asked_at: datetime
    attempts: int
    deaths: int
    token: int
    holder: str | None
    cancel_by: str | None
    cancel_reason: str | None
    note: str
    ended_at: datetime | None

    @property
    def is_given_up(self) -> bool:
        """Whether too many died over it: whoever claims it walks it no more, and says that it has failed."""
        return self.deaths >= MOST_DEATHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue of one environment; each method is part of a transaction that its caller holds.

    Parameters
    ----------
    new_id: gives the ids of runs.
    now: the instant by which claims last.
    """

    environment: str
    new_id: Callable[[], str]
    now: Callable[[Connection], datetime] = database_now

    def ask(self, connection: Connection, requests: Iterable[RunRequest]) -> tuple[str, ...]:
        """Add requests; returns the ids of those that were new. A due key that was ever taken is taken no more."""
        at = self.now(connection)
        statement = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name].insert(run_queue)
        once = statement.on_conflict_do_nothing(index_elements=["environment", "due_key"]).returning(_c.id)
        new: list[str] = []
        for one in requests:
            run_id: str | None = connection.execute(once.values(**self._row(one, at))).scalar_one_or_none()
            if run_id is not None:
                new.append(run_id)
                detail = {"by": one.asked_by}
                log.append(connection, Event(at=at, kind=EventKind.RUN_ASKED, run_id=run_id, detail=detail))
        return tuple(new)

    def _row(self, request: RunRequest, at: datetime) -> dict[str, Any]:
        return {
            "id": self.new_id(), "environment": self.environment, "due_key": request.due_key,
            "assets": list(request.assets),
            "partitions": None if request.partitions is None else list(request.partitions),
            "upstream": request.upstream, "force": request.force, "reason": request.reason,
            "asked_by": request.asked_by, "asked_at": at, "due_at": request.due_at, "priority": request.priority,
            "status": RequestStatus.QUEUED.value, "attempts": 0, "deaths": 0, "token": 0, "note": "",
        }  # fmt: skip

    def has_work(self, connection: Connection) -> bool:
        """Whether a claim would probably find something; locks nothing."""
        return bool(self._waiting(connection, 1)) or any(True for _ in self._abandoned(connection))

    def claim(self, connection: Connection, may_run: Callable[[RunRequest], bool] = lambda _: True) -> Queued | None:
        """Take the next request for this process, None if none can be: those of the dead first, then by priority.

        What others take at the same moment is passed over. ``may_run`` refuses what has no room now.
        """
        for row in (*self._abandoned(connection, lock=True), *self._waiting(connection, _LOOKED_AT, lock=True)):
            if may_run(_request(row)) and (taken := self._take(connection, row)) is not None:
                return taken
        return None

    def _waiting(self, connection: Connection, limit: int, *, lock: bool = False) -> Sequence[Any]:
        begun = or_(_c.not_before.is_(None), _c.not_before <= self.now(connection))
        here = (_c.environment == self.environment) & (_c.status == RequestStatus.QUEUED.value)
        asked = select(run_queue).where(here, begun).order_by(_c.priority.desc(), _c.seq).limit(limit)
        return connection.execute(asked.with_for_update(skip_locked=True) if lock else asked).all()

    def _abandoned(self, connection: Connection, *, lock: bool = False) -> Sequence[Any]:
        here = (_c.environment == self.environment) & (_c.status == RequestStatus.RUNNING.value)
        asked = select(run_queue).where(here).order_by(_c.seq)
        now = self.now(connection)
        rows = connection.execute(asked.with_for_update(skip_locked=True) if lock else asked).all()
        return [row for row in rows if row.held_until <= now or is_gone(row.holder)]

    def _take(self, connection: Connection, row: Any) -> Queued | None:
        at, deaths = self.now(connection), row.deaths + (row.status == RequestStatus.RUNNING.value)
        if deaths > MOST_DEATHS:
            self._give_up(connection, row)
            return None
        if deaths > row.deaths and (wait_s := wait_after(deaths)):
            self._lay_by(connection, row, deaths, at + timedelta(seconds=wait_s))
            return None
        ours = {
            "status": RequestStatus.RUNNING.value, "token": row.token + 1, "holder": this_process(),
            "held_until": at + CLAIM, "attempts": row.attempts + 1, "deaths": deaths, "not_before": None,
            "note": "",
        }  # fmt: skip
        self._end_attempt(connection, row.id, row.attempts, at, _DIED)
        connection.execute(update(run_queue).where(_c.id == row.id).values(ours))
        began = {"run_id": row.id, "number": row.attempts + 1, "holder": this_process(), "began_at": at}
        connection.execute(insert(run_attempts).values(began))
        return find(connection, row.id)

    def _lay_by(self, connection: Connection, row: Any, deaths: int, until: datetime) -> None:
        """Let it wait, as ``give_back`` does: whoever held it could not say so."""
        self._end_attempt(connection, row.id, row.attempts, self.now(connection), _DIED)
        back = {
            "status": RequestStatus.QUEUED.value, "holder": None, "not_before": until, "deaths": deaths,
            "note": _waits(_DIED, deaths, until),
        }  # fmt: skip
        connection.execute(update(run_queue).where(_c.id == row.id).values(back))

    def _give_up(self, connection: Connection, row: Any) -> None:
        """Not even saying so went well."""
        note = f"given up: {OVER_IT}"
        self._end_attempt(connection, row.id, row.attempts, self.now(connection), _DIED)
        ended = {"status": RequestStatus.FAILED.value, "note": note, "ended_at": self.now(connection), "holder": None}
        connection.execute(update(run_queue).where(_c.id == row.id).values(ended))

    def renew(self, connection: Connection, claims: Iterable[Queued]) -> set[str]:
        """Say that the holder of these lives; returns the ids of those that are ours no more."""
        until = self.now(connection) + CLAIM
        return {
            one.id
            for one in claims
            if not connection.execute(update(run_queue).where(_ours(one)).values(held_until=until)).rowcount
        }

    def cancelled(self, connection: Connection, claims: Iterable[Queued]) -> set[str]:
        """The ids of those that somebody wants to end."""
        ids = [one.id for one in claims]
        return set(connection.execute(select(_c.id).where(_c.id.in_(ids), _c.cancel_by.is_not(None))).scalars())

    def end(self, connection: Connection, claim: Queued, status: RequestStatus, note: str = "") -> None:
        """The run has ended; raises ClaimLost. What was cancelled before it could begin is not refused."""
        if status is RequestStatus.REFUSED and find(connection, claim.id).cancel_by is not None:
            status = RequestStatus.CANCELLED
        ended = {"status": status.value, "note": note, "ended_at": self.now(connection), "holder": None}
        self._give(connection, claim, ended, note or status.value)
        if status is RequestStatus.REFUSED:  # of what began the log tells by itself
            _tell_end(connection, claim.id, status)

    def give_back(
        self, connection: Connection, claim: Queued, why: str, *, wait_s: float = 0.0, died: bool = False
    ) -> None:
        """Let any process go on with it, at once or after a while. Raises ClaimLost.

        ``died``: over it, which makes it wait the longer the more often that was.
        """
        deaths = claim.deaths + died
        wait_s = max(wait_s, wait_after(deaths) if died else 0.0)
        later = self.now(connection) + timedelta(seconds=wait_s)
        note = _waits(why, deaths, later) if died and wait_s else why
        back = {"status": RequestStatus.QUEUED.value, "holder": None, "not_before": later, "note": note}
        self._give(connection, claim, back | {"deaths": deaths}, why)

    def _give(self, connection: Connection, claim: Queued, values: dict[str, Any], how: str) -> None:
        if not connection.execute(update(run_queue).where(_ours(claim)).values(values)).rowcount:
            raise ClaimLost(claim.id)
        self._end_attempt(connection, claim.id, claim.attempts, self.now(connection), how)

    def _end_attempt(self, connection: Connection, run_id: str, number: int, at: datetime, how: str) -> None:
        a = run_attempts.c
        this = (a.run_id == run_id) & (a.number == number) & a.ended_at.is_(None)
        connection.execute(update(run_attempts).where(this).values(ended_at=at, ended=how))

    def running(self, connection: Connection) -> tuple[RunRequest, ...]:
        """What any process runs now."""
        here = (_c.environment == self.environment) & (_c.status == RequestStatus.RUNNING.value)
        return tuple(_request(row) for row in connection.execute(select(run_queue).where(here)))


def _waits(why: str, deaths: int, until: datetime) -> str:
    return f"{why}, {deaths} of at most {MOST_DEATHS} times; the next is begun at {until:%H:%M:%S} UTC"


def confirm(connection: Connection, claim: Queued) -> None:
    """Raise ClaimLost unless the claim still holds; call it in the transaction that relies on it."""
    if connection.execute(select(_c.id).where(_ours(claim)).with_for_update()).one_or_none() is None:
        raise ClaimLost(claim.id)


def cancel(connection: Connection, run_id: str, by: str, reason: str) -> None:
    """Note that a run is to end: one that waits ends at once, one that is held does when it begins; the first counts.

    A run that was never queued is left as it is.
    """
    row = connection.execute(select(_c.status, _c.cancel_by).where(_c.id == run_id).with_for_update()).one_or_none()
    if row is None or row.status not in _OPEN or row.cancel_by is not None:
        return
    asked: dict[str, Any] = {"cancel_by": by, "cancel_reason": reason}
    if row.status == RequestStatus.QUEUED.value:
        asked |= {"status": RequestStatus.CANCELLED.value, "ended_at": database_now(connection), "note": ""}
    connection.execute(update(run_queue).where(_c.id == run_id).values(asked))
    if "status" in asked:
        _tell_end(connection, run_id, RequestStatus.CANCELLED)


def _tell_end(connection: Connection, run_id: str, status: RequestStatus) -> None:
    """Log the end of a run that never began."""
    at, detail = database_now(connection), {"status": status.value}
    log.append(connection, Event(at=at, kind=EventKind.RUN_ENDED, run_id=run_id, detail=detail))


def find(connection: Connection, run_id: str) -> Queued:
    """A request by the id of its run; raises UnknownName."""
    row = None
    if "\0" not in run_id:  # which PostgreSQL can't even be asked
        row = connection.execute(select(run_queue).where(_c.id == run_id)).one_or_none()
    if row is None:
        raise UnknownName("run", run_id, ())
    return _queued(row)


def asked(connection: Connection, environment: str, due_key: str) -> Queued | None:
    """The request that was taken with this due key."""
    here = (_c.environment == environment) & (_c.due_key == due_key)
    row = connection.execute(select(run_queue).where(here)).one_or_none()
    return None if row is None else _queued(row)


def attempts_of(connection: Connection, run_id: str) -> tuple[Attempt, ...]:
    """The tries at a run, first to last."""
    a = run_attempts.c
    rows = connection.execute(select(run_attempts).where(a.run_id == run_id).order_by(a.number))
    return tuple(
        Attempt(number=row.number, holder=row.holder, began_at=row.began_at, ended_at=row.ended_at, ended=row.ended)
        for row in rows
    )


def run_of(connection: Connection, run_id: str) -> Run:
    """A run as the log has it, or, before its process has logged it, as the queue has; raises UnknownName.

    One that waits in the queue counts as running, one that was refused as failed: a log knows no other words.
    """
    try:
        return runs.find(connection, run_id)
    except UnknownName:
        try:
            found = find(connection, run_id)
        except UnknownName:
            found = None
        if found is None:
            raise
    return _as_run(found)


def _as_run(found: Queued) -> Run:
    request, status = found.request, found.status
    cancellation = None
    if found.cancel_by is not None:
        cancellation = Cancellation(by=found.cancel_by, reason=found.cancel_reason or "", asked_at=found.asked_at)
    return Run(
        id=found.id, selection=", ".join(request.assets), partitions=", ".join(request.partitions or ()),
        status=_AS_RUN.get(status) or RunStatus(status.value),
        trigger=request.reason, environment=found.environment, started_at=found.asked_at, ended_at=found.ended_at,
        holder=found.holder or "", cancellation=cancellation,
    )  # fmt: skip


def status_after(status: RunStatus) -> RequestStatus:
    """How a request ends whose run has ended like this; an interrupted one has not."""
    return RequestStatus(status.value)


def _ours(claim: Queued) -> Any:
    return (_c.id == claim.id) & (_c.token == claim.token) & (_c.status == RequestStatus.RUNNING.value)


def _request(row: Any) -> RunRequest:
    return RunRequest(
        due_key=row.due_key, assets=tuple(AssetKey(key) for key in row.assets),
        partitions=None if row.partitions is None else tuple(row.partitions), reason=row.reason,
        asked_by=row.asked_by, due_at=row.due_at, upstream=row.upstream, priority=row.priority, force=row.force,
    )  # fmt: skip


def _queued(row: Any) -> Queued:
    return Queued(
        id=row.id, environment=row.environment, request=_request(row), status=RequestStatus(row.status),
        asked_at=row.asked_at, attempts=row.attempts, deaths=row.deaths, token=row.token, holder=row.holder,
        cancel_by=row.cancel_by, cancel_reason=row.cancel_reason, note=row.note, ended_at=row.ended_at,
    )  # fmt: skip
