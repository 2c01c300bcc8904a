"""How an asset reads one upstream: what a project writes in ``reads=``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestration.errors import DefinitionError
from orchestration.mapping.base import PartitionMapping
from orchestration.mapping.custom import KeyFunction, Mapped
from orchestration.mapping.default import default_mapping
from orchestration.mapping.plain import AllPartitions
from orchestration.mapping.window import Window
from orchestration.model import OnHold
from orchestration.partitions import Partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(ABC):
    """Which partitions an edge reads, and what it does while one is held; None takes the mapping's default.

    ``columns``: those that it reads; None: all.
    """

    on_hold: OnHold | None = None
    columns: tuple[str, ...] | None = None

    @abstractmethod
    def mapping(
        self, upstream: str, up: Partitions | None, downstream: str, down: Partitions | None
    ) -> PartitionMapping:
        """The mapping between two assets; raises DefinitionError where it can't be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefault(Read):
    """The partitions that plainly belong together."""

    def mapping(
        self, upstream: str, up: Partitions | None, downstream: str, down: Partitions | None
    ) -> PartitionMapping:
        return default_mapping(upstream, up, downstream, down)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLast(Read):
    """The last ``count`` partitions."""

    count: int
    offset: int = 0

    def mapping(
        self, upstream: str, up: Partitions | None, downstream: str, down: Partitions | None
    ) -> PartitionMapping:
        _partitioned(upstream, up, downstream, f"last({self.count})")
        assert up is not None
        if not up.has_time or (down is not None and up.rule != down.rule and not down.has_time):
            raise DefinitionError(
                f"{downstream} reads {upstream} ({up.describe()}) with last({self.count}), which counts in time; "
                "one of them has no time: use ob.all_partitions() or ob.mapped(...)"
            )
        plain = default_mapping(upstream, up, downstream, down)  # refuses what isn't plain
        if down is not None and up.rule != down.rule and not _one_dimension(up, down):
            raise DefinitionError(
                f"{downstream} ({down.describe()}) reads {upstream} ({up.describe()}) with last({self.count}): between "
                f"different dimensions it isn't plain which; leave it out ({type(plain).__name__.lower()}) or use "
                "ob.mapped(...)"
            )
        if down is None and not _one_dimension(up, up):
            raise DefinitionError(
                f"{downstream} has no partitions and reads the last {self.count} of {upstream} ({up.describe()}): "
                "which of them isn't plain; use ob.all_partitions() or ob.mapped(...)"
            )
        return Window(up, down, self.count, self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAll(Read):
    """Every partition."""

    def mapping(
        self, upstream: str, up: Partitions | None, downstream: str, down: Partitions | None
    ) -> PartitionMapping:
        _partitioned(upstream, up, downstream, "all_partitions()")
        return AllPartitions()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMapped(Read):
    """What a function of the project says."""

    function: KeyFunction
    single: bool = False

    def mapping(
        self, upstream: str, up: Partitions | None, downstream: str, down: Partitions | None
    ) -> PartitionMapping:
        _partitioned(upstream, up, downstream, "mapped()")
        assert up is not None
        return Mapped(up, self.function, self.single)


def last(
    count: int, *, offset: int = 0, on_hold: OnHold | str | None = None, columns: Iterable[str] | None = None
) -> ReadLast:
    """Read the last partitions of an upstream, up to the one at hand.

    Parameters
    ----------
    count:
        How many, at least 1; there are fewer at the beginning of the set.
    offset:
        How many partitions before the one at hand the window ends: ``last(1, offset=1)`` is the one before.
    on_hold:
        What to do while one of them is held: "wait", "use_published" or "proceed". Left out, several are read as
        published, and one is waited for.
    columns:
        As for :func:`columns`; None: all.

    Raises
    ------
    DefinitionError
        A count below 1, an offset below 0, or another word.

    >>> last(7).count
    7
    """
    for name, value, least in (("count", count, 1), ("offset", offset, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise DefinitionError(f"last({name}={value!r}): write a whole number of partitions, {least} or more")
    return ReadLast(count=count, offset=offset, on_hold=hold_policy(on_hold), columns=columns_read(columns))


def all_partitions(*, on_hold: OnHold | str | None = None, columns: Iterable[str] | None = None) -> ReadAll:
    """Read every partition of an upstream; as ``on_hold``, left out, those that are published.

    ``columns`` is as for :func:`columns`.

    >>> all_partitions(on_hold="wait").on_hold
    <OnHold.WAIT: 'wait'>
    """
    return ReadAll(on_hold=hold_policy(on_hold), columns=columns_read(columns))


def mapped(
    function: KeyFunction, *, single: bool = False, on_hold: OnHold | str | None = None,
    columns: Iterable[str] | None = None,
) -> ReadMapped:  # fmt: skip
    """Read the upstream partitions that a function names.

    Parameters
    ----------
    function:
        From a key (None for an asset without partitions) to one upstream key or several, in the order in which
        they are read. It must be pure: the same key, the same answer.
    single:
        It names one key, always: the data is handed over as it is, and the edge waits while that is held.
    on_hold, columns:
        As for :func:`last`.

    >>> mapped(lambda month: f"{month}-01", single=True).function("2013-02")
    '2013-02-01'
    """
    if not callable(function):
        raise DefinitionError(f"mapped() takes a function from a key to keys, not {function!r}")
    return ReadMapped(function=function, single=single, on_hold=hold_policy(on_hold), columns=columns_read(columns))


def columns(*names: str, on_hold: OnHold | str | None = None) -> ReadDefault:
    """Read some columns of an upstream and nothing else of it, so that a fault in others doesn't hold the reader up.

    Parameters
    ----------
    names:
        The columns, as the upstream calls them: its data comes with these alone.
    on_hold:
        What to do while a fault in one of them, or one that lies in no column, holds the upstream; as for
        :func:`last`.

    Raises
    ------
    DefinitionError
        No column, or one that is no text.

    >>> columns("origin", "dep_time").columns
    ('origin', 'dep_time')
    """
    return ReadDefault(on_hold=hold_policy(on_hold), columns=columns_read(names))


def columns_read(names: Iterable[str] | None) -> tuple[str, ...] | None:
    """The columns of an edge; raises DefinitionError."""
    if names is None:
        return None
    found = (names,) if isinstance(names, str) else tuple(names)
    if not found or not all(isinstance(name, str) and name for name in found):
        raise DefinitionError(f"columns takes names of the upstream's columns, such as 'origin', not {names!r}")
    return tuple(dict.fromkeys(found))


def hold_policy(on_hold: OnHold | str | None) -> OnHold | None:
    """``on_hold`` as one of the three; raises DefinitionError."""
    try:
        return None if on_hold is None else OnHold(on_hold)
    except ValueError as error:
        raise DefinitionError(f"on_hold takes 'wait', 'use_published' or 'proceed'; {error}") from None


def read_of(value: object) -> Read:
    """What stands in ``reads=``: a Read, or a word for the default partitions; raises DefinitionError."""
    if isinstance(value, Read):
        return value
    if isinstance(value, str):
        return ReadDefault(on_hold=hold_policy(value))
    raise DefinitionError(f"reads= takes ob.last(7), ob.all_partitions(), ob.mapped(...) or an on_hold, not {value!r}")


def reads_of(reads: Mapping[str, Read | OnHold | str] | None) -> dict[str, Read]:
    """How each upstream is read; raises DefinitionError."""
    return {name: read_of(value) for name, value in (reads or {}).items()}


def _partitioned(upstream: str, up: Partitions | None, downstream: str, what: str) -> None:
    if up is None:
        raise DefinitionError(
            f"{downstream} reads {upstream} with {what}, but {upstream} has no partitions; leave it out"
        )


def _one_dimension(up: Partitions, down: Partitions) -> bool:
    return not hasattr(up, "dimensions") and not hasattr(down, "dimensions")
