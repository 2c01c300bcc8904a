"""Calling what the user wrote: inputs in, value out, failures in words."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.assets import Asset
from orchestration.context import Context
from orchestration.errors import AssetError, NothingReturned
from orchestration.graph import Graph
from orchestration.io.base import IOManager, StagedData
from orchestration.io.formats import content_hash
from orchestration.model import Address, AssetKey, AssetKind, Scalar
from orchestration.query import render

if TYPE_CHECKING:
    from orchestration.work import Input


class Execution:
    """Makes the data of addresses.

    Keeps what sources gave for the length of a run, so that what was judged is what is read.
    """

    def __init__(self, graph: Graph, io: IOManager, root: Path) -> None:
        self._graph = graph
        self._io = io
        self._root = root.resolve()
        self._sources: dict[str, object] = {}

    def stage(
        self, address: Address, version: str, run_id: str, inputs: Sequence[Input]
    ) -> tuple[StagedData, dict[str, Scalar]]:
        """Make the data of ``address`` and stage it; returns what was staged and the metadata that was added.

        Raises
        ------
        AssetError
            The user's function or query failed, or returned nothing.
        StorageError
            The inputs could not be read or the result could not be written.
        """
        asset = self._graph.asset(address.asset)
        if asset.kind is AssetKind.SQL:
            return self._query(asset, address, version, inputs), {}
        context = Context(
            asset=asset.key,
            partition_key=address.partition,
            interval=asset.partitions.interval(address.partition)
            if asset.partitions is not None and address.partition is not None
            else None,
            run_id=run_id,
            logger=logging.getLogger(f"tidegate.asset.{asset.key}"),
        )
        value = self._call(asset, address, context, self._arguments(address, inputs))
        return self._io.stage(address, version, value), context.metadata

    def observe(self, key: AssetKey, run_id: str) -> tuple[object, dict[str, Scalar]]:
        """Read a source once in a run; raises AssetError."""
        asset = self._graph.asset(key)
        context = Context(
            asset=asset.key, partition_key=None, interval=None, run_id=run_id,
            logger=logging.getLogger(f"tidegate.asset.{asset.key}"),
        )  # fmt: skip
        value = self._call(asset, Address(asset.key), context, {})
        self._sources[asset.key] = value
        return value, context.metadata

    def _arguments(self, address: Address, inputs: Sequence[Input]) -> dict[str, object]:
        arguments: dict[str, object] = {}
        for given in inputs:
            if given.parameter is None:
                continue
            if given.is_source:
                arguments[given.parameter] = self._source(given)
            else:
                arguments[given.parameter] = self._io.load(given.versions, given.wants, one=given.is_single)
        return arguments

    def _source(self, given: Input) -> object:
        """What a source gave when it was observed; read again where that was in another process."""
        if given.upstream not in self._sources:
            value, _ = self.observe(given.upstream, "")
            if content_hash(value) != given.versions[0].data_version:
                del self._sources[given.upstream]
                raise AssetError(
                    f"the source {given.upstream} has changed since it was observed in this run; "
                    "nothing was published; run it again"
                )
        return self._sources[given.upstream]

    def _query(self, asset: Asset, address: Address, version: str, inputs: Sequence[Input]) -> StagedData:
        assert asset.sql is not None
        relations = {}
        for given in inputs:
            if given.is_source:
                raise AssetError(f"{address}: a query can't read the source {given.upstream}; use a Python asset")
            relations[str(given.parameter)] = self._io.relation(given.versions)
        try:
            sql = render(asset.sql, relations)
        except Exception as error:  # the template is the user's own code
            raise AssetError(self._said(address, asset, error)) from error
        try:
            return self._io.stage_query(address, version, sql, {"partition": address.partition})
        except AssetError as error:
            raise AssetError(f"{address}: {error}") from error

    def _call(self, asset: Asset, address: Address, context: Context, arguments: dict[str, object]) -> object:
        assert asset.function is not None
        if asset.takes_context:
            arguments["context"] = context
        try:
            value = asset.function(**arguments)
        except AssetError:
            raise
        except (Exception, SystemExit) as error:  # sys.exit() ends the asset, not the service
            raise AssetError(self._said(address, asset, error)) from error
        if value is None:
            raise NothingReturned(str(address), asset.where or asset.key)
        return value

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
