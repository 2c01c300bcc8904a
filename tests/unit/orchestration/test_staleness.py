"""What becomes of one address, rule by rule."""

from collections.abc import Callable

import pytest

import orchestration as o
from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, GateOutcome, StepStatus, VersionStatus
from orchestration.staleness import Action, Judgement, judge
from orchestration.state import AddressState, GateRecord, Snapshot, VersionRecord
from tests.support.core import NOW

DAYS = o.daily("2013-01-01")
KEYS = ("2013-01-01", "2013-01-02", "2013-01-03")
Outcomes = dict[Address, tuple[StepStatus, AssetKey | None]]


def at(asset: str, partition: str | None = None) -> Address:
    return Address(AssetKey(asset), partition)


def version(address: Address, data: str = "d1", *, held: bool = False, fingerprint: str = "f.f") -> VersionRecord:
    return VersionRecord(
        seq=1, id=f"{address}-{data}", address=address, run_id="r", materialized_at=NOW, data_version=data,
        status=VersionStatus.HELD if held else VersionStatus.PUBLISHED, fingerprint=fingerprint, format="json",
    )  # fmt: skip


def held(address: Address, published: VersionRecord | None = None, fingerprint: str = "f.f") -> AddressState:
    gate = GateRecord(materialization_id="m", outcome=GateOutcome.HELD, reasons=("null rate 50 %",), decided_at=NOW)
    return AddressState(published, version(address, "bad", held=True, fingerprint=fingerprint), gate)


def snapshot(**states: AddressState) -> Snapshot:
    made = Snapshot()
    for name, state in states.items():
        asset, _, day = name.partition("_")
        made.put(at(asset, KEYS[int(day) - 1] if day else None), state)
    return made


def pair(policy: str | None = None) -> Graph:
    up = o.asset(key="up", partitions=DAYS)(lambda: 1)
    on_hold = {"up": policy} if policy else None
    same = o.asset(key="same", partitions=DAYS, reads=on_hold)(lambda up: 1)
    return Graph([up, same, o.asset(key="all", reads=on_hold)(lambda up: 1)])


def ask(graph: Graph, address: Address, found: Snapshot, outcomes: Outcomes | None = None, **more: bool) -> Judgement:
    return judge(graph, address, found, "code", force=more.get("force", False), outcomes=outcomes)


D1 = at("same", KEYS[0])
UP1, UP2, UP3 = (at("up", key) for key in KEYS)


def test_never_materialized() -> None:
    judgement = ask(pair(), UP1, Snapshot())
    assert (judgement.action, judgement.reason) == (Action.RUN, "it was never materialized")


@pytest.mark.parametrize(
    ("state", "outcomes", "reason"),
    [
        (held(UP1), {}, f"{UP1} is held"),
        (held(UP1, version(UP1)), {}, f"{UP1} is held"),
        (AddressState(version(UP1)), {UP1: (StepStatus.FAILED, None)}, f"{UP1} failed"),
        (AddressState(version(UP1)), {UP1: (StepStatus.INTERRUPTED, None)}, f"{UP1} failed"),
        (AddressState(version(UP1)), {UP1: (StepStatus.BLOCKED, "root")}, f"{UP1} is blocked by root"),
        (AddressState(), {}, f"{UP1} was never published"),
    ],
)
def test_an_edge_that_waits_is_blocked(state: AddressState, outcomes: Outcomes, reason: str) -> None:
    judgement = ask(pair(), D1, snapshot(up_1=state), outcomes)
    assert (judgement.action, judgement.reason) == (Action.BLOCK, reason)
    assert judgement.blocked_by == ("root" if "root" in reason else "up")


def test_forcing_does_not_pass_a_held_upstream() -> None:
    assert ask(pair(), D1, snapshot(up_1=held(UP1)), force=True).action is Action.BLOCK


def test_use_published_reads_the_last_good_version_and_says_so() -> None:
    judgement = ask(pair("use_published"), D1, snapshot(up_1=held(UP1, version(UP1, "good"))))
    assert judgement.action is Action.RUN
    assert [v.data_version for _, versions in judgement.inputs for v in versions] == ["good"]
    assert KEYS[0] in judgement.note
    nothing = ask(pair("use_published"), D1, snapshot(up_1=held(UP1)))
    assert (nothing.action, nothing.reason) == (Action.BLOCK, "nothing of up is published")


def test_proceed_reads_the_held_version() -> None:
    judgement = ask(pair("proceed"), D1, snapshot(up_1=held(UP1, version(UP1, "good"))))
    assert [v.data_version for _, versions in judgement.inputs for v in versions] == ["bad"]
    assert judgement.note == ""


def test_all_to_one_goes_on_with_what_is_published() -> None:
    found = snapshot(up_1=AddressState(version(UP1)), up_2=held(UP2), up_3=AddressState(version(UP3)))
    judgement = ask(pair(), at("all"), found)
    assert judgement.action is Action.RUN
    assert [v.address for _, versions in judgement.inputs for v in versions] == [UP1, UP3]
    assert judgement.note.startswith("read 2 published partitions of up; 1 ")
    assert KEYS[1] in judgement.note


def test_all_to_one_names_what_was_blocked_before_it_was_ever_judged() -> None:
    found = snapshot(up_1=AddressState(version(UP1)))
    judgement = ask(pair(), at("all"), found, {UP2: (StepStatus.BLOCKED, AssetKey("root"))})
    assert judgement.action is Action.RUN
    assert KEYS[1] in judgement.note


def test_all_to_one_that_waits_is_blocked_by_one() -> None:
    found = snapshot(up_1=AddressState(version(UP1)), up_2=held(UP2))
    assert ask(pair("wait"), at("all"), found).reason == f"{UP2} is held"


def test_nothing_at_all_is_blocked() -> None:
    assert ask(pair(), at("all"), Snapshot()).action is Action.BLOCK


def one(asset: Asset) -> Callable[[AddressState], Judgement]:
    graph = Graph([asset])
    return lambda state: ask(graph, at(asset.key), snapshot(**{asset.key: state}))


def test_held_and_unchanged_stays_held_until_its_code_changes() -> None:
    asked = one(o.asset(key="a")(lambda: 1))
    fingerprint = asked(AddressState()).fingerprint
    stays = asked(held(at("a"), fingerprint=fingerprint))
    assert stays.action is Action.STAY_HELD
    assert "null rate 50 %" in stays.reason
    other = f"other.{fingerprint.partition('.')[2]}"
    assert asked(held(at("a"), fingerprint=other)).reason == "its code changed"
    code = fingerprint.partition(".")[0]
    assert asked(held(at("a"), fingerprint=f"{code}.other")).reason == "what it reads changed"


def test_a_held_version_that_was_thrown_away_is_made_again() -> None:
    asked = one(o.asset(key="a")(lambda: 1))
    fingerprint = asked(AddressState()).fingerprint
    state = AddressState(version(at("a"), fingerprint=fingerprint), None, held(at("a")).gate)
    assert asked(state).action is Action.RUN


def test_up_to_date_is_skipped_unless_forced() -> None:
    graph = Graph([o.asset(key="a")(lambda: 1)])
    fingerprint = ask(graph, at("a"), Snapshot()).fingerprint
    found = snapshot(a=AddressState(version(at("a"), fingerprint=fingerprint)))
    assert ask(graph, at("a"), found).action is Action.SKIP
    assert ask(graph, at("a"), found, force=True).reason == "it was asked to be made again, changed or not"


def test_explicit_code_versions_with_dots_and_great_length() -> None:
    graph = Graph([o.asset(key="a")(lambda: 1)])
    long = "1.2.3-" + "x" * 70
    old = judge(graph, at("a"), Snapshot(), long + "a", force=False).fingerprint
    found = snapshot(a=AddressState(version(at("a"), fingerprint=old)))
    judgement = judge(graph, at("a"), found, long + "b", force=False)
    assert (judgement.action, judgement.reason) == (Action.RUN, "its code changed")
    assert len(old) <= 80


@pytest.mark.parametrize("policy", ["use_published", "proceed"])
def test_an_order_alone_needs_no_data(policy: str) -> None:
    up = o.asset(key="up")(lambda: 1)
    graph = Graph([up, o.asset(key="after", deps=[up], reads={"up": policy})(lambda: 1)])
    assert ask(graph, at("after"), snapshot(up=held(at("up"))), None).action is Action.RUN


def test_what_reads_something_that_runs_says_that_it_may_be_skipped() -> None:
    graph, known = pair(), snapshot(up_1=AddressState(version(UP1)), same_1=AddressState(version(D1)))
    again = judge(graph, D1, known, "code", force=False, pending={UP1})
    assert again.action is Action.RUN
    assert again.reason == "up, which it reads, runs before it; it is skipped if that comes out unchanged"
    assert judge(graph, D1, known, "code", force=True, pending={UP1}).reason.startswith("it was asked to be made again")
    first = judge(graph, D1, snapshot(), "code", force=False, pending={UP1})
    assert first.reason == "it was never materialized"
