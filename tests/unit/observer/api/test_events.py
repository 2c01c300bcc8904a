"""The stream of what happens, from a real server and a real log."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import httpx2
import pytest
import uvicorn
from sqlalchemy import insert

from observer.access import Role
from observer.api.app import create_api
from observer.api.feed import Feed
from observer.api.serve import listen
from observer.errors import StateError
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration import log
from orchestration.clock import system_now
from orchestration.cursor import Cursor, Notice
from orchestration.database import open_database, reading, writing
from orchestration.events import Event, EventKind
from orchestration.model import Address, AssetKey
from orchestration.tables import events, metadata
from tests.unit.observer.shop import shop

PIPELINE = """
import observer as ob

orders = ob.external("orders")
visits = ob.external("visits")
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    project = open_project(shop(tmp_path, pipeline=PIPELINE))
    yield project
    project.close()


@pytest.fixture
def server(work: Project) -> Iterator[str]:
    settings = ServeSettings(port=0)
    listener = listen(settings)
    app = create_api(work.reads(), settings, work)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join(20)


def happen(work: Project, asset: str, times: int = 1) -> None:
    with writing(work.engine) as connection:
        for _ in range(times):
            address = Address(AssetKey(asset))
            log.append(connection, Event(at=work.clock.now(), kind=EventKind.VERSION_JUDGED, address=address))


def ids(lines: Iterator[str], wanted: int) -> list[int]:
    """The ids of the next events that say something."""
    found: list[int] = []
    for line in lines:
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: "))["id"])
            if len(found) == wanted:
                break
    return found


def test_a_listener_hears_what_comes_and_goes_on_where_it_stopped(server: str, work: Project) -> None:
    happen(work, "orders", 3)
    with httpx2.Client(timeout=20) as client:
        with client.stream("GET", f"{server}/api/v1/events", headers={"last-event-id": "1"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            assert ids(lines, 2) == [2, 3]
            happen(work, "orders")
            assert ids(lines, 1) == [4]
        happen(work, "visits", 700)
        with client.stream("GET", f"{server}/api/v1/events?after=4") as answer:
            assert ids(answer.iter_lines(), 700) == list(range(5, 705))
        with client.stream("GET", f"{server}/api/v1/events") as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            happen(work, "orders")
            assert ids(lines, 1) == [705], "what was before isn't told to who doesn't ask for it"


def test_a_listener_for_some_assets_hears_of_them_only(server: str, work: Project) -> None:
    _, secret = make_token(work, "x", Role.VIEWER, assets=["visits"], by="ana")
    for asset in ("orders", "visits", "orders", "visits"):
        happen(work, asset)
    headers = {"authorization": f"Bearer {secret}", "last-event-id": "0"}
    with (
        httpx2.Client(timeout=20) as client,
        client.stream("GET", f"{server}/api/v1/events", headers=headers) as answer,
    ):
        assert ids(answer.iter_lines(), 2) == [2, 4]


def test_the_turns_of_an_incident_are_among_it(server: str, work: Project) -> None:
    checked = {"materialization": "v1", "name": "balanced", "passed": False}
    bad = {"materializations": [{"id": "v1", "asset": "orders"}], "checks": [checked]}
    with httpx2.Client(timeout=20) as client:
        assert client.post(f"{server}/api/v1/ingest", json=bad).status_code == 200
        assert client.post(f"{server}/api/v1/incidents/1/acknowledge", json={"reason": "looking"}).status_code == 200
        with client.stream("GET", f"{server}/api/v1/events?after=0") as answer:
            said = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
            turns = [one for one in islice(said, 4) if one["kind"] == "incident.changed"]
    assert [(one["incident"], one["asset"], one["run_id"]) for one in turns] == [(1, "orders", None)] * 2


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", str(2**70)])
def test_a_cursor_that_is_none_is_refused(server: str, cursor: str) -> None:
    assert httpx2.get(f"{server}/api/v1/events", headers={"last-event-id": cursor}).status_code == 422


def test_whoever_waits_at_the_gate_is_let_in_as_soon_as_it_opens(server: str, work: Project) -> None:
    answers = []

    def wait() -> None:
        answers.append(httpx2.get(f"{server}/api/v1/gate/orders?wait=20", timeout=30).json())

    waiting = [threading.Thread(target=wait) for _ in range(60)]  # more than there are threads to hold
    for one in waiting:
        one.start()
    assert not httpx2.get(f"{server}/api/v1/gate/orders?wait=0.2").json()["open"]
    body = {"materializations": [{"id": "v1", "asset": "orders"}]}
    assert httpx2.post(f"{server}/api/v1/ingest", json=body).status_code == 200
    for one in waiting:
        one.join(30)
    assert [answer["open"] for answer in answers] == [True] * 60
    assert httpx2.get(f"{server}/api/v1/gate/orders?wait=301").status_code == 422
    assert httpx2.get(f"{server}/api/v1/gate/orders?wait=nan").status_code == 422


def test_what_commits_late_is_not_passed_over(state_url: str) -> None:
    engine = open_database(state_url)
    metadata.create_all(engine)
    row = {"kind": "version.judged", "detail": {}, "at": system_now()}
    cursor = Cursor()

    def advance() -> list[int]:
        with reading(engine) as connection:
            return [one.id for one in cursor.advance(connection)]

    assert advance() == []
    if engine.dialect.name == "postgresql":
        with engine.connect() as slow:
            with slow.begin():
                slow.execute(insert(events).values(**row))
                with writing(engine) as quick:
                    quick.execute(insert(events).values(**row))
                for _ in range(4):
                    assert advance() == [], "the first may be still to come"
            assert advance() == [1, 2]
            with slow.begin() as undone:
                slow.execute(insert(events).values(**row))
                undone.rollback()
    with writing(engine) as quick:
        quick.execute(insert(events).values(**row))
    found = [one for _ in range(3) for one in advance()]
    assert found == ([4] if engine.dialect.name == "postgresql" else [1])
    engine.dispose()


def test_a_feed_keeps_no_more_than_it_must(work: Project) -> None:
    async def follow() -> list[int]:
        feed = Feed(work.engine, each_s=0.01)
        cursor = await feed.end()
        happen(work, "orders", 12_000)
        found: list[int] = []
        while len(found) < 12_000:
            page = await feed.after(cursor, 10)
            assert len(page) <= 500
            found += [one.id for one in page]
            cursor = found[-1]
        assert len(feed._kept) == 10_000
        assert [one.id for one in await feed.after(0, 1)] == list(range(1, 501))
        return found

    assert asyncio.run(follow()) == list(range(1, 12_001))


def test_whoever_waits_at_the_gate_is_answered_when_the_server_is_told_to_end(work: Project) -> None:
    """And holds nobody up by waiting on: the loop is the one that ends the server."""
    app = create_api(work.reads(), ServeSettings(), work)

    async def ask() -> tuple[int, bool]:
        server = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=server, base_url="http://127.0.0.1:8000", timeout=60) as client:
            asked = asyncio.create_task(client.get("/api/v1/gate/orders?wait=60"))
            while "tidegate_listeners 1" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)
            app.state.hang_up()
            answer = await asyncio.wait_for(asked, 10)
            return answer.status_code, answer.json()["open"]

    assert asyncio.run(ask()) == (200, False)


def test_whoever_listens_or_waits_is_let_go_when_the_server_is_told_to_end(work: Project) -> None:
    async def waiting() -> object:
        feed = Feed(work.engine)
        waits = asyncio.create_task(feed.after(await feed.end(), 60.0))
        await asyncio.sleep(0)
        feed.close()
        return await asyncio.wait_for(waits, 20)

    assert asyncio.run(waiting()) == ()


def test_nobody_waits_without_end_for_a_state_that_can_not_be_read(work: Project) -> None:
    async def ask(feed: Feed) -> tuple[object, int]:
        advance = feed._advance

        def broken() -> Sequence[Notice]:
            raise StateError("it is away")

        feed._advance = broken  # type: ignore[method-assign]
        with pytest.raises(StateError, match="away"):
            await asyncio.wait_for(feed.end(), 20)
        heard = await asyncio.wait_for(feed.after(0, 0.05), 20)
        feed._advance = advance  # type: ignore[method-assign]
        while feed._trouble is not None:
            await asyncio.sleep(0.01)
        return heard, await asyncio.wait_for(feed.end(), 20)

    happen(work, "orders")
    assert asyncio.run(ask(Feed(work.engine, each_s=0.01))) == ((), 1)


def test_what_is_read_and_not_yet_at_hand_is_waited_for(work: Project) -> None:
    """A listener that is told at once that there is nothing asks again at once, and nobody else gets a word in."""
    happen(work, "orders")
    read, kept = threading.Event(), threading.Event()

    async def follow() -> tuple[float, Sequence[int]]:
        feed = Feed(work.engine, each_s=0.01)
        start, advance = await feed.end(), feed._advance

        def advance_and_linger() -> Sequence[Notice]:
            found = advance()
            if found:
                read.set()
                kept.wait(20)
            return found

        feed._advance = advance_and_linger  # type: ignore[method-assign]
        happen(work, "orders")
        while not read.is_set():
            await asyncio.sleep(0.01)
        began = time.monotonic()
        assert await feed.after(start, 0.2) == ()
        waited = time.monotonic() - began
        kept.set()
        return waited, [one.id for one in await feed.after(start, 20.0)]

    waited, found = asyncio.run(follow())
    assert waited >= 0.2
    assert found == [2]
