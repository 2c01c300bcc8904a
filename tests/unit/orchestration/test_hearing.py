"""Who listens to a step is in nobody's way, whatever its code says and whenever."""

import io
import logging
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import cast

import pytest

from orchestration import step_log
from orchestration.executors import frames
from orchestration.executors.said import Saying
from orchestration.hearing import heard
from orchestration.step_log import LogLine, StepLog

OWN_STREAM = """
import gc, io, sys
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
from orchestration.hearing import all_is_one_step
all_is_one_step()
gc.collect()
print("still open")
"""


class Unsaid:
    def __repr__(self) -> str:
        raise LookupError("its session is closed")


class Lazy:
    def __str__(self) -> str:
        return "found out late"


class Loggers(StrEnum):
    ORDERS = "orders"


def logger(name: str = "apart") -> logging.Logger:
    made = logging.Logger(name)
    made.addHandler(logging.NullHandler())
    return made


def soon(work: Callable[[], object]) -> None:
    """Let another thread do it, lest one that hangs takes the tests along."""
    aside = threading.Thread(target=work, daemon=True)
    aside.start()
    aside.join(10)
    assert not aside.is_alive()


def test_what_cannot_be_written_down_is_no_error_of_the_step() -> None:
    log = StepLog()
    with heard(log):
        logger().warning("read %s", Unsaid())
        logger().warning("read %d", "many")
    said = log.said()
    assert said is not None
    unsaid, unfit = said.lines
    assert unsaid.text.startswith("(what was logged at test_hearing.py:")
    assert unsaid.text.endswith("can't be written down: LookupError)")
    assert unfit.text == "'read %d' with ('many',)"


def test_lines_are_made_of_strings_that_every_process_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.LogRecord, "getMessage", lambda record: record.msg)
    log = StepLog()
    with heard(log):
        logger(Loggers.ORDERS).warning(Lazy())
        logger().warning(Loggers.ORDERS)
    said = log.said()
    assert said is not None
    assert [line[1:] for line in said.lines] == [
        ("warning", "orders", "found out late"),
        ("warning", "apart", "orders"),
    ]
    assert {type(part) for line in said.lines for part in line[1:]} == {str}


def test_a_stream_that_a_project_has_put_in_place_stays_open() -> None:
    ended = subprocess.run([sys.executable, "-c", OWN_STREAM], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr) == ("still open\n", "")


def test_a_signal_s_handler_may_speak_in_the_middle_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log, aside = StepLog(), ["in the middle"]

    def size(line: LogLine) -> int:
        while aside:
            log.hear("error", "", aside.pop())
        return len(line.text)

    monkeypatch.setattr(step_log, "_size", size)
    soon(lambda: log.hear("info", "", "first"))
    said = log.said()
    assert said is not None
    assert {line.text for line in said.lines} == {"first", "in the middle"}
    assert log._bytes == len("first") + len("in the middle")


def test_a_signal_s_handler_may_speak_in_the_middle_of_a_message() -> None:
    class Channel:
        def __init__(self) -> None:
            self.sent = io.BytesIO()

        def sendall(self, body: bytes) -> None:
            self.sent.write(body[:3])
            if self.sent.tell() == 3:
                tells[0]([LogLine(1.0, "error", "", "in the middle")])
            self.sent.write(body[3:])

    channel = Channel()
    tells = [Saying(cast(socket.socket, channel)).of("a task")]
    soon(lambda: tells[0]([LogLine(0.0, "info", "", "first")]))
    there, here = socket.socketpair()
    with there, here:
        there.sendall(channel.sent.getvalue())
        there.shutdown(socket.SHUT_WR)
        found = [pickle.loads(message[1]) for message in iter(lambda: frames.receive(here), None)]
    assert [(task, [line.text for line in lines]) for task, lines in found] == [
        ("a task", ["first"]), ("a task", ["in the middle"]),
    ]  # fmt: skip
