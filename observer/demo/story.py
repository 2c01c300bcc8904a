"""The story: 1 January to 7 February, then 8 February, each day run on the morning after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from zoneinfo import ZoneInfo

from sqlalchemy import select

from observer.model import EvaluationStatus, Incident, Notification
from observer.project import Project
from observer.store import incidents as incident_store
from observer.store import outbox
from observer.store.tables import evaluations, incident_versions
from orchestration.clock import Clock
from orchestration.database import reading
from orchestration.model import GateOutcome, Run, VersionStatus
from orchestration.tables import gates, runs, steps, versions

FIRST, STORM = "2013-01-01", "2013-02-08"
ASSET = "flights"
READS_THE_DAY = ("daily_delays", "delay_report")
GOES_ON = "delay_model"
_MORNING = timedelta(hours=6)
_PATIENCE_S = 75.0  # a sender that was killed keeps a message for a minute
_POLL_S = 0.5


class MorningClock:
    """Stands at six in the morning after the day that is told of, and goes on at the machine's pace."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self.turn_to(FIRST)

    def turn_to(self, day: str) -> None:
        """Stand at the morning after ``day``."""
        midnight = datetime.fromisoformat(day).replace(tzinfo=self._zone) + timedelta(days=1)
        self._start, self._began = (midnight + _MORNING).astimezone(UTC), monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=monotonic() - self._began)

    def clock(self) -> Clock:
        """The clock that a project takes."""
        return Clock(now=self.now)


def replay(work: Project, morning: MorningClock, told: Callable[[str, Run], None]) -> None:
    """Materialize every day up to the storm's; days that are done already cost next to nothing."""
    partitions = work.graph.asset(ASSET).partitions
    assert partitions is not None
    for day in partitions.between(FIRST, STORM):
        morning.turn_to(day)
        done = work.run(work.plan("*", day), trigger="demo")
        work.deliver()
        told(day, done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the log and the outbox say after the replay, whoever made it happen and in how many tries."""

    held: bool
    sentence: str
    blocked: tuple[str, ...]  # of what reads the day: what has no version of it
    went_on: str  # what the model's step noted
    readers_see: str | None
    incident: Incident | None
    messages: tuple[Notification, ...]  # about that incident's opening
    days_before: int
    held_before: tuple[str, ...]
    warned_before: tuple[str, ...]

    @property
    def is_as_told(self) -> bool:
        """Held, nothing that reads the day ran, and each message arrived."""
        arrived = bool(self.messages) and all(message.delivered_at for message in self.messages)
        return self.held and set(self.blocked) == set(READS_THE_DAY) and arrived


def patiently(work: Project, end: Outcome) -> Outcome:
    """Go on delivering until the messages of the story have arrived, or it has taken too long."""
    until = monotonic() + _PATIENCE_S
    while not all(message.delivered_at for message in end.messages) and monotonic() < until:
        sleep(_POLL_S)
        work.deliver()
        end = outcome(work)
    return end


def outcome(work: Project) -> Outcome:
    """Read the end of the story from the log."""
    partitions = work.graph.asset(ASSET).partitions
    assert partitions is not None
    before = partitions.between(FIRST, STORM)[:-1]
    answer = work.reads().gate(ASSET, STORM)
    assert answer is not None
    with reading(work.engine) as connection:
        made = connection.execute(
            select(versions.c.asset).where(versions.c.partition == STORM, versions.c.asset.in_(READS_THE_DAY))
        ).scalars()
        ran = set(made)
        note = connection.execute(
            select(steps.c.note)
            .join(runs, runs.c.id == steps.c.run_id)
            .where(steps.c.asset == GOES_ON, runs.c.partitions == STORM, steps.c.note != "")
            .order_by(runs.c.seq.desc())
            .limit(1)
        ).scalar_one_or_none()
        held_before = connection.execute(
            select(gates.c.partition).where(
                gates.c.asset == ASSET, gates.c.outcome == GateOutcome.HELD, gates.c.partition < STORM
            )
        ).scalars()
        warned_before = connection.execute(
            select(evaluations.c.partition)
            .join(versions, versions.c.seq == evaluations.c.version_seq)
            .where(
                evaluations.c.status == EvaluationStatus.WARNED, evaluations.c.partition < STORM,
                evaluations.c.partition != "", versions.c.status != VersionStatus.DISCARDED,
            )
            .distinct()
        ).scalars()  # fmt: skip
        held_days, warned_days = tuple(sorted(held_before)), tuple(sorted(warned_before))
        number = connection.execute(
            select(incident_versions.c.incident_id).where(
                incident_versions.c.materialization_id == answer.materialization_id
            )
        ).scalar_one_or_none()
        incident = incident_store.get(connection, number) if number is not None else None
        messages = outbox.by_incident(connection, [number]).get(number, ()) if number is not None else ()
    return Outcome(
        held=answer.outcome == GateOutcome.HELD, sentence=answer.reasons[0] if answer.reasons else answer.sentence,
        blocked=tuple(name for name in READS_THE_DAY if name not in ran), went_on=note or "",
        readers_see=answer.readers_see, incident=incident,
        messages=tuple(m for m in messages if m.event == "incident.opened"),
        days_before=len(before), held_before=held_days, warned_before=warned_days,
    )  # fmt: skip
