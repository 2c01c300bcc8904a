"""A nursery that shares its memory with the coordinator, and one that has an interpreter of its own."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

SERVED = """
import gc, json, os

said = "as it is imported"

def serve(channel, nursery):
    channel.send(json.dumps([said, nursery, os.getppid(), os.getsid(nursery), gc.get_freeze_count() > 1000]).encode())
"""

COORDINATOR = """
import gc, json, os, sys, threading
from orchestration.executors.nursery import Nursery
from orchestration.heap import quiet_heap, settled_heap
import served

served.said = "as the coordinator left it"
threaded, stays = sys.argv[1:] == ["threaded"], sys.argv[1:] == ["stays"]
if threaded:
    done = threading.Event()
    threading.Thread(target=done.wait).start()
nursery = Nursery(("fractions",), serves="served", shares=True)
if stays:
    print(nursery.pid, flush=True)
    sys.stdin.read()
said, its, parent, session, frozen = json.loads(nursery.fork().recv(4096))
before = gc.get_freeze_count()
with quiet_heap():
    pass
after = gc.get_freeze_count()
with settled_heap():
    settled = gc.get_freeze_count()
nursery.close()
try:
    os.kill(nursery.pid, 0)
    ended = False
except ProcessLookupError:
    ended = True
if threaded:
    done.set()
print(json.dumps({
    "said": said, "is the nursery": its == parent == nursery.pid, "own session": session == its, "frozen": frozen,
    "kept": before == after, "settled": settled > before, "left alone": before > 1000,
    "imported": "fractions" in sys.modules, "ended": ended,
}))
"""


def coordinator(folder: Path, *given: str) -> subprocess.Popen[str]:
    (folder / "served.py").write_text(SERVED, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-c", COORDINATOR, *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip


def answer(process: subprocess.Popen[str]) -> dict[str, object]:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    found: dict[str, object] = json.loads(said)
    return found


def test_a_shared_nursery_has_what_the_coordinator_has_and_neither_looks_at_it_again(tmp_path: Path) -> None:
    assert answer(coordinator(tmp_path)) == {
        "said": "as the coordinator left it", "is the nursery": True, "own session": True, "frozen": True,
        "kept": True, "settled": True, "left alone": True, "imported": True, "ended": True,
    }  # fmt: skip


def test_a_coordinator_with_threads_is_not_forked(tmp_path: Path) -> None:
    found = answer(coordinator(tmp_path, "threaded"))
    assert found["said"] == "as it is imported"
    assert found["is the nursery"]
    assert found["ended"]
    assert not found["imported"]


def test_a_shared_nursery_ends_with_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    process = coordinator(tmp_path, "stays")
    assert process.stdout is not None
    nursery = int(process.stdout.readline())
    watched = os.pidfd_open(nursery)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert ended(watched)


def ended(watched: int) -> bool:
    """Whether the process of a descriptor ends within seconds."""
    try:
        return bool(select.select([watched], [], [], 10)[0])
    finally:
        os.close(watched)
