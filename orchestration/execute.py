"""Calling what the user wrote: inputs in, data out, failures in words."""

from __future__ import annotations

import inspect
import itertools
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.assets import Asset
from orchestration.awaiting import awaited
from orchestration.context import Context
from orchestration.dbt.model import Build
from orchestration.errors import AssetError, NothingReturned
from orchestration.graph import Graph
from orchestration.io.base import OBSERVED, IOManager, StagedData
from orchestration.io.chunks import Chunks
from orchestration.io.duckdb_open import let_go
from orchestration.io.formats import content_hash
from orchestration.model import Address, AssetKind, Scalar
from orchestration.narrowing import narrowed, selected
from orchestration.outputs import by_name
from orchestration.query import render

if TYPE_CHECKING:
    from orchestration.work import Beside, Input, Target, Task

    Written = tuple[Target, StagedData, Mapping[str, Scalar]]


class Execution:
    """Makes the data of addresses.

    Keeps what sources gave for the length of a run, so that what was judged is what is read.
    """

    def __init__(self, graph: Graph, io: IOManager, root: Path) -> None:
        self._graph = graph
        self._io = io
        self._root = root.resolve()
        self._sources: dict[str, object] = {}

    def staged(self, task: Task) -> list[Written]:
        """Make what the task asks for and stage it: for each target what was staged, and the metadata.

        Raises
        ------
        AssetError
            The user's function or query failed, or did not return what it should.
        StorageError
            The inputs could not be read or the result could not be written.
        """
        asset = self._graph.asset(task.address.asset)
        if asset.kind is AssetKind.SQL:
            (target,) = task.targets
            return [(target, self._query(asset, target, task.inputs), {})]
        context = self._context(asset, task)
        value = self._call(asset, context, self._arguments(task.inputs), task.config)
        staged = {target.version: self._stage(asset, target, result) for target, result in _results(asset, task, value)}
        return [
            (target, made, {**made.metadata, **context.metadata})
            for target, made in ((target, staged[target.version]) for target in task.targets)
        ]

    def observed(self, task: Task) -> list[Written]:
        """Read a source once in a run; raises AssetError."""
        (target,) = task.targets
        asset = self._graph.asset(target.address.asset)
        context = self._context(asset, task)
        value = self._observe(asset, context, task.config)
        if isinstance(value, Build):  # what lies in dbt's database is looked at there
            return [(target, self._io.stage(target.address, target.version, value), context.metadata)]
        hashed = content_hash(value)
        written = StagedData(format=OBSERVED, data_version=hashed, rows=None, bytes=0, data=value)
        return [(target, written, context.metadata)]

    def table(self, beside: Beside) -> Callable[[], object]:
        """What loads the versions of another asset together; raises LookupError where there are none."""

        def load() -> object:
            if not beside.versions:
                raise LookupError(f"nothing of {beside.asset} is published")
            return self._io.load(beside.versions, "pyarrow.Table", one=False)

        return load

    def _observe(self, asset: Asset, context: Context, config: str | None) -> object:
        value = self._call(asset, context, {}, config)
        if inspect.isgenerator(value):
            raise AssetError(f"{asset.key}: a source returns its data whole; return it in place of yielding it")
        if value is None:
            raise NothingReturned(asset.key, asset.where or asset.key)
        self._sources[asset.key] = value
        return value

    def _context(self, asset: Asset, task: Task | None) -> Context:
        addresses = [target.address for target in task.targets] if task else [Address(asset.key)]
        keys = tuple(dict.fromkeys(a.partition for a in addresses if a.partition is not None))
        one = keys[0] if len(keys) == 1 else None
        return Context(
            asset=asset.key, partition_key=one, partition_keys=keys, run_id=task.run_id if task else "",
            interval=asset.partitions.interval(one) if asset.partitions is not None and one is not None else None,
            outputs=tuple(dict.fromkeys(a.asset for a in addresses)),
        )  # fmt: skip

    def _arguments(self, inputs: Sequence[Input]) -> dict[str, object]:
        arguments: dict[str, object] = {}
        for given in inputs:
            if given.parameter is None:
                continue
            if given.is_source:
                value = self._source(given)
            else:
                value = self._io.load(given.versions, given.wants, one=given.is_single)
            arguments[given.parameter] = value if given.columns is None else narrowed(value, given)
        return arguments

    def _source(self, given: Input) -> object:
        """What a source gave when it was observed; read again where that was in another process."""
        if given.upstream not in self._sources:
            asset = self._graph.asset(given.upstream)
            value = self._observe(asset, self._context(asset, None), given.config)
            if content_hash(value) != given.versions[0].data_version:
                del self._sources[given.upstream]
                raise AssetError(
                    f"the source {given.upstream} has changed since it was observed in this run; "
                    "nothing was published; run it again"
                )
        return self._sources[given.upstream]

    def _query(self, asset: Asset, target: Target, inputs: Sequence[Input]) -> StagedData:
        assert asset.sql is not None
        address = target.address
        relations = {}
        for given in inputs:
            if given.is_source:
                raise AssetError(f"{address}: a query can't read the source {given.upstream}; use a Python asset")
            relation = self._io.relation(given.versions)
            relations[str(given.parameter)] = relation if given.columns is None else selected(relation, given.columns)
        try:
            sql = render(asset.sql, relations)
        except Exception as error:  # the template is the user's own code
            raise AssetError(self._said(address, asset, error)) from error
        try:
            return self._io.stage_query(address, target.version, sql, {"partition": address.partition})
        except AssetError as error:
            raise AssetError(f"{address}: {error}") from error

    def _call(self, asset: Asset, context: Context, arguments: dict[str, object], config: str | None) -> object:
        """What the function gives; a generator's and a coroutine's errors are said as those of a plain function."""
        assert asset.function is not None
        address = Address(asset.key, context.partition_keys[0] if context.partition_keys else None)
        if asset.takes_context:
            arguments["context"] = context
        if asset.config is not None:
            arguments["config"] = asset.config.value(config)
        let_go()
        try:
            value = awaited(asset.function(**arguments))
        except AssetError:
            raise
        except (Exception, SystemExit) as error:  # sys.exit() ends the asset, not the service
            raise AssetError(self._said(address, asset, error)) from error
        return self._yielded(asset, address, value) if inspect.isgenerator(value) else value

    def _yielded(self, asset: Asset, address: Address, generator: Iterator[object]) -> Iterator[object]:
        try:
            yield from generator
        except AssetError:
            raise
        except (Exception, SystemExit) as error:
            raise AssetError(self._said(address, asset, error)) from error

    def _stage(self, asset: Asset, target: Target, value: object) -> StagedData:
        address, version = target.address, target.version
        value = awaited(value)
        if value is None:
            raise NothingReturned(str(address), asset.where or asset.key)
        if not inspect.isgenerator(value):
            return self._io.stage(address, version, value)
        chunks = self._yielded(asset, address, value)
        try:
            first = next(chunks, None)
            if first is None:
                raise NothingReturned(str(address), asset.where or asset.key, "yielded nothing")
            return self._io.stage(address, version, Chunks(itertools.chain([first], chunks)))
        finally:
            value.close()

    def _said(self, address: Address, asset: Asset, error: BaseException) -> str:
        """Where in the project's own files it went wrong, and what was said there."""
        where = asset.where
        for frame in traceback.extract_tb(error.__traceback__):
            file = Path(frame.filename).resolve()
            if self._root in file.parents and "site-packages" not in file.parts and file.is_file():
                where = f"{file.relative_to(self._root)}:{frame.lineno}"
        message = " ".join(str(error).split())
        return (
            f"{address}: {where} raised {type(error).__name__}{': ' + message if message else ''}; nothing "
            "was published and readers keep what they had"
        )


def _results(asset: Asset, task: Task, value: object) -> Iterator[tuple[Target, object]]:
    """What belongs to which target: all to the one, or by the names of assets or the keys of partitions."""
    by_partition = asset.run.batch > 1
    if not by_partition and asset.production is None:
        yield task.targets[0], value
        return
    targets = {str(t.address.partition) if by_partition else str(t.address.asset): t for t in task.targets}
    known = () if asset.production is None else asset.production.keys

    def said(what: str) -> str:
        return f"{task.address}: {asset.where} {what}; nothing was published and readers keep what they had"

    for name, result in by_name(value, tuple(targets), known, said):
        yield targets[name], result
