"""Where boxes stand: none over another, every edge at its ends, the same graph in the same places."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.figures.layered import BOX_HEIGHT, BOX_WIDTH, Edge, Layout, layered


def overlapping(layout: Layout) -> list[tuple[int, int]]:
    return [
        (a, b)
        for (a, (x, y)), (b, (u, v)) in combinations(enumerate(layout.corners), 2)
        if abs(x - u) < BOX_WIDTH and abs(y - v) < BOX_HEIGHT
    ]


def assert_sound(number: int, edges: tuple[Edge, ...]) -> Layout:
    layout = layered(number, edges)
    assert len(layout.corners) == number
    assert overlapping(layout) == []
    for (up, down), line in zip(edges, layout.lines, strict=True):
        (x, y), (u, v) = layout.corners[up], layout.corners[down]
        sides = (x, x + BOX_WIDTH), (u, u + BOX_WIDTH)
        assert line[0][0] in sides[0]
        assert line[-1][0] in sides[1]
        assert (line[0][1], line[-1][1]) == (y + BOX_HEIGHT / 2, v + BOX_HEIGHT / 2)
        assert len(line) % 2 == 0  # from side to side, and along each lane
        assert all(0 <= y <= layout.height for _, y in line)
    for x, y in layout.corners:
        assert 0 <= x <= layout.width - BOX_WIDTH
        assert 0 <= y <= layout.height - BOX_HEIGHT
    return layout


GRAPHS = st.integers(1, 24).flatmap(
    lambda number: st.tuples(
        st.just(number),
        st.lists(
            st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)).filter(lambda ends: ends[0] != ends[1]),
            unique=True, max_size=50,
        ).map(tuple),
    )
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(GRAPHS)
def test_any_graph_also_one_with_cycles_is_laid_out_soundly(graph: tuple[int, tuple[Edge, ...]]) -> None:
    number, edges = graph
    layout = assert_sound(number, edges)
    layered.cache_clear()
    assert layered(number, edges) == layout


def test_what_is_read_stands_left_of_what_reads_it() -> None:
    edges = ((0, 1), (1, 2), (2, 3), (0, 3))
    layout = assert_sound(4, edges)
    assert [x for x, _ in layout.corners] == sorted(x for x, _ in layout.corners)
    passing = layout.lines[3]
    assert len(passing) == 6  # a lane in each of the two layers between
    for box in (1, 2):
        x, y = layout.corners[box]
        assert not [point for point in passing if x <= point[0] <= x + BOX_WIDTH and y < point[1] < y + BOX_HEIGHT]


def test_a_chain_is_a_straight_line() -> None:
    layout = assert_sound(5, ((0, 1), (1, 2), (2, 3), (3, 4)))
    assert {y for _, y in layout.corners} == {0.0}


def test_crossings_that_need_not_be_are_taken_out() -> None:
    edges = ((0, 5), (1, 4), (2, 3))
    layout = assert_sound(6, edges)
    order = [
        sorted(range(3), key=lambda n: layout.corners[n][1]),
        sorted(range(3, 6), key=lambda n: layout.corners[n][1]),
    ]
    assert [dict(edges)[up] for up in order[0]] == order[1]


def test_what_is_tied_to_nothing_stands_below_in_a_grid() -> None:
    layout = assert_sound(9, ((0, 1),))
    lowest = max(layout.corners[0][1], layout.corners[1][1])
    assert all(layout.corners[node][1] > lowest + BOX_HEIGHT for node in range(2, 9))


@pytest.mark.parametrize("edges", [400, 2000])
def test_as_many_as_are_ever_drawn(edges: int) -> None:
    draw = random.Random(9)
    pairs = {tuple(sorted(draw.sample(range(150), 2))) for _ in range(edges)}
    assert_sound(150, tuple((up, down) for up, down in sorted(pairs)))


def test_nothing_at_all() -> None:
    assert layered(0, ()) == Layout(0.0, 0.0, (), ())
