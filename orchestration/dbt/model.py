"""What a dbt project says, as records: nodes, sources, tests and exposures, and what became of a run of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from orchestration.dbt.settings import AS_IT_IS, DbtOptions
from orchestration.freshness import FreshnessPolicy
from orchestration.io.base import SqlRelation
from orchestration.model import AssetKey


class Materialized(StrEnum):
    """What dbt makes of a node, as far as it matters here; anything else is a materialization of somebody's own."""

    TABLE = "table"
    SEED = "seed"
    VIEW = "view"
    INCREMENTAL = "incremental"
    SNAPSHOT = "snapshot"
    SOURCE = "source"
    OTHER = "other"


class Publication(StrEnum):
    """When readers see what dbt has made."""

    STAGED = "staged"  # built aside, judged, then put in place
    AFTER_BUILD = "after build"  # built in place, then judged: readers see it at once, what is downstream waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A model, seed, snapshot or source that becomes an asset.

    ``depends_on`` are the ids of the nodes that it reads, ephemeral ones replaced by what they read. ``after`` are
    those that only a test of it reads.
    """

    id: str
    key: AssetKey
    materialized: Materialized
    depends_on: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    group: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    freshness: FreshnessPolicy | None = None
    loaded_at: str | None = None
    checksum: str = ""
    code_version: str = ""
    file: str = ""
    publication: Publication = Publication.AFTER_BUILD

    @property
    def is_source(self) -> bool:
        return self.materialized is Materialized.SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test: it belongs to the node ``node``, the last of those that it reads; ``column`` where it is about one."""

    __test__ = False  # pytest would collect it

    id: str
    name: str
    node: str
    is_warning: bool
    description: str = ""
    column: str | None = None
    warn_if: str = "!= 0"
    error_if: str = "!= 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Something outside that consumes nodes: a dashboard, a notebook, an application."""

    name: str
    kind: str
    depends_on: tuple[str, ...]
    owner: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says of one project."""

    project: str
    root: Path
    dbt_version: str
    adapter: str
    nodes: Mapping[str, Node]
    tests: tuple[Test, ...]
    exposures: tuple[Exposure, ...]
    handed_in: Mapping[str, AssetKey]  # sources that assets of the project make, by their ids

    @property
    def keys(self) -> Mapping[str, AssetKey]:
        """The asset of each node, those that are made elsewhere in the project among them, by id."""
        return {**{id_: node.key for id_, node in self.nodes.items()}, **self.handed_in}

    def tests_of(self, node: str) -> tuple[Test, ...]:
        """The tests that belong to a node."""
        return tuple(test for test in self.tests if test.node == node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An order to make one node, which the IO manager of its project carries out where the data is."""

    project: Path
    node: Node
    tests: tuple[Test, ...] = ()
    options: DbtOptions = AS_IT_IS


class ResultStatus(StrEnum):
    """How dbt ended a node or a test."""

    SUCCESS = "success"
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIPPED = "skipped"
    PARTIAL_SUCCESS = "partial success"
    NO_OP = "no-op"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What dbt says of one node or test of a run; ``failures`` are a test's failing rows."""

    id: str
    status: ResultStatus
    message: str = ""
    failures: int | None = None
    compile_s: float | None = None
    execute_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtRelation(SqlRelation):
    """A relation that dbt has built, with what dbt's own tests said of it, by their ids."""

    results: Mapping[str, Result] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtRecord:
    """What dbt's artifacts say of a node that was built elsewhere: its tests' results, and how old a source was."""

    results: Mapping[str, Result]
    age_s: float | None = None
    why_no_age: str | None = None
