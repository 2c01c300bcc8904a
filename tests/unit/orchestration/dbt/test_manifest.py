"""What a manifest says becomes nodes, edges and tests; what it can't say is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.assets import asset
from orchestration.dbt.assets import assets_of
from orchestration.dbt.manifest import read_manifest
from orchestration.dbt.model import Manifest, Materialized, Publication, Test
from orchestration.errors import ManifestError, UnknownName
from orchestration.graph import Graph
from orchestration.model import AssetKey, AssetKind, OnHold
from tests.support.manifests import Entry, generic, manifest, model, seed, singular, snapshot, source, written


def read(folder: Path, *nodes: Entry, sources: dict[str, AssetKey] | None = None, **parts: Any) -> Manifest:
    return read_manifest(written(folder, manifest(*nodes, **parts)), sources)


def test(found: Manifest, name: str) -> Test:
    return next(one for one in found.tests if one.name == name)


test.__test__ = False  # type: ignore[attr-defined]


def test_models_seeds_snapshots_and_sources_are_nodes_and_nothing_else_is(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        source("raw", "orders"),
        seed("countries"),
        model("stg", "source.shop.raw.orders", materialized="view"),
        snapshot("history", "model.shop.stg"),
        {**model("look"), "unique_id": "analysis.shop.look", "resource_type": "analysis"},
        {**model("hook"), "unique_id": "operation.shop.hook", "resource_type": "operation"},
        disabled={"model.shop.old": [model("old")]},
    )
    kinds = {node.key: node.materialized for node in found.nodes.values()}
    assert kinds == {
        "countries": Materialized.SEED, "stg": Materialized.VIEW, "history": Materialized.SNAPSHOT,
        "raw.orders": Materialized.SOURCE,
    }  # fmt: skip


def test_an_ephemeral_model_hands_on_what_it_reads(tmp_path: Path) -> None:
    found = read(
        tmp_path, model("a"), model("b"),
        model("inner", "model.shop.a", materialized="ephemeral"),
        model("outer", "model.shop.inner", "model.shop.b", materialized="ephemeral"),
        model("mart", "model.shop.outer", "model.shop.a"),
        generic("not_null_inner", "model.shop.inner"),
    )  # fmt: skip
    assert found.nodes["model.shop.mart"].depends_on == ("model.shop.a", "model.shop.b")
    assert test(found, "not_null_inner").node == "model.shop.a"


def test_what_an_ephemeral_model_says_is_code_of_its_readers(tmp_path: Path) -> None:
    def version(text: str) -> str:
        inner = model("inner", materialized="ephemeral", checksum={"name": "sha256", "checksum": text})
        found = read(tmp_path, inner, model("mart", "model.shop.inner"))
        return found.nodes["model.shop.mart"].code_version

    assert version("one") != version("two")
    assert version("one") == version("one")


def test_a_macro_of_the_project_is_code_and_dbts_own_are_not(tmp_path: Path) -> None:
    def version(text: str, package: str) -> str:
        macro = {"macro_sql": text, "package_name": package, "depends_on": {"macros": []}}
        reader = model("mart", depends_on={"nodes": [], "macros": ["macro.x"]})
        return read(tmp_path, reader, macros={"macro.x": macro}).nodes["model.shop.mart"].code_version

    assert version("one", "shop") != version("two", "shop")
    assert version("one", "dbt") == version("two", "dbt")
    assert version("one", "dbt_duckdb") == version("two", "dbt_duckdb")


def test_a_large_seed_is_known_by_its_file(tmp_path: Path) -> None:
    def version(text: str) -> str:
        (tmp_path / "big.csv").write_text(text, encoding="utf-8")
        checksum = {"name": "path", "checksum": "big.csv"}
        found = read(tmp_path, seed("big", checksum=checksum, original_file_path="big.csv"))
        return found.nodes["seed.shop.big"].code_version

    assert version("a\n1") != version("a\n2")


def test_versions_of_a_model_and_equal_names_of_packages_are_told_apart(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        *(model("dim", version=n, latest_version=2, unique_id=f"model.shop.dim.v{n}") for n in (1, 2)),
        model("orders"),
        model("orders", package="lib"),
        model("only_there", package="lib"),
    )
    assert {id_: node.key for id_, node in found.nodes.items()} == {
        "model.shop.dim.v1": "dim_v1", "model.shop.dim.v2": "dim_v2", "model.shop.orders": "orders",
        "model.lib.orders": "lib.orders", "model.lib.only_there": "only_there",
    }  # fmt: skip


def test_group_owner_tags_description_and_columns_come_along(tmp_path: Path) -> None:
    column = {"id": {"name": "id", "description": "The  key.\n"}}
    owned = {"g": {"name": "finance", "owner": {"email": "fin@example.com", "name": "Fin"}}}
    said = model("m", group="finance", tags=["pii"], description="What\nit is.", columns=column, meta={"owner": "eve"})
    node = read(tmp_path, said, groups=owned).nodes["model.shop.m"]
    assert (node.group, node.owners, node.tags) == ("finance", ("fin@example.com", "eve"), ("pii", "dbt"))
    assert (node.description, dict(node.columns)) == ("What it is.", {"id": "The key."})


def test_a_test_belongs_to_the_last_of_what_it_reads(tmp_path: Path) -> None:
    found = read(
        tmp_path, source("raw", "orders"), model("a", "source.shop.raw.orders"), model("b", "model.shop.a"),
        model("other"),
        generic("a_in_b", "model.shop.a", "model.shop.b"),
        generic("a_in_other", "model.shop.a", "model.shop.other"),
        singular("whole", "model.shop.a", "model.shop.other"),
        generic("of_source", "source.shop.raw.orders"),
    )  # fmt: skip
    assert test(found, "a_in_b").node == "model.shop.b"
    assert test(found, "a_in_other").node == "model.shop.a"
    assert test(found, "of_source").node == "source.shop.raw.orders"
    assert found.nodes["model.shop.a"].after == ("model.shop.other",)
    assert found.nodes["model.shop.a"].depends_on == ("source.shop.raw.orders",)


def test_tests_that_point_at_each_other_make_no_cycle(tmp_path: Path) -> None:
    found = read(
        tmp_path, model("a"), model("b"),
        generic("a_in_b", "model.shop.a", "model.shop.b"), generic("b_in_a", "model.shop.b", "model.shop.a"),
    )  # fmt: skip
    made = assets_of(found, lambda node, tests: ())
    assert set(Graph(made).order) == {"a", "b"}


def test_a_test_keeps_its_severity_and_thresholds(tmp_path: Path) -> None:
    found = read(
        tmp_path, model("a"),
        generic("soft", "model.shop.a", severity="warn"),
        generic("some", "model.shop.a", severity="error", warn_if=">0", error_if=">10", column="id"),
    )  # fmt: skip
    assert test(found, "soft").is_warning
    some = test(found, "some")
    assert (some.is_warning, some.warn_if, some.error_if) == (False, ">0", ">10")


def test_unit_tests_are_tests_of_their_model(tmp_path: Path) -> None:
    unit = {"name": "adds_up", "depends_on": {"nodes": ["model.shop.a"]}, "fqn": ["shop", "adds_up"]}
    found = read(tmp_path, model("a"), unit_tests={"unit_test.shop.a.adds_up": unit})
    assert test(found, "adds_up").node == "model.shop.a"


def test_two_tests_of_one_name_on_one_node_are_told_apart(tmp_path: Path) -> None:
    twin = {**generic("same", "model.shop.a"), "unique_id": "test.lib.same"}
    found = read(tmp_path, model("a"), generic("same", "model.shop.a"), twin)
    assert {one.name for one in found.tests} == {"shop.same", "lib.same"}


@pytest.mark.parametrize(
    ("freshness", "field", "expected"),
    [
        ({"warn_after": {"count": 12, "period": "hour"}, "error_after": {"count": 1, "period": "day"}}, "at", "12h 1d"),
        ({"warn_after": {"count": 30, "period": "minute"}, "error_after": {}}, "at", "None 30m"),
        ({"warn_after": {"count": None, "period": None}}, "at", None),
        ({"error_after": {"count": 1, "period": "day"}}, "cast(at as timestamp)", None),
        (None, "at", None),
    ],
)
def test_freshness_of_a_source(
    tmp_path: Path, freshness: dict[str, object] | None, field: str, expected: str | None
) -> None:
    node = read(tmp_path, source("raw", "o", freshness=freshness, loaded_at_field=field)).nodes["source.shop.raw.o"]
    policy = node.freshness
    assert (None if policy is None else f"{policy.warn_at} {policy.max_age}") == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Publication.STAGED),
        ({"post-hook": ["grant select"]}, Publication.AFTER_BUILD),
        ({"grants": {"select": ["eve"]}}, Publication.AFTER_BUILD),
        ({"indexes": [{"columns": ["a"]}]}, Publication.AFTER_BUILD),
        ({"materialized": "view"}, Publication.AFTER_BUILD),
        ({"materialized": "incremental"}, Publication.AFTER_BUILD),
        ({"materialized": "external"}, Publication.AFTER_BUILD),
    ],
)
def test_what_is_more_than_its_rows_is_built_in_place(
    tmp_path: Path, config: dict[str, object], expected: Publication
) -> None:
    assert read(tmp_path, model("a", config=config)).nodes["model.shop.a"].publication is expected


def test_a_model_that_looks_at_itself_is_built_in_place(tmp_path: Path) -> None:
    said = model("a", raw_code="select * from {{ this }}")
    assert read(tmp_path, said).nodes["model.shop.a"].publication is Publication.AFTER_BUILD


def test_a_source_that_an_asset_makes_is_that_asset(tmp_path: Path) -> None:
    found = read(
        tmp_path, source("py", "scores"), model("mart", "source.shop.py.scores"),
        generic("of_scores", "source.shop.py.scores"), sources={"py.scores": AssetKey("scores")},
    )  # fmt: skip
    (mart,) = assets_of(found, lambda node, tests: tuple(tests))
    assert [needed.upstream for needed in mart.dependencies] == ["scores"]
    assert [one.name for one in mart.attachments if isinstance(one, Test)] == ["of_scores"]


def test_a_source_that_is_not_declared_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"py\.scroes.*did you mean 'py.scores'"):
        read(tmp_path, source("py", "scores"), sources={"py.scroes": AssetKey("scores")})


def test_assets_wait_for_what_they_read_and_go_on_beside_what_only_a_test_reads(tmp_path: Path) -> None:
    said = {
        "x": {"name": "board", "type": "dashboard", "depends_on": {"nodes": ["model.shop.b"]}, "owner": {"name": "E"}}
    }
    found = read(
        tmp_path, model("a"), model("other"), model("b", "model.shop.a"),
        generic("b_in_other", "model.shop.b", "model.shop.other"), exposures=said,
    )  # fmt: skip
    made = {asset.key: asset for asset in assets_of(found, lambda node, tests: ())}
    assert {asset.kind for asset in made.values()} == {AssetKind.DBT}
    assert made[AssetKey("b")].consumers == ("dashboard board (E)",)
    on_hold = {edge.upstream: edge.on_hold for edge in Graph(made.values()).upstream(AssetKey("b"))}
    assert on_hold == {"a": OnHold.WAIT, "other": OnHold.USE_PUBLISHED}


def test_a_test_across_a_python_asset_makes_no_cycle(tmp_path: Path) -> None:
    found = read(
        tmp_path, source("py", "usual"), model("daily"), model("late", "source.shop.py.usual"),
        generic("daily_in_late", "model.shop.daily", "model.shop.late"), sources={"py.usual": AssetKey("usual")},
    )  # fmt: skip

    @asset
    def usual(daily: object) -> None: ...

    assert found.nodes["model.shop.daily"].after == ("model.shop.late",)
    assert Graph([*assets_of(found, lambda node, tests: ()), usual]).order == ("daily", "usual", "late")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no .*manifest.json; nothing was loaded; run dbt parse"),
        ('{"metadata": {', "isn't whole JSON"),
        ("[]", "no manifest of dbt's"),
        (json.dumps(manifest(schema="https://schemas.getdbt.com/dbt/manifest/v20.json")), "v20.json.*v12 is known"),
        (json.dumps(manifest(schema="")), r"\(none\)"),
        (
            json.dumps({**manifest(), "nodes": {"model.shop.a": {"resource_type": "model"}}}),
            "doesn't say what its schema",
        ),
        (json.dumps({**manifest(), "nodes": 3}), "doesn't say what its schema"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why_and_what_to_do(tmp_path: Path, content: str | None, said: str) -> None:
    written(tmp_path, manifest())
    file = tmp_path / "target" / "manifest.json"
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    with pytest.raises(ManifestError, match=said) as told:
        read_manifest(tmp_path)
    assert "nothing was loaded" in str(told.value)
    assert "dbt parse" in str(told.value)
