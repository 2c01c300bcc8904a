"""Laws that hold for every graph, selection, calendar and change."""

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import orchestration as o
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.graph import Graph
from orchestration.model import Address
from orchestration.plan import partition_range
from tests.support.core import Core, close_states

DAYS = o.daily("2000-01-01")


@st.composite
def edges(draw: st.DrawFn, most: int = 8) -> dict[str, list[str]]:
    """A graph without cycles: each asset reads some of those before it, in names that say nothing of the order."""
    names = draw(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=most, unique=True))
    return {name: draw(st.lists(st.sampled_from(names[:n]), unique=True)) if n else [] for n, name in enumerate(names)}


def build(wanted: dict[str, list[str]], codes: dict[str, str] | None = None) -> list[Asset]:
    def one(name: str, deps: list[str]) -> Asset:
        code = (codes or {}).get(name, "1")
        return o.asset(key=name, deps=deps, code_version=code)(lambda: f"{name} {code}")

    return [one(name, deps) for name, deps in sorted(wanted.items())]


@given(edges())
def test_upstream_comes_first_in_order_and_in_plans(wanted: dict[str, list[str]]) -> None:
    graph = Graph(build(wanted))
    assert sorted(graph.order) == sorted(wanted)
    place = {key: n for n, key in enumerate(graph.order)}
    assert all(place[up] < place[name] for name, deps in wanted.items() for up in deps)


@given(edges(), st.data())
def test_a_partitioned_plan_has_every_step_once_and_upstream_first(
    wanted: dict[str, list[str]], data: st.DataObject
) -> None:
    from orchestration.plan import make_plan
    from orchestration.state import Snapshot

    whole = data.draw(st.sets(st.sampled_from(sorted(wanted))))
    # What reads an asset without partitions may have some; what reads a partitioned one may have none.
    assets = [
        o.asset(key=name, deps=deps, code_version="1", partitions=None if name in whole else DAYS)(lambda: 1)
        for name, deps in wanted.items()
    ]
    graph = Graph(assets)
    asked = None if whole >= set(wanted) else "2000-01-01..2000-01-03"
    plan = make_plan(graph, "*", asked, Snapshot(), dict.fromkeys(graph.order, "1"), datetime(2020, 1, 1, tzinfo=UTC))
    place = {step.address: n for n, step in enumerate(plan.steps)}
    assert len(place) == len(plan.steps) == sum(1 if name in whole else 3 for name in wanted)
    for address, n in place.items():
        for edge in graph.upstream(address.asset):
            before = [
                a
                for a in place
                if a.asset == edge.upstream
                and (a.partition is None or address.partition is None or a.partition == address.partition)
            ]
            assert before
            assert all(place[a] < n for a in before)


@given(st.text(max_size=12) | st.dates().map(str))
def test_a_key_is_one_or_is_refused(text: str) -> None:
    days = o.daily("2013-01-01", end="2013-12-31")
    try:
        assert days.check(text) == text
    except PartitionError:
        return
    assert date(2013, 1, 1) <= date.fromisoformat(text) <= date(2013, 12, 31)
    assert days.between(text, text) == (text,)


@given(st.text(max_size=30))
def test_a_range_is_one_or_is_refused(text: str) -> None:
    try:
        first, last = partition_range(text) or ("", "")
    except PartitionError:
        return
    assert first
    assert last


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edges(most=6), st.data())
def test_a_change_makes_exactly_its_descendants_again(wanted: dict[str, list[str]], data: st.DataObject) -> None:
    """The data says its code version and all that it reads, so a change goes through to the end."""
    changed = data.draw(st.sampled_from(sorted(wanted)))

    def story(codes: dict[str, str]) -> list[Asset]:
        def one(name: str, deps: list[str]) -> Asset:
            function = eval(f"lambda {', '.join(deps)}: [{name!r}, {codes.get(name, '1')!r}, {', '.join(deps)}]")
            return o.asset(key=name, code_version=codes.get(name, "1"))(function)

        return [one(name, deps) for name, deps in wanted.items()]

    with tempfile.TemporaryDirectory() as folder:
        core = Core(Path(folder), story({}))
        assert set(core.statuses().values()) == {"published"}
        assert set(core.statuses().values()) == {"skipped"}
        again = core.again(story({changed: "2"}))
        planned = {str(s.address) for s in again.plan().steps if s.action.value == "run"}
        ran = {name for name, status in again.statuses().items() if status == "published"}
        assert ran == {changed} | again.graph.descendants([again.graph.asset(changed).key]) == planned
        assert set(again.statuses().values()) == {"skipped"}
        close_states()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edges(most=6), st.data())
def test_a_held_asset_blocks_exactly_what_waits_for_it(wanted: dict[str, list[str]], data: st.DataObject) -> None:
    bad = data.draw(st.sampled_from(sorted(wanted)))
    with tempfile.TemporaryDirectory() as folder:
        core = Core(Path(folder), build(wanted), hold={bad})
        found = core.statuses()
        blocked = {name for name, status in found.items() if status == "blocked"}
        assert blocked == set(core.graph.blocked_by(core.graph.asset(bad).key))
        assert blocked == core.graph.descendants([core.graph.asset(bad).key])
        assert found[bad] == "held"
        assert {found[name] for name in wanted if name != bad and name not in blocked} <= {"published"}
        assert core.io is not None
        assert core.io.pointer(Address(core.graph.asset(bad).key)) is None
        close_states()
