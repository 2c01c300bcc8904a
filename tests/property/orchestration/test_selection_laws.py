"""The algebra of selections, on graphs that Hypothesis draws."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

import orchestration as o
from orchestration.errors import SelectionError, TidegateError
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.selection import quote, select


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """No cycles; names say nothing of the order; tags are `odd` or `even`."""
    names = draw(st.lists(st.sampled_from("ghijklmnpq"), min_size=1, max_size=8, unique=True))
    deps = {name: draw(st.lists(st.sampled_from(names[:n]), unique=True)) if n else [] for n, name in enumerate(names)}
    return Graph(
        o.asset(key=name, deps=deps[name], tags=[("even", "odd")[ord(name) % 2]])(lambda: 1) for name in sorted(names)
    )


def chosen(graph: Graph, expression: str) -> set[AssetKey]:
    """What an expression selects; nothing, where it says so aloud."""
    try:
        found = select(graph, expression)
    except SelectionError as error:
        if "selects none" not in str(error):
            raise
        return set()
    assert list(found) == [key for key in graph.order if key in found]
    return set(found)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Graph, str, str, str]:
    graph = draw(graphs())
    point = st.sampled_from([*graph.order, "*"])
    walk = st.tuples(st.sampled_from(["", "+", "1+", "2+"]), point, st.sampled_from(["", "+", "+1", "+2"])).map("".join)
    term = st.recursive(
        walk,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([", ", " or ", " and ", " & "]), inner).map(lambda t: f"({''.join(t)})"),
            inner.map(lambda t: f"not ({t})"),
            inner.map(lambda t: f"+({t})"),
        ),
        max_leaves=4,
    )
    return graph, draw(term), draw(term), draw(term)


@given(cases())
def test_sets_behave_as_sets(case: tuple[Graph, str, str, str]) -> None:
    graph, a, b, c = case
    everything, left, right, third = set(graph.order), *(chosen(graph, each) for each in (a, b, c))
    assert chosen(graph, f"({a}), ({b})") == chosen(graph, f"{a} or {b}") == left | right
    assert chosen(graph, f"({a}) and ({b})") == chosen(graph, f"({b}) & ({a})") == left & right
    assert chosen(graph, f"({a}), -({b})") == chosen(graph, f"({a}) and not ({b})") == left - right
    assert chosen(graph, f"-({a})") == chosen(graph, f"not ({a})") == everything - left
    assert chosen(graph, f"not not ({a})") == left
    assert chosen(graph, f"({a}) or ({b}) and ({c})") == left | (right & third)
    assert chosen(graph, f"({a}) and (({b}) or ({c}))") == chosen(graph, f"({a}) and ({b}) or ({a}) and ({c})")
    # De Morgan, both ways
    assert chosen(graph, f"not (({a}) or ({b}))") == chosen(graph, f"not ({a}) and not ({b})")
    assert chosen(graph, f"not (({a}) and ({b}))") == chosen(graph, f"not ({a}) or not ({b})")


@given(graphs(), st.data())
def test_upstream_and_downstream_are_two_words_for_one_edge(graph: Graph, data: st.DataObject) -> None:
    a, b = (data.draw(st.sampled_from(graph.order)) for _ in range(2))
    steps = data.draw(st.integers(0, 4))
    up, down = chosen(graph, f"+{a}"), chosen(graph, f"{a}+")
    assert up == {a} | graph.ancestors([a])
    assert down == {a} | graph.descendants([a])
    assert chosen(graph, f"+{a}+") == up | down
    assert (b in up) == (a in chosen(graph, f"{b}+"))
    assert (b in chosen(graph, f"{steps}+{a}")) == (a in chosen(graph, f"{b}+{steps}"))
    assert chosen(graph, f"1+{a}") == {a} | {e.upstream for e in graph.upstream(a)}
    assert chosen(graph, f"0+{a}") == {a}
    assert chosen(graph, f"99+{a}") == up
    assert chosen(graph, f"+({a}, {b})") == up | chosen(graph, f"+{b}")
    assert chosen(graph, "tag:odd, tag:even") == set(graph.order) if len({ord(k) % 2 for k in graph.order}) == 2 else 1


@given(st.text(max_size=12) | st.text('ab+,()&-"* :ortdn9', max_size=20))
def test_any_selection_is_answered_or_refused_in_words(text: str) -> None:
    graph = Graph([o.asset(key="a")(lambda: 1), o.asset(key="b", deps=["a"], tags=["t"])(lambda: 1)])
    with contextlib.suppress(TidegateError):
        assert select(graph, text)


@given(st.text(min_size=1, max_size=12))
def test_any_asset_can_be_named(name: str) -> None:
    try:
        graph = Graph([o.asset(key=name)(lambda: 1)])
    except TidegateError:
        return
    assert select(graph, quote(name)) == (name,)
