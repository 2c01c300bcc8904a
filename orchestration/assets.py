"""Assets: a specification and the function or query that makes the data."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from os.path import basename
from pathlib import Path
from types import CodeType
from typing import Any, overload

from orchestration.asset_config import ConfigType, config_type
from orchestration.asset_options import (
    check_code_version,
    check_cut,
    check_freshness,
    check_group,
    check_run,
    listed,
    words,
)
from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessPolicy
from orchestration.mapping import Read, ReadDefault, reads_of
from orchestration.model import AssetKey, AssetKind, OnHold
from orchestration.partitions import Partitions
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition
from orchestration.schedule.declared import schedule_of
from orchestration.signature import parameters_of

_CONTEXT = "context"
_CONFIG = "config"
_LONGEST_KEY = 200
_SELECTION_SIGNS = frozenset(",+*")
_AS_IT_IS = ReadDefault()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One upstream of an asset. ``parameter`` receives its data; None: only the order counts.

    ``gives_way``: where it would make a cycle it is left out.
    """

    upstream: AssetKey
    parameter: str | None
    wants: str = ""  # the annotation, as text: "pd.DataFrame", "pyarrow.Table", ""
    read: Read = _AS_IT_IS
    gives_way: bool = False

    @property
    def on_hold(self) -> OnHold | None:
        """What was declared; None takes the default of the partition mapping."""
        return self.read.on_hold


_PLAIN = RunPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """The assets that one function makes in one call.

    ``name`` is the function's; ``subsettable``: it can be asked for some of them alone.
    """

    name: str
    keys: tuple[AssetKey, ...]
    subsettable: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asset:
    """A specification and how the data is made; calling it calls the function, for the user's own tests.

    ``attachments`` are carried for the floor above (checks, monitors, gate policy) and never read here.
    """

    key: AssetKey
    kind: AssetKind
    function: Callable[..., object] | None = None
    sql: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    takes_context: bool = False
    config: ConfigType | None = None
    production: Production | None = None  # None: the function makes this asset alone
    partitions: Partitions | None = None
    group: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    code_version: str | None = None
    freshness: FreshnessPolicy | None = None
    schedule: Condition | None = None
    run: RunPolicy = _PLAIN
    attachments: tuple[object, ...] = field(default=(), repr=False)
    where: str = ""  # file:line, for messages
    built_in_place: bool = False  # readers see each version as soon as it is made; the gate holds what is downstream
    consumers: tuple[str, ...] = ()  # what reads it outside, in words: a dashboard, a notebook

    def __post_init__(self) -> None:
        check_cut(self.key, self.partitions)
        check_freshness(self.key, self.freshness)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function is None:
            raise DefinitionError(f"{self.key} is made by a query; there is no function to call")
        return self.function(*args, **kwargs)


def asset_key(name: str) -> AssetKey:
    """Check a name and return it as a key; raises DefinitionError."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise DefinitionError(f"{name!r} can't name an asset; give it a name without blanks at its ends")
    if len(name) > _LONGEST_KEY or not name.isprintable():
        raise DefinitionError(
            f"an asset's name has at most {_LONGEST_KEY} printable characters; {name[:40]!r} does not"
        )
    if not _SELECTION_SIGNS.isdisjoint(name):
        raise DefinitionError(f"{name!r} can't name an asset: , + * belong to selections")
    return AssetKey(name)


@overload
def asset(function: Callable[..., object], /) -> Asset: ...
@overload
def asset(
    *,
    key: str | None = ...,
    partitions: Partitions | None = ...,
    group: str | None = ...,
    owners: Iterable[str] = ...,
    tags: Iterable[str] = ...,
    deps: Iterable[Asset | str] = ...,
    reads: Mapping[str, Read | OnHold | str] | None = ...,
    code_version: str | None = ...,
    freshness: FreshnessPolicy | None = ...,
    schedule: Condition | str | None = ...,
    run: RunPolicy = ...,
    attachments: Iterable[object] = ...,
) -> Callable[[Callable[..., object]], Asset]: ...
def asset(
    function: Callable[..., object] | None = None,
    /,
    *,
    key: str | None = None,
    partitions: Partitions | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    deps: Iterable[Asset | str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    code_version: str | None = None,
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
    attachments: Iterable[object] = (),
) -> Asset | Callable[[Callable[..., object]], Asset]:
    """Declare that a function makes an asset; its parameters name what is upstream.

    Parameters
    ----------
    key:
        The asset's name; the function's name if left out.
    partitions:
        How it is cut; None for one whole.
    deps:
        Assets that must be good first but whose data the function does not take.
    reads:
        By upstream name, which of its partitions are read where that isn't plain, such as ``last(7)``; or what to
        do while it is held: "wait", "use_published" or "proceed"; or both, ``last(7, on_hold="wait")``.
    schedule:
        When it is due: a cron expression in UTC, ``cron(...)``, ``on_update()`` or such conditions combined.
    run:
        How its steps are run: retries, timeout, memory, pool, priority, resources.
    code_version:
        Change it to have everything made again; left out, it is derived from the function's code.

    Raises
    ------
    DefinitionError
        What is declared can't be used, and why.
    """

    def declare(made_by: Callable[..., object]) -> Asset:
        return from_function(
            made_by, AssetKind.PYTHON, key=key, partitions=partitions, group=group, owners=owners, tags=tags,
            deps=deps, reads=reads, code_version=code_version, freshness=freshness, schedule=schedule, run=run,
            attachments=attachments,
        )  # fmt: skip

    return declare(function) if function is not None else declare


def source(
    function: Callable[..., object] | None = None,
    /,
    *,
    key: str | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    attachments: Iterable[object] = (),
) -> Any:
    """Declare data that others make: the function reads it, each run observes it, nothing is written."""

    def declare(read_by: Callable[..., object]) -> Asset:
        made = from_function(
            read_by, AssetKind.SOURCE, key=key, partitions=None, group=group, owners=owners, tags=tags,
            deps=(), reads=None, code_version=None, freshness=freshness,
            schedule=schedule, run=_PLAIN, attachments=attachments,
        )  # fmt: skip
        if made.dependencies:
            names = ", ".join(d.upstream for d in made.dependencies)
            raise DefinitionError(f"{made.where}: the source {made.key} can't have assets upstream ({names})")
        return made

    return declare(function) if function is not None else declare


def sql_asset(
    key: str,
    sql: str,
    *,
    partitions: Partitions | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    description: str = "",
    code_version: str | None = None,
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
    attachments: Iterable[object] = (),
) -> Asset:
    """Declare an asset that a query makes; ``{{ name }}`` stands for an upstream asset, ``$partition`` is
    bound.

    Raises
    ------
    DefinitionError
        A template that can't be parsed.
    """
    from orchestration.query import references

    frame = inspect.currentframe()
    caller = frame.f_back if frame else None
    while caller is not None and Path(caller.f_code.co_filename).parent.name in {"orchestration", "observer"}:
        caller = caller.f_back
    where = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}" if caller else ""
    name = asset_key(key)
    reading = _reading(name, reads)
    dependencies = tuple(
        Dependency(upstream=AssetKey(u), parameter=u, read=reading.pop(u, _AS_IT_IS)) for u in references(name, sql)
    )
    _refuse_unread(name, reading)
    _check(name, group, code_version, run)
    if run.batch > 1:
        raise DefinitionError(f"{name}: a query makes one partition a time; leave batch= out")
    return Asset(
        key=name, kind=AssetKind.SQL, sql=textwrap.dedent(sql).strip(), dependencies=dependencies,
        partitions=partitions, group=group, owners=words(name, "owners", owners), tags=words(name, "tags", tags),
        description=description, code_version=code_version, freshness=freshness,
        schedule=schedule_of(schedule, name), run=run, attachments=tuple(attachments), where=where,
    )  # fmt: skip


def from_function(
    function: Callable[..., object],
    kind: AssetKind,
    *,
    key: str | None,
    partitions: Partitions | None,
    group: str | None,
    owners: Iterable[str],
    tags: Iterable[str],
    deps: Iterable[Asset | str],
    reads: Mapping[str, Read | OnHold | str] | None,
    code_version: str | None,
    freshness: FreshnessPolicy | None,
    schedule: Condition | str | None,
    run: RunPolicy,
    attachments: Iterable[object],
    production: Production | None = None,
    description: str = "",
) -> Asset:
    if not callable(function) or isinstance(function, Asset):
        raise DefinitionError(f"an asset is made from a function, not from {type(function).__name__}")
    code: CodeType | None = getattr(function, "__code__", None)
    where = f"{basename(code.co_filename)}:{code.co_firstlineno}" if code else ""
    name = asset_key(key if key is not None else getattr(function, "__name__", ""))
    reading = _reading(name, reads)
    dependencies: list[Dependency] = []
    takes_context, config = False, None
    for parameter, wants in parameters_of(function, f"{where}: {name}"):
        if parameter == _CONTEXT:
            takes_context = True
            continue
        if parameter == _CONFIG:
            config = config_type(function, where)
            continue
        read = reading.pop(parameter, _AS_IT_IS) if reading else _AS_IT_IS
        dependencies.append(Dependency(upstream=asset_key(parameter), parameter=parameter, wants=wants, read=read))
    for other in listed(name, "deps", deps):
        upstream = other.key if isinstance(other, Asset) else asset_key(other)  # type: ignore[arg-type]  # it says so
        if any(known.upstream == upstream for known in dependencies):
            continue
        dependencies.append(Dependency(upstream=upstream, parameter=None, read=reading.pop(upstream, _AS_IT_IS)))
    _refuse_unread(name, reading)
    _check(name, group, code_version, run)
    if run.batch > 1 and partitions is None:
        raise DefinitionError(f"{name}: batch={run.batch} is for partitions, and it has none; give it partitions=")
    return Asset(
        key=name, kind=kind, function=function, dependencies=tuple(dependencies), takes_context=takes_context,
        config=config, production=production, partitions=partitions, group=group, owners=words(name, "owners", owners),
        tags=words(name, "tags", tags),
        description=description or (function.__doc__ and inspect.getdoc(function)) or "",
        code_version=code_version,
        freshness=freshness, schedule=schedule_of(schedule, name), run=run, attachments=tuple(attachments), where=where,
    )  # fmt: skip


def _check(name: AssetKey, group: object, code_version: object, run: object) -> None:
    check_group(name, group)
    check_code_version(name, code_version)
    check_run(name, run)


def _reading(name: AssetKey, reads: Mapping[str, Read | OnHold | str] | None) -> dict[str, Read]:
    try:
        return reads_of(reads)
    except DefinitionError as error:
        raise DefinitionError(f"{name}: {error}") from None


def _refuse_unread(name: AssetKey, left: Mapping[str, Read]) -> None:
    if left:
        raise DefinitionError(f"{name}: reads names {', '.join(map(repr, left))}, which it does not read")
