"""What every executor must do, as code; ``orchestration.testing.check_executor`` runs it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.assets import Asset, asset
from orchestration.context import Context
from orchestration.execute import Execution
from orchestration.executors.base import Executor, Finished, Limits, WorkerRecipe
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.recipe import FrozenNow
from orchestration.graph import Graph
from orchestration.io.base import StoredVersion
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, Staged
from orchestration.multi_assets import multi_asset
from orchestration.work import Failure, Input, Product, Products, Target, Task, Worker

Make = Callable[[WorkerRecipe], Executor]

_FREE = Limits()
_LIMITED = Limits(timeout_s=120.0)
_AT = datetime(2020, 1, 1, tzinfo=UTC)
_PATIENCE_S = 60.0
_QUIET_S = 0.3
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class LabRecipe:
    """Makes a worker over the assets of the laws, whose data and traces lie in ``folder``."""

    folder: str

    def __call__(self) -> Worker:
        folder = Path(self.folder)
        graph = Graph(_assets(folder))
        return Worker(Execution(graph, FilesIOManager(folder / "data"), folder), _measure, FrozenNow(_AT))


@dataclass(frozen=True, slots=True)
class BrokenRecipe:
    """Can't make a worker."""

    def __call__(self) -> Worker:
        raise ImportError("no module named 'the_project'")


def _measure(staged: Staged) -> object:
    """An audit that travels; one that doesn't; and a check that ends its process."""
    if staged.materialization.asset == "odd":
        return lambda: None
    if staged.materialization.asset == "leaves":
        sys.exit(3)
    return (staged.materialization.id, staged.materialization.data_version)


def _assets(folder: Path) -> Iterable[Asset]:
    def trace(version: str) -> None:
        with open(folder / f"trace-{version}", "a", encoding="utf-8") as file:
            file.write(".")

    @asset
    def number() -> int:
        return 42

    @asset
    def twice(number: int) -> dict[str, int]:
        return {"twice": 2 * number}

    @asset
    def broken() -> int:
        raise LookupError("on purpose")

    @asset
    def odd() -> int:
        return 1

    @asset
    def leaves() -> int:
        return 1

    @asset
    def beats(context: Context) -> int:
        """Goes on and on, and does not listen."""
        while True:
            try:
                trace(context.run_id)
                time.sleep(0.01)
            except BaseException:
                continue

    @asset
    def spawns(context: Context) -> int:
        """Has processes of its own work too, one of which leaves the session; none of them listens."""
        code = "import sys, time\nwhile True:\n with open(sys.argv[1], 'a') as f: f.write('.')\n time.sleep(.01)\n"
        for n in range(2):
            path = str(folder / f"trace-{context.run_id}-{n}")
            subprocess.Popen([sys.executable, "-c", code, path], start_new_session=bool(n))
        while True:
            try:
                trace(context.run_id)
                time.sleep(0.01)
            except BaseException:
                continue

    @asset
    def leaks(context: Context) -> int:
        """Takes more and more memory."""
        kept = []
        while True:
            kept.append(b"x" * 2**24)
            trace(context.run_id)
            time.sleep(0.01)

    @asset
    def dies() -> int:
        os.kill(os.getpid(), 9)
        return 1

    @multi_asset(["left", "right"])
    def pair() -> dict[str, int]:
        return {"left": 1, "right": 2}

    return *pair, number, twice, broken, odd, leaves, beats, spawns, leaks, dies


@dataclass(frozen=True, slots=True)
class Lab:
    """One folder, one executor over it, and what laws do with them."""

    folder: Path
    executor: Executor

    def task(self, name: str, inputs: tuple[Input, ...] = ()) -> Task:
        """A new task; its run's id names its trace."""
        version = f"v{next(_NUMBERS)}-{uuid.uuid4().hex[:8]}"
        return Task(
            targets=(Target(address=Address(AssetKey(name)), version=version, fingerprint="f"),), run_id=version,
            observes=False, inputs=inputs, code_version="1",
        )  # fmt: skip

    def start(self, name: str, limits: Limits = _FREE) -> Task:
        task = self.task(name)
        self.executor.submit(task, limits)
        return task

    def answers(self, count: int) -> list[Finished]:
        """The next ``count`` answers, in whatever order they come."""
        found: list[Finished] = []
        until = time.monotonic() + _PATIENCE_S
        while len(found) < count:
            found += self.executor.wait(1.0)
            expect(time.monotonic() < until, f"{count} tasks, {len(found)} answers after {_PATIENCE_S:g} s")
        expect(len(found) == count, f"{count} tasks got {len(found)} answers")
        return found

    def answer(self, task: Task) -> Products | Failure:
        (finished,) = self.answers(1)
        expect(finished.task == task, f"{task} was answered as {finished.task}")
        return finished.result

    def do(self, name: str, limits: Limits = _FREE) -> Products | Failure:
        return self.answer(self.start(name, limits))

    def works(self) -> None:
        """The executor still does what it is for, with and without limits."""
        for limits in (_FREE, _LIMITED):
            result = self.do("number", limits)
            expect(not isinstance(result, Failure), f"after that a good task gave {result}")

    def fails(self, result: Products | Failure, kind: str) -> Failure:
        expect(isinstance(result, Failure), f"expected a Failure of kind {kind}, got {result}")
        assert isinstance(result, Failure)
        expect(kind in result.kinds, f"expected a Failure of kind {kind}, got {result}")
        expect(bool(result.error.strip()), f"a Failure of kind {kind} says nothing")
        return result

    def begun(self, task: Task, limit_s: float = 30.0) -> None:
        """Wait until a task leaves traces."""
        until = time.monotonic() + limit_s
        while not self.traces(task):
            expect(time.monotonic() < until, f"{task.address} did not begin within {limit_s:g} s")
            time.sleep(0.01)

    def traces(self, task: Task) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.folder.glob(f"trace-{task.run_id}*")}

    def is_quiet(self, task: Task) -> None:
        """Nothing goes on of a task."""
        before = self.traces(task)
        expect(bool(before), f"{task.address} never began")
        time.sleep(_QUIET_S)
        expect(self.traces(task) == before, f"{task.address} was answered, and its work went on")


def does_what_inline_does(lab: Lab) -> None:
    """A product is what performing the task inline gives: staged, measured, with its inputs read."""
    inline = InlineExecutor(LabRecipe(str(lab.folder)))
    read = _as_input(product_of(lab.do("number")))
    seen = []
    for executor in (lab.executor, inline):
        task = lab.task("twice", (read,))
        executor.submit(task, _FREE)
        product = product_of(replace(lab, executor=executor).answer(task))
        made = product.materialization
        expect(made.id == task.id and made.address == task.address, f"{task} gave {made}")
        expect(made.run_id == task.run_id and made.materialized_at == _AT, f"{task} gave {made}")
        expect(product.audit == (made.id, made.data_version), f"measuring gave {product.audit}, {product.gate_error}")
        expect(FilesIOManager(lab.folder / "data").has(made.address, made.id), f"{task.address} was not staged")
        seen.append((product.format, product.gate_error, replace(made, id="", run_id="", duration_s=0.0)))
    inline.close()
    expect(seen[0] == seen[1], f"inline gives {seen[1]}, this executor {seen[0]}")


def answers_each_task_once(lab: Lab) -> None:
    """Many tasks, good and bad, with and without limits: one answer each, in any order, then none."""
    expect(lab.executor.slots >= 1, f"it has {lab.executor.slots} slots")
    expect(lab.executor.wait(0.0) == (), "before any task there is an answer")
    expect(lab.executor.wait(None) == (), "with nothing under way, wait(None) must give nothing")
    names = ["number", "broken", "number"] * 10
    tasks = [lab.start(name, limits) for name, limits in zip(names, itertools.cycle((_FREE, _LIMITED)), strict=False)]
    found = lab.answers(len(tasks))
    expect({one.task for one in found} == set(tasks), "some task was answered twice, and another never")
    for one in found:
        good = not isinstance(one.result, Failure)
        expect(good == (one.task.address.asset == "number"), f"{one.task.address} gave {one.result}")
        if good:
            expect(product_of(one.result).materialization.id == one.task.id, "a task has the product of another")
    expect(lab.executor.wait(0.05) == (), "there are more answers than tasks")


def makes_several_in_one_call(lab: Lab) -> None:
    """A task with two targets gives a product each, in their order."""
    for limits in (_FREE, _LIMITED):
        one, other = lab.task("right").targets[0], lab.task("left").targets[0]
        task = replace(lab.task("right"), targets=(one, other))
        lab.executor.submit(task, limits)
        result = lab.answer(task)
        assert not isinstance(result, Failure), result
        made = [(product.materialization.address, product.materialization.id) for product in result]
        expect(made == [(target.address, target.version) for target in task.targets], f"{task} gave {made}")


def says_what_the_function_raised(lab: Lab) -> None:
    """The classes of the exception, and its words."""
    for limits in (_FREE, _LIMITED):
        failure = lab.fails(lab.do("broken", limits), "LookupError")
        expect(failure.kinds[:2] == ("LookupError", "Exception"), f"its kinds are {failure.kinds}")
        expect("on purpose" in failure.error, f"it says only {failure.error!r}")
    lab.works()


def survives_what_can_not_travel(lab: Lab) -> None:
    """An audit that doesn't pickle is a Failure where it has to; a check that ends its process is one everywhere."""
    lab.fails(lab.do("odd", _LIMITED), "Unpicklable")
    free = lab.do("odd")
    expect(not isinstance(free, Failure) or "Unpicklable" in free.kinds, f"an audit that doesn't pickle gave {free}")
    for limits in (_FREE, _LIMITED):
        lab.fails(lab.do("leaves", limits), "Stopped")
    lab.works()


def stops_what_takes_too_long(lab: Lab) -> None:
    """A timeout ends work that doesn't listen, and what it started."""
    began = time.monotonic()
    task = lab.start("spawns", Limits(timeout_s=0.7))
    failure = lab.fails(lab.answer(task), "TimedOut")
    took_s = time.monotonic() - began
    expect(0.6 < took_s < 20, f"a timeout of 0.7 s took {took_s:.1f} s")
    expect("0.7 s" in failure.error, f"it says only {failure.error!r}")
    lab.is_quiet(task)
    lab.works()


def stops_what_takes_too_much(lab: Lab) -> None:
    """A memory limit ends work that leaks; what stays below it is not touched."""
    expect(not isinstance(lab.do("number", Limits(memory_bytes=2**31)), Failure), "2 GiB were too little for a number")
    task = lab.start("leaks", Limits(memory_bytes=2**29, timeout_s=60.0))
    lab.fails(lab.answer(task), "OutOfMemory")
    lab.is_quiet(task)
    lab.works()


def cancels(lab: Lab) -> None:
    """A cancelled task ends and is answered once; cancelling what has ended, or never was, does nothing."""
    task = lab.start("spawns", _LIMITED)
    lab.begun(task)
    lab.executor.cancel(task)
    lab.executor.cancel(task)
    lab.fails(lab.answer(task), "Cancelled")
    lab.is_quiet(task)
    lab.executor.cancel(task)
    done = lab.start("number")
    lab.answer(done)
    lab.executor.cancel(done)
    lab.executor.cancel(lab.task("number"))
    expect(lab.executor.wait(0.2) == (), "cancelling what is over was answered")
    lab.works()


def replaces_a_lost_worker(lab: Lab) -> None:
    """A process that is killed is WorkerLost, and the next task works."""
    for _ in range(2):
        lab.fails(lab.do("dies", _LIMITED), "WorkerLost")
        lab.works()


def refuses_what_nobody_offers(lab: Lab) -> None:
    """A resource that no worker has is said within seconds."""
    began = time.monotonic()
    failure = lab.fails(lab.do("number", Limits(resources=(("unobtainium", 2.0),))), "Unsatisfiable")
    took_s = time.monotonic() - began
    expect(took_s < 15, f"it took {took_s:.1f} s to say so")
    expect("unobtainium" in failure.error, f"it says only {failure.error!r}")
    lab.works()


def closes_twice(lab: Lab) -> None:
    """Closing stops what is under way, and may be repeated."""
    task = lab.start("beats", _LIMITED)
    lab.begun(task)
    lab.executor.close()
    lab.is_quiet(task)
    lab.executor.close()


EXECUTOR_LAWS: tuple[Callable[[Lab], None], ...] = (
    does_what_inline_does,
    answers_each_task_once,
    makes_several_in_one_call,
    says_what_the_function_raised,
    survives_what_can_not_travel,
    stops_what_takes_too_long,
    stops_what_takes_too_much,
    cancels,
    replaces_a_lost_worker,
    refuses_what_nobody_offers,
    closes_twice,
)
"""Each takes a new lab; ``check_executor`` runs them all."""


def hold(law: Callable[[Lab], None], make: Make, folder: Path) -> None:
    """Hold a new executor to one law, with ``folder`` (empty, and the same for every worker) for its data."""
    executor = make(LabRecipe(str(folder)))
    try:
        law(Lab(folder, executor))
    finally:
        executor.close()


def says_why_there_is_no_worker(make: Make) -> None:
    """A recipe that fails is an answer to each task, not a silent wait."""
    executor = make(BrokenRecipe())
    try:
        lab = Lab(Path(), executor)
        for limits in (_FREE, _LIMITED, _FREE):
            failure = lab.fails(lab.do("number", limits), "NoWorker")
            expect("the_project" in failure.error, f"it says only {failure.error!r}")
    finally:
        executor.close()


def product_of(result: Products | Failure) -> Product:
    expect(not isinstance(result, Failure) and len(result) == 1, f"expected a product, got {result}")
    assert not isinstance(result, Failure)
    return result[0]


def _as_input(made: Product) -> Input:
    """What was staged, as the input of the next; versions are read whether or not they are published."""
    one = made.materialization
    version = StoredVersion(address=one.address, id=one.id, format=made.format, data_version=one.data_version)
    return Input(
        upstream=one.asset, parameter="number", wants="int", is_source=False, is_single=True, versions=(version,)
    )


def expect(holds: bool, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)
