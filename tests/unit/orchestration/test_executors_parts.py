"""The small parts that executors are made of."""

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from orchestration.clock import frozen_clock, system_now
from orchestration.executors import family, frames
from orchestration.executors.answers import Answers
from orchestration.executors.base import Finished, Limits
from orchestration.executors.dask import DaskExecutor
from orchestration.executors.errors import ExecutorError
from orchestration.executors.failures import Kind, ending, out_of_memory, timed_out
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.laws import Lab, LabRecipe, product_of
from orchestration.executors.processes import ProcessExecutor, heavy_modules
from orchestration.executors.recipe import FrozenNow, ShiftedNow
from orchestration.executors.resources import Resources, lacking
from orchestration.executors.ship import packed
from orchestration.executors.threads import ThreadExecutor
from orchestration.model import Address, AssetKey
from orchestration.work import Failure, Target, Task

ADDRESS = Address(AssetKey("orders"), "2020-01-01")
AT = datetime(2013, 2, 8, 12, tzinfo=UTC)


def a_task(version: str = "v1") -> Task:
    return Task(
        targets=(Target(address=ADDRESS, version=version, fingerprint="f"),),
        run_id="r",
        observes=False,
        inputs=(),
        code_version="1",
    )


@pytest.mark.parametrize("size", [0, 1, 3 * 2**20])
def test_a_frame_comes_whole(size: int) -> None:
    ours, theirs = socket.socketpair()
    body = os.urandom(size)
    thread = threading.Thread(target=frames.send, args=(ours, frames.RESULT, body))
    thread.start()
    assert frames.receive(theirs) == (frames.RESULT, body)
    thread.join()
    ours.sendall(b"=\0\0")
    ours.close()
    assert frames.receive(theirs) is None
    theirs.close()


def test_a_family_is_found_measured_and_ended() -> None:
    code = "import subprocess, sys, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as leader:
        until = time.monotonic() + 10
        while len(found := family.members(leader.pid)) < 2:
            assert time.monotonic() < until
        assert found[0] == leader.pid
        assert family.resident_bytes(found) > family.resident_bytes(found[1:]) > 0
        family.kill(leader.pid)
        assert family.members(leader.pid) == []
        assert family.resident_bytes([leader.pid]) == 0
    family.kill(leader.pid)


def test_resources_are_counted() -> None:
    resources, one = Resources({"gpu": 1.0}), Limits(resources=(("gpu", 1.0),))
    assert resources.take(one)
    assert not resources.take(one)
    resources.give_back(one)
    assert resources.take(one)
    assert resources.lacking(one) is None, "it is in use, but there is one"
    assert resources.take(Limits())


def test_what_is_lacking_names_what_there_is() -> None:
    two = Limits(resources=(("gpu", 2.0),))
    said = lacking(two, [{"gpu": 1.0}, {"disk": 5.0}], "the cluster")
    assert said is not None
    assert "gpu = 2" in said
    assert "disk = 5, gpu = 1" in said
    assert "no worker there offers any resource" in str(lacking(two, [{}], "this executor"))
    assert lacking(two, [{"gpu": 1.0}, {"gpu": 2.5}], "the cluster") is None


def test_answers_are_taken_once() -> None:
    answers = Answers()
    assert answers.take(None) == ()
    for _ in range(3):
        answers.owe()
    assert answers.take(0.0) == ()
    finished = Finished(task=a_task(), result=Failure(error="no"))
    answers.give(finished)
    answers.give(finished)
    assert answers.take(None) == (finished, finished)
    assert answers.owed == 1


def test_clocks_go_on_in_another_process() -> None:
    shifted = pickle.loads(pickle.dumps(ShiftedNow.like(frozen_clock(AT))))
    assert AT <= shifted() < AT + timedelta(seconds=30)
    assert abs(ShiftedNow()() - system_now()) < timedelta(seconds=30)
    assert pickle.loads(pickle.dumps(FrozenNow(AT)))() == AT


def test_failures_say_what_what_is_left_and_what_to_do() -> None:
    for failure, kind, words in (
        (timed_out(ADDRESS, 1.5), Kind.TIMED_OUT, "1.5 s"),
        (out_of_memory(ADDRESS, 3 * 2**30, 2**30, 4.0), Kind.OUT_OF_MEMORY, "3,072 MiB"),
    ):
        assert failure.kinds == (kind.value,)
        assert failure.error.startswith("orders 2020-01-01: ")
        assert words in failure.error
        assert "readers keep what they had" in failure.error
    assert "SIGKILL" in ending(9)
    assert "exit code 3" in ending(3 << 8)


def test_a_recipe_that_does_not_pickle_is_said_at_once(tmp_path: Path) -> None:
    recipe = LabRecipe(str(tmp_path))
    with pytest.raises(ExecutorError, match="a module defines"):
        ProcessExecutor(lambda: recipe())
    for executor in (InlineExecutor(lambda: recipe()), ThreadExecutor(lambda: recipe(), 1)):
        lab = Lab(tmp_path, executor)
        product_of(lab.do("number"))
        lab.fails(lab.do("number", Limits(timeout_s=1.0)), "NoWorker")
        executor.close()


def test_a_task_that_has_not_begun_is_cancelled_inline(tmp_path: Path) -> None:
    lab = Lab(tmp_path, InlineExecutor(LabRecipe(str(tmp_path))))
    first, second = lab.start("number"), lab.start("number")
    lab.executor.cancel(second)
    found = {answer.task: answer.result for answer in lab.answers(2)}
    assert "Cancelled" in lab.fails(found[second], "Cancelled").kinds
    assert not isinstance(found[first], Failure)


def test_a_task_that_does_not_pickle_is_answered(tmp_path: Path) -> None:
    lab = Lab(tmp_path, ProcessExecutor(LabRecipe(str(tmp_path)), 1, preload=()))
    bad = Task(
        targets=a_task().targets, run_id="r", observes=False, code_version="1",
        inputs=(lambda: None,),  # type: ignore[arg-type]
    )  # fmt: skip
    lab.executor.submit(bad, Limits())
    lab.fails(lab.answer(bad), "Unpicklable")
    lab.executor.close()


def test_resources_of_processes_are_used_by_one_at_a_time(tmp_path: Path) -> None:
    lab = Lab(tmp_path, ProcessExecutor(LabRecipe(str(tmp_path)), 2, resources={"gpu": 1}, preload=()))
    gpu = Limits(resources=(("gpu", 1.0),), timeout_s=0.5)
    first, second = lab.start("beats", gpu), lab.start("beats", gpu)
    lab.begun(first)
    assert not lab.traces(second)
    lab.do("number")
    for answer in lab.answers(2):
        lab.fails(answer.result, "TimedOut")
    lab.executor.close()


def test_what_is_worth_importing_before_forking() -> None:
    assert heavy_modules(LabRecipe("."))[-1] == "orchestration.executors.laws"


def test_a_folder_is_packed_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("a.py", "sub/b.py", ".env", ".git/config", "sub/__pycache__/b.pyc"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    with zipfile.ZipFile(BytesIO(packed(tmp_path))) as archive:
        assert archive.namelist() == ["a.py", "sub/b.py"]
    with pytest.raises(ExecutorError, match="no folder"):
        packed(tmp_path / "none")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExecutorError, match=r"tidegate\[dask\]"):
        DaskExecutor("tcp://127.0.0.1:1", LabRecipe("."))


def test_a_cluster_that_is_not_there_is_said() -> None:
    with pytest.raises(ExecutorError, match="can't be used"):
        DaskExecutor("tcp://127.0.0.1:1", LabRecipe("."), connect_s=0.2)
