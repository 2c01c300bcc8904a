"""Versions of dbt's nodes as tables of the target's own database, and as the relations that dbt builds in place.

<target's schema>.<model>                    what readers see: dbt's own relations
tidegate_<target's schema>.v_<hash>          versions that were built aside, where dbt can be pointed there

A version that was built in place is there until the next one is built over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, Table

from orchestration.dbt.invoke import Built, Dbt
from orchestration.dbt.model import Build, DbtRelation, Node, Publication, ResultStatus
from orchestration.errors import AssetError, StorageError
from orchestration.io import columns as arrow_columns
from orchestration.io.base import ELSEWHERE, OBSERVED, StagedData, StoredVersion
from orchestration.io.dbt_published import DbtPublished, places_table
from orchestration.io.registry import Kept, table_name
from orchestration.io.sql import PARTITION_COLUMN, SqlIOManager
from orchestration.io.tables import Shape, present, shape_of
from orchestration.io.version_reads import FORMAT, VersionReads, saying
from orchestration.io.warehouse import Session, Warehouse
from orchestration.model import Address, Declared, Scalar

if TYPE_CHECKING:
    import pyarrow as pa

_IN_PLACE = "in place "
"""How the data version of what was built in place begins."""
_KEPT = "nothing was published and readers keep what they had"
_GOOD = frozenset({ResultStatus.SUCCESS, ResultStatus.NO_OP, ResultStatus.PASS})


class DbtTables(SqlIOManager):
    """The versions of one dbt project's nodes in one database."""

    def __init__(self, warehouse: Warehouse, schema: str) -> None:
        super().__init__(warehouse, schema=schema)
        self._relations = DbtPublished(
            warehouse=warehouse, registry=self._registry, schema=schema, partition_column=PARTITION_COLUMN,
            places=places_table(str(self._versions_schema)),
        )  # fmt: skip
        self._published = self._relations

    def stage_node(self, address: Address, version: str, order: Build, dbt: Dbt) -> StagedData:
        """Have dbt build a node: aside where it can be, else in place; and run its tests on what it has built."""
        if order.node.is_source:
            return self._observed(address, order, self._build(dbt, order, None))
        if order.node.publication is Publication.STAGED:
            return self._aside(address, version, order, dbt)
        return self._in_place(address, version, order, dbt)

    def look_at(self, version: StoredVersion, order: Build, dbt: Dbt) -> DbtRelation:
        """A stored version, with what its tests say of it now."""
        _refuse_elsewhere(version)
        kept, like = self._reads.found(version)
        if _is_in_place(version.data_version):
            place, table = None, self._place_of(version.address)
        else:
            place, table = (str(self._versions_schema), kept.table), self._named(kept.table)
        return self._dbt_relation(version.address, table, kept, like, self._build(dbt, order, place, only_test=True))

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        (version,) = versions
        _refuse_elsewhere(version)
        with self._warehouse.away():  # whoever asked for it may open the file next
            if not _is_in_place(version.data_version):
                return super().load(versions, wants, one=one)
            kept, like = self._reads.found(version)
            place = self._place_of(version.address)
            table = self._reads_at(place).rows_of(version.address, replace(kept, table=place.name), like)
        return table.to_reader() if shape_of(wants) is Shape.READER else present(table, wants)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        (version,) = versions
        _refuse_elsewhere(version)
        if not _is_in_place(version.data_version):
            return super().relation(versions)
        self._reads.found(version)
        return self._text(self._place_of(version.address))

    def publish(self, address: Address, version: str, token: int) -> None:
        if not self._lies_in_place(address, version):
            super().publish(address, version, token)
            return
        with saying("publishing", address), self._writing() as session:
            session.alone(f"tidegate {address.asset}")
            if self._may_publish(session, address, version, token):
                self._registry.point(session, address, version, token, self._registry.lock(session, address))

    def _build(self, dbt: Dbt, order: Build, place: tuple[str, str] | None, *, only_test: bool = False) -> Built:
        with self._warehouse.away():
            return dbt.build(order, place, only_test=only_test)

    def _aside(self, address: Address, version: str, order: Build, dbt: Dbt) -> StagedData:
        with self._staging(address, version):
            with self._writing() as session:
                self._registry.announce(session, address, version)
            built = self._build(dbt, order, (str(self._versions_schema), table_name(address, version)))
            self._refuse_failed(address, order.node, built, dbt)
            return self._sealed(address, version, order, built, self._table(address, version))

    def _in_place(self, address: Address, version: str, order: Build, dbt: Dbt) -> StagedData:
        with self._staging(address, version):
            with self._writing() as session:
                self._registry.announce(session, address, version)
                gone = self._relations.overwrite(session, address, _IN_PLACE)
            built = self._build(dbt, order, None)
            try:
                self._refuse_failed(address, order.node, built, dbt)
            except AssetError:  # dbt has left the relation as it was
                with self._writing() as session:
                    self._relations.put_back(session, address, gone)
                raise
            table = Table(built.place.name, MetaData(), schema=built.place.schema)
            return self._sealed(address, version, order, built, table)

    def _sealed(self, address: Address, version: str, order: Build, built: Built, table: Table) -> StagedData:
        """Note what was built, and hand it to the gate."""
        is_aside = table.schema == self._versions_schema
        with self._writing() as session:
            like, digest, rows = self._looked_at(session, address, table)
            data_version = digest if is_aside else f"{_IN_PLACE}{digest}"
            self._relations.put(session, address.asset, built.place)
            self._seal(session, address, version, like, data_version, rows)
            kept = Kept(
                version=version, table=table.name, data_version=data_version, rows=rows,
                arrow=arrow_columns.remember(like), whole=True,
            )  # fmt: skip
            declared = {**_described(order.node), **self._relations.declared(session, address)}
        return StagedData(
            format=FORMAT, data_version=data_version, rows=rows, bytes=None, declared=declared,
            data=self._dbt_relation(address, table, kept, like, built), metadata=_told(order.node, built),
        )  # fmt: skip

    def _observed(self, address: Address, order: Build, built: Built) -> StagedData:
        table = Table(built.place.name, MetaData(), schema=built.place.schema)
        with saying("observing", address), self._reading() as session:
            like, digest, rows = self._looked_at(session, address, table)
        kept = Kept(
            version="", table=table.name, data_version=digest, rows=rows, arrow=arrow_columns.remember(like), whole=True
        )
        return StagedData(
            format=OBSERVED, data_version=digest, rows=rows, bytes=0, declared=_described(order.node),
            data=self._dbt_relation(address, table, kept, like, built), metadata=_told(order.node, built),
        )  # fmt: skip

    def _looked_at(self, session: Session, address: Address, table: Table) -> tuple[pa.Table, str, int]:
        """Its columns, the hash of its content, and its rows."""
        types = session.catalogue(table)
        if not types:
            raise AssetError(
                f"{address}: there is no relation {self._text(table)} in {self._warehouse.name}; {_KEPT}; make it, or "
                "see that dbt's target is the right one"
            )
        like = session.described(table)
        arrow_columns.columns_of(like.schema, self._warehouse.able.keeping)
        content = session.digest(table)
        digest = hashlib.sha256(f"{sorted(types.items())!r}\n{content}".encode()).hexdigest()
        return like, digest, int(content.partition(":")[0])

    def _dbt_relation(self, address: Address, table: Table, kept: Kept, like: pa.Table, built: Built) -> DbtRelation:
        return DbtRelation(
            dialect=self._warehouse.able.dialect, table=self._text(table), like=like, rows=kept.rows,
            quote=self._warehouse.quote, ask=self._ask,
            arrow=lambda: self._reads_at(table).rows_of(address, kept, like), results=built.results,
        )  # fmt: skip

    def _refuse_failed(self, address: Address, node: Node, built: Built, dbt: Dbt) -> None:
        result = built.results.get(node.id)
        if result is None:
            raise AssetError(f"{address}: dbt built nothing for {node.id}; {_KEPT}; see {dbt.log}")
        if result.status not in _GOOD:
            said = result.message or f"dbt's result is {result.status}"
            raise AssetError(f"{address}: {node.file}: {said}; {_KEPT}")

    def _is_whole(self, session: Session, address: Address, version: str) -> bool:
        kept = self._registry.find(session, address, version)
        if kept is not None and kept.whole and _is_in_place(kept.data_version):
            table = self._relations.at(session, address.asset)
            return table is not None and bool(session.catalogue(table))
        return super()._is_whole(session, address, version)

    def _lies_in_place(self, address: Address, version: str) -> bool:
        with saying("reading", address), self._reading() as session:
            kept = self._registry.find(session, address, version)
        return kept is not None and _is_in_place(kept.data_version)

    def _place_of(self, address: Address) -> Table:
        with saying("reading", address), self._reading() as session:
            found = self._relations.at(session, address.asset)
        assert found is not None, f"{address} is read before it was staged"
        return found

    def _reads_at(self, table: Table) -> VersionReads:
        """Reads relations of the schema of ``table``."""
        return replace(self._reads, schema=table.schema)

    def _text(self, table: Table) -> str:
        return ".".join(self._warehouse.quote(part) for part in (table.schema, table.name) if part)

    def _make(self) -> None:
        super()._make()
        with self._warehouse.writing() as session:
            self._relations.create(session)


def _is_in_place(data_version: str) -> bool:
    return data_version.startswith(_IN_PLACE)


def _refuse_elsewhere(version: StoredVersion) -> None:
    if version.format == ELSEWHERE:
        raise StorageError(
            f"{version.address} was built by dbt elsewhere, and its data is not read here; build it here (tidegate run "
            f"{version.address.asset} --force), or name it in deps= and read it in the asset itself"
        )


def _described(node: Node) -> dict[str, Declared]:
    """What the project says of columns, where the database says nothing."""
    return {name: Declared(None, said) for name, said in node.columns.items() if said}


def _told(node: Node, built: Built) -> dict[str, Scalar]:
    """What stays with a version: how dbt made it and how long that took."""
    result = built.results.get(node.id)
    told: dict[str, Scalar] = {"dbt_materialized": node.materialized.value}
    if not node.is_source:
        told["dbt_publication"] = node.publication.value
    if result is not None:
        told |= {"dbt_compile_s": result.compile_s, "dbt_execute_s": result.execute_s}
    return told
