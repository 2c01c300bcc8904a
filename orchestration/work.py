"""The half of a step that is done beside the data: execute, stage, measure. It touches no database, and it pickles."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from orchestration.errors import AssetError, TidegateError
from orchestration.execute import Execution
from orchestration.hearing import heard
from orchestration.io.base import StagedData, StoredVersion
from orchestration.model import Address, AssetKey, Materialization, Scalar, Staged
from orchestration.step_log import Said, closed, opened

_log = logging.getLogger("tidegate.work")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What one edge hands to the function: versions that are in storage, or what a source gives.

    ``is_single``: the one version as it was written; otherwise several, concatenated. ``columns``: those that are
    handed over; None: all.
    """

    upstream: AssetKey
    parameter: str | None
    wants: str
    is_source: bool
    is_single: bool
    versions: tuple[StoredVersion, ...]
    config: str | None = None  # of a source, as in a task
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One address to make, and the id under which its version is staged."""

    address: Address
    version: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What readers see of an asset that the gate compares ``address`` with; empty where nothing is published."""

    address: Address
    asset: AssetKey
    versions: tuple[StoredVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One call of one function, with everything that was decided about it beforehand.

    Most calls make one address. The function of a multi-asset makes several assets, one that takes a batch makes
    several partitions. ``observes``: it is a source, which is read and not written.
    """

    targets: tuple[Target, ...]
    run_id: str
    observes: bool
    inputs: tuple[Input, ...]
    code_version: str
    config: str | None = None  # what the function's ``config`` says, as JSON
    beside: tuple[Beside, ...] = ()

    @property
    def address(self) -> Address:
        """The first of those to make, which stands for all in messages."""
        return self.targets[0].address

    @property
    def id(self) -> str:
        """Unique: the first version's id."""
        return self.targets[0].version


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What was made: staged, measured, not yet judged.

    ``audit`` is what the gate measured; None where measuring broke, and ``gate_error`` says how. ``said``: what was
    logged on the way; None: nothing.
    """

    materialization: Materialization
    format: str
    audit: Any
    gate_error: str | None
    execute_s: float
    gate_s: float
    said: Said | None = None


Products = tuple[Product, ...]
"""What one task made: a product a target, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong instead; ``kinds`` are the names of the exception's classes, the nearest first."""

    error: str
    kinds: tuple[str, ...] = ()
    execute_s: float | None = None
    said: Said | None = None


def with_said(result: Products | Failure, said: Said | None) -> Products | Failure:
    """The result of a task with what was logged on the way."""
    if said is None:
        return result
    if isinstance(result, Failure):
        return replace(result, said=said)
    return tuple(replace(product, said=said) for product in result)


class Worker:
    """Performs tasks, one at a time, wherever the data is."""

    def __init__(
        self,
        execution: Execution,
        measure: Callable[[Staged], Any],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._execution, self._measure, self._now, self._monotonic = execution, measure, now, monotonic

    def perform(self, task: Task) -> Products | Failure:
        """Make, stage and measure, and hear what is said meanwhile; what goes wrong is an answer, not an exception.

        After what is no Exception, such as sys.exit() in a check, what was heard is left to ``step_log.closed``.
        """
        with heard(opened(task.id)):
            result = self._made(task)
        return with_said(result, closed(task.id))

    def _made(self, task: Task) -> Products | Failure:
        began = self._monotonic()
        try:
            made = self._execute(task, began)
        except TidegateError as error:
            return Failure(error=str(error), kinds=_kinds(error), execute_s=self._monotonic() - began)
        except Exception as error:  # ours or a library's: one step fails by it, not the run
            _log.exception("%s failed outside the user's function", task.address)
            said = f"{task.address}: {type(error).__name__}: {' '.join(str(error).split())}"
            said += "; readers keep what they had"
            return Failure(error=said, kinds=_kinds(error), execute_s=self._monotonic() - began)
        execute_s = self._monotonic() - began
        return tuple(self._measured(staged, kind, execute_s) for staged, kind in made)

    def _measured(self, staged: Staged, kind: str, execute_s: float) -> Product:
        began = self._monotonic()
        audit, gate_error = None, None
        try:
            audit = self._measure(staged)
        except Exception as error:  # a gate that breaks keeps the version back
            gate_error = f"the gate could not judge it: {type(error).__name__}: {error}"
        return Product(
            materialization=staged.materialization, format=kind, audit=audit, gate_error=gate_error,
            execute_s=execute_s, gate_s=self._monotonic() - began,
        )  # fmt: skip

    def _execute(self, task: Task, began: float) -> list[tuple[Staged, str]]:
        made = self._execution.observed(task) if task.observes else self._execution.staged(task)
        partitions = len({target.address.partition for target in task.targets})
        duration_s = (self._monotonic() - began) / partitions  # a batch's share: comparable whatever its size
        return [
            (self._staged(task, target, written, metadata, duration_s), written.format)
            for target, written, metadata in made
        ]  # fmt: skip

    def _staged(
        self, task: Task, target: Target, written: StagedData, metadata: Mapping[str, Scalar], duration_s: float
    ) -> Staged:
        made = Materialization(
            id=target.version, asset=target.address.asset, partition=target.address.partition, run_id=task.run_id,
            materialized_at=self._now(), data_version=written.data_version, code_version=task.code_version,
            fingerprint=written.data_version if task.observes else target.fingerprint,
            duration_s=duration_s, rows=written.rows,
            bytes=None if task.observes else written.bytes, metadata=metadata,
        )  # fmt: skip
        beside = {one.asset: self._execution.table(one) for one in task.beside if one.address == target.address}
        return Staged(materialization=made, data=written.data, declared=written.declared, beside=beside)


def _kinds(error: BaseException) -> tuple[str, ...]:
    """The classes of what the user's code raised, which an AssetError only wraps."""
    cause = error.__cause__ if isinstance(error, AssetError) and error.__cause__ is not None else error
    return tuple(kind.__name__ for kind in type(cause).__mro__[:-1])
