"""Which resolved incidents go, and which stay for what names them; on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from observer.config.records import Records
from observer.forgetting import Forgotten, forget
from observer.model import Severity
from observer.store import channel_states
from observer.store.channel_tables import channel_health
from observer.store.freshness import freshness
from observer.store.incident_tables import incident_clues, incident_turns
from observer.store.tables import feedback, incident_versions, incidents, outbox
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.tables import versions
from tests.unit.observer.ledger import START, Ledger, day, ledger

DAY = timedelta(days=1)
LATER = START + timedelta(days=730)
SETTING = Records(incidents=timedelta(days=365))
BAD = {"unique(id)": (Severity.ERROR, False)}


@pytest.fixture
def books(state_url: str) -> Iterator[Ledger]:
    """Incidents 1 and 2 are over, 3 is not; each is told, and nothing is said yet of the last days."""
    with ledger(state_url) as made:
        for first in (1, 4):
            made.version(day(first), checks=BAD)
            made.version(day(first))
            made.now += 3 * DAY
        made.version(day(7), checks=BAD)
        with writing(made.engine) as connection:
            connection.execute(update(outbox).values(delivered_at=START, next_attempt_at=None))
            connection.execute(
                insert(incident_clues).values(
                    incident_id=1, number=1, kind="code", asset="orders", partition="", at=START, distance=0,
                    sentence="its code changed",
                )
            )  # fmt: skip
        assert states(made) == {1: "resolved", 2: "resolved", 3: "open"}
        yield made


def states(books: Ledger) -> dict[int, str]:
    with reading(books.engine) as connection:
        rows = connection.execute(select(incidents.c.id, incidents.c.status).order_by(incidents.c.id))
        return {row.id: row.status for row in rows}


def gone(books: Ledger, *, now: datetime = LATER, newest: int = 1) -> int:
    done = forget(books.engine, SETTING, "local", Clock(now=lambda: now, wall=lambda: now), newest=newest)
    assert done == Forgotten(incidents=done.incidents)
    return done.incidents


def test_what_is_over_goes_with_all_that_is_about_it(books: Ledger) -> None:
    assert gone(books) == 2
    assert states(books) == {3: "open"}
    with reading(books.engine) as connection:
        for table in (incident_turns, incident_clues, incident_versions, outbox):
            assert set(connection.execute(select(table.c.incident_id)).scalars()) <= {3}
    assert gone(books) == 0


def test_what_is_young_or_not_over_stays(books: Ledger) -> None:
    assert gone(books, now=START + timedelta(days=366)) == 1
    assert states(books) == {2: "resolved", 3: "open"}
    with writing(books.engine) as connection:
        connection.execute(update(incidents).where(incidents.c.id == 2).values(status="snoozed"))
    assert gone(books) == 0


def test_nothing_goes_without_the_setting(books: Ledger) -> None:
    clock = Clock(now=lambda: LATER, wall=lambda: LATER)
    assert forget(books.engine, Records(), "local", clock, newest=1) == Forgotten()
    others = Records(age=DAY, audit=DAY, dead_letters=DAY, evaluations=DAY, versions=DAY)
    assert forget(books.engine, others, "local", clock, newest=1).incidents == 0
    assert set(states(books)) == {1, 2, 3}


def test_the_number_of_the_newest_is_given_to_no_other(books: Ledger) -> None:
    books.version(day(7))
    assert set(states(books).values()) == {"resolved"}
    assert gone(books) == 2
    books.now = LATER
    books.version(day(20), checks=BAD)
    assert sorted(states(books)) == [3, 4]


def test_what_is_about_one_of_the_newest_versions_stays(books: Ledger) -> None:
    assert gone(books, newest=400) == 0, "there are fewer, so all are shown"
    assert gone(books, newest=3) == 1, "the held version of incident 2 is the third from the end"
    assert states(books) == {2: "resolved", 3: "open"}


def message(books: Ledger, name: str, incident: int, **more: object) -> None:
    row = {
        "id": name, "incident_id": incident, "event": "incident.opened", "channel": "ops", "payload": "{}",
        "created_at": START, "attempts": 1,
    }  # fmt: skip
    with writing(books.engine) as connection:
        connection.execute(insert(outbox).values(row | more))


def test_what_was_not_said_yet_or_given_up_keeps_its_incident(books: Ledger) -> None:
    message(books, "waits", 1, next_attempt_at=LATER)
    message(books, "given up", 2)
    assert gone(books) == 0
    with writing(books.engine) as connection:
        connection.execute(update(outbox).values(delivered_at=START, next_attempt_at=None))
    assert gone(books) == 2


def test_a_message_within_another_shares_its_fate(books: Ledger) -> None:
    message(books, "holder", 3, next_attempt_at=LATER)
    message(books, "within", 1, folded_into="holder")
    assert gone(books) == 1
    assert 1 in states(books)
    with writing(books.engine) as connection:
        connection.execute(
            update(outbox).where(outbox.c.id == "holder").values(delivered_at=START, next_attempt_at=None)
        )
    assert gone(books) == 1


def test_a_message_that_holds_those_of_others_keeps_its_incident(books: Ledger) -> None:
    message(books, "holder", 1, delivered_at=START)
    message(books, "its own", 1, folded_into="holder")
    message(books, "another's", 3, folded_into="holder")
    assert gone(books) == 1
    assert states(books) == {1: "resolved", 3: "open"}
    with writing(books.engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.id == "another's"))
    assert gone(books) == 1


def test_what_a_channel_or_freshness_has_opened_stays(books: Ledger) -> None:
    with writing(books.engine) as connection:
        connection.execute(insert(channel_health).values(environment="prod", channel="ops"))
        channel_states.told_of(connection, "prod", "ops", 1)
        connection.execute(
            insert(freshness).values(asset="orders", status="stale", sentence="s", since=START, incident_id=2)
        )
    assert gone(books) == 0
    with writing(books.engine) as connection:
        channel_states.told_of(connection, "prod", "ops", None)
    assert gone(books) == 1
    assert set(states(books)) == {2, 3}


def test_what_somebody_gave_feedback_on_or_what_is_held_stays(books: Ledger) -> None:
    with writing(books.engine) as connection:
        connection.execute(
            insert(feedback).values(
                asset="orders", partition=day(1), materialization_id="m1", version_seq=1, subject="", kind="bad_data",
                data_at=START, made_at=START, at=START, by="ana", reason="r",
            )
        )  # fmt: skip
        connection.execute(update(versions).where(versions.c.id == "m3").values(status="held"))
    assert gone(books) == 0
    with writing(books.engine) as connection:
        connection.execute(update(versions).where(versions.c.id == "m3").values(status="discarded"))
    assert gone(books) == 1
    assert set(states(books)) == {1, 3}


def test_many_go_a_hundred_at_a_time_and_what_a_crash_leaves_goes_the_next_time(books: Ledger) -> None:
    with writing(books.engine) as connection:
        one = connection.execute(select(incidents).where(incidents.c.id == 1)).one()._mapping
        many = [dict(one) | {"id": 1000 + n} for n in range(250)]
        connection.execute(insert(incidents), many)
        connection.execute(
            insert(incident_turns),
            [
                {"incident_id": row["id"], "number": 1, "kind": "opened", "at": START, "by": "gate", "reason": "r"}
                for row in many
            ],
        )
    looks = iter((True, True))

    def dies() -> bool:
        if next(looks, None) is None:
            raise KeyboardInterrupt
        return True

    clock = Clock(now=lambda: LATER, wall=lambda: LATER)
    with pytest.raises(KeyboardInterrupt):
        forget(books.engine, SETTING, "local", clock, dies, newest=1)

    def left() -> tuple[int, int]:
        with reading(books.engine) as connection:
            numbers = incidents.c.id >= 1000, incident_turns.c.incident_id >= 1000
            found = [connection.execute(select(func.count()).where(one)).scalar_one() for one in numbers]
        return found[0], found[1]

    assert left() == (52, 52), "two hundred went, two of them old ones"
    assert gone(books) == 51
    assert left() == (1, 1), "the newest of all"


def test_dead_letters_go_of_what_is_over(books: Ledger) -> None:
    message(books, "given up", 1)
    message(books, "within", 1, folded_into="given up")
    message(books, "holds another's", 2)
    message(books, "another's", 3, folded_into="holds another's")
    message(books, "tried again", 1, next_attempt_at=START)
    message(books, "open", 3)
    message(books, "prod's", 1, environment="prod")
    message(books, "young", 1, created_at=LATER - DAY)
    setting, clock = Records(dead_letters=timedelta(days=90)), Clock(now=lambda: LATER, wall=lambda: LATER)
    assert forget(books.engine, setting, "local", clock) == Forgotten(dead_letters=2)
    with reading(books.engine) as connection:
        left = set(connection.execute(select(outbox.c.id).where(outbox.c.delivered_at.is_(None))).scalars())
    assert left == {"holds another's", "another's", "tried again", "open", "prod's", "young"}
    assert forget(books.engine, setting, "local", clock) == Forgotten()
