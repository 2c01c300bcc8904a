"""Which step begins next: order, priorities, pools, turns."""

import random
import time
from collections.abc import Iterable, Mapping

import pytest

import orchestration as o
from orchestration.agenda import Agenda, names_of
from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey
from orchestration.run_policy import RunPolicy

DAYS = o.daily("2013-01-01")


def made(
    key: str, deps: tuple[str, ...] = (), *, pool: str | None = None, priority: int = 0, tags: tuple[str, ...] = ()
) -> Asset:
    return o.asset(key=key, deps=deps, tags=tags, run=RunPolicy(pool=pool, priority=priority))(lambda: 1)


def agenda(assets: Iterable[Asset], addresses: Iterable[str], pools: Mapping[str, int] | None = None) -> Agenda:
    """Addresses as text: `one`, or `one 2013-01-01`."""
    split = [text.partition(" ") for text in addresses]
    return Agenda(Graph(assets), [Address(AssetKey(a), p or None) for a, _, p in split], lambda name: (), pools or {})


def begun(one: Agenda) -> list[int]:
    """Everything that can begin now."""
    found = []
    while (position := one.begin()) is not None:
        found.append(position)
    return found


def end(one: Agenda, position: int) -> None:
    one.leave(position)
    one.ended(position)


def test_nothing_begins_before_all_that_it_reads_has_ended() -> None:
    story = (made("a"), made("b"), made("c", ("a", "b")), made("d", ("c",)))
    one = agenda(story, ["a", "b", "c", "d"])
    assert begun(one) == [0, 1]
    end(one, 1)
    assert begun(one) == []
    end(one, 0)
    assert begun(one) == [2]
    assert one.open == 2
    end(one, 2)
    assert begun(one) == [3]
    end(one, 3)
    assert (begun(one), one.open) == ([], 0)


def test_only_the_partitions_that_are_read_are_waited_for() -> None:
    raw = o.asset(key="raw", partitions=DAYS)(lambda: 1)
    clean = o.asset(key="clean", partitions=DAYS)(lambda raw: raw)
    total = o.asset(key="total")(lambda clean: clean)
    days = ["2013-01-01", "2013-01-02"]
    one = agenda((raw, clean, total), [*(f"raw {d}" for d in days), *(f"clean {d}" for d in days), "total"])
    assert begun(one) == [0, 1]
    end(one, 1)
    assert begun(one) == [3], "clean of the second day reads nothing of the first"
    end(one, 3)
    end(one, 0)
    assert begun(one) == [2], "total reads every day"
    end(one, 2)
    assert begun(one) == [4]


def test_what_is_not_in_the_plan_is_not_waited_for() -> None:
    assert begun(agenda((made("a"), made("b", ("a",))), ["b"])) == [0]


def test_the_highest_priority_begins_first_then_the_order_of_the_plan() -> None:
    story = (made("a"), made("b", priority=1), made("c", priority=-1), made("d", priority=1), made("e"))
    assert begun(agenda(story, "abcde")) == [1, 3, 0, 4, 2]


def test_priority_does_not_jump_over_what_is_read() -> None:
    one = agenda((made("a"), made("b", ("a",), priority=9), made("c")), "abc")
    assert one.begin() == 0
    end(one, 0)
    assert begun(one) == [1, 2]


def test_priority_decides_across_pools() -> None:
    story = (made("a", pool="db"), made("b", pool="web", priority=2), made("c", priority=1), made("d", pool="db"))
    one = agenda(story, "abcd", {"db": 1, "web": 1})
    assert begun(one) == [1, 2, 0]
    end(one, 0)
    assert begun(one) == [3]


def test_a_pool_that_nobody_limits_has_room() -> None:
    assert begun(agenda((made("a", pool="x"), made("b", pool="x")), "ab", {"y": 1})) == [0, 1]


def test_a_step_that_waits_for_its_retry_leaves_its_place_and_takes_one_again() -> None:
    one = agenda((made("a", pool="db"), made("b", pool="db")), "ab", {"db": 1})
    assert begun(one) == [0]
    one.leave(0)  # its retry comes later
    assert begun(one) == [1], "the place is free while it waits"
    one.again(0)
    assert begun(one) == [], "and taken now, also for a retry"
    end(one, 1)
    assert begun(one) == [0]
    end(one, 0)
    assert one.open == 0


def test_a_step_counts_in_its_pool_and_in_each_of_its_tags() -> None:
    story = (
        made("a", pool="db", tags=("heavy",)), made("b", tags=("heavy", "wide")), made("c", pool="db"),
        made("d", tags=("wide",)), made("e"),
    )  # fmt: skip
    one = agenda(story, "abcde", {"db": 1, "tag:heavy": 1, "tag:wide": 1})
    assert begun(one) == [0, 3, 4], "b waits for both of its tags, c for the pool"
    end(one, 0)
    assert begun(one) == [2], "there is room for one that is heavy, and none for one that is wide"
    end(one, 3)
    assert begun(one) == [1]


def test_a_pool_and_a_tag_of_one_name_are_two() -> None:
    one = agenda((made("a", pool="x"), made("b", tags=("x",)), made("c", pool="x")), "abc", {"x": 1})
    assert begun(one) == [0, 1]


def test_what_is_left_twice_is_given_back_once() -> None:
    one = agenda([made(name, pool="db") for name in "abc"], "abc", {"db": 1})
    assert begun(one) == [0]
    one.leave(0)
    one.leave(0)
    assert begun(one) == [1], "one place, not two"


def test_a_claimed_step_begins_with_another_and_takes_no_place() -> None:
    one = agenda([made(name, pool="db") for name in "abcd"], "abcd", {"db": 1})
    assert one.begin() == 0
    assert one.claim(1)
    assert not one.claim(1), "it has begun"
    assert not one.claim(0), "it has begun by itself"
    assert begun(one) == []
    end(one, 1)
    assert begun(one) == [], "the place is held by the one that it began with"
    end(one, 0)
    assert begun(one) == [2], "1 is not begun again"
    assert one.open == 2


def test_only_what_is_ready_can_be_claimed() -> None:
    one = agenda((made("a"), made("b", ("a",)), made("c")), "abc")
    assert one.begin() == 0
    assert not one.claim(1), "it waits for a"
    assert one.claim(2)
    end(one, 0)
    end(one, 2)
    assert begun(one) == [1]


def test_a_claimed_step_that_is_tried_again_begins_by_itself_once() -> None:
    one = agenda([made(name, pool="db") for name in "ab"], "ab", {"db": 1})
    assert one.begin() == 0
    assert one.claim(1)
    one.leave(1)
    one.again(1)
    end(one, 0)
    assert begun(one) == [1]
    one.leave(1)
    assert begun(one) == [], "it stood in the queue twice"
    one.ended(1)
    assert one.open == 0


@pytest.mark.parametrize("seed", range(20))
def test_never_more_of_a_pool_than_it_takes_and_all_in_the_end(seed: int) -> None:
    lots = random.Random(seed)
    limits = {"db": 2, "web": 1, "gpu": 3, "tag:heavy": 3}
    names = [f"s{n}" for n in range(40)]
    story: list[Asset] = []
    reads: list[set[str]] = []
    for n, name in enumerate(names):
        deps = tuple(lots.sample(names[:n], min(n, lots.randrange(3))))
        reads.append(set(deps))
        pool, tags = lots.choice(["db", "web", "gpu", None]), tuple(lots.sample(("heavy", "wide"), lots.randrange(3)))
        story.append(made(name, deps, pool=pool, tags=tags, priority=lots.randrange(-2, 3)))
    one, tries = agenda(story, names, limits), [0] * len(names)
    under_way: list[int] = []
    later: list[int] = []
    done: set[str] = set()
    fullest = dict.fromkeys(limits, 0)
    while one.open:
        for position in begun(one):
            assert reads[position] <= done
            tries[position] += 1
            under_way.append(position)
        for pool, most in limits.items():
            busy = sum(pool in names_of(story[position]) for position in under_way)
            fullest[pool] = max(fullest[pool], busy)
            assert busy <= most
        if later and (not under_way or lots.random() < 0.5):
            one.again(later.pop())
            continue
        position = under_way.pop(lots.randrange(len(under_way)))
        one.leave(position)
        if tries[position] < 3 and lots.random() < 0.3:
            later.append(position)
        else:
            done.add(names[position])
            one.ended(position)
    assert len(done) == len(names)
    assert fullest["db"] == 2, "a pool of two is used by two"


def test_products_are_judged_in_the_order_of_the_plan() -> None:
    raw = o.asset(key="raw", partitions=DAYS)(lambda: 1)
    one = agenda((raw, made("b")), ["raw 2013-01-01", "raw 2013-01-02", "b", "raw 2013-01-03"])
    begun(one)
    key, there = AssetKey("raw"), {1, 3}
    assert one.in_turn(key, there.__contains__) is None, "the first is not there yet"
    there.add(0)
    for position in (0, 1, 3):
        assert one.in_turn(key, there.__contains__) == position
        end(one, position)
    assert one.in_turn(key, there.__contains__) is None
    assert one.in_turn(AssetKey("b"), lambda position: True) == 2


def test_a_failure_in_the_middle_passes_the_turn_on() -> None:
    raw = o.asset(key="raw", partitions=DAYS)(lambda: 1)
    one = agenda((raw,), ["raw 2013-01-01", "raw 2013-01-02", "raw 2013-01-03"])
    begun(one)
    end(one, 1)
    there = {0, 2}
    assert one.in_turn(AssetKey("raw"), there.__contains__) == 0
    end(one, 0)
    assert one.in_turn(AssetKey("raw"), there.__contains__) == 2


def test_a_full_pool_costs_nothing_at_each_begin() -> None:
    """Twice the steps cost about twice the time, not four times."""

    def spent(count: int) -> float:
        days = o.static(*[f"p{n}" for n in range(count)])
        big = o.asset(key="big", partitions=days, run=RunPolicy(pool="db"))(lambda: 1)
        one = agenda((big,), [f"big p{n}" for n in range(count)], {"db": 2})
        began = time.process_time()
        while one.open:
            for position in begun(one):
                end(one, position)
        return time.process_time() - began

    spent(100)
    assert spent(8000) < 12 * min(spent(1000) for _ in range(3)) + 0.05
