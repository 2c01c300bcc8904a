"""How a model reads what is held: what readers see, and nothing that they don't."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import orchestration as o
from orchestration.dbt.assets import DbtAssets, assets_of
from orchestration.dbt.manifest import read_manifest
from orchestration.errors import DefinitionError, UnknownName
from orchestration.graph import Graph
from orchestration.mapping import columns, last
from orchestration.model import Address, AssetKey, GateOutcome, VersionStatus
from orchestration.staleness import Action, Judgement, judge
from orchestration.state import AddressState, GateRecord, Snapshot, VersionRecord
from tests.support.core import NOW
from tests.support.manifests import manifest, model, source, written

MADE = o.asset(key="made")(lambda: 1)
BELOW = Address(AssetKey("below"), None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    said = manifest(
        source("python", "made"), source("raw", "others"), model("aside"), model("inside", materialized="view"),
        model("below", "model.shop.aside", "model.shop.inside", "source.shop.python.made", "source.shop.raw.others"),
    )  # fmt: skip
    return written(tmp_path / "shop", said)


def assets(folder: Path, **below: Any) -> DbtAssets:
    found = read_manifest(folder, {"python.made": AssetKey("made")})
    return assets_of(found, lambda node, tests: (), reads={"below": below} if below else None)


def record(upstream: str, data: str, *, held: bool = False) -> VersionRecord:
    return VersionRecord(
        seq=1, id=f"{upstream}-{data}", address=Address(AssetKey(upstream), None), run_id="r", materialized_at=NOW,
        data_version=data, status=VersionStatus.HELD if held else VersionStatus.PUBLISHED, fingerprint="f.f",
        format="table",
    )  # fmt: skip


def asked(
    folder: Path, upstream: str, *, outcome: GateOutcome = GateOutcome.HELD, good: bool = True, **below: Any
) -> Judgement:
    """What becomes of the model while an upstream of it is held for a fault in its column ``name``."""
    graph, found = Graph([MADE, *assets(folder, **below)]), Snapshot()
    for edge in graph.upstream(BELOW.asset):
        found.put(Address(edge.upstream, None), AddressState(record(edge.upstream, "good")))
    gate = GateRecord(
        materialization_id="m", outcome=outcome, reasons=("nulls",), decided_at=NOW, columns=("name",),
        expires_at=NOW + timedelta(hours=1) if outcome is GateOutcome.OPEN_BY_OVERRIDE else None,
    )  # fmt: skip
    published = record(upstream, "good") if good else None
    state = AddressState(published, record(upstream, "bad", held=True), gate)
    found.put(Address(AssetKey(upstream), None), state)
    return judge(graph, BELOW, found, "code", force=False)


def read(judgement: Judgement, upstream: str) -> str:
    (found,) = [
        version.data_version for edge, versions in judgement.inputs for version in versions if edge.upstream == upstream
    ]
    return found


@pytest.mark.parametrize("upstream", ["made", "aside", "inside"])
def test_it_waits_unless_something_else_is_said(folder: Path, upstream: str) -> None:
    judgement = asked(folder, upstream)
    assert (judgement.action, judgement.reason) == (Action.BLOCK, f"{upstream} is held")


@pytest.mark.parametrize("upstream", ["made", "aside"])
@pytest.mark.parametrize("said", ["use_published", columns("id")])
def test_of_what_is_published_apart_it_reads_the_last_good_version_and_says_so(
    folder: Path, upstream: str, said: object
) -> None:
    judgement = asked(folder, upstream, **{upstream: said})
    assert (judgement.action, read(judgement, upstream)) == (Action.RUN, "good")
    assert judgement.note == f"read {upstream} as last published"
    nothing = asked(folder, upstream, good=False, **{upstream: said})
    assert nothing.action is Action.BLOCK


@pytest.mark.parametrize("said", ["proceed", columns("id")])
def test_of_what_is_built_in_place_it_reads_the_held_version(folder: Path, said: object) -> None:
    judgement = asked(folder, "inside", inside=said)
    assert (judgement.action, read(judgement, "inside")) == (Action.RUN, "bad")


@pytest.mark.parametrize("upstream", ["made", "aside", "inside"])
def test_a_fault_in_a_column_that_it_reads_blocks_it(folder: Path, upstream: str) -> None:
    assert asked(folder, upstream, **{upstream: columns("id", "name")}).action is Action.BLOCK


@pytest.mark.parametrize(("upstream", "data"), [("made", "good"), ("aside", "good"), ("inside", "bad")])
def test_an_override_does_not_put_before_it_what_readers_do_not_see(folder: Path, upstream: str, data: str) -> None:
    judgement = asked(folder, upstream, outcome=GateOutcome.OPEN_BY_OVERRIDE)
    assert (judgement.action, read(judgement, upstream)) == (Action.RUN, data)
    assert ("as last published" in judgement.note) == (data == "good")


WRONG: list[tuple[Mapping[str, Any], type[Exception], str]] = [
    ({"aside": "proceed"}, DefinitionError, "below says on_hold='proceed' of aside, .*'use_published'"),
    ({"made": columns("a", on_hold="proceed")}, DefinitionError, "'proceed' of made"),
    ({"inside": "use_published"}, DefinitionError, "below says on_hold='use_published' of inside, .*'proceed'"),
    ({"raw.others": "use_published"}, DefinitionError, r"'use_published' of raw\.others"),
    ({"aside": last(3)}, DefinitionError, r"below: dbt reads aside as it stands, .*ob\.columns"),
    ({"aside": "perhaps"}, DefinitionError, "below: on_hold takes 'wait'"),
    ({"asid": "wait"}, UnknownName, "reads= of below: no upstream is called 'asid'; did you mean 'aside'"),
]


@pytest.mark.parametrize(("said", "error", "words"), WRONG)
def test_what_dbt_cannot_do_is_refused(
    folder: Path, said: Mapping[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Graph([MADE, *assets(folder, **said)])


def test_python_is_told_too_that_what_is_built_in_place_has_one_version(folder: Path) -> None:
    @o.asset(reads={"inside": "use_published"})
    def reader(inside: object) -> int:
        return 1

    with pytest.raises(DefinitionError, match="reader says on_hold='use_published' of inside"):
        Graph([MADE, *assets(folder), reader])
    after = o.asset(key="after", deps=["inside"], reads={"inside": "use_published"})(lambda: 1)
    assert "after" in Graph([MADE, *assets(folder), after]), "it reads nothing of it"


def test_names_and_shapes_that_are_wrong_are_named(folder: Path) -> None:
    found = read_manifest(folder, {"python.made": AssetKey("made")})
    with pytest.raises(UnknownName, match=r"reads= of .*shop: no asset is called 'belo'; did you mean 'below'"):
        assets_of(found, lambda node, tests: (), reads={"belo": {}})
    with pytest.raises(DefinitionError, match=r"reads= of below says how by upstream"):
        assets_of(found, lambda node, tests: (), reads={"below": "wait"})  # type: ignore[dict-item]
