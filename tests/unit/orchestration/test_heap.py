"""What garbage collection looks at while a run goes on, and how the process is left."""

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestration as o
from orchestration.heap import quiet_heap, settled_heap
from tests.support.core import Core


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


class Cyclic:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_there_before_a_run_is_left_alone_until_its_end(tmp_path: Path) -> None:
    seen = []

    @o.asset
    def one() -> int:
        seen.append((gc.get_freeze_count(), gc.get_threshold()))
        return 1

    Core(tmp_path, (one,)).run()
    ((frozen, threshold),) = seen
    assert frozen > 1000
    assert threshold == (10_000, 10, 10)
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, (700, 10, 10))


def test_of_overlapping_runs_the_last_leaves_all_as_it_was() -> None:
    first, second = quiet_heap(), quiet_heap()
    with first:
        second.__enter__()
    assert gc.get_threshold()[0] == 10_000
    assert gc.get_freeze_count() > 0
    second.__exit__(None, None, None)
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, (700, 10, 10))


def test_what_a_process_that_stays_has_loaded_is_left_alone_and_what_comes_then_is_not() -> None:
    with settled_heap():
        loaded = gc.get_freeze_count()
        assert loaded > 1000
        left = weakref.ref(Cyclic())
        with quiet_heap():
            assert gc.get_freeze_count() == loaded, "it would keep what is still to be collected"
        gc.collect()
        assert left() is None
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("own", [(0, 10, 10), (50_000, 5, 5)])
def test_what_the_process_has_set_itself_is_kept(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with quiet_heap():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own


def test_what_a_run_sets_itself_is_kept() -> None:
    with quiet_heap():
        gc.set_threshold(900, 10, 10)
    assert gc.get_threshold() == (900, 10, 10)


def test_what_slow_work_leaves_is_collected_after_it(tmp_path: Path) -> None:
    """However few objects they are: each may hold a lot of data."""
    left: list[weakref.ref[Cyclic]] = []

    @o.asset
    def one() -> int:
        left.append(weakref.ref(Cyclic()))
        time.sleep(0.06)
        return 1

    @o.asset
    def two(one: int) -> int:
        return sum(each() is not None for each in left)

    core = Core(tmp_path, (one, two))
    core.run()
    assert core.read("two") == 0
