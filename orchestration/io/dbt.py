"""The IO manager of a dbt project: dbt makes its nodes where they lie, and their versions are kept beside them.

Which database that is dbt's own profile says, so it is asked when it is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.dbt.invoke import Dbt, Target
from orchestration.dbt.model import Build
from orchestration.dbt.settings import DbtSettings
from orchestration.errors import DbtError, StorageError
from orchestration.io.base import Pointer, StagedData, StoredVersion
from orchestration.io.warehouse import Warehouse
from orchestration.model import Address, AssetKey

if TYPE_CHECKING:
    from orchestration.io.dbt_tables import DbtTables

_PATIENCE_S = 30.0
_LINGERS_S = 0.05
"""A version's transactions come within it, all but those that dbt's build lies between."""


class DbtIOManager:
    """Implements :class:`orchestration.io.base.IOManager` for the nodes of one dbt project, and for nothing else."""

    def __init__(self, project: Path, settings: DbtSettings, orders: Mapping[AssetKey, Build] | None = None) -> None:
        """``orders`` are those of the project's assets, for looking again at what was built."""
        self._dbt, self._orders = Dbt(project, settings), dict(orders or {})
        self._opened: DbtTables | None = None
        self._opening = threading.Lock()

    @property
    def target(self) -> Target:
        """Where the nodes lie, by dbt's own profile; raises DbtError."""
        return self._dbt.target

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        if not isinstance(value, Build):
            raise StorageError(
                f"{address}: a {type(value).__name__} is no node of dbt's, and this IO manager has dbt make them; "
                "nothing was published and readers keep what they had; keep the asset with another IO manager"
            )
        return self._tables().stage_node(address, version, value, self._dbt)

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        raise StorageError(f"{address}: a query is kept with another IO manager; dbt's keeps dbt's nodes")

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        return self._tables().relation(versions)

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        return self._tables().load(versions, wants, one=one)

    def look(self, version: StoredVersion) -> object:
        """The version where it lies, with what dbt's tests say of it now."""
        return self._tables().look_at(version, self._orders[version.address.asset], self._dbt)

    def publish(self, address: Address, version: str, token: int) -> None:
        self._tables().publish(address, version, token)

    def pointer(self, address: Address) -> Pointer | None:
        return self._tables().pointer(address)

    def has(self, address: Address, version: str) -> bool:
        return self._tables().has(address, version)

    def versions(self, address: Address) -> tuple[str, ...]:
        return self._tables().versions(address)

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        return self._tables().sweep(address, keep)

    def drop(self, address: Address) -> None:
        self._tables().drop(address)

    def close(self) -> None:
        """End dbt's process and give connections back; the next use begins again."""
        self._dbt.close()
        if self._opened is not None:
            self._opened.close()

    def _tables(self) -> DbtTables:
        with self._opening:
            if self._opened is None:
                from orchestration.io.dbt_tables import DbtTables

                target = self._dbt.target
                self._opened = DbtTables(_warehouse(self._dbt.project, target), target.schema)
            return self._opened


def _warehouse(project: Path, target: Target) -> Warehouse:
    """The target's database by the client of its kind; raises DbtError where there is none."""
    if target.kind == "duckdb":
        from orchestration.io.duckdb_file import DuckDBWarehouse

        path = str(target.settings.get("path") or ":memory:")
        if path.startswith((":memory:", "md:", "motherduck:")):
            raise DbtError(
                f"dbt's target {target.name} keeps its data in {path.split(':')[0] or 'memory'}, where no other "
                "process finds it; nothing was run; give it a path= in profiles.yml"
            )
        return DuckDBWarehouse((project / path).resolve(), _PATIENCE_S, _LINGERS_S)
    if target.kind == "postgres":
        from orchestration.io.postgres import postgres_warehouse

        return postgres_warehouse(_address(target))
    raise DbtError(
        f"dbt's target {target.name} is of kind {target.kind!r}, and duckdb and postgres are known; nothing was run; "
        "where dbt runs elsewhere, its artifacts can be read: tidegate ingest dbt"
    )


def _address(target: Target) -> str:
    from sqlalchemy import URL

    given = target.settings
    host = str(given.get("host") or "")
    query = {name: str(given[name]) for name in ("sslmode", "sslrootcert", "sslcert", "sslkey") if given.get(name)}
    if host.startswith("/"):  # the folder of a socket
        query["host"], host = host, ""
    return URL.create(
        "postgresql+psycopg", username=given.get("user"), password=given.get("password"), host=host or None,
        port=given.get("port"), database=target.database, query=query,
    ).render_as_string(hide_password=False)  # fmt: skip
