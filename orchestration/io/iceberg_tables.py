"""The tables of an Iceberg catalog: one for an asset, a branch for a version, a tag for what is published.

    branch tidegate.v.<address>.<version>    the version alone, whether held or published
    tag    tidegate.p.<address>              the snapshot of main that published the address last
    main                                     what every reader of the table sees

The summary of a snapshot says which version it holds, and on main under which fencing token.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.errors import StorageError
from orchestration.io.base import Pointer
from orchestration.model import Address, AssetKey, Declared, PartitionKey

if TYPE_CHECKING:
    import pyarrow as pa

PARTITION_COLUMN = "tidegate_partition"
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_NAME_MAPPING = "schema.name-mapping.default"
_OPENINGS, _OPENING_S = 20, 0.1
_RETRIES = "commit.retry.num-retries"


@dataclass(frozen=True, slots=True)
class StagedFile:
    """The one Parquet file of a version, as its branch's summary says."""

    path: str
    sha256: str
    bytes: int
    rows: int


class Tables:
    """Opens tables and commits to them. Every commit says what it expects and fails where another was quicker."""

    def __init__(self, properties: Mapping[str, str], namespace: str) -> None:
        self._properties = properties
        self._namespace = namespace
        self._opening = threading.Lock()
        self._opened: Any = None

    def find(self, asset: AssetKey) -> Any | None:
        """The asset's table as it is now; None where it was never written."""
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return _without_retries(self._catalog().load_table((self._namespace, table_name(asset))))
        except NoSuchTableError:
            return None

    def prepared(self, address: Address, schema: pa.Schema) -> tuple[Any, dict[str, Declared]]:
        """The asset's table with room for a schema of plain types, and what it said of its columns before.

        Raises StorageError for a type that was another.
        """
        from pyiceberg.exceptions import ValidationError

        table = self.find(address.asset) or self._made(address, schema)
        said = declared(table)
        with table.transaction() as change:
            try:
                with change.update_schema() as columns:
                    columns.union_by_name(_with_partition(schema, address.partition))
            except (ValidationError, ValueError) as error:
                raise StorageError(
                    f"{address}: its columns don't fit the table {self._namespace}.{table_name(address.asset)} "
                    f"({error}); nothing was published and readers keep what they had; cast the column, or change the "
                    "table's"
                ) from error
            if address.partition is not None and not change.table_metadata.spec().fields:
                with change.update_spec() as partitions:
                    partitions.add_identity(PARTITION_COLUMN)
            if _NAME_MAPPING not in change.table_metadata.properties:
                change.set_properties({_NAME_MAPPING: change.table_metadata.schema().name_mapping.model_dump_json()})
            if change.table_metadata.current_snapshot_id is None:  # a branch can't be the first
                with change.update_snapshot().fast_append():
                    pass
        return table, said

    def _made(self, address: Address, schema: pa.Schema) -> Any:
        from pyiceberg.exceptions import TableAlreadyExistsError

        catalog = self._catalog()
        name = (self._namespace, table_name(address.asset))
        with suppress(TableAlreadyExistsError):
            catalog.create_table(
                name, _with_partition(schema, address.partition), properties={"tidegate.asset": str(address.asset)}
            )
        return _without_retries(catalog.load_table(name))

    def remove(self, table: Any) -> None:
        """Take a table out of the catalog, and with it all that lies in its folder."""
        self._catalog().drop_table(table.name())
        scheme, host, folder = table.io.parse_location(table.location())
        with suppress(FileNotFoundError):
            table.io.fs_by_scheme(scheme, host).delete_dir(folder)

    def close(self) -> None:
        """Give back the catalog's connections; it is opened anew where it is needed again."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _catalog(self) -> Any:
        with self._opening:
            if self._opened is None:
                try:
                    from pyiceberg.catalog import load_catalog
                except ImportError as error:
                    raise StorageError(
                        f"Iceberg needs its driver: {error}; nothing was read or written; pip install "
                        "'tidegate[iceberg]'"
                    ) from error
                self._opened = self._made_with(load_catalog)
            return self._opened

    def _made_with(self, load: Callable[..., Any]) -> Any:
        """The catalog, with its own tables and our namespace; others may be making them at this moment."""
        from sqlalchemy.exc import IntegrityError, OperationalError

        for left in reversed(range(_OPENINGS)):
            try:
                catalog = load(**{"name": "tidegate", **self._properties})
                catalog.create_namespace_if_not_exists(self._namespace)
                return catalog
            except (IntegrityError, OperationalError) as error:
                if left == 0 or not any(word in str(error) for word in ("already exists", "UNIQUE", "locked")):
                    raise
                time.sleep(_OPENING_S)
        raise AssertionError("unreachable")


def declared(table: Any) -> dict[str, Declared]:
    """What a table's schema says of its columns: what may be null, and its docs."""
    return {field.name: Declared(not field.required, field.doc) for field in table.schema().fields}


def table_name(asset: AssetKey) -> str:
    """The table of an asset: its own name where that is plain, else one like it that no other asset has."""
    if _PLAIN_NAME.fullmatch(asset):
        return asset
    return f"{re.sub('[^A-Za-z0-9_]', '_', asset)[:60]}__{hashlib.sha256(asset.encode()).hexdigest()[:16]}"


def place_of(partition: PartitionKey) -> str:
    """An address's name among the references and folders of its table."""
    return "whole" if partition is None else "p" + hashlib.sha256(partition.encode()).hexdigest()[:24]


def branch_of(address: Address, version: str) -> str:
    """The branch that holds a version."""
    return f"tidegate.v.{place_of(address.partition)}.{version}"


def branches(table: Any, address: Address) -> Iterator[str]:
    """The versions that have a branch."""
    before = branch_of(address, "")
    return (name.removeprefix(before) for name in table.metadata.refs if name.startswith(before))


def staged_file(table: Any, address: Address, version: str) -> StagedFile | None:
    """What a version's branch says of its file."""
    summary = _summary(table, branch_of(address, version))
    if summary is None:
        return None
    return StagedFile(
        summary["tidegate.file"], summary["tidegate.sha256"], int(summary["tidegate.bytes"]),
        int(summary["tidegate.rows"]),
    )  # fmt: skip


def pointer_in(table: Any, address: Address) -> Pointer | None:
    """Which version of an address main shows."""
    summary = _summary(table, _tag(address))
    return None if summary is None else Pointer(summary["tidegate.version"], int(summary["tidegate.token"]))


def stage(table: Any, address: Address, version: str, file: StagedFile) -> None:
    """Make the branch of a version whose file is written."""
    says = {
        **_says(address, version), "tidegate.file": file.path, "tidegate.sha256": file.sha256,
        "tidegate.bytes": str(file.bytes), "tidegate.rows": str(file.rows),
    }  # fmt: skip
    with table.transaction() as change:
        update = change.update_snapshot(snapshot_properties=says, branch=branch_of(address, version))
        with update.fast_append() as append:
            for data in _data_files(table, change, address, file):
                append.append_data_file(data)


def publish(table: Any, address: Address, version: str, token: int, file: StagedFile) -> None:
    """Put a version's file in place of the address's rows on main as it is now, and the tag on it, in one commit."""
    from pyiceberg.expressions import AlwaysTrue
    from pyiceberg.table.update.snapshot import ManageSnapshots

    says = {**_says(address, version), "tidegate.token": str(token)}
    rows = _rows_of(table, address)
    there = list(table.scan(row_filter=rows).plan_files())
    with table.transaction() as change:
        if not all(task.residual == AlwaysTrue() for task in there):
            change.delete(rows)  # files of somebody else that hold rows of several partitions are written anew
            there = []
        with change.update_snapshot(snapshot_properties=says).overwrite() as update:
            old = {task.file.file_path: task.file for task in there}
            for path, data in old.items():
                if path != file.path:
                    update.delete_data_file(data)
            if file.path not in old:
                for data in _data_files(table, change, address, file):
                    update.append_data_file(data)
        with ManageSnapshots(change) as references:
            references.create_tag(update.snapshot_id, _tag(address))


def forget(table: Any, address: Address, versions: Collection[str]) -> None:
    """Remove versions' branches and their snapshots; their files go too where main never showed them."""
    from pyiceberg.table.update.snapshot import ExpireSnapshots, ManageSnapshots

    known = table.metadata.refs
    staged = {name: known[name].snapshot_id for v in versions if (name := branch_of(address, v)) in known}
    if staged:
        with table.transaction() as change:
            with ManageSnapshots(change) as references:
                for branch in staged:
                    references.remove_branch(branch)
            with ExpireSnapshots(change) as snapshots:
                snapshots.by_ids(list(staged.values()))
    for version in set(versions) - _shown(table):
        with suppress(FileNotFoundError):
            table.io.delete(data_path(table, address, version))


def is_alone(table: Any, address: Address) -> bool:
    """Whether nothing of another address is in the table."""
    ours = branch_of(address, "")
    return all(name in ("main", _tag(address)) or name.startswith(ours) for name in table.metadata.refs)


def withdraw(table: Any, address: Address) -> None:
    """Take an address's rows off main, and its tag."""
    from pyiceberg.table.update.snapshot import ManageSnapshots

    rows = _rows_of(table, address)
    with table.transaction() as change:
        if list(table.scan(row_filter=rows).plan_files()):
            change.delete(rows)
        if _tag(address) in table.metadata.refs:
            with ManageSnapshots(change) as references:
                references.remove_tag(_tag(address))


def data_path(table: Any, address: Address, version: str) -> str:
    """Where the file of a version lies."""
    return f"{table.location()}/data/{place_of(address.partition)}/{version}.parquet"


def files_of(table: Any, address: Address) -> Iterator[str]:
    """The versions that have a file, also one that no branch names because its writer died.

    A file that an older snapshot of main shows belongs to the table, whoever expires its snapshots.
    """
    from pyarrow.fs import FileSelector

    folder = data_path(table, address, "").rpartition("/")[0]
    scheme, host, folder = table.io.parse_location(folder)
    selector = FileSelector(folder, allow_not_found=True)
    shown = _shown(table)
    for found in table.io.fs_by_scheme(scheme, host).get_file_info(selector):
        if (version := found.base_name.removesuffix(".parquet")) not in shown:
            yield version


def _shown(table: Any) -> set[str]:
    """The versions that a snapshot of main shows, now or for whoever looks back."""
    summaries = (snapshot.summary for snapshot in table.metadata.snapshots if snapshot.summary is not None)
    return {summary["tidegate.version"] for summary in summaries if summary["tidegate.token"] is not None}


def is_overtaken(error: Exception) -> bool:
    """Whether a commit failed because another one came first, so that it may be tried again."""
    from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, ValidationException
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OperationalError):
        return "locked" in str(error)  # SQLite's word for somebody else who writes
    if isinstance(error, CommitFailedException | CommitStateUnknownException | ValidationException):
        return True
    # The driver's word where the other commit touched another branch.
    return isinstance(error, ValueError) and "older than last sequence number" in str(error)


def _data_files(table: Any, change: Any, address: Address, file: StagedFile) -> Iterator[Any]:
    """The file's entry for a manifest, none where it has no rows. The partition is the entry's, not in the file."""
    from pyiceberg.io.pyarrow import parquet_file_to_data_file
    from pyiceberg.typedef import Record

    if file.rows == 0:
        return
    data = parquet_file_to_data_file(table.io, change.table_metadata, file.path)
    if change.table_metadata.spec().fields:
        data[_PARTITION_AT] = Record(address.partition)
    yield data


_PARTITION_AT = 3  # the place of a data file's partition, see the table specification, "data_file"


def _rows_of(table: Any, address: Address) -> Any:
    from pyiceberg import expressions

    of: Any = expressions  # typed as pydantic sees them, not as they are called
    if not table.spec().fields:
        return of.AlwaysTrue()
    partition = address.partition
    return of.IsNull(PARTITION_COLUMN) if partition is None else of.EqualTo(PARTITION_COLUMN, partition)


def _with_partition(schema: pa.Schema, partition: PartitionKey) -> pa.Schema:
    import pyarrow as pa

    plain = schema.remove_metadata()
    return plain if partition is None else plain.append(pa.field(PARTITION_COLUMN, pa.string()))


def _says(address: Address, version: str) -> dict[str, str]:
    partition = {} if address.partition is None else {"tidegate.partition": address.partition}
    return {"tidegate.version": version, **partition}


def _tag(address: Address) -> str:
    return f"tidegate.p.{place_of(address.partition)}"


def _summary(table: Any, reference: str) -> Any | None:
    if reference not in table.metadata.refs:
        return None
    snapshot = table.metadata.snapshot_by_id(table.metadata.refs[reference].snapshot_id)
    return None if snapshot is None else snapshot.summary


def _without_retries(table: Any) -> Any:
    """Let a commit that came too late fail: the driver's own retry would drop the tag and ask nobody for the token."""
    table.metadata.properties[_RETRIES] = "0"
    return table
