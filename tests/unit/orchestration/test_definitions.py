"""What a user declares wrongly is said at once, with the nearest names."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import orchestration as o
from orchestration.assets import Asset
from orchestration.errors import CycleError, DefinitionError, DuplicateAsset, PartitionError, UnknownName, nearest
from orchestration.external import external
from orchestration.freshness import FreshnessStatus, duration
from orchestration.graph import Graph
from orchestration.model import OnHold
from orchestration.plan import make_plan
from orchestration.state import Snapshot

NOW = datetime(2013, 2, 9, 6, tzinfo=UTC)


def named(key: str, *deps: str, **more: object) -> Asset:
    return o.asset(key=key, deps=deps, **more)(lambda: 1)  # type: ignore[call-overload,no-any-return]


def test_a_cycle_names_its_assets() -> None:
    with pytest.raises(CycleError, match="nothing was run") as error:
        Graph([named("a", "c"), named("b", "a"), named("c", "b"), named("d", "a")])
    assert sorted(set(error.value.cycle)) == ["a", "b", "c"]
    with pytest.raises(CycleError, match="a -> a"):
        Graph([named("a", "a")])


def test_an_unknown_upstream_says_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"test_definitions.py:\d+: below reads 'flihgts'.*did you mean 'flights'"):
        Graph([named("flights"), named("below", "flihgts")])


def test_of_an_enum_the_words_are_said() -> None:
    assert nearest("proced", OnHold) == "; did you mean 'proceed'?"
    assert "<" not in nearest("maybe", OnHold)


def test_two_of_one_name() -> None:
    with pytest.raises(DuplicateAsset, match="'a' is defined twice"):
        Graph([named("a"), named("a")])


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "x" * 201, "a,b", "a+b", "*"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(DefinitionError):
        named(name)


@pytest.mark.parametrize("function", [lambda *args: 1, lambda **more: 1, 7, eval("lambda a, /: 1"), named("already")])
def test_functions_that_can_not_be_assets(function: object) -> None:
    with pytest.raises(DefinitionError):
        o.asset(key="a")(function)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {"owners": "ops@example.com"},
        {"tags": "pii"},
        {"reads": {"nobody": "wait"}},
        {"deps": ["b"], "reads": {"b": "never"}},
        {"code_version": "x" * 81},
    ],
)
def test_options_that_can_not_be_meant(more: dict[str, object]) -> None:
    with pytest.raises(DefinitionError):
        o.asset(key="a", **more)(lambda: 1)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"group": 5}, "a: group is said in words; write '5' in place of 5"),
        ({"group": "raw\u202e"}, r"a: group has 'raw\\u202e', with marks that nobody sees"),
        ({"owners": "ops@example.com"}, r"a: owners takes a list; write owners=\['ops@example.com'\]"),
        ({"owners": ["ana\u202ebob"]}, r"a: owners has 'ana\\u202ebob', with marks that nobody sees"),
        ({"tags": 5}, r"a: tags takes a list; write tags=\[\.\.\.\]"),
        ({"tags": [5]}, "a: tags is said in words; write '5' in place of 5"),
        ({"code_version": 5}, "a: code_version is a text; write code_version='5'"),
        ({"run": "x"}, r"a: run= takes ob.RunPolicy\(retries=2\) and the like, not 'x'"),
    ],
)
@pytest.mark.parametrize(
    "declare",
    [
        lambda more: o.asset(key="a", **more)(lambda: 1),
        lambda more: o.sql_asset("a", "select 1", **more),
        lambda more: o.multi_asset(["a"], **more)(lambda: 1),
    ],
)
def test_options_of_another_kind_say_what_to_write(
    declare: Callable[[dict[str, object]], object], more: dict[str, object], says: str
) -> None:
    with pytest.raises(DefinitionError, match=says):
        declare(more)


def test_one_asset_alone_is_no_list_of_what_comes_before() -> None:
    with pytest.raises(DefinitionError, match=r"b: deps takes a list; write deps=\['a'\]"):
        o.asset(key="b", deps=named("a"))(lambda: 1)  # type: ignore[call-overload]


@pytest.mark.parametrize("declare", [o.asset(key="a", freshness="4h"), o.source(key="a", freshness="4h")])  # type: ignore[call-overload]
def test_a_length_of_time_is_no_policy_of_freshness(declare: Callable[[Callable[[], int]], Asset]) -> None:
    """It would only be found out by whoever decides what is due: of all assets, as none could be decided on."""
    with pytest.raises(DefinitionError, match=r"a: freshness= takes ob.FreshnessPolicy\(max_age='4h'\)"):
        declare(lambda: 1)


def test_what_others_make_is_declared_as_well() -> None:
    with pytest.raises(DefinitionError, match=r"partitions= takes ob\.daily"):
        external("a", partitions="daily")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="freshness= takes"):
        external("a", freshness=4)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="a: group is said in words"):
        external("a", group=5)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="a: owners takes a list"):
        external("a", owners=5)  # type: ignore[arg-type]


def test_a_source_reads_nothing() -> None:
    with pytest.raises(DefinitionError, match="can't have assets upstream"):
        o.source(key="s")(lambda flights: 1)


def test_sql_that_is_no_template() -> None:
    with pytest.raises(DefinitionError, match="line 1"):
        o.sql_asset("a", "select {{ from")


def test_what_a_declaration_says() -> None:
    @o.asset(deps=["b", "c"], reads={"b": "proceed"}, tags=["x"])
    def made(context: o.Context, b: "pd.DataFrame") -> int:  # type: ignore[name-defined]  # noqa: F821
        """A sentence."""
        return 1

    assert [(d.upstream, d.parameter, d.on_hold) for d in made.dependencies] == [
        ("b", "b", OnHold.PROCEED),
        ("c", None, None),
    ]
    assert (made.takes_context, made.description, made.dependencies[0].wants) == (True, "A sentence.", "pd.DataFrame")


def test_partitions_that_are_cut_differently() -> None:
    with pytest.raises(DefinitionError, match=r"cut differently.*reads=\{'a': ob.all_partitions\(\)\}"):
        Graph([named("a", partitions=o.static("EU")), named("b", "a", partitions=o.daily("2013-01-01"))])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("2013-02-30", "isn't a daily partition"),
        ("20130208", "isn't a daily partition"),
        ("2012-12-31", "there is no partition"),
        ("2013-02-08..2013-02-07", "runs backwards"),
        ("2013-02-08..", "isn't a partition or a range"),
        ("", "isn't a partition or a range"),
        ("2013-02-10", "has not begun"),
        (None, "say which: --partition 2013-02-08"),
    ],
)
def test_partitions_that_are_none(asked: str | None, says: str) -> None:
    graph = Graph([named("a", partitions=o.daily("2013-01-01"))])
    with pytest.raises(PartitionError, match=says):
        make_plan(graph, "*", asked, Snapshot(), {graph.order[0]: "1"}, NOW)


def test_a_partition_for_what_has_none() -> None:
    graph = Graph([named("a")])
    with pytest.raises(PartitionError, match="none of the selected assets is partitioned"):
        make_plan(graph, "*", "2013-02-08", Snapshot(), {graph.order[0]: "1"}, NOW)


def test_partitioned_assets_are_walked_day_by_day() -> None:
    days = o.daily("2013-01-01")
    graph = Graph([named("a", partitions=days), named("b", "a", partitions=days), named("c", "b"), named("s")])
    plan = make_plan(graph, "*", "2013-01-01..2013-01-02", Snapshot(), dict.fromkeys(graph.order, "1"), NOW)
    assert [str(step.address) for step in plan.steps] == [
        "s", "a 2013-01-01", "b 2013-01-01", "a 2013-01-02", "b 2013-01-02", "c",
    ]  # fmt: skip


def test_lengths_of_time() -> None:
    policy = o.FreshnessPolicy(max_age="26h", warn_at="20h")
    ages = {FreshnessStatus.PASSED: 20, FreshnessStatus.WARNED: 26, FreshnessStatus.FAILED: 27}
    for status, hours in ages.items():
        assert policy.status(NOW - duration(f"{hours}h"), NOW) is status
    assert policy.status(None, NOW) is FreshnessStatus.UNKNOWN
    for text in ("", "26", "h", "-1h", "9" * 30 + "w"):
        with pytest.raises(DefinitionError):
            duration(text)


def test_the_end_of_the_calendar() -> None:
    with pytest.raises(PartitionError, match="end of the calendar"):
        o.daily("2013-01-01").interval("9999-12-31")


def test_planning_five_thousand_assets_is_quick() -> None:
    import time

    assets = [named(f"a{n}", *(f"a{m}" for m in (n - 1, n // 2) if 0 <= m < n)) for n in range(5000)]
    began = time.process_time()
    graph = Graph(assets)
    plan = make_plan(graph, "*", None, Snapshot(), dict.fromkeys(graph.order, "1"), NOW)
    assert len(plan.steps) == 5000
    assert time.process_time() - began < 2.0
