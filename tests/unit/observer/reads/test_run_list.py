"""Runs from log and queue together, told page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.errors import UnknownName
from observer.reads.run_model import RunsPage, RunsWanted
from orchestration import queue
from orchestration.database import writing
from orchestration.model import AssetKey, StepStatus
from orchestration.queue import Queue, RequestStatus
from orchestration.run_request import RunRequest
from tests.unit.observer.reads.made import NOW, Store, day


def ask(store: Store, key: str, *, by: str = "ana") -> str:
    request = RunRequest(
        due_key=f"asked:{store._next()}", assets=(AssetKey(key),), partitions=(day(9),), reason="wanted", asked_by=by
    )
    with writing(store.project.engine) as connection:
        line = Queue(environment="test", new_id=lambda: f"asked{store._next()}", now=lambda _: NOW)
        return line.ask(connection, [request])[0]


def refuse(store: Store) -> None:
    """The next request can't be planned."""
    line = Queue(environment="test", new_id=str, now=lambda _: NOW)
    with writing(store.project.engine) as connection:
        claim = line.claim(connection)
        assert claim is not None
        line.end(connection, claim, RequestStatus.REFUSED, "there is no such asset")


def listed(store: Store, **wanted: object) -> RunsPage:
    return store.reads.run_lines(RunsWanted(**wanted))  # type: ignore[arg-type]


def test_what_waits_is_shown_at_once_and_what_ended_newest_first(everywhere: Store) -> None:
    first = everywhere.step("orders", day(8), StepStatus.PUBLISHED, at=NOW - timedelta(hours=3))
    second = everywhere.step(
        "totals", day(8), StepStatus.HELD, at=NOW - timedelta(hours=2), offset_s=1.0, duration_s=2.0
    )
    waits = ask(everywhere, "orders")
    page = listed(everywhere)
    assert [(line.id, line.status, line.asked_by, line.reason) for line in page.open] == [
        (waits, "queued", "ana", "wanted")
    ]
    assert [line.id for line in page.ended] == [second, first]
    assert (page.ended[0].counts, page.ended[0].duration_s, page.ended[0].assets) == ((("held", 1),), 3.0, 1)
    assert dict(page.counts)["queued"] == 1
    assert page.more is None


def test_one_that_never_began_stands_among_those_that_ended(everywhere: Store) -> None:
    old = everywhere.step("orders", day(8), StepStatus.PUBLISHED, at=NOW - timedelta(hours=3))
    refused = ask(everywhere, "orders")
    refuse(everywhere)
    gone = ask(everywhere, "totals")
    with writing(everywhere.project.engine) as connection:
        queue.cancel(connection, gone, "ben", "not now")
    new = everywhere.step("totals", day(8), StepStatus.PUBLISHED, at=NOW + timedelta(hours=3))
    page = listed(everywhere)
    assert [line.id for line in page.ended] == [new, gone, refused, old]
    assert page.open == ()
    assert (page.ended[2].status, page.ended[2].note, page.ended[2].started_at) == (
        "refused", "there is no such asset", None,
    )  # fmt: skip
    assert [line.id for line in listed(everywhere, statuses=("cancelled",)).ended] == [gone]
    shown = everywhere.reads.run(gone)
    assert shown is not None
    assert (shown.sentence, str(shown.cancellation)) == ("Was cancelled before it began", "cancelled by ben: not now")


def test_pages_tell_each_run_once(everywhere: Store) -> None:
    ids = []
    for hour in range(7):
        ids.append(everywhere.step("orders", day(8), StepStatus.PUBLISHED, at=NOW + timedelta(hours=hour)))
        if hour % 3 == 0:
            ids.append(ask(everywhere, "orders"))
            refuse(everywhere)
    seen, before = [], None
    for _ in range(10):
        page = listed(everywhere, before=before, limit=3)
        assert len(page.ended) <= 3
        seen += [line.id for line in page.ended]
        before = page.more
        if before is None:
            break
    assert sorted(seen) == sorted(ids)


def test_a_selection_and_times_narrow_both(everywhere: Store) -> None:
    orders = everywhere.step("orders", day(8), StepStatus.PUBLISHED, at=NOW)
    totals = everywhere.step("totals", day(8), StepStatus.PUBLISHED, at=NOW + timedelta(hours=1))
    waits = ask(everywhere, "orders")
    page = listed(everywhere, select="orders")
    assert ([line.id for line in page.open], [line.id for line in page.ended]) == ([waits], [orders])
    assert [line.id for line in listed(everywhere, select="+totals").ended] == [totals, orders]
    assert [line.id for line in listed(everywhere, since=NOW + timedelta(minutes=1)).ended] == [totals]
    assert [line.id for line in listed(everywhere, until=NOW + timedelta(minutes=1)).ended] == [orders]
    assert [line.id for line in listed(everywhere, statuses=("queued",)).open] == [waits]
    with pytest.raises(UnknownName, match="orders"):
        listed(everywhere, select="ordres")


def test_a_run_that_waits_has_a_page(everywhere: Store) -> None:
    waits = ask(everywhere, "orders")
    page = everywhere.reads.run(waits)
    assert page is not None
    assert page.asked is not None
    assert (page.run.status, page.sentence, page.asked.by, page.ended_at) == (
        "queued", "Waits in the queue", "ana", None,
    )  # fmt: skip
    assert everywhere.reads.run("nothing") is None
