"""The queue of runs, on SQLite and on PostgreSQL: once each, one holder at a time, none lost."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, update

from orchestration import queue
from orchestration.database import reading, writing
from orchestration.errors import ClaimLost, LeadLost, UnknownName
from orchestration.leader import LEAD, confirm, is_led_elsewhere, lead, step_down
from orchestration.model import AssetKey, RunStatus
from orchestration.queue import CLAIM, MOST_DEATHS, Queue, Queued, RequestStatus
from orchestration.queue_tables import leaders, run_queue
from orchestration.run_request import RunRequest
from tests.support.core import NOW, close_states, open_state

GONE = "elsewhere:1:1"


@dataclass
class Line:
    """A queue whose clock the test sets."""

    engine: Engine
    at: datetime = NOW
    ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def __post_init__(self) -> None:
        self.queue = Queue(environment="local", new_id=lambda: f"run-{next(self.ids)}", now=lambda _: self.at)

    def ask(self, *keys: str, priority: int = 0) -> tuple[str, ...]:
        with writing(self.engine) as connection:
            return self.queue.ask(connection, [request(key, priority) for key in keys])

    def claim(self, may_run: Callable[[RunRequest], bool] = lambda _: True) -> Queued | None:
        with writing(self.engine) as connection:
            return self.queue.claim(connection, may_run)

    def found(self, run_id: str) -> Queued:
        with reading(self.engine) as connection:
            return queue.find(connection, run_id)

    def moved(self, run_id: str, holder: str = GONE) -> None:
        """As if another host had claimed it."""
        with writing(self.engine) as connection:
            connection.execute(update(run_queue).where(run_queue.c.id == run_id).values(holder=holder))

    def do(self, change: Callable[[Connection], object]) -> None:
        with writing(self.engine) as connection:
            change(connection)


def request(key: str, priority: int = 0) -> RunRequest:
    return RunRequest(
        due_key=key, assets=(AssetKey("a"),), partitions=("2020-01-01",), reason="it is due", asked_by="a schedule",
        due_at=NOW, priority=priority, upstream=False,
    )  # fmt: skip


@pytest.fixture
def line(state_url: str) -> Iterator[Line]:
    yield Line(open_state(state_url))
    close_states()


def test_a_due_key_is_taken_once_for_ever(line: Line) -> None:
    assert line.ask("a@1", "a@2", "a@1") == ("run-1", "run-2")
    first = line.claim()
    assert first is not None
    line.do(lambda c: line.queue.end(c, first, RequestStatus.SUCCEEDED))
    assert line.ask("a@1") == ()
    assert line.found("run-1").request == request("a@1")


def test_what_is_urgent_goes_first_then_what_was_asked_first(line: Line) -> None:
    line.ask("a", "b")
    line.ask("urgent", priority=5)
    claimed = [one.request.due_key for one in (line.claim(), line.claim(), line.claim()) if one is not None]
    assert claimed == ["urgent", "a", "b"]
    assert line.claim() is None


def test_what_has_no_room_is_passed_over(line: Line) -> None:
    line.ask("a", "b")
    claimed = line.claim(lambda wanted: wanted.due_key != "a")
    assert claimed is not None
    assert claimed.request.due_key == "b"
    assert line.claim(lambda wanted: wanted.due_key != "a") is None


def test_a_silent_holder_loses_its_claim_and_is_refused_by_its_token(line: Line) -> None:
    line.ask("a")
    silent = line.claim()
    assert silent is not None
    line.moved("run-1")
    assert line.claim() is None
    line.at += CLAIM + timedelta(seconds=1)
    second = line.claim()
    assert second is not None
    assert (second.id, second.attempts, second.token) == ("run-1", 2, silent.token + 1)
    with reading(line.engine) as connection:
        assert line.queue.has_work(connection) is False
        tries = queue.attempts_of(connection, "run-1")
    assert [one.ended for one in tries] == ["its process died", None]
    for late in (
        lambda c: queue.confirm(c, silent),
        lambda c: line.queue.end(c, silent, RequestStatus.SUCCEEDED),
        lambda c: line.queue.give_back(c, silent, "stopped"),
    ):
        with pytest.raises(ClaimLost, match="run-1"):
            line.do(late)
    line.do(lambda c: queue.confirm(c, second))


def test_a_holder_that_is_heard_of_keeps_its_claim(line: Line) -> None:
    line.ask("a", "b")
    mine, other = line.claim(), line.claim()
    assert mine is not None
    assert other is not None
    for _ in range(5):
        line.at += CLAIM / 2
        with writing(line.engine) as connection:
            assert line.queue.renew(connection, [mine]) == set()
    line.moved(other.id)
    taken = line.claim()
    assert taken is not None
    assert taken.id == other.id
    with writing(line.engine) as connection:
        assert line.queue.renew(connection, [mine, other]) == {other.id}


def test_a_process_of_this_host_that_is_gone_is_noticed_at_once(line: Line) -> None:
    from orchestration.lease import this_process

    line.ask("a")
    line.claim()
    line.moved("run-1", f"{this_process().rsplit(':', 2)[0]}:{2**22 - 3}:1")
    again = line.claim()
    assert again is not None
    assert again.attempts == 2


def test_what_is_given_back_waits_as_long_as_it_should(line: Line) -> None:
    line.ask("a")
    held = line.claim()
    assert held is not None
    line.do(lambda c: line.queue.give_back(c, held, "the project can't be loaded", wait_s=5))
    assert line.claim() is None
    assert line.found("run-1").note == "the project can't be loaded"
    line.at += timedelta(seconds=5)
    assert line.claim() is not None
    assert line.found("run-1").note == ""  # it runs: nothing keeps it waiting


def test_a_waiting_run_that_is_cancelled_says_no_more_why_it_waited(line: Line) -> None:
    line.ask("a")
    held = line.claim()
    assert held is not None
    line.do(lambda c: line.queue.give_back(c, held, "the project can't be loaded", wait_s=5))
    line.do(lambda c: queue.cancel(c, "run-1", "ada", "not now"))
    assert line.found("run-1").note == ""


def test_what_kills_its_processes_waits_the_longer_the_more_often(line: Line) -> None:
    line.ask("a")
    held, note, waited = line.claim(), "", []
    assert held is not None
    for _ in range(MOST_DEATHS - 1):
        line.do(lambda c, held=held: line.queue.give_back(c, held, "its process died", died=True))
        died_at, note = line.at, line.found("run-1").note
        while (held := line.claim()) is None:
            line.at += timedelta(seconds=1)
        waited.append((line.at - died_at).total_seconds())
    assert waited == [0, 2, 4, 8, 16, 32, 64, 128, 256]
    assert note.startswith("its process died, 9 of at most 10 times; the next is begun at ")


def test_what_kills_the_whole_service_waits_too(line: Line) -> None:
    line.ask("a")
    assert line.claim() is not None
    waited = []
    for _ in range(4):
        line.moved("run-1")
        line.at += CLAIM
        died_at = line.at
        while line.claim() is None:
            line.at += timedelta(seconds=1)
        waited.append((line.at - died_at).total_seconds())
    assert waited == [0, 2, 4, 8]
    with reading(line.engine) as connection:
        tries = queue.attempts_of(connection, "run-1")
    assert [one.ended for one in tries] == ["its process died"] * 4 + [None]


def test_what_kills_its_processes_is_given_up_by_whoever_claims_it_next(line: Line) -> None:
    line.ask("a")
    for _ in range(MOST_DEATHS):
        line.at += timedelta(hours=1)  # however long it waits
        held = line.claim()
        assert held is not None
        assert not held.is_given_up
        line.do(lambda c, held=held: line.queue.give_back(c, held, "killed by signal 11", died=True))
    last = line.claim()
    assert last is not None
    assert last.is_given_up
    line.do(lambda c: line.queue.give_back(c, last, "killed by signal 11", died=True))  # saying so kills it, too
    assert line.claim() is None
    found = line.found("run-1")
    assert found.status is RequestStatus.FAILED
    assert "given up: 10 processes died" in found.note


def test_what_waits_is_cancelled_at_once_and_the_first_to_ask_counts(line: Line) -> None:
    line.ask("a", "b")
    held = line.claim()
    assert held is not None
    for run_id in ("run-1", "run-2"):
        line.do(lambda c, run_id=run_id: queue.cancel(c, run_id, "ada", "not today"))
        line.do(lambda c, run_id=run_id: queue.cancel(c, run_id, "bob", ""))
    assert [line.found(one).cancel_by for one in ("run-1", "run-2")] == ["ada", "ada"]
    assert line.found("run-2").status is RequestStatus.CANCELLED
    assert line.claim() is None
    line.do(lambda c: line.queue.end(c, held, RequestStatus.REFUSED, "it was cancelled before it had begun"))
    assert line.found("run-1").status is RequestStatus.CANCELLED


def test_a_run_is_found_before_the_log_has_it(line: Line) -> None:
    line.ask("a")
    with reading(line.engine) as connection:
        run = queue.run_of(connection, "run-1")
        assert (run.status, run.selection, run.partitions) == (RunStatus.RUNNING, "a", "2020-01-01")
        with pytest.raises(UnknownName, match="run-9"):
            queue.run_of(connection, "run-9")


def test_another_environments_requests_are_left_alone(line: Line) -> None:
    line.ask("a")
    elsewhere = Queue(environment="prod", new_id=lambda: "other", now=lambda _: line.at)
    with writing(line.engine) as connection:
        assert elsewhere.claim(connection) is None
        assert elsewhere.ask(connection, [request("a")]) == ("other",)


def test_many_at_once_claim_each_request_once(line: Line) -> None:
    line.ask(*(f"a@{n}" for n in range(40)))
    claimed: list[str] = []

    def work() -> None:
        while (one := line.claim()) is not None:
            claimed.append(one.id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claimed) == sorted(f"run-{n}" for n in range(1, 41))


def test_many_at_once_ask_for_a_due_time_once(line: Line) -> None:
    new: list[str] = []
    ids = iter(f"id-{n}" for n in range(1000))
    lock = threading.Lock()

    def named() -> str:
        with lock:
            return next(ids)

    own = Queue(environment="local", new_id=named)

    def ask() -> None:
        for n in range(10):
            with writing(line.engine) as connection:
                new.extend(own.ask(connection, [request(f"due@{n}")]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(new) == 10


def test_one_process_leads_until_it_is_silent_and_then_its_token_is_refused(line: Line) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC)
    with writing(line.engine) as connection:
        first = lead(connection, "schedule", now)
        assert first == 1
        assert lead(connection, "schedule", now + LEAD / 2) == first
        assert is_led_elsewhere(connection, "schedule", now) is False
        connection.execute(update(leaders).values(holder=GONE))
    with writing(line.engine) as connection:
        assert is_led_elsewhere(connection, "schedule", now + LEAD) is True
        assert lead(connection, "schedule", now + LEAD) is None
        later = now + 2 * LEAD
        assert lead(connection, "schedule", later) == 2
        confirm(connection, "schedule", 2)
        with pytest.raises(LeadLost, match="schedule"):
            confirm(connection, "schedule", first)
        step_down(connection, "schedule", first, later)  # too late: another leads
        assert lead(connection, "schedule", later) == 2
        step_down(connection, "schedule", 2, later)
        assert lead(connection, "schedule", later) == 3
