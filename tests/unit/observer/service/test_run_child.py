"""Whoever asked for a run is not by when it ends: of what was never walked people hear all the same."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, update

from observer.project import Project, open_project
from observer.service import run_child
from observer.service.order import Order
from observer.store.tables import incidents
from orchestration import queue
from orchestration.database import reading, writing
from orchestration.model import AssetKey
from orchestration.queue import MOST_DEATHS, Queue, Queued, RequestStatus
from orchestration.queue_tables import run_queue
from orchestration.run_request import RunRequest
from tests.unit.observer.shop import put, shop

DAY = "2024-02-01"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path / "shop")


class Service:
    """Asks for runs of a project, and has each walked as the process of a run does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, 0

    def open(self) -> Project:
        return open_project(self.folder, "local")

    def run(
        self, *assets: str, partition: str | None = None, before: Callable[[Project, Queued], None] | None = None,
        deaths: int = 0,
    ) -> Queued:  # fmt: skip
        self.asked += 1
        request = RunRequest(
            due_key=f"due@{self.asked}", assets=tuple(map(AssetKey, assets)), reason="it is due", asked_by="a schedule",
            partitions=None if partition is None else (partition,), upstream=False,
        )  # fmt: skip
        with closing(self.open()) as work:
            line = Queue(environment="local", new_id=lambda: f"run-{self.asked}")
            with writing(work.engine) as connection:
                line.ask(connection, [request])
                connection.execute(update(run_queue).where(run_queue.c.id == f"run-{self.asked}").values(deaths=deaths))
                claim = line.claim(connection)
            assert claim is not None
            if before is not None:
                before(work, claim)
        answer = run_child.carry_out(Order(root=self.folder, environment="local", url=None, claim=claim))
        assert answer.ended, answer.said
        with closing(self.open()) as work, reading(work.engine) as connection:
            return queue.find(connection, claim.id)

    def told(self) -> list[tuple[str, str | None, str, str]]:
        with closing(self.open()) as work, reading(work.engine) as connection:
            found = connection.execute(select(incidents).order_by(incidents.c.id)).all()
        return [(one.asset, one.last_partition or None, one.status, one.sentence) for one in found]


@pytest.fixture
def service(folder: Path) -> Service:
    return Service(folder)


def test_a_run_that_was_refused_is_told_until_a_good_one(service: Service) -> None:
    for _ in range(2):  # the second goes on with the incident of the first
        assert service.run("whole", "gone").status is RequestStatus.REFUSED
        ((asset, partition, status, sentence),) = service.told()
        assert (asset, partition, status) == ("whole", None, "open")
        assert sentence.startswith(
            f"the run that makes it was refused: run run-{service.asked}: no asset is called 'gone'"
        )
    assert service.run("whole").status is RequestStatus.SUCCEEDED
    assert [status for _, _, status, _ in service.told()] == ["resolved"]


def test_of_a_partition_that_is_none_the_asset_is_named_and_any_good_one_ends_it(service: Service) -> None:
    assert service.run("orders", partition="2024-13-77").status is RequestStatus.REFUSED
    assert [(asset, partition, status) for asset, partition, status, _ in service.told()] == [("orders", None, "open")]
    put(service.folder, DAY)
    assert service.run("orders", partition=DAY).status is RequestStatus.SUCCEEDED
    assert [status for _, _, status, _ in service.told()] == ["resolved"]


def test_a_run_that_broke_is_told_of_what_it_was_asked_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(run_child, "attempt", breaks)
        assert service.run("orders", partition=DAY).status is RequestStatus.FAILED
    assert service.told() == [
        (
            "orders", DAY, "open", "the run that makes it broke: run run-1: it broke with ZeroDivisionError; "
            "the service's log says where; readers keep what they had",
        )
    ]  # fmt: skip


def test_a_run_that_killed_all_its_processes_is_told_and_not_walked(service: Service) -> None:
    ended = service.run("whole", deaths=MOST_DEATHS)
    assert (ended.status, ended.note[:30]) == (RequestStatus.FAILED, "given up: 10 processes died ov")
    ((asset, _, status, sentence),) = service.told()
    assert (asset, status) == ("whole", "open")
    assert "was given up: run run-1: 10 processes died over it; see their logs" in sentence


def test_what_was_cancelled_before_it_could_begin_is_told_to_nobody(service: Service) -> None:
    def cancelled(work: Project, claim: Queued) -> None:
        with writing(work.engine) as connection:
            queue.cancel(connection, claim.id, "ada", "not today")

    assert service.run("whole", before=cancelled).status is RequestStatus.CANCELLED
    assert service.told() == []
