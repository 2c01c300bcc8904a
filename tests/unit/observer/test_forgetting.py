"""What `records` lets go of, and what it never does; on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from observer.config.records import Records
from observer.forgetting import Forgotten, forget
from observer.model import Severity
from observer.store import chores
from observer.store.access_tables import audit
from observer.store.status_tables import status_cursor
from observer.store.tables import incidents, outbox
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.events import PASSING
from orchestration.queue_tables import run_attempts, run_queue
from orchestration.said_tables import step_logs
from orchestration.tables import events, runs, steps
from tests.unit.observer.ledger import START, Ledger, day, ledger

DAY = timedelta(days=1)
YEAR = timedelta(days=365)
LATER = START + 2 * YEAR
BOTH = Records(age=YEAR, audit=YEAR)


@pytest.fixture
def books(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url) as made:
        yield made


def gone(books: Ledger, records: Records = BOTH, now: datetime = LATER) -> Forgotten:
    return forget(books.engine, records, "local", Clock(now=lambda: now, wall=lambda: now))


def left(books: Ledger, column: object) -> list[object]:
    with reading(books.engine) as connection:
        return list(connection.execute(select(column).order_by(column)).scalars())  # type: ignore[call-overload]


class Runs:
    """Runs that are told of instead of walked: each with a step of some address, an hour after one another."""

    def __init__(self, books: Ledger) -> None:
        self.books, self.at = books, START
        with writing(books.engine) as connection:
            connection.execute(update(runs).values(status="succeeded", ended_at=START, environment="elsewhere"))

    def add(self, name: str, partition: str, status: str, *, resumes: str | None = None, environment: str = "local",
            at: datetime | None = None) -> None:  # fmt: skip
        self.at = at or self.at + timedelta(hours=1)
        ended = None if status == "running" else self.at
        with writing(self.books.engine) as connection:
            connection.execute(
                insert(runs).values(
                    id=name, selection="*", partitions="", trigger="t", environment=environment, holder="h",
                    status="running" if ended is None else "succeeded" if status == "published" else "failed",
                    started_at=self.at, ended_at=ended, resumes=resumes,
                )
            )  # fmt: skip
            connection.execute(
                insert(steps).values(
                    run_id=name,
                    position=0,
                    asset="orders",
                    partition=partition,
                    status=status,
                    reason="r",
                    ended_at=ended,
                )
            )
            connection.execute(
                insert(run_queue).values(
                    id=name, environment=environment, due_key=name, assets=["orders"], upstream=False, force=False,
                    reason="r", asked_by="b", asked_at=self.at, priority=0, status="succeeded", attempts=1, deaths=0,
                    token=1, note="", ended_at=ended,
                )
            )  # fmt: skip
            connection.execute(insert(run_attempts).values(run_id=name, number=1, holder="h", began_at=self.at))
            connection.execute(
                insert(step_logs).values(
                    run_id=name, asset="orders", partition=partition, number=1, lines=[], count=0, left_out=0,
                    worst="info", unknown="", ended=True,
                )
            )  # fmt: skip


def test_runs_go_with_their_steps_and_their_place_in_the_queue(books: Ledger) -> None:
    made = Runs(books)
    made.add("old", "a", "published")
    made.add("other", "a", "published", environment="prod")
    made.add("goes on", "b", "running")
    made.add("young", "c", "published", at=LATER - DAY)
    assert gone(books).runs == 1
    for column in (runs.c.id, steps.c.run_id, step_logs.c.run_id, run_queue.c.id, run_attempts.c.run_id):
        assert set(left(books, column)) - {"run-0"} == {"other", "goes on", "young"}
    assert gone(books) == Forgotten()


def test_what_says_how_an_address_is_stays(books: Ledger) -> None:
    made = Runs(books)
    made.add("mended", "a", "failed")
    made.add("mends", "a", "published")
    made.add("broken", "b", "failed")
    made.add("twice", "c", "failed")
    made.add("hides", "c", "published", at=LATER - DAY)
    assert gone(books).runs == 3
    assert set(left(books, runs.c.id)) == {"run-0", "broken", "hides"}


def test_no_failed_step_becomes_the_last_word_again(books: Ledger) -> None:
    """A run is kept for another step of its, and what came after this one is kept with it."""
    made = Runs(books)
    made.add("both", "a", "failed")
    with writing(books.engine) as connection:
        connection.execute(
            insert(steps).values(run_id="both", position=1, asset="orders", partition="b", status="failed", reason="r",
                                 ended_at=made.at)
        )  # fmt: skip
    made.add("mends a", "a", "published")
    assert gone(books).runs == 0
    made.add("mends b", "b", "published")
    assert gone(books).runs == 3


def test_a_run_that_was_resumed_never_seems_to_wait(books: Ledger) -> None:
    made = Runs(books)
    made.add("broken", "a", "blocked")
    made.add("resumes", "b", "published", resumes="broken")
    assert gone(books).runs == 0


BAD = {"unique(id)": (Severity.ERROR, False)}


def test_what_made_what_is_held_or_read_stays(books: Ledger) -> None:
    made = Runs(books)
    for name, partition, checks in (("first", day(1), {}), ("last", day(2), {}), ("held", day(3), BAD)):
        made.add(name, partition, "published")
        books.run = name
        books.version(partition, checks=checks)
    assert gone(books).runs == 1
    assert set(left(books, runs.c.id)) == {"run-0", "last", "held"}


@pytest.fixture
def two(books: Ledger) -> Ledger:
    """Incident 1 is over, 2 is not."""
    books.version(day(1), checks=BAD)
    books.version(day(1))
    books.now += 3 * DAY
    books.version(day(4), checks=BAD)
    with reading(books.engine) as connection:
        found = connection.execute(select(incidents.c.id, incidents.c.status).order_by(incidents.c.id)).all()
    assert [tuple(row) for row in found] == [(1, "resolved"), (2, "open")]
    with writing(books.engine) as connection:
        connection.execute(delete(outbox))
    return books


def messages(books: Ledger, *rows: tuple[str, int, datetime | None, str | None]) -> None:
    with writing(books.engine) as connection:
        for name, incident, delivered, into in rows:
            connection.execute(
                insert(outbox).values(
                    id=name, incident_id=incident, event="incident.opened", channel="ops", payload="{}",
                    created_at=START, attempts=1, delivered_at=delivered, folded_into=into,
                )
            )  # fmt: skip


def test_messages_go_that_were_delivered_of_what_is_over(two: Ledger) -> None:
    messages(
        two, ("over", 1, START, None), ("young", 1, LATER - DAY, None), ("given up", 1, None, None),
        ("open", 2, START, None), ("prod's", 1, START, None),
    )  # fmt: skip
    with writing(two.engine) as connection:
        connection.execute(update(outbox).where(outbox.c.id == "prod's").values(environment="prod"))
        connection.execute(update(outbox).where(outbox.c.id == "over").values(environment="local"))
    assert gone(two).messages == 1
    assert left(two, outbox.c.id) == ["given up", "open", "prod's", "young"]


def test_folded_messages_go_together_or_not_at_all(two: Ledger) -> None:
    messages(
        two, ("both", 1, START, None), ("x", 1, None, "both"), ("y", 2, None, "both"), ("all", 1, START, None),
        ("z", 1, None, "all"),
    )  # fmt: skip
    assert gone(two).messages == 2
    assert left(two, outbox.c.id) == ["both", "x", "y"]


def test_events_that_nothing_reads_go_but_for_the_newest(books: Ledger) -> None:
    books.days(1, 3)
    with reading(books.engine) as connection:
        kinds = {row.id: row.kind for row in connection.execute(select(events.c.id, events.c.kind))}
    passing = {number for number, kind in kinds.items() if kind in set(PASSING)} - {max(kinds)}
    assert len(passing) > 2
    assert gone(books).events == len(passing)
    assert left(books, events.c.id) == sorted(kinds.keys() - passing)
    assert gone(books).events == 0


def test_events_stay_that_the_states_of_assets_do_not_know_yet(books: Ledger) -> None:
    books.days(1, 3)
    ids = left(books, events.c.id)
    with writing(books.engine) as connection:
        connection.execute(insert(status_cursor).values(name="log", at=ids[2], revision=1))
    gone(books)
    assert left(books, events.c.id)[-len(ids) + 2 :] == ids[2:]


def test_the_audit_goes_by_its_own_age_but_for_its_newest_line(books: Ledger) -> None:
    with writing(books.engine) as connection:
        for n in range(5):
            connection.execute(
                insert(audit).values(at=START + n * DAY, token_id="t", name="n", method="POST", path="/", status=200,
                                     address="")
            )  # fmt: skip
    assert gone(books, Records(age=YEAR)).audit == 0
    assert gone(books, Records(audit=YEAR), now=START + YEAR + 2 * DAY).audit == 2
    assert gone(books).audit == 2
    assert len(left(books, audit.c.id)) == 1
    assert gone(books, Records()) == Forgotten()


def test_it_stops_where_it_is_told_to(books: Ledger) -> None:
    Runs(books).add("old", "a", "published")
    assert forget(books.engine, BOTH, "local", Clock(now=lambda: LATER), lambda: False) == Forgotten()
    assert "old" in left(books, runs.c.id)


def test_one_of_several_does_it_and_once_a_day(books: Ledger) -> None:
    def asked(at: datetime) -> tuple[bool, bool]:
        with writing(books.engine) as connection:
            return chores.is_due(connection, "tidy", at, DAY), chores.begin(connection, "tidy", at, DAY)

    assert asked(START) == (True, True)
    assert asked(START) == (False, False)
    assert asked(START + DAY - timedelta(seconds=1)) == (False, False)
    assert asked(START + DAY) == (True, True)
    assert asked(START) == (True, True), "a clock was far ahead"
