"""One run of dbt's at a time: who comes second waits, and says for whom."""

import logging
import os
import threading
from pathlib import Path

import pytest

from orchestration.dbt.turn import turn
from orchestration.errors import DbtBusy


def test_who_has_waited_long_enough_says_for_whom(tmp_path: Path) -> None:
    with (
        turn(tmp_path, "the project shop", 5),
        pytest.raises(DbtBusy, match=rf"the project shop is being run by process {os.getpid()} since .* 0.2 s") as told,
        turn(tmp_path, "the project shop", 0.2),
    ):
        pytest.fail("two had the turn at once")
    assert "nothing was built" in str(told.value)


def test_who_waits_has_the_turn_when_it_is_given_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    order: list[str] = []

    def second() -> None:
        with turn(tmp_path, "shop", 30):
            order.append("second")

    waiting = threading.Thread(target=second)
    with caplog.at_level(logging.WARNING, "tidegate.dbt"):
        with turn(tmp_path, "shop", 5):
            waiting.start()
            while not caplog.records:
                waiting.join(0.01)
            order.append("first")
        waiting.join(30)
    assert order == ["first", "second"]
    assert "this run waits for it" in caplog.text
