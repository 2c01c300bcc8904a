"""Which partitions an edge reads, what it does while one is held, and what a plan makes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

import orchestration as o
from orchestration.assets import Asset
from orchestration.errors import DefinitionError, PartitionError
from orchestration.graph import Edge, Graph
from orchestration.mapping import Read
from orchestration.model import OnHold
from orchestration.partitions import Partitions
from orchestration.plan import make_plan
from orchestration.state import Snapshot
from tests.support.core import Core

NOW = datetime(2013, 2, 9, 6, 30, tzinfo=UTC)
DAYS, HOURS, MONTHS = o.daily("2013-01-01"), o.hourly("2013-01-01"), o.monthly("2013-01")
REGIONS = o.static("EU", "US")
BOTH = o.multi(region=REGIONS, day=DAYS)
HOURLY_BOTH = o.multi(region=REGIONS, hour=HOURS)
TOWNS = o.multi(town=o.dynamic("towns"), day=DAYS)


def named(key: str, *deps: str, **more: object) -> Asset:
    return o.asset(key=key, deps=deps, code_version="1", **more)(lambda: 1)  # type: ignore[call-overload,no-any-return]


def edge(up: Partitions | None, down: Partitions | None, read: Read | str | None = None) -> Edge:
    reads = None if read is None else {"up": read}
    return Graph([named("up", partitions=up), named("down", "up", partitions=down, reads=reads)]).upstream("down")[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("up", "down", "read", "key", "keys", "single"),
    [
        (None, None, None, None, [None], True),
        (None, DAYS, None, "2013-02-08", [None], True),
        (DAYS, DAYS, None, "2013-02-08", ["2013-02-08"], True),
        (DAYS, o.daily("2013-02-01"), None, "2013-02-08", ["2013-02-08"], True),
        (DAYS, None, None, None, ["2013-02-01", "2013-02-02"], False),
        (DAYS, DAYS, o.last(3), "2013-01-02", ["2013-01-01", "2013-01-02"], False),
        (DAYS, DAYS, o.last(1, offset=1), "2013-02-08", ["2013-02-07"], True),
        (DAYS, None, o.last(1), None, ["2013-02-02"], False),
        (DAYS, MONTHS, o.last(2), "2013-01", ["2013-01-30", "2013-01-31"], False),
        (MONTHS, DAYS, None, "2013-02-08", ["2013-02"], True),
        (DAYS, HOURS, None, "2013-02-08T07:00", ["2013-02-08"], True),
        (MONTHS, o.weekly("2013-01-01"), None, "2013-01-28", ["2013-01", "2013-02"], False),
        (DAYS, o.daily("2013-01-01", timezone="Asia/Tokyo"), None, "2013-02-08", ["2013-02-07", "2013-02-08"], False),
        (DAYS, DAYS, o.all_partitions(), "2013-02-08", ["2013-02-01", "2013-02-02"], False),
        (REGIONS, REGIONS, None, "EU", ["EU"], True),
        (REGIONS, BOTH, None, "day=2013-02-08|region=US", ["US"], True),
        (DAYS, BOTH, None, "day=2013-02-08|region=US", ["2013-02-08"], True),
        (MONTHS, BOTH, None, "day=2013-02-08|region=US", ["2013-02"], True),
        (BOTH, DAYS, None, "2013-02-08", ["day=2013-02-08|region=EU", "day=2013-02-08|region=US"], False),
        (BOTH, BOTH, o.last(1, offset=1), "day=2013-02-08|region=EU", ["day=2013-02-07|region=EU"], True),
        (BOTH, HOURLY_BOTH, None, "hour=2013-02-08T07:00|region=US", ["day=2013-02-08|region=US"], True),
        (DAYS, REGIONS, o.mapped(lambda key: ["2013-02-02", "2013-02-01"]), "EU", ["2013-02-02", "2013-02-01"], False),
        (REGIONS, None, o.mapped(lambda key: "EU", single=True), None, ["EU"], True),
    ],
)  # fmt: skip
def test_what_is_read(
    up: Partitions, down: Partitions, read: Read, key: str | None, keys: Sequence[str | None], single: bool
) -> None:
    found = edge(up, down, read)
    assert list(found.mapping.upstream(key, ("2013-02-01", "2013-02-02"))) == keys
    assert found.mapping.is_single is single
    assert found.on_hold is (OnHold.WAIT if single else OnHold.USE_PUBLISHED)


def test_a_month_reads_its_days() -> None:
    assert len(edge(DAYS, MONTHS).mapping.upstream("2013-02", ())) == 28
    assert len(edge(HOURS, DAYS).mapping.upstream("2013-02-08", ())) == 24


def test_every_key_of_a_dimension_that_is_added_to() -> None:
    mapping = edge(TOWNS, DAYS).mapping.bound(lambda name: ("Ulm", "Bonn"))
    assert mapping.upstream("2013-02-08", ()) == ("day=2013-02-08|town=Ulm", "day=2013-02-08|town=Bonn")
    by_region = edge(BOTH, REGIONS).mapping
    assert by_region.needs_known
    assert by_region.upstream("EU", ["day=2013-02-08|region=US"]) == ("day=2013-02-08|region=EU",)


@pytest.mark.parametrize(
    ("read", "on_hold"),
    [
        (o.last(7, on_hold="wait"), OnHold.WAIT),
        ("proceed", OnHold.PROCEED),
        (OnHold.USE_PUBLISHED, OnHold.USE_PUBLISHED),
        (o.all_partitions(on_hold="proceed"), OnHold.PROCEED),
    ],
)
def test_an_edge_can_say_otherwise(read: Read | str, on_hold: OnHold) -> None:
    assert edge(DAYS, DAYS, read).on_hold is on_hold


@pytest.mark.parametrize(
    ("up", "down", "read", "says"),
    [
        (REGIONS, DAYS, None, "isn't plain"),
        (REGIONS, o.static("EU"), None, "isn't plain"),
        (o.dynamic("a"), o.dynamic("b"), None, "isn't plain"),
        (BOTH, o.multi(region=o.static("X"), day=DAYS), None, "isn't plain"),
        (None, DAYS, o.last(2), "up has no partitions; leave it out"),
        (None, None, o.all_partitions(), "has no partitions"),
        (REGIONS, REGIONS, o.last(2), "counts in time"),
        (REGIONS, None, o.last(2), "counts in time"),
        (BOTH, None, o.last(2), "isn't plain"),
        (DAYS, BOTH, o.last(2), "isn't plain"),
    ],
)
def test_what_is_not_plain_is_refused_where_it_is_declared(
    up: Partitions, down: Partitions, read: Read, says: str
) -> None:
    with pytest.raises(DefinitionError, match=says):
        edge(up, down, read)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: o.last(0),
        lambda: o.last(True),
        lambda: o.last(1, offset=-1),
        lambda: o.last(1, on_hold="never"),
        lambda: o.mapped("2013-02-08"),  # type: ignore[arg-type]
        lambda: named("a", "b", reads={"b": 7}),
        lambda: named("a", "b", reads={"c": o.last(7)}),
    ],
)
def test_what_can_not_be_declared(declare: object) -> None:
    with pytest.raises(DefinitionError):
        declare()  # type: ignore[operator]


def test_functions_that_name_what_is_none() -> None:
    for function, says in (
        (lambda key: "2012-12-31", "no partition 2012-12-31"),
        (lambda key: 1 / 0, "ZeroDivisionError"),
        (lambda key: [], "named 0 partitions"),
    ):
        mapping = edge(DAYS, DAYS, o.mapped(function, single=True)).mapping  # type: ignore[arg-type]
        with pytest.raises(PartitionError, match=says):
            mapping.upstream("2013-02-08", ())


def planned(assets: list[Asset], selection: str, asked: str | None, towns: tuple[str, ...] = ()) -> list[str]:
    graph, snapshot = Graph(assets), Snapshot()
    snapshot.put_keys({"towns": towns})
    plan = make_plan(graph, selection, asked, snapshot, dict.fromkeys(graph.order, "1"), NOW)
    return [str(step.address) for step in plan.steps]


def test_a_plan_makes_what_the_selected_read() -> None:
    flights = named("flights", partitions=DAYS)
    week = named("week", "flights", partitions=DAYS, reads={"flights": o.last(3)})
    assert planned([flights, week], "week", "2013-02-08") == [
        "flights 2013-02-06", "flights 2013-02-07", "flights 2013-02-08", "week 2013-02-08",
    ]  # fmt: skip
    assert planned([flights, week], "*", "2013-02-08") == ["flights 2013-02-08", "week 2013-02-08"]
    assert planned([flights, week], "week", "2013-01-01") == ["flights 2013-01-01", "week 2013-01-01"]


def test_a_plan_over_several_calendars() -> None:
    assets = [named("d", partitions=DAYS), named("m", "d", partitions=MONTHS), named("h", "m", partitions=HOURS)]
    month = planned(assets, "m", "2013-02")
    assert month == [*(f"d 2013-02-{n:02}" for n in range(1, 10)), "m 2013-02"], "what has not begun is left out"
    assert planned(assets, "*", "2013-02-09") == [
        "d 2013-02-09",
        "m 2013-02",
        *(f"h 2013-02-09T0{n}:00" for n in range(7)),
    ]
    assert planned(assets, "h", "2013-02-09T05:00")[-2:] == ["m 2013-02", "h 2013-02-09T05:00"]


def test_a_plan_over_dimensions_and_names() -> None:
    rates, sales = named("rates", partitions=REGIONS), named("sales", "rates", partitions=BOTH)
    total = named("total", "sales", partitions=DAYS)
    assert planned([rates, sales, total], "*", "day=2013-02-08|region=US") == [
        "rates US", "sales day=2013-02-08|region=US", "total 2013-02-08",
    ]  # fmt: skip
    assert planned([rates, sales, total], "total", "2013-02-08") == [
        "rates EU", "rates US", "sales day=2013-02-08|region=EU", "sales day=2013-02-08|region=US", "total 2013-02-08",
    ]  # fmt: skip
    assert planned([rates, named("report", "rates")], "report", None) == ["rates EU", "rates US", "report"]
    assert planned([rates], "*", "*") == ["rates EU", "rates US"]
    with pytest.raises(PartitionError, match="say which: --partition US"):
        planned([rates], "rates", None)
    with pytest.raises(PartitionError, match="plan it apart"):
        planned([rates, named("d", partitions=DAYS)], "*", "2013-02-08")


def test_a_plan_over_what_was_added() -> None:
    visits, report = named("visits", partitions=o.dynamic("towns")), named("report", "visits")
    assert planned([visits, report], "report", None, ("Ulm", "Bonn")) == ["visits Ulm", "visits Bonn", "report"]
    assert planned([visits, report], "visits", "Bonn", ("Ulm", "Bonn")) == ["visits Bonn"]
    with pytest.raises(PartitionError, match="no partition Rome: the partitions are dynamic 'towns': Ulm"):
        planned([visits, report], "visits", "Rome", ("Ulm",))


def test_reading_ahead_waits_for_the_whole_of_the_other() -> None:
    ahead = o.mapped(lambda day: "2013-01-02", single=True)
    assets = [named("a", partitions=DAYS), named("b", "a", partitions=DAYS, reads={"a": ahead})]
    assert planned(assets, "*", "2013-01-01..2013-01-02") == [
        "a 2013-01-01", "a 2013-01-02", "b 2013-01-01", "b 2013-01-02",
    ]  # fmt: skip


def test_planning_ten_thousand_partitions_is_quick() -> None:
    import time

    days = o.daily("1980-01-01", timezone="America/New_York")
    assets = [named("a", partitions=days), named("b", "a", partitions=days, reads={"a": o.last(7)}), named("c", "b")]
    began = time.process_time()
    assert len(planned(assets, "*", "1980-01-01..2007-05-18")) == 20_001
    assert time.process_time() - began < 2.0


def test_names_are_made_and_held_like_days(tmp_path: Path) -> None:
    sales = o.asset(key="sales", partitions=REGIONS)(lambda context: context.partition)
    core = Core(tmp_path, [sales, o.asset(key="total")(lambda sales: sorted(sales))])
    assert core.statuses("*", "EU") == {"sales EU": "published", "total": "published"}
    (step,) = (s for s in core.plan("total").steps if str(s.address) == "sales US")
    assert step.reason == "it was never materialized"
    assert core.statuses("total")["sales US"] == "published"
    assert core.statuses("total") == {"sales EU": "skipped", "sales US": "skipped", "total": "skipped"}
    assert core.read("total") == ["EU", "US"]
