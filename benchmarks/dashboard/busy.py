"""Now in a browser while a thousand things happen in a minute: does it still answer to keys?"""

from __future__ import annotations

import statistics
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine, insert

from benchmarks.dashboard.company import ASSETS, name_of
from benchmarks.figures import Figure, at_least, at_most, compared
from observer.project import Project
from orchestration.database import writing
from orchestration.events import EventKind
from orchestration.tables import events

if TYPE_CHECKING:
    from playwright.sync_api import Browser

A_MINUTE, SECONDS = 1_000, 60.0
_EACH_MS = 400  # a key is pressed
_GOOD_MS = 200.0
"""What a page is called responsive by (web.dev, Interaction to Next Paint)."""
_SHORTEST_MS = 16.0  # that a browser reports

_HEAR = """() => {
    window.heard = {keys: [], tasks: [], messages: 0};
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) if (each.name === "keydown") heard.keys.push(each.duration);
    }).observe({type: "event", durationThreshold: 16});
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) heard.tasks.push(each.duration);
    }).observe({type: "longtask"});
    new EventSource("/api/v1/events?named=false").onmessage = () => heard.messages++;
}"""
_FETCHED = "() => performance.getEntriesByType('resource').filter(each => each.initiatorType === 'fetch').length"


def busy(project: Project, address: str, browser: Browser, seconds: float = SECONDS) -> list[Figure]:
    """Keys pressed meanwhile, the longest that the page computed at once, and how often it fetched itself."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address + "/")
    page.evaluate(_HEAR)
    page.wait_for_timeout(2_000)
    over = threading.Event()
    happening = threading.Thread(target=_happen, args=(project.engine, min(ASSETS, len(project.graph)), over))
    happening.start()
    pressed = 0
    try:
        while pressed * _EACH_MS < seconds * 1000:
            page.keyboard.press("Tab")
            page.wait_for_timeout(_EACH_MS)
            pressed += 1
    finally:
        over.set()
        happening.join()
    heard, fetched = page.evaluate("() => heard"), page.evaluate(_FETCHED)
    context.close()
    slow = sorted(heard["keys"])[-pressed:]
    took = [_SHORTEST_MS] * (pressed - len(slow)) + slow
    name = f"Now while {A_MINUTE:,} events a minute come"
    return [
        at_least(f"{name}: heard", heard["messages"] * 60 / seconds, "/min", 0.9 * A_MINUTE),
        at_most(f"{name}: a key, 98th percentile", took[int(0.98 * len(took)) - 1], "ms", _GOOD_MS),
        compared(f"{name}: a key, median at most", statistics.median(took), None, "ms"),
        compared(f"{name}: the longest task", max(heard["tasks"], default=0.0), None, "ms"),
        at_most(f"{name}: fetched again", fetched * 60 / seconds, "/min", 60.0),
    ]


def _happen(engine: Engine, assets: int, over: threading.Event) -> None:
    """Steps end all over the project; each concerns another asset, whose row is worked out again."""
    number, began = 0, time.monotonic()
    while not over.wait(max(0.0, began + number * 60.0 / A_MINUTE - time.monotonic())):
        with writing(engine) as connection:
            connection.execute(
                insert(events).values(
                    at=datetime.now(UTC), kind=EventKind.STEP_ENDED.value, run_id="run0",
                    asset=name_of(number * 7 % assets),
                    partition="", detail={},
                )
            )  # fmt: skip
        number += 1
