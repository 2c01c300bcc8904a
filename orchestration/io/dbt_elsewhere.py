"""Versions that dbt has made elsewhere: there is nothing of ours in storage, only what its artifacts say of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from orchestration.clock import Clock
from orchestration.dbt.artifacts import Artifacts, Recorded
from orchestration.dbt.model import Build, DbtRecord, ResultStatus
from orchestration.errors import AssetError, StorageError
from orchestration.io.base import ELSEWHERE, OBSERVED, Pointer, StagedData, StoredVersion
from orchestration.model import Address, Scalar

_GOOD = frozenset({ResultStatus.SUCCESS, ResultStatus.NO_OP, ResultStatus.PASS})


class DbtElsewhere:
    """Implements :class:`orchestration.io.base.IOManager` for one invocation of dbt's that has ended.

    ``usual_s`` says how long a node took when it was last built, for an invocation that only tested it. ``clock``
    stands where the artifacts say that each node ended, so that history is theirs.
    """

    def __init__(self, artifacts: Artifacts, usual_s: Callable[[Address], float | None]) -> None:
        self._artifacts, self._usual_s = artifacts, usual_s
        self._now, self._elapsed = artifacts.generated_at, 0.0
        self._pointers: dict[Address, Pointer] = {}
        self.clock = Clock(now=lambda: self._now, monotonic=lambda: self._elapsed)

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        assert isinstance(value, Build)
        id_, artifacts = value.node.id, self._artifacts
        own = artifacts.results.get(id_)
        tested = {test.id: found for test in value.tests if (found := artifacts.results.get(test.id))}
        age = artifacts.ages.get(id_)
        self._pass(address, own, tested, None if age is None else age.at)
        if own is not None and own.result.status not in _GOOD:
            said = own.result.message or f"dbt's result is {own.result.status}"
            raise AssetError(f"{address}: {value.node.file}: {said}")
        metadata: dict[str, Scalar] = {"dbt_invocation": artifacts.invocation, "dbt_version": artifacts.dbt_version}
        if own is not None:
            metadata |= {"dbt_compile_s": own.result.compile_s, "dbt_execute_s": own.result.execute_s}
        record = DbtRecord(
            results={id_: found.result for id_, found in tested.items()}, age_s=None if age is None else age.seconds,
            why_no_age=None if age is None else age.reason,
        )  # fmt: skip
        return StagedData(
            format=OBSERVED if value.node.is_source else ELSEWHERE, data_version=f"dbt {artifacts.invocation}",
            rows=artifacts.rows.get(id_), bytes=artifacts.bytes.get(id_), data=record, metadata=metadata,
        )  # fmt: skip

    def _pass(
        self, address: Address, own: Recorded | None, tested: Mapping[str, Recorded], looked_at: datetime | None
    ) -> None:
        """Let the clock go on to where the node had ended, by as much as it took."""
        ends = [one.ended_at for one in (own, *tested.values()) if one is not None]
        ends += [looked_at] if looked_at is not None else []
        self._now = max(ends, default=self._artifacts.generated_at)
        if own is not None:
            self._elapsed += own.took_s
        else:
            usual = self._usual_s(address)
            self._elapsed += sum(one.took_s for one in tested.values()) if usual is None else usual

    def stage_query(self, address: Address, version: str, sql: str, parameters: Mapping[str, object]) -> StagedData:
        raise _not_here(address)

    def relation(self, versions: Sequence[StoredVersion]) -> str:
        raise _not_here(versions[0].address)

    def load(self, versions: Sequence[StoredVersion], wants: str, *, one: bool) -> object:
        raise _not_here(versions[0].address)

    def publish(self, address: Address, version: str, token: int) -> None:
        self._pointers[address] = Pointer(version, token)

    def pointer(self, address: Address) -> Pointer | None:
        return self._pointers.get(address)

    def has(self, address: Address, version: str) -> bool:
        return True

    def versions(self, address: Address) -> tuple[str, ...]:
        return ()

    def sweep(self, address: Address, keep: Collection[str]) -> tuple[str, ...]:
        return ()

    def drop(self, address: Address) -> None:
        self._pointers.pop(address, None)


def _not_here(address: Address) -> StorageError:
    return StorageError(f"{address} was made by dbt elsewhere; its data is not read here")
