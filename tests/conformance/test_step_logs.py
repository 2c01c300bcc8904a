"""What a step says is heard by every executor, and by each step only what it said itself."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestration.executors.base import Limits
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.laws import Lab, Make, product_of
from orchestration.executors.processes import ProcessExecutor
from orchestration.executors.threads import ThreadExecutor
from orchestration.step_log import LogLine, Said, so_far
from orchestration.work import Failure
from tests.support.speaking import SpeakingRecipe

pytestmark = pytest.mark.filterwarnings("default:soon gone")  # shown, as in anybody's process

MAKERS: dict[str, Make] = {
    "processes": lambda recipe: ProcessExecutor(recipe, 1),
    "threads": lambda recipe: ThreadExecutor(recipe, 2),
    "inline": InlineExecutor,
}
EVERYWHERE = [
    ("warning", "orders.fetching", "a page was empty"),
    ("error", "orders.fetching", "gave up"),
]
ALONE = [
    ("stdout", "", "printed in pieces"),
    ("stderr", "", "to stderr"),
    ("error", "orders.fetching", "said by a thread"),
]


@pytest.fixture(scope="module", params=MAKERS)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Lab]]:
    folder = tmp_path_factory.mktemp("speaking")
    executor = MAKERS[request.param](SpeakingRecipe(str(folder)))
    yield request.param, Lab(folder, executor)
    executor.close()


def heads(said: Said | None) -> list[tuple[str, str, str]]:
    assert said is not None
    return [(line.level, line.source, line.text.partition("\n")[0]) for line in said.lines]


def test_all_that_is_said_is_heard(lab: tuple[str, Lab]) -> None:
    kind, at = lab
    task = at.start("speaks")
    said = product_of(at.answer(task)).said
    found = heads(said)
    assert ("info", "tidegate.asset.speaks", f"fetched 3 pages of {task.run_id}") in found
    assert set(EVERYWHERE) <= set(found)
    warned = [text for level, source, text in found if source == "py.warnings"]
    assert len(warned) == 1
    assert f"soon gone {task.run_id} (speaking.py:" in warned[0]
    assert said is not None
    assert "LookupError: no such page" in said.lines[-1].text
    assert [line for line in found if line in ALONE] == (ALONE if kind == "processes" else [])
    assert len(found) == len(set(found)), "something was heard twice"
    assert not said.left_out
    assert not said.unknown
    assert so_far(task.id) is None


def test_silence_says_nothing(lab: tuple[str, Lab]) -> None:
    assert product_of(lab[1].do("silent")).said is None


def test_what_failed_has_spoken_before(lab: tuple[str, Lab]) -> None:
    failure = lab[1].do("leaves")
    assert isinstance(failure, Failure)
    assert heads(failure.said) == [("info", "tidegate.asset.leaves", "about to leave")]


@pytest.mark.parametrize("lab", ["processes"], indirect=True)
def test_what_is_killed_is_known_so_far(lab: tuple[str, Lab]) -> None:
    failure = lab[1].do("hangs", Limits(timeout_s=1.5))
    assert isinstance(failure, Failure)
    assert "TimedOut" in failure.kinds
    assert heads(failure.said) == [("info", "tidegate.asset.hangs", "about to hang"), ("stdout", "", "hanging")]
    assert failure.said is not None
    assert "may be missing" in failure.said.unknown
    failure = lab[1].do("dies")
    assert isinstance(failure, Failure)
    assert "WorkerLost" in failure.kinds
    assert heads(failure.said) == [("info", "tidegate.asset.dies", "about to die")]


def test_steps_side_by_side_are_not_mixed(tmp_path: Path) -> None:
    executor = ThreadExecutor(SpeakingRecipe(str(tmp_path)), 2)
    at = Lab(tmp_path, executor)
    tasks = [at.start("speaks") for _ in range(6)]
    for answer in at.answers(len(tasks)):
        texts = [text for _, _, text in heads(product_of(answer.result).said)]
        assert [text for text in texts if text.startswith("fetched")] == [f"fetched 3 pages of {answer.task.run_id}"]
        assert texts.count("a page was empty") == 1
    executor.close()


def test_handlers_of_others_hear_as_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What the levels let through, and nothing more: what an asset's logger says below them is kept, and not shown."""
    at = Lab(tmp_path, InlineExecutor(SpeakingRecipe(str(tmp_path))))
    at.do("speaks")
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR", "ERROR"]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        at.do("speaks")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "ERROR", "ERROR"]


def test_the_last_lines_stay() -> None:
    from orchestration.step_log import MOST_BYTES, MOST_LINES, StepLog, shortened

    log = StepLog()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: log.hear("info", "x", f"line {n}"), range(1000)))
    said = log.said()
    assert said is not None
    assert (len(said.lines), said.left_out) == (MOST_LINES, 1000 - MOST_LINES)
    for _ in range(40):
        log.hear("info", "x", "y" * 4000)
    said = log.said()
    assert said is not None
    assert sum(len(line.text) for line in said.lines) <= MOST_BYTES
    assert said.left_out + len(said.lines) == 1040
    short = shortened(LogLine(0.0, "info", "x", "a" * 5000 + "the end"))
    assert len(short.text) < 4100
    assert short.text.endswith("the end")
