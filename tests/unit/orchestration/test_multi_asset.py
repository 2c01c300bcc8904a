"""One function, several assets: one call, and a verdict and a publication each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

import orchestration as o
from orchestration.assets import Asset
from orchestration.errors import DefinitionError, UnknownName
from orchestration.multi_assets import MultiAsset
from orchestration.run_policy import RunPolicy
from orchestration.tables import versions
from tests.support.core import Core, said

DAYS = o.daily("2013-01-01")


class Shop:
    """Orders and refunds from one call, whose calls are counted, and what reads them."""

    def __init__(self, *, subsettable: bool = False, code: str = "1", **policy: object) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.returns: Callable[[o.Context], object] = lambda context: {name: [name] for name in context.outputs}

        @o.multi_asset(["orders", "refunds"], subsettable=subsettable, code_version=code, run=RunPolicy(**policy))  # type: ignore[arg-type]
        def shop(context: o.Context) -> object:
            self.calls.append(tuple(context.outputs))
            return self.returns(context)

        @o.asset(code_version="1")
        def after_orders(orders: list[str]) -> list[str]:
            return [*orders, "after"]

        @o.asset(code_version="1")
        def after_refunds(refunds: list[str]) -> list[str]:
            return [*refunds, "after"]

        self.shop = shop
        self.after = (after_orders, after_refunds)

    @property
    def assets(self) -> tuple[Asset, ...]:
        return (*self.shop, *self.after)


def test_one_call_makes_each_asset(tmp_path: Path) -> None:
    shop = Shop()
    core = Core(tmp_path, shop.assets)
    assert set(core.statuses().values()) == {"published"}
    assert shop.calls == [("orders", "refunds")]
    assert (core.read("orders"), core.read("refunds")) == (["orders"], ["refunds"])
    assert core.read("after_refunds") == ["refunds", "after"]
    assert set(core.statuses().values()) == {"skipped"}


def test_each_is_held_alone(tmp_path: Path) -> None:
    shop = Shop()
    core = Core(tmp_path, shop.assets, hold={"refunds"})
    assert core.statuses() == {
        "orders": "published", "refunds": "held", "after_orders": "published", "after_refunds": "blocked",
    }  # fmt: skip
    assert core.versions("refunds") == ["held"]
    assert len(shop.calls) == 1


def test_a_selection_of_one_brings_those_it_is_made_with(tmp_path: Path) -> None:
    core = Core(tmp_path, Shop().assets)
    assert core.statuses("orders") == {"orders": "published", "refunds": "published"}


def test_a_subset_is_made_alone(tmp_path: Path) -> None:
    shop = Shop(subsettable=True)
    core = Core(tmp_path, shop.assets)
    assert core.statuses("after_refunds") == {"refunds": "published", "after_refunds": "published"}
    assert shop.calls == [("refunds",)]
    assert core.statuses()["refunds"] == "skipped"
    assert shop.calls[1:] == [("orders",)]


def test_what_would_be_skipped_is_made_with_the_other_and_says_so(tmp_path: Path) -> None:
    """Refunds were thrown away: orders, which are up to date, are made again with them in the one call."""
    shop = Shop()
    core = Core(tmp_path, shop.assets)
    core.run()
    with core.engine.begin() as connection:
        connection.execute(delete(versions).where(versions.c.asset == "refunds"))
    plan = core.plan("refunds")
    assert {s.address.asset: s.reason for s in plan.steps} == {
        "orders": "it is made together with refunds", "refunds": "it was never materialized",
    }  # fmt: skip
    assert core.statuses("refunds") == {"orders": "published", "refunds": "published"}
    assert len(shop.calls) == 2


def test_of_a_subset_what_is_up_to_date_stays(tmp_path: Path) -> None:
    shop = Shop(subsettable=True)
    core = Core(tmp_path, shop.assets, hold={"refunds"})
    core.run()
    core.hold.clear()
    assert core.statuses("refunds", force=True) == {"refunds": "published"}
    assert shop.calls == [("orders", "refunds"), ("refunds",)]


def test_pairs_are_written_as_they_come(tmp_path: Path) -> None:
    shop, staged = Shop(), []
    core = Core(tmp_path, shop.assets)
    stage = core.io.stage  # type: ignore[union-attr]
    core.io.stage = lambda address, version, value: (staged.append(address.asset), stage(address, version, value))[1]  # type: ignore[union-attr,method-assign]

    def pairs(context: o.Context) -> Iterator[tuple[str, object]]:
        yield "refunds", [1]
        assert staged == ["refunds"]
        yield "orders", [2]

    shop.returns = pairs
    assert core.statuses("orders") == {"orders": "published", "refunds": "published"}
    assert core.read("orders") == [2]


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ({"orders": [1]}, "gave no 'refunds'"),
        ({"orders": [1], "refund": [1]}, "gave 'refund', which it was not asked for; did you mean 'refunds'?"),
        ([1, 2], "returned a list; return {name: data} with orders, refunds"),
        (None, "returned a NoneType"),
        ({"orders": [1], "refunds": None}, "returned None"),
    ],
)
def test_what_is_wrong_with_a_result_is_said_and_nothing_is_left(returned: object, words: str, tmp_path: Path) -> None:
    shop = Shop()
    shop.returns = lambda context: returned
    core = Core(tmp_path, shop.assets)
    run = core.run()
    assert said(run) == {"orders": "failed", "refunds": "failed", "after_orders": "blocked", "after_refunds": "blocked"}
    errors = [step.error or "" for step in run.steps if step.asset in ("orders", "refunds")]
    assert all(words in error and "readers keep what they had" in error for error in errors)
    assert core.versions("orders") == []
    assert core.io is not None
    assert all(core.io.versions(step.address) == () for step in run.steps)
    assert core.leases_held() == 0


def test_a_pair_twice_and_a_pair_that_is_none() -> None:
    from orchestration.errors import AssetError
    from orchestration.outputs import by_name

    for pairs, words in ([("a", 1), ("a", 2)], "twice"), ([3], "yielded a int"), ([("a",)], "yielded a tuple"):
        with pytest.raises(AssetError, match=words):
            list(by_name((pair for pair in pairs), ["a"], (), str))


def test_a_failed_call_is_tried_again_whole(tmp_path: Path) -> None:
    shop = Shop(retries=1, backoff="1ms")
    tries = iter([RuntimeError("no"), {"orders": [1], "refunds": [2]}])

    def returned(context: o.Context) -> object:
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    shop.returns = returned
    core = Core(tmp_path, shop.assets)
    assert set(core.statuses().values()) == {"published"}
    assert shop.calls == [("orders", "refunds")] * 2


def test_each_partition_is_one_call(tmp_path: Path) -> None:
    calls: list[str] = []

    @o.multi_asset(["left", "right"], partitions=DAYS, code_version="1")
    def both(context: o.Context) -> dict[str, str]:
        calls.append(context.partition)
        return {"left": context.partition, "right": context.partition}

    core = Core(tmp_path, both)
    statuses = core.statuses("*", "2013-01-01..2013-01-03")
    assert set(statuses.values()) == {"published"}
    assert len(statuses) == 6
    assert calls == ["2013-01-01", "2013-01-02", "2013-01-03"]


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: o.multi_asset("orders"), "write outputs="),
        (lambda: o.multi_asset([]), "at least one"),
        (lambda: o.multi_asset(["a"], run=RunPolicy(batch=2)), "leave batch="),
        (lambda: o.multi_asset({"a": 1}), "is an output"),  # type: ignore[dict-item]
        (lambda: o.multi_asset(["a", "b"])(lambda a: 1), "can't read it"),
        (lambda: o.multi_asset(["a,b"]), "can't name an asset"),
    ],
)
def test_what_can_t_be_declared(declare: Callable[[], object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        declare()


def test_its_assets_by_name() -> None:
    both: MultiAsset = o.multi_asset(["a", "b"])(lambda: {"a": 1, "b": 2})
    assert both() == {"a": 1, "b": 2}
    assert [asset.key for asset in both] == ["a", "b"]
    assert len(both) == 2
    with pytest.raises(UnknownName, match="did you mean"):
        both["aa"]
