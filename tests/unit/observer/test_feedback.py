"""What people say of versions decides what is learned from: appended, never changed, and taken back in one step."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from observer.feedback import NO_MARKS, in_force, is_bad, is_left_out, marks_of
from observer.fleet import Fleet
from observer.history import StoredPoint
from observer.model import Feedback, FeedbackKind
from observer.store import feedback as feedback_store
from observer.store.tables import evaluations
from orchestration.database import reading, writing
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions
from tests.unit.observer.ledger import START, Ledger, daily_asset, day, ledger

ORDERS = AssetKey("orders")
KIND = FeedbackKind


def said(
    number: int, kind: FeedbackKind | None, *, version: int = 1, subject: str = "row_count", **more: object
) -> Feedback:
    at = START + timedelta(days=version)
    given = Feedback(
        id=number, asset=ORDERS, partition=day(version), materialization_id=f"m{version}", version_seq=version,
        subject=subject, kind=kind, data_at=at, made_at=at + timedelta(hours=1), at=START, by="ana", reason="so it is",
    )  # fmt: skip
    return replace(given, **more)  # type: ignore[arg-type]


def point(version: int, status: VersionStatus = VersionStatus.PUBLISHED, at: datetime | None = None) -> StoredPoint:
    return StoredPoint(at or START + timedelta(days=version), day(version), version, f"m{version}", "r", status, 1.0)


HELD = VersionStatus.HELD


@pytest.mark.parametrize(
    ("kind", "status", "left_out", "bad"),
    [
        (None, VersionStatus.PUBLISHED, False, False),
        (None, HELD, True, True),
        (KIND.EXPECTED, HELD, False, False),
        (KIND.EXPECTED, VersionStatus.PUBLISHED, False, False),
        (KIND.EXPECTED_ONCE, HELD, True, False),
        (KIND.EXPECTED_ONCE, VersionStatus.PUBLISHED, True, False),
        (KIND.BAD_DATA, HELD, True, True),
        (KIND.BAD_DATA, VersionStatus.PUBLISHED, True, True),
        (KIND.NEW_NORMAL, HELD, False, False),
    ],
)
def test_what_is_learned_from_and_what_is_known_to_be_bad(
    kind: FeedbackKind | None, status: VersionStatus, left_out: bool, bad: bool
) -> None:
    of = {1: kind} if kind else {}
    assert (is_left_out(point(1, status), of), is_bad(point(1, status), of)) == (left_out, bad)


def test_the_newest_word_counts_until_it_is_taken_back() -> None:
    first, second = said(1, KIND.BAD_DATA), said(2, KIND.EXPECTED)
    assert in_force([second, first]) == (second,)
    undone = said(3, None, undoes=2)
    assert in_force([first, second, undone]) == (first,)
    assert in_force([first, second, undone, said(4, None, undoes=1)]) == ()
    again = said(5, KIND.EXPECTED_ONCE)
    assert in_force([first, second, undone, again]) == (again,)
    other = said(6, KIND.BAD_DATA, subject="bytes")
    assert in_force([first, other]) == (first, other)
    assert marks_of([first, said(2, None, undoes=1)]) is NO_MARKS


def test_what_is_said_of_one_monitor_goes_before_what_is_said_of_all() -> None:
    marks = marks_of([said(1, KIND.BAD_DATA, subject=""), said(2, KIND.EXPECTED, subject="row_count")])
    assert marks.on("row_count") == {1: KIND.EXPECTED}
    assert marks.on("bytes") == {1: KIND.BAD_DATA}


def test_a_new_normal_begins_the_history_in_its_own_order() -> None:
    marks = marks_of([said(1, KIND.NEW_NORMAL, version=3), said(2, KIND.NEW_NORMAL, version=5)])
    points = [point(n, HELD if n == 5 else VersionStatus.PUBLISHED) for n in range(1, 8)]
    known, left_out = marks.known("row_count", points, by_clock=False)
    assert ([p.version_seq for p in known], list(left_out)) == ([5, 6, 7], [False] * 3)
    assert marks.known("bytes", points, by_clock=False)[0] == points
    by_clock = [point(n, at=START + timedelta(days=n, hours=1)) for n in range(1, 8)]
    assert [p.version_seq for p in marks.known("row_count", by_clock, by_clock=True)[0]] == [5, 6, 7]
    gone = [p for p in points if p.version_seq != 5]  # its partition was made again since
    assert [p.version_seq for p in marks.known("row_count", gone, by_clock=False)[0]] == [6, 7]


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        yield made


def give(made: Ledger, kind: FeedbackKind | None, partition: str, *, subject: str = "row_count", **more: object) -> int:
    with writing(made.engine) as connection:
        row = connection.execute(select(versions).where(versions.c.partition == partition)).one()
        data_at = datetime.fromisoformat(partition).replace(tzinfo=START.tzinfo)
        given = said(
            0, kind, partition=partition, version_seq=row.seq, materialization_id=row.id, data_at=data_at,
            made_at=row.materialized_at, subject=subject, at=made.now, **more,
        )  # fmt: skip
        number = feedback_store.add(connection, given)
        assert feedback_store.all_of(connection, ORDERS)[-1] == replace(given, id=number)
        return number


def trained(made: Ledger, partition: str, subject: str = "row_count") -> tuple[int, float]:
    made.version(partition, rows=1003.0, nulls=0.011)
    with reading(made.engine) as connection:
        c = evaluations.c
        asked = select(c.n_train, c.upper).where(c.subject == subject, c.partition == partition).order_by(c.id.desc())
        row = connection.execute(asked.limit(1)).one()
        return row.n_train, row.upper


def test_later_verdicts_learn_from_what_people_said_and_forget_it_when_it_is_taken_back(daily: Ledger) -> None:
    daily.days(1, 15)
    daily.version(day(16), rows=1200.0)
    plain = trained(daily, day(17))
    assert plain[0] == 16
    number = give(daily, KIND.BAD_DATA, day(16))
    clean = trained(daily, day(17))
    assert clean[0] == 15
    assert clean[1] < plain[1]  # a bad day does not widen the band
    assert trained(daily, day(17), "duration")[0] >= 16  # of one monitor alone
    give(daily, None, day(16), undoes=number)
    assert trained(daily, day(17)) == plain
    give(daily, KIND.NEW_NORMAL, day(8))
    assert trained(daily, day(17))[0] == 9


def test_a_held_version_that_was_expected_is_learned_from(daily: Ledger) -> None:
    daily.days(1, 15)
    daily.version(day(16), nulls=0.4)
    without = trained(daily, day(17), "null_rate(name)")
    give(daily, KIND.EXPECTED, day(16), subject="null_rate(name)")
    learned, upper = trained(daily, day(17), "null_rate(name)")
    assert (without[0], learned) == (15, 16)
    assert upper > without[1]


def test_who_was_right_gets_more_of_the_budget_from_the_next_day_on(daily: Ledger) -> None:
    daily.days(1, 12)
    rows, nulls = (m for m in daily_asset().attachments[0].watched if m.metric in ("row_count", "null_rate"))  # type: ignore[attr-defined]
    rows, nulls = sorted((rows, nulls), key=lambda m: m.metric, reverse=True)
    for n in range(1, 7):
        give(daily, KIND.EXPECTED, day(n))
    today, tomorrow = (
        Fleet(daily.observer.graph, daily.engine, 0.01).budget(daily.now + timedelta(days=n)) for n in (0, 1)
    )
    assert today is not None
    assert tomorrow is not None
    assert tomorrow.alpha(ORDERS, rows) < today.alpha(ORDERS, rows) / 2
    assert tomorrow.alpha(AssetKey("report"), rows) > today.alpha(AssetKey("report"), rows)
    with reading(daily.engine) as connection:
        later = daily.now + timedelta(seconds=1)
        assert feedback_store.records(connection, later) == {(ORDERS, "row_count"): (6, 0)}
        assert feedback_store.records(connection, START) == {}
    give(daily, KIND.BAD_DATA, day(1))
    with reading(daily.engine) as connection:
        assert feedback_store.records(connection, later) == {(ORDERS, "row_count"): (6, 1)}
