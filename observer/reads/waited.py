"""What was blocked by an asset when it last ran, and may run now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from observer.reads.ledger import LastStep
from observer.reads.model import Waited
from observer.reads.states import BROKEN, Standing
from orchestration.model import AssetKey, PartitionKey, StepStatus


def waited(
    here: Standing, below: Iterable[AssetKey], steps: Mapping[AssetKey, Mapping[PartitionKey, LastStep]]
) -> tuple[Waited, ...]:
    """The partitions of an asset at which something directly downstream was blocked by it and has not run since.

    What has no partition of its own waits while any partition is held, and then for the newest that readers have.
    """
    if here.readers is None:
        return ()
    newest = here.readers.address.partition
    cells = here.cells if newest is not None else here.cells[-1:]  # of an asset without partitions the last one counts
    shut = {*here.held, *(cell.partition for cell in cells if cell.state in BROKEN)}
    found: dict[PartitionKey, list[AssetKey]] = {}
    for asset in below:
        for partition, step in steps.get(asset, {}).items():
            if step.status is not StepStatus.BLOCKED or step.blocked_by != here.key:
                continue
            of = newest if partition is None else partition
            if of not in shut and not (partition is None and here.held):
                found.setdefault(of, []).append(asset)
    ordered = sorted(found, key=lambda each: each or "", reverse=True)
    return tuple(Waited(partition=each, assets=tuple(found[each])) for each in ordered)
