"""What of the graph is in view, where something waits, and what it waits for."""

from __future__ import annotations

import pytest

from observer.reads.graph_model import MOST, GraphNode, GraphPage, NodeKind, View
from observer.reads.model import State
from orchestration.errors import SelectionError, UnknownName
from orchestration.model import StepStatus
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import FAILED, Store, asset, counted, day


def node(page: GraphPage, name: str) -> GraphNode:
    return next(each for each in page.nodes if each.name == name)


def ends(page: GraphPage) -> set[tuple[str, str]]:
    return {(edge.upstream.partition(":")[2], edge.downstream.partition(":")[2]) for edge in page.edges}


def shut(page: GraphPage) -> dict[tuple[str, str], tuple[int, int, bool]]:
    return {
        (edge.upstream.partition(":")[2], edge.downstream.partition(":")[2]): (edge.shut, edge.waiting, edge.on_path)
        for edge in page.edges
        if edge.shut
    }


def test_a_small_project_is_seen_whole(shop: Store) -> None:
    page = shop.reads.graph(View())
    assert [each.name for each in page.nodes] == list(shop.project.graph.order)
    assert ends(page) == {("orders", "totals"), ("totals", "report"), ("totals", "model")}
    assert (page.closed, page.too_many, page.number, page.roots) == (False, False, 5, ())


def test_an_edge_is_shut_where_something_waits_with_the_number_of_partitions(shop: Store) -> None:
    for number in (8, 9):
        shop.held("orders", day(number), verdicts={"null_rate(price)": FAILED})
    page = shop.reads.graph(View())
    assert shut(page) == {("orders", "totals"): (1, 2, True), ("totals", "report"): (1, 2, True)}
    assert page.roots == ("orders",)
    assert [each.name for each in page.nodes if each.root] == ["orders"]
    assert node(page, "report").state is State.BLOCKED
    assert page.counts[0] == (State.HELD, 1)


def test_what_failed_shuts_the_way_to_what_was_blocked_by_it(shop: Store) -> None:
    shop.step("orders", day(9), StepStatus.FAILED, error="no")
    shop.step("totals", day(9), StepStatus.BLOCKED, blocked_by="orders")
    page = shop.reads.graph(View())
    assert shut(page) == {("orders", "totals"): (1, 0, True)}
    assert page.roots == ("orders",)


def test_a_single_asset_shows_what_is_around_it_as_far_as_asked(make: MakeStore) -> None:
    chain = make(asset("a"), *(asset(name, above) for above, name in zip("abcdef", "bcdefg", strict=True)))
    usual = chain.reads.graph(View(select="d"))
    assert ([each.name for each in usual.nodes], usual.steps, usual.chosen) == (list("bcdef"), 2, "d")
    assert (node(usual, "b").above, node(usual, "f").below, node(usual, "d").chosen) == (1, 1, True)
    near = chain.reads.graph(View(select="d", steps=1))
    assert [each.name for each in near.nodes] == list("cde")
    whole = chain.reads.graph(View(select="+d+"))
    assert ([each.name for each in whole.nodes], whole.chosen) == (list("abcdefg"), None)


def test_the_way_from_the_root_cause_is_in_view_however_far_it_is(make: MakeStore) -> None:
    chain = make(asset("a"), *(asset(name, above) for above, name in zip("abcdef", "bcdefg", strict=True)))
    chain.held("a", day(9))
    page = chain.reads.graph(View(select="g", steps=1))
    assert [each.name for each in page.nodes] == list("abcdefg")
    assert all(edge.on_path for edge in page.edges)
    assert node(page, "a").root


def test_what_is_not_on_the_way_to_the_chosen_is_not_on_the_path(make: MakeStore) -> None:
    fork = make(asset("a"), asset("left", "a"), asset("right", "a"))
    fork.held("a", day(9))
    assert shut(fork.reads.graph(View(select="left"))) == {("a", "left"): (1, 1, True)}
    all_ = fork.reads.graph(View(select="*"))
    assert shut(all_) == {("a", "left"): (1, 1, True), ("a", "right"): (1, 1, True)}
    around = fork.reads.graph(View(select="right", steps=2))
    assert shut(around)["a", "right"] == (1, 1, True)


def test_a_root_cause_out_of_view_is_named(shop: Store) -> None:
    shop.held("orders", day(9))
    page = shop.reads.graph(View(select="report, model"))
    assert [each.name for each in page.nodes] == ["report", "model"]
    assert (page.roots, page.edges) == (("orders",), ())


def test_groups_are_closed_where_it_takes_that_and_open_one_by_one(make: MakeStore) -> None:
    many = [asset(f"raw{n}", group="raw") for n in range(40)]
    store = make(*many, asset("core", *(one.key for one in many), group="core"), asset("loose", "core"))
    store.held("raw7", day(9))
    page = store.reads.graph(View())
    assert [(each.id, each.kind, each.number) for each in page.nodes] == [
        ("group:raw", NodeKind.GROUP, 40), ("asset:core", NodeKind.ASSET, 1), ("asset:loose", NodeKind.ASSET, 1),
    ]  # fmt: skip
    raw = page.nodes[0]
    assert (raw.state, raw.counts, raw.root) == (State.HELD, ((State.HELD, 1), (State.NEVER, 39)), True)
    bundle = page.edges[0]
    assert (bundle.number, bundle.shut, bundle.waiting) == (40, 1, 1)
    opened = store.reads.graph(View(opened=("raw",)))
    assert (opened.closed, len(opened.nodes)) == (True, 42)
    assert len(store.reads.graph(View(closed=False)).nodes) == 42
    assert [(tally.name, tally.number) for tally in page.groups] == [("raw", 40), ("core", 1), (None, 1)]


def test_closed_groups_that_need_each_other_are_drawn(make: MakeStore) -> None:
    store = make(
        asset("a1", group="a"), asset("b1", "a1", group="b"), asset("a2", "b1", group="a"), asset("b2", group="b")
    )
    page = store.reads.graph(View(closed=True))
    assert ends(page) == {("a", "b"), ("b", "a")}


def test_past_what_can_be_drawn_it_asks_for_a_selection(make: MakeStore) -> None:
    store = make(*(asset(f"t{n}", partitions=None, group="one" if n % 2 else None) for n in range(2 * MOST + 4)))
    page = store.reads.graph(View())
    assert (page.too_many, page.nodes, page.edges) == (True, (), ())
    assert [(tally.name, tally.number) for tally in page.groups] == [("one", MOST + 2), (None, MOST + 2)]
    assert store.reads.graph(View(select="group:one")).too_many  # one box would say nothing
    assert len(store.reads.graph(View(select="t1*, -t10*")).nodes) > 1


def test_a_star_of_too_many_asks_and_its_rays_are_drawn(make: MakeStore) -> None:
    star = make(asset("hub", partitions=None), *(asset(f"s{n}", "hub", partitions=None) for n in range(MOST + 1)))
    assert star.reads.graph(View(select="hub")).too_many
    ray = star.reads.graph(View(select="s7"))
    assert (ray.steps, [each.name for each in ray.nodes]) == (2, ["hub", "s7"])


def test_a_selection_that_is_none_is_refused(shop: Store) -> None:
    with pytest.raises(UnknownName, match="ordres"):
        shop.reads.graph(View(select="ordres"))
    with pytest.raises(SelectionError):
        shop.reads.graph(View(select="(orders"))


def test_the_number_of_statements_does_not_grow(make: MakeStore) -> None:
    small = make(asset("a"), asset("b", "a"))
    large = make(asset("a"), *(asset(f"b{n}", "a") for n in range(30)))
    numbers = []
    for store in (small, large):
        for number in range(1, 6 if store is large else 2):
            store.held("a", day(number))
        with counted(store.project) as said:
            assert store.reads.graph(View(select="a")).nodes
        numbers.append(sum(not text.startswith("BEGIN") for text in said))
    assert numbers[0] == numbers[1] <= 11


def test_only_the_nearest_root_causes_bring_their_way_into_view(make: MakeStore) -> None:
    far = [asset(f"far{n}") for n in range(6)]
    store = make(*far, asset("near", *(one.key for one in far)), asset("next", "near"), asset("here", "next"))
    for one in far:
        store.held(one.key, day(9))
    page = store.reads.graph(View(select="here", steps=1))
    assert [each.name for each in page.nodes] == ["far0", "far1", "far2", "near", "next", "here"]
    assert len(page.roots) == 6


def test_a_failure_far_upstream_is_the_root_cause_too(make: MakeStore) -> None:
    chain = make(asset("a"), *(asset(name, above) for above, name in zip("abcd", "bcde", strict=True)))
    chain.step("a", day(9), StepStatus.FAILED, error="no")
    for name in "bcde":
        chain.step(name, day(9), StepStatus.BLOCKED, blocked_by="a")
    page = chain.reads.graph(View(select="e", steps=1))
    assert ([each.name for each in page.nodes], page.roots) == (list("abcde"), ("a",))
    assert all(edge.on_path for edge in page.edges)
