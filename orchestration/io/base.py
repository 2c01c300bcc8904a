"""The port of an IO manager: write, audit, publish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from orchestration.model import Address, Declared, Scalar

if TYPE_CHECKING:
    import pyarrow as pa

OBSERVED = "observed"
"""The format of a source's versions: there is nothing of ours in storage."""
ELSEWHERE = "elsewhere"
"""The format of versions that somebody else has made and published; only what is said of them is here."""


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """Data that lies in Parquet files: what the gate looks at where nothing is in memory."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How another process finds a table with SQLAlchemy; ``url`` holds the password."""

    url: str = field(repr=False)
    schema: str | None
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlRelation:
    """Data that lies in a database's table: what the gate looks at where moving it would cost more than asking.

    ``dialect`` is SQLAlchemy's name for it, ``table`` SQL text that stands for the rows, ``like`` an Arrow table
    without rows that has their columns, ``rows`` how many there are. ``quote`` quotes an identifier, ``ask`` runs one
    SELECT there and has the database end it after so many seconds, ``arrow`` brings all of it here. ``login`` is None
    where no other process can ask. It doesn't pickle: look at it in the process that staged it.
    """

    dialect: str
    table: str
    like: pa.Table
    rows: int
    quote: Callable[[str], str]
    ask: Callable[[str, float | None], Sequence[Sequence[Any]]]
    arrow: Callable[[], pa.Table]
    login: Login | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedData:
    """What ``stage`` wrote: complete, durable, and visible to no reader.

    ``data_version`` hashes the content; ``data`` is what the gate may look at; ``bytes`` is None where the storage
    gives no size. ``declared`` is what a catalogue says, by name, of the columns of the table that readers see, as it
    was before this version. ``metadata`` is what storage itself has to say of how it was made.
    """

    format: str
    data_version: str
    rows: int | None
    bytes: int | None
    data: object
    declared: Mapping[str, Declared] = field(default_factory=dict)
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """A version as the log knows it: enough to read it and to tell whether it is what was written."""

    address: Address
    id: str
    format: str
    data_version: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What readers of an address see: a version, and the fencing token under which it was published."""

    version: str
    token: int


class IOManager(Protocol):
    """Keeps the versions of addresses. Every implementation passes ``check_io_manager``.

    A version is written once under its id (``stage``), becomes visible by ``publish`` and is never changed.
    ``publish`` is atomic and idempotent, and refuses a token lower than the published one (LeaseLost). A
    crash at any point leaves the old version or the new one readable, never half of one; what ``stage`` left
    behind is removed by ``sweep``. Thread-safe for different addresses. Raises StorageError for what the
    storage refuses and CorruptData for content that is not what was recorded.
    """

    def stage(self, address: Address, version: str, value: object) -> StagedData: ...

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData: ...

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        """SQL text that stands for the rows of ``versions`` together, in ``stage_query``."""
        ...

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        """Read versions of one asset as the annotation ``wants`` asks.

        ``one``: a single version is returned as it was written. Otherwise frames are concatenated in the
        order given, and anything else comes as a dict by partition.
        """
        ...

    def publish(self, address: Address, version: str, token: int) -> None: ...

    def pointer(self, address: Address) -> Pointer | None: ...

    def has(self, address: Address, version: str) -> bool:
        """Whether the version is there, whole."""
        ...

    def versions(self, address: Address) -> tuple[str, ...]:
        """The ids of whatever lies in storage for an address, also of what was not written to its end."""
        ...

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        """Remove the versions of an address that the log doesn't know; call it under the address's lease."""
        ...

    def drop(self, address: Address) -> None:
        """Remove all of an address, also what readers see: for data that belongs to nobody, such as a trial's."""
        ...


@runtime_checkable
class Lookable(Protocol):
    """An IO manager that says where a version lies, so that the gate can look at it without loading it."""

    def look(self, version: StoredVersion) -> object:
        """What the gate may look at of a stored version: ``ParquetFiles``, ``SqlRelation``, a table or any object."""
        ...


def look(io: IOManager, version: StoredVersion) -> object:
    """What the gate may look at of a stored version, loaded where its IO manager can't say where it lies."""
    return io.look(version) if isinstance(io, Lookable) else io.load([version], "", one=True)
