"""Incidents on a real state database: along the lineage, back again, asleep, and as their turns say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

import observer as ob
from observer.clues import ClueKind
from observer.errors import IncidentChanged
from observer.maintenance import Maintenance
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.store import clues, incident_turns
from observer.store import incidents as incident_store
from observer.store import maintenance as maintenance_store
from observer.store.outbox import by_incident
from observer.store.tables import incidents, outbox
from observer.telling import take
from observer.turns import Turn, TurnKind, rebuilt
from observer.waking import wake
from orchestration.database import reading, writing
from orchestration.model import AssetKey
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger, whole_asset

WARN, ERROR = Severity.WARN, Severity.ERROR
DAY = timedelta(days=1)


@pytest.fixture
def everywhere(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, whole_asset()) as made:
        yield made


@pytest.fixture
def whole(tmp_path: object) -> Iterator[Ledger]:
    """Where the engine makes no difference: SQLite only."""
    with ledger(f"sqlite:///{tmp_path}/state.db", whole_asset()) as made:
        yield made


@pytest.fixture
def daily(tmp_path: object) -> Iterator[Ledger]:
    with ledger(f"sqlite:///{tmp_path}/state.db", daily_asset()) as made:
        yield made


def the_incidents(made: Ledger) -> list[Incident]:
    with reading(made.engine) as connection:
        rows = connection.execute(select(incidents).order_by(incidents.c.id)).all()
        found = [incident_store.incident(row) for row in rows]
        for one in found:  # at any time
            assert rebuilt(one.id, incident_turns.of_incident(connection, one.id)) == one
    return found


def kinds(made: Ledger, number: int) -> list[str]:
    with reading(made.engine) as connection:
        return [turn.kind.value for turn in incident_turns.of_incident(connection, number)]


def do(made: Ledger, number: int, turn: Turn) -> None:
    with writing(made.engine) as connection:
        before = incident_store.get(connection, number)
        assert before is not None
        take(connection, made.observer, before, turn)


def good(made: Ledger, asset: str = "orders") -> None:
    made.version(None, asset=asset, checks={"known": (ERROR, True)})


def bad(made: Ledger, asset: str = "orders", severity: Severity = ERROR) -> None:
    made.version(None, asset=asset, checks={"known": (severity, False)})


def test_what_is_downstream_of_an_incident_joins_it_and_is_not_told_again(whole: Ledger) -> None:
    good(whole)
    good(whole, "report")
    bad(whole, severity=WARN)
    bad(whole, "report", severity=WARN)
    (one,) = the_incidents(whole)
    assert (one.asset, one.affected, kinds(whole, 1)) == ("orders", ("report",), ["opened", "followed"])
    assert whole.told() == [(1, "incident.opened")]


def test_a_held_follower_makes_a_warning_worse_and_the_incident_waits_for_both(everywhere: Ledger) -> None:
    bad(everywhere, severity=WARN)
    bad(everywhere, "report")
    (one,) = the_incidents(everywhere)
    assert (one.severity, one.sentence) == (ERROR, "downstream report: known said False")
    assert everywhere.told() == [(1, "incident.opened"), (1, "incident.worse")]
    good(everywhere)
    assert the_incidents(everywhere)[0].status is IncidentStatus.OPEN
    good(everywhere, "report")
    assert the_incidents(everywhere)[0].status is IncidentStatus.RESOLVED
    assert everywhere.told()[-1] == (1, "incident.resolved")


def test_what_came_out_well_beside_the_cause_is_not_explained_by_it(whole: Ledger) -> None:
    bad(whole, severity=WARN)
    good(whole, "report")
    bad(whole, "report", severity=WARN)
    assert [one.asset for one in the_incidents(whole)] == ["orders", "report"]


def test_what_is_upstream_and_what_is_over_explain_nothing(whole: Ledger) -> None:
    bad(whole, "report", severity=WARN)
    bad(whole, severity=WARN)
    good(whole)
    bad(whole, "report", severity=WARN)
    assert [(one.asset, one.status) for one in the_incidents(whole)] == [("report", "open"), ("orders", "resolved")]


def test_partitions_that_are_read_are_those_that_explain(daily: Ledger) -> None:
    """The report reads every day; the incident is about one of them."""
    daily.days(1, 2)
    daily.version(day(3), checks={"known": (WARN, False)})
    daily.version(None, asset="report", checks={"total": (WARN, False)})
    assert [(one.asset, one.affected) for one in the_incidents(daily)] == [("orders", ("report",))]


def test_what_comes_back_is_reopened_and_takes_a_pass_more(whole: Ledger) -> None:
    for passes in (1, 2, 3, 3):
        bad(whole)
        for left in range(passes, 0, -1):
            (one,) = the_incidents(whole)
            assert one.status is IncidentStatus.OPEN, (passes, left)
            good(whole)
        assert the_incidents(whole)[0].status is IncidentStatus.RESOLVED
    assert the_incidents(whole)[0].reopened == 3
    events = [event for _, event in whole.told()]
    assert events[:4] == ["incident.opened", "incident.resolved", "incident.reopened", "incident.resolved"]
    assert len(events) == 8


def test_what_comes_back_after_the_window_is_another(whole: Ledger) -> None:
    bad(whole)
    good(whole)
    whole.now += timedelta(hours=25)
    bad(whole)
    assert [one.status for one in the_incidents(whole)] == ["resolved", "open"]


def test_a_maintenance_window_is_not_told_holds_as_ever_and_its_end_is(everywhere: Ledger) -> None:
    window(everywhere, "orders", everywhere.now + timedelta(hours=2))
    bad(everywhere)
    (one,) = the_incidents(everywhere)
    assert (one.status, one.until) == (IncidentStatus.MUTED, maintained_until(everywhere))
    assert everywhere.told() == []
    assert wake(everywhere.observer) == 0
    everywhere.now += timedelta(hours=3)
    assert wake(everywhere.observer) == 1
    assert wake(everywhere.observer) == 0
    assert (the_incidents(everywhere)[0].status, everywhere.told()) == ("open", [(1, "incident.opened")])
    assert kinds(everywhere, 1) == ["opened", "muted", "woken"]


def test_what_ends_within_its_maintenance_window_is_never_told(whole: Ledger) -> None:
    window(whole, "orders+", whole.now + timedelta(hours=2))
    bad(whole)
    good(whole)
    assert (the_incidents(whole)[0].status, whole.told()) == ("resolved", [])


def test_a_window_over_other_assets_or_of_one_that_left_the_project_mutes_nothing(whole: Ledger) -> None:
    window(whole, "report", whole.now + timedelta(hours=2))
    window(whole, "gone", whole.now + timedelta(hours=2))
    bad(whole)
    assert whole.told() == [(1, "incident.opened")]


def test_each_environment_tells_of_what_it_found_while_it_was_quiet_whichever_wakes_it(everywhere: Ledger) -> None:
    prod, local, third = (replace(everywhere.observer, environment=name) for name in ("prod", "local", "third"))
    window(everywhere, "orders+", everywhere.now + timedelta(hours=2))
    everywhere.observer = local
    bad(everywhere, "report")
    everywhere.observer = prod
    bad(everywhere, severity=WARN)
    everywhere.observer = local
    bad(everywhere)  # by which it gets worse
    everywhere.now += timedelta(hours=3)
    assert wake(third) == 2
    assert [one.status for one in the_incidents(everywhere)] == ["open", "open"]
    assert heard(everywhere) == {}
    assert wake(local) == 2
    assert wake(prod) == 1
    assert heard(everywhere) == {
        "local": [(1, "incident.opened"), (2, "incident.opened")], "prod": [(2, "incident.opened")],
    }  # fmt: skip
    assert [wake(one) for one in (prod, local, third)] == [0, 0, 0]


def test_who_wakes_what_was_found_here_says_so_and_nobody_says_it_again(everywhere: Ledger) -> None:
    prod, local = (replace(everywhere.observer, environment=name) for name in ("prod", "local"))
    window(everywhere, "orders", everywhere.now + timedelta(hours=2))
    everywhere.observer = prod
    bad(everywhere)
    everywhere.now += timedelta(hours=3)
    assert wake(prod) == 1
    assert (wake(prod), wake(local)) == (0, 0)
    assert heard(everywhere) == {"prod": [(1, "incident.opened")]}


def test_what_ended_before_it_could_be_told_or_sleeps_in_another_window_is_not_told_late(everywhere: Ledger) -> None:
    prod, local = (replace(everywhere.observer, environment=name) for name in ("prod", "local"))
    window(everywhere, "orders+", everywhere.now + timedelta(hours=2))
    everywhere.observer = prod
    bad(everywhere, "report")
    bad(everywhere)
    everywhere.now += timedelta(hours=3)
    assert wake(local) == 2
    good(everywhere)
    window(everywhere, "report", everywhere.now + timedelta(hours=2))
    assert (wake(prod), heard(everywhere)) == (0, {})
    everywhere.now += timedelta(hours=3)
    assert (wake(prod), heard(everywhere)) == (1, {"prod": [(1, "incident.opened")]})


def heard(made: Ledger) -> dict[str, list[tuple[int, str]]]:
    """By environment, what its channels were told."""
    found: dict[str, list[tuple[int, str]]] = {}
    with reading(made.engine) as connection:
        for message in connection.execute(select(outbox).order_by(outbox.c.incident_id, outbox.c.id)):
            found.setdefault(message.environment, []).append((message.incident_id, message.event))
    return found


def window(made: Ledger, selection: str, until: datetime) -> None:
    given = Maintenance(id=0, selection=selection, starts_at=made.now, ends_at=until, by="ana", reason="a move")
    with writing(made.engine) as connection:
        maintenance_store.add(connection, given)


def maintained_until(made: Ledger) -> datetime | None:
    with reading(made.engine) as connection:
        return maintenance_store.coming(connection, made.now)[0].ends_at


def test_a_snooze_ends_with_a_reminder_and_a_worse_one_before(whole: Ledger) -> None:
    bad(whole, severity=WARN)
    snooze = Turn(kind=TurnKind.SNOOZED, at=whole.now, by="ana", until=whole.now + timedelta(hours=1))
    do(whole, 1, snooze)
    assert wake(whole.observer) == 0
    whole.now += timedelta(hours=1)
    assert wake(whole.observer) == 1
    assert whole.told()[-1] == (1, "incident.reminder")
    do(whole, 1, replace(snooze, at=whole.now, until=whole.now + timedelta(hours=1)))
    bad(whole)
    assert (the_incidents(whole)[0].status, whole.told()[-1]) == ("open", (1, "incident.worse"))


def test_who_heard_that_it_began_hears_how_it_goes_on_whichever_environment_says_so(everywhere: Ledger) -> None:
    here, there = (replace(everywhere.observer, environment=name) for name in ("prod", "local"))
    everywhere.observer = here
    bad(everywhere, severity=WARN)
    do(everywhere, 1, Turn(kind=TurnKind.SNOOZED, at=everywhere.now, by="ana", until=everywhere.now + DAY))
    everywhere.now += DAY
    assert wake(there) == 1
    everywhere.observer = replace(there, channels=())  # by which nobody there hears any more
    bad(everywhere)
    with reading(everywhere.engine) as connection:
        told = by_incident(connection, [1])[1]
    assert [one.event for one in told if one.environment == "prod"] == [
        "incident.opened", "incident.reminder", "incident.worse",
    ]  # fmt: skip
    assert [one.event for one in told if one.environment == "local"] == ["incident.reminder"]


def test_reminders_begin_at_the_confirmed_delivery_and_end_with_an_acknowledgement(whole: Ledger) -> None:
    whole.observer = replace(whole.observer, remind_after=timedelta(hours=1))
    bad(whole)
    whole.observer = replace(
        whole.observer, clock=replace(whole.observer.clock, wall=lambda: whole.now + timedelta(days=9))
    )
    assert wake(whole.observer) == 0  # nobody has got the first message yet, and it is still tried
    mark(whole, delivered_at=whole.now + timedelta(days=9, minutes=-59), next_attempt_at=None)
    assert wake(whole.observer) == 0
    mark(whole, delivered_at=whole.now + timedelta(days=9, minutes=-60), next_attempt_at=None)
    assert wake(whole.observer) == 1
    assert wake(whole.observer) == 0  # the reminder waits
    assert whole.told() == [(1, "incident.opened"), (1, "incident.reminder")]
    mark(whole, delivered_at=whole.now, next_attempt_at=None)
    do(whole, 1, Turn(kind=TurnKind.ACKNOWLEDGED, at=whole.now, by="ana"))
    assert wake(whole.observer) == 0


def mark(made: Ledger, **what: object) -> None:
    with writing(made.engine) as connection:
        connection.execute(update(outbox).values(**what))


def test_what_nobody_got_is_said_again_when_it_goes_on(whole: Ledger) -> None:
    bad(whole)
    bad(whole)
    assert whole.told() == [(1, "incident.opened")]
    mark(whole, next_attempt_at=None)  # given up
    bad(whole)
    assert whole.told() == [(1, "incident.opened"), (1, "incident.reminder")]
    bad(whole)
    assert len(whole.told()) == 2


def test_an_incident_of_an_asset_that_left_the_project_can_be_ended(whole: Ledger) -> None:
    bad(whole)
    with writing(whole.engine) as connection:
        connection.execute(update(incidents).values(asset="gone"))
    with writing(whole.engine) as connection:
        before = incident_store.get(connection, 1)
        assert before is not None
        turn = Turn(kind=TurnKind.RESOLVED, at=whole.now, by="ana", reason="so", resolved_as=Resolution.NO_ACTION)
        take(connection, whole.observer, before, turn)
    assert whole.told() == [(1, "incident.opened"), (1, "incident.resolved")]


def test_what_changed_around_then_is_kept_the_nearest_first(everywhere: Ledger) -> None:
    for _ in range(5):
        good(everywhere)
    good(everywhere, "report")
    everywhere.version(None, rows=10.0, columns=("id", "name", "more"))
    bad(everywhere, "report")
    numbers = {one.asset: one.id for one in the_incidents(everywhere)}
    with reading(everywhere.engine) as connection:
        found = {asset: clues.of_incident(connection, number) for asset, number in numbers.items()}
    assert set(found) == {"orders"}  # the report follows from it
    said = {clue.kind: clue.sentence for clue in found[AssetKey("orders")]}
    assert said[ClueKind.VOLUME] == "orders: 10 rows, 1,000 rows are usual"
    assert said[ClueKind.SCHEMA] == "orders: its schema changed: more added"


def test_what_was_wrong_upstream_and_new_code_are_clues(whole: Ledger) -> None:
    good(whole)
    good(whole, "report")
    whole.version(None, checks={"slow": (WARN, False)})
    whole.version(None)
    audit = whole.audit(None, asset="report", checks={"known": (WARN, False)})
    whole.judge(replace(audit, materialization=replace(audit.materialization, code_version="other")))
    last = the_incidents(whole)[-1]
    with reading(whole.engine) as connection:
        found = [(clue.kind, clue.distance, clue.sentence) for clue in clues.of_incident(connection, last.id)]
    assert found[0] == (ClueKind.CODE, 0, "report: its code changed")
    assert (ClueKind.UPSTREAM, 1, "orders: slow said False") in found


def test_of_two_who_change_what_they_have_seen_one_is_refused(whole: Ledger) -> None:
    bad(whole)
    seen = the_incidents(whole)[0]
    ack = Turn(kind=TurnKind.ACKNOWLEDGED, at=whole.now, by="ana")
    do(whole, 1, ack)
    with (
        pytest.raises(IncidentChanged, match="was changed meanwhile; nothing was changed"),
        writing(whole.engine) as connection,
    ):
        take(connection, whole.observer, seen, replace(ack, by="bo"))
    assert kinds(whole, 1) == ["opened", "acknowledged"]


def test_the_pass_of_one_region_leaves_the_warning_of_another(state_url: str) -> None:
    @ob.asset(partitions=ob.multi(day=ob.daily(start="2024-01-01"), region=ob.static("eu", "us")))
    def orders() -> None: ...

    def made_well(made: Ledger, n: int, region: str, well: bool) -> None:
        made.version(f"day={day(n)}|region={region}", checks={"c": (Severity.WARN, well)})

    with ledger(state_url, orders) as made:
        made_well(made, 2, "eu", False)
        made_well(made, 2, "us", True)
        made_well(made, 3, "us", True)
        assert [status for _, _, _, status in made.incidents()] == ["open"]
        made_well(made, 3, "eu", True)
        assert [status for _, _, _, status in made.incidents()] == ["resolved"]
