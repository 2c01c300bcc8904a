"""What the pages of incidents show: plain frozen records, as in ``model.py``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observer.clues import ClueKind
from observer.model import IncidentStatus, Severity
from observer.reads.model import IncidentRow
from observer.reads.run_model import LogRow
from observer.turns import TurnKind


class Baseline(StrEnum):
    """What there was to compare with when an incident was opened."""

    GOOD = "good"  # a good version before the bad one
    NONE = "none"  # no good version yet
    NO_VERSION = "no-version"  # no version brought it about, so nothing was compared


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One thing that happened to an incident."""

    kind: TurnKind
    at: datetime
    by: str
    text: str  # what was said, until when, to whom; "" where the kind says it all
    until: datetime | None = None
    asset: str | None = None  # whose version brought it about, and whom the text may name


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueRow:
    kind: ClueKind
    asset: str
    partition: str | None
    at: datetime
    distance: int  # steps upstream
    sentence: str
    share: float | None  # of the change, that a segment carries
    in_project: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message about an incident, and what became of it."""

    id: str
    event: str  # "incident.opened" ...
    channel: str
    created_at: datetime  # real time, as is all of it
    attempts: int
    delivered_at: datetime | None
    next_attempt_at: datetime | None  # None while undelivered: given up
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcernedRow:
    """A version that an incident is about."""

    asset: str
    partition: str | None
    version: str
    severity: Severity  # error: it was held
    settled: bool  # nothing is waited for any more


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    incident: IncidentRow
    turns: tuple[TurnRow, ...]  # oldest first
    clues: tuple[ClueRow, ...]  # nearest first
    baseline: Baseline  # what the clues were looked for against
    messages: tuple[MessageRow, ...]  # oldest first
    concerned: tuple[ConcernedRow, ...]  # those that are waited for first, at most 60
    passes: int  # good versions since the last bad one
    passes_needed: int  # in all
    held: bool  # the last partition concerned is, now
    monitors: tuple[str, ...] = ()  # those of its subjects that are monitors of numbers
    log: LogRow | None = None  # the last lines of what its asset's code said, when it was last made or failed


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionRow:
    """What people made of the incidents of one check or monitor."""

    asset: str
    subject: str
    confirmed: int  # fixed, or wrong and left so
    expected: int
    false_alarms: int
    open: int  # nobody has said yet how it was: open, passed or released
    precision: float | None  # confirmed of those of which people said how it was; None: none


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    counts: tuple[tuple[IncidentStatus, int], ...]  # of all, zero included
    incidents: tuple[IncidentRow, ...]  # the newest first
    more: bool  # there are older ones
    precision: tuple[PrecisionRow, ...]  # the least precise first
