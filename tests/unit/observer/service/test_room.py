"""Which queued runs have room in limited pools beside those that run."""

import orchestration as o
from observer.service.room import room_beside
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.run_policy import RunPolicy
from orchestration.run_request import RunRequest


def _asset(key: str, *deps: str, pool: str | None = None) -> o.Asset:
    def make() -> int:
        return 1

    make.__name__ = key
    return o.asset(deps=deps, run=RunPolicy(pool=pool))(make)


GRAPH = Graph([_asset("a", pool="api"), _asset("b", "a", pool="api"), _asset("free")])


def wants(*keys: str, partitions: tuple[str, ...] | None = ("p",), upstream: bool = True) -> RunRequest:
    return RunRequest(
        due_key="k", assets=tuple(AssetKey(key) for key in keys), partitions=partitions, reason="", asked_by="",
        upstream=upstream,
    )  # fmt: skip


def test_without_limits_there_is_room() -> None:
    assert room_beside([wants("b")] * 9, GRAPH, {})(wants("b"))


def test_a_run_has_room_where_no_other_counts() -> None:
    has_room = room_beside([wants("free")], GRAPH, {"api": 1})
    assert has_room(wants("b"))
    assert has_room(wants("b", partitions=("p..q",)))


def test_runs_share_what_both_may_need_at_once() -> None:
    beside = room_beside([wants("a")], GRAPH, {"api": 2})
    assert beside(wants("a"))
    assert not beside(wants("b")), "it may make a, too"
    assert beside(wants("b", upstream=False))
    assert not beside(wants("a", partitions=("p", "q"))), "two of them at once"
    assert not beside(wants("a", partitions=None))
    assert beside(wants("free"))


def test_an_asset_that_is_gone_takes_no_room() -> None:
    assert room_beside([wants("gone")], GRAPH, {"api": 1})(wants("a"))
