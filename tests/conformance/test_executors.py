"""Every executor obeys the laws that `orchestration.testing` publishes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.executors.base import Executor, WorkerRecipe
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.laws import EXECUTOR_LAWS, Lab, Make, hold, says_why_there_is_no_worker
from orchestration.executors.processes import ProcessExecutor
from orchestration.executors.threads import ThreadExecutor
from orchestration.testing import check_executor

MAKERS: dict[str, Make] = {
    "processes": lambda recipe: ProcessExecutor(recipe, 2),
    "threads": lambda recipe: ThreadExecutor(recipe, 2),
    "inline": InlineExecutor,
}


# Inline and threads leave what has limits to the pool of the process executor, so `make soak` is enough for them.
SLOW = {"stops_what_takes_too_long", "stops_what_takes_too_much", "cancels", "closes_twice"}
CASES = [
    pytest.param(law, name, id=f"{name}-{law.__name__}", marks=[pytest.mark.soak] * (law.__name__ in SLOW and n > 0))
    for n, name in enumerate(MAKERS)
    for law in EXECUTOR_LAWS
]


@pytest.mark.parametrize(("law", "name"), CASES)
def test_obeys(law: Callable[[Lab], None], name: str, tmp_path: Path) -> None:
    hold(law, MAKERS[name], tmp_path)


@pytest.mark.parametrize("name", MAKERS)
def test_says_why_there_is_no_worker(name: str) -> None:
    says_why_there_is_no_worker(MAKERS[name])


def test_the_suite_catches_one_that_answers_twice(tmp_path: Path) -> None:
    class Twice(InlineExecutor):
        def wait(self, timeout_s: float | None):  # type: ignore[no-untyped-def]
            return super().wait(timeout_s) * 2

    def make(recipe: WorkerRecipe) -> Executor:
        return Twice(recipe)

    with pytest.raises(AssertionError, match="answers"):
        check_executor(make, folder=tmp_path)
