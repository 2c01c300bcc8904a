"""Replays take threads of their own: whoever asks for many stalls nobody else."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

from fastapi.testclient import TestClient

from observer.backtests.sensitivities import Sensitivities
from tests.unit.dashboards.fake_reads import StoryReads
from tests.unit.dashboards.test_pages import client

PANEL = "/assets/flights/monitors/null_rate(dep_time)?panel=backtest"
MANY = 45
"""More than there are threads for pages."""


class Slow(StoryReads):
    """Replays nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = Event()

    def sensitivities(self, asset: str, monitor: str, *, part: str = "") -> Sensitivities | None:
        assert self.may.wait(60)
        return super().sensitivities(asset, monitor, part=part)


def test_other_pages_answer_while_many_replays_are_asked_for() -> None:
    reads = Slow()
    http: TestClient = client(reads)
    with http, ThreadPoolExecutor(MANY) as pool:  # one loop for all, as a server has
        asked = [pool.submit(http.get, PANEL) for _ in range(MANY)]
        try:
            while sum(each.done() for each in asked) < MANY - 22:  # two at work, twenty in line
                wait(asked, timeout=0.05)
            assert http.get("/").status_code == 200
            assert http.get("/assets/flights/monitors/null_rate(dep_time)").status_code == 200
        finally:
            reads.may.set()
        answers = [each.result() for each in asked]
    assert Counter(each.status_code for each in answers) == {200: 22, 503: MANY - 22}
    busy = next(each for each in answers if each.status_code == 503)
    assert busy.headers["retry-after"] == "5"
    assert "Too many replays at once" in busy.text
