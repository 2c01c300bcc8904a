"""Whatever happens to an incident, in whatever order: its turns make it what it is, and nothing is told twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from observer.alerts.notify import Event, event_of
from observer.errors import IncidentError
from observer.incidents import following, joining, opening
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.turns import MOST_PASSES, Finding, Turn, TurnKind, passes_needed, rebuilt, turned
from orchestration.model import AssetKey

AT = datetime(2024, 3, 1, tzinfo=UTC)
ASLEEP = {IncidentStatus.SNOOZED, IncidentStatus.MUTED}
PLAIN = [TurnKind.ACKNOWLEDGED, TurnKind.WOKEN, TurnKind.PASSED, TurnKind.NOTED, TurnKind.REOPENED]


class Life(RuleBasedStateMachine):
    """One incident, from its opening on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self.turns: list[Turn] = [opening(self.found("orders", Severity.WARN))]
        self.one = turned(None, self.turns[0])
        self.told: list[Event] = [Event.OPENED]

    def found(self, asset: str, severity: Severity) -> Finding:
        return Finding(
            asset=AssetKey(asset), partition=None, severity=severity, sentence=f"{asset} {severity}",
            subjects=(severity.value,), affected=(), at=self.now,
        )  # fmt: skip

    def take(self, turn: Turn) -> None:
        before = self.one
        try:
            after = turned(before, turn)
        except IncidentError:
            return
        assert after.revision == before.revision + 1
        event = event_of(turn.kind, before, after)
        if event is not None:
            self.told.append(event)
        self.turns.append(turn)
        self.one = after

    @rule(kind=st.sampled_from(PLAIN), later=st.integers(0, 90))
    def something(self, kind: TurnKind, later: int) -> None:
        self.now += timedelta(minutes=later)
        self.take(Turn(kind=kind, at=self.now, by="ana"))

    @rule(kind=st.sampled_from([TurnKind.SNOOZED, TurnKind.MUTED]), minutes=st.integers(1, 90))
    def sleep(self, kind: TurnKind, minutes: int) -> None:
        self.take(Turn(kind=kind, at=self.now, by="ana", until=self.now + timedelta(minutes=minutes)))

    @rule(names=st.lists(st.sampled_from(["ana", "bo"]), unique=True))
    def assign(self, names: list[str]) -> None:
        self.take(Turn(kind=TurnKind.ASSIGNED, at=self.now, by="ana", assigned=tuple(names)))

    @rule(how=st.sampled_from(Resolution))
    def resolve(self, how: Resolution) -> None:
        self.take(Turn(kind=TurnKind.RESOLVED, at=self.now, by="ana", reason="so", resolved_as=how))

    @rule(severity=st.sampled_from(Severity))
    def join(self, severity: Severity) -> None:
        self.take(joining(self.one, self.found("orders", severity), lambda partition: None))

    @rule(severity=st.sampled_from(Severity))
    def follow(self, severity: Severity) -> None:
        self.take(following(self.one, self.found("report", severity)))

    @invariant()
    def it_is_what_its_turns_made_of_it(self) -> None:
        assert rebuilt(self.one.id, self.turns) == self.one

    @invariant()
    def it_sleeps_until_an_instant_and_is_over_with_a_word_or_neither(self) -> None:
        one = self.one
        assert (one.until is not None) is (one.status in ASLEEP)
        over = one.status is IncidentStatus.RESOLVED
        assert (one.resolved_at is not None) is over
        assert (one.resolved_as is not None) is over
        assert one.updated_at >= one.opened_at
        assert 1 <= passes_needed(one) <= MOST_PASSES

    @invariant()
    def nothing_ends_twice_without_coming_back(self) -> None:
        ends = [event for event in self.told if event in (Event.RESOLVED, Event.REOPENED)]
        assert all(a is not b for a, b in pairwise(ends))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_table_of_the_docstring_is_the_one_of_the_code() -> None:
    import observer.turns as module

    table = (module.__doc__ or "").split("=\n")[2].split("\n=")[0]
    places = {"open": 24, "acknowledged": 31, "snoozed": 45, "muted": 54, "resolved": 61}
    for line in table.splitlines():
        kinds = [TurnKind(word.strip()) for word in line[:23].split(",")]
        for kind in kinds:
            for status, start in places.items():
                said = line[start:].split("  ")[0].strip() if len(line) > start else ""
                assert (said != "") is (IncidentStatus(status) in module._NEXT[kind]), (kind, status)


def test_what_was_never_opened_is_nothing() -> None:
    with pytest.raises(IncidentError, match="never opened"):
        rebuilt(7, [])
    with pytest.raises(IncidentError, match="never opened"):
        turned(None, Turn(kind=TurnKind.NOTED, at=AT, by="ana"))


def test_an_incident_keeps_its_first_end_when_its_resolution_is_corrected() -> None:
    one: Incident = turned(None, opening(Life().found("orders", Severity.WARN)))
    passed = turned(one, Turn(kind=TurnKind.RESOLVED, at=AT, by="gate", resolved_as=Resolution.PASSED))
    later = Turn(kind=TurnKind.RESOLVED, at=AT + timedelta(days=1), by="ana", resolved_as=Resolution.FALSE_ALARM)
    corrected = turned(passed, later)
    assert (corrected.resolved_at, corrected.resolved_as) == (AT, Resolution.FALSE_ALARM)
    assert event_of(TurnKind.RESOLVED, passed, corrected) is None
