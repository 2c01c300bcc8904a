"""A foreign project of a hundred models: every node and edge as dbt itself lists them, in less than a second."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

import observer as ob
from observer.loading import define
from orchestration.dbt.assets import DbtAssets
from tests.support.dbt import dbt
from tests.support.large_dbt import large_project

pytestmark = pytest.mark.slow
_KEYS = ("unique_id", "resource_type", "depends_on", "config", "tags")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, parsed by the real dbt."""
    return large_project(tmp_path_factory.mktemp("large") / "shop")


@pytest.fixture(scope="module")
def listed(project: Path) -> dict[str, dict[str, Any]]:
    """What ``dbt ls`` says, by id; it writes the manifest, too."""
    lines = dbt(project, "--quiet", "ls", "--output", "json", "--output-keys", *_KEYS).splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return {one["unique_id"]: one for one in found}


@pytest.fixture(scope="module")
def loaded(project: Path, listed: dict[str, dict[str, Any]]) -> DbtAssets:
    return ob.dbt_assets(project)


def standing_for(listed: dict[str, dict[str, Any]], id_: str) -> set[str]:
    """A node, or what an ephemeral one reads."""
    if listed[id_]["config"].get("materialized") != "ephemeral":
        return {id_}
    return {found for above in listed[id_]["depends_on"]["nodes"] for found in standing_for(listed, above)}


def test_every_node_and_edge_is_as_dbt_lists_it(loaded: DbtAssets, listed: dict[str, dict[str, Any]]) -> None:
    kinds = {"model", "seed", "snapshot", "source"}
    wanted = {
        id_: {
            found for above in (one.get("depends_on") or {}).get("nodes", ()) for found in standing_for(listed, above)
        }
        for id_, one in listed.items()
        if one["resource_type"] in kinds and one["config"].get("materialized") != "ephemeral"
    }
    assert len(wanted) > 100
    assert {id_: set(node.depends_on) for id_, node in loaded.manifest.nodes.items()} == wanted
    assert {id_ for id_, one in listed.items() if one["resource_type"] == "test"} == {
        test.id for test in loaded.manifest.tests
    }
    tags = {id_: set(listed[id_]["tags"]) | {"dbt"} for id_ in wanted}
    assert {id_: set(node.tags) for id_, node in loaded.manifest.nodes.items()} == tags


def test_it_is_a_graph_and_every_test_is_a_check_that_comes_after_all_that_it_reads(
    loaded: DbtAssets, listed: dict[str, dict[str, Any]]
) -> None:
    definitions = define(loaded, ())
    assert len(definitions.graph) == len(loaded.manifest.nodes)
    assert sum(map(len, definitions.checks.values())) == len(loaded.manifest.tests)
    keys = {id_: node.key for id_, node in loaded.manifest.nodes.items()}
    for test in loaded.manifest.tests:
        there = {keys[test.node], *definitions.graph.ancestors({keys[test.node]})}
        read = {
            keys[found] for above in listed[test.id]["depends_on"]["nodes"] for found in standing_for(listed, above)
        }
        assert read <= there, f"{test.id} would look at what isn't made yet"


def test_it_loads_in_less_than_a_second(project: Path, loaded: DbtAssets) -> None:
    def took() -> float:
        began = time.process_time()
        define(ob.dbt_assets(project), ())
        return time.process_time() - began

    assert min(took() for _ in range(3)) < 1.0
