"""The story's incident, with what changed around it, what happened to it and who was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from observer.clues import ClueKind
from observer.model import IncidentStatus, Resolution, Severity
from observer.reads.dead_letters import DeadLetter, DeadLettersPage
from observer.reads.incident_model import (
    Baseline,
    ClueRow,
    ConcernedRow,
    IncidentPage,
    IncidentsPage,
    MessageRow,
    PrecisionRow,
    TurnRow,
)
from observer.reads.model import IncidentRow
from observer.turns import TurnKind
from tests.unit.dashboards import story
from tests.unit.dashboards.story_history import NOW, OPENED, ZONE


def incident_page(row: IncidentRow | None = None, word: str = "weather_raw 2013-02-08: 12 rows") -> IncidentPage:
    """The page of an incident, with a word in it that anybody may have written."""
    later = OPENED + timedelta(minutes=20)
    return IncidentPage(
        at=NOW, project="flights", environment="local", timezone=ZONE, incident=row or story.incident(),
        turns=(
            TurnRow(kind=TurnKind.OPENED, at=OPENED, by="gate", text=f"2013-02-08; {story.SENTENCE}"),
            TurnRow(kind=TurnKind.FOLLOWED, at=later, by="gate", text=f"daily_delays 2013-02-08: {word}"),
            TurnRow(kind=TurnKind.ASSIGNED, at=later, by="ana", text=f"to {word}"),
        ),
        clues=(
            ClueRow(
                kind=ClueKind.SEGMENT, asset="flights", partition="2013-02-08", at=OPENED, distance=0, share=0.71,
                sentence="origin=LGA carries 71 % of the change", in_project=True,
            ),
            ClueRow(
                kind=ClueKind.VOLUME, asset="weather_raw", partition="2013-02-08", at=OPENED, distance=1, share=None,
                sentence=word, in_project=True,
            ),
            ClueRow(
                kind=ClueKind.CODE, asset="gone", partition=None, at=OPENED, distance=2, share=None,
                sentence="gone: its code changed", in_project=False,
            ),
        ),
        baseline=Baseline.GOOD,
        messages=(
            MessageRow(
                id="msg_0123456789abcdef01234567", event="incident.opened", channel="webhook", created_at=OPENED,
                attempts=1, delivered_at=OPENED, next_attempt_at=None, last_error=None,
            ),
            MessageRow(
                id="msg_1123456789abcdef01234567", event="incident.worse", channel=word, created_at=later, attempts=3,
                delivered_at=None, next_attempt_at=None, last_error=f"nobody listens there: {word}",
            ),
        ),
        concerned=(
            ConcernedRow(asset="flights", partition="2013-02-08", version="20130209-060000-0123456789",
                         severity=Severity.ERROR, settled=False),
            ConcernedRow(asset="flights_raw", partition="2013-02-08", version="20130209-060000-1123456789",
                         severity=Severity.WARN, settled=True),
        ),
        passes=0, monitors=("null_rate(dep_time)",), passes_needed=2, held=True,
    )  # fmt: skip


def dead_letters_page(word: str = "https://hooks.example.com answered 500; given up after 84 tries") -> DeadLettersPage:
    """One message that was given up, and one that holds thirteen."""
    one = DeadLetter(
        id="msg_5f0c93ab", written_at=OPENED, channel="ops", event="incident.opened",
        title="flights 2013-02-08 is held", assets=("flights",), incident_id=1, holds=1, why=word,
    )  # fmt: skip
    held = replace(one, id="msg_77", channel="team", event="incidents.folded", incident_id=None, holds=13)
    return DeadLettersPage(
        at=NOW, project="flights", environment="local", timezone=ZONE, letters=(held, one), more=False
    )  # fmt: skip


def incidents_page(row: IncidentRow | None = None, word: str = "null_rate(dep_time)") -> IncidentsPage:
    """The inbox: one open, one that is over, one of an asset that has left the project."""
    first = row or story.incident()
    over = replace(
        first, id=2, status=IncidentStatus.RESOLVED, resolved_at=NOW, resolved_as=Resolution.FALSE_ALARM, sparkline=()
    )
    gone = replace(first, id=3, asset="gone", in_project=False, status=IncidentStatus.SNOOZED, until=NOW)
    return IncidentsPage(
        at=NOW, project="flights", environment="local", timezone=ZONE,
        counts=tuple((status, int(status is not IncidentStatus.MUTED)) for status in IncidentStatus),
        incidents=(gone, over, first), more=True,
        precision=(
            PrecisionRow(asset="flights", subject=word, confirmed=1, expected=1, false_alarms=2, open=3,
                         precision=0.25),
            PrecisionRow(asset="flights", subject="row_count", confirmed=0, expected=0, false_alarms=0, open=1,
                         precision=None),
        ),
    )  # fmt: skip
