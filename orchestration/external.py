"""Assets that others make and report: nothing here reads or writes their data, and no run makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from orchestration.assets import Asset, asset_key
from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessPolicy
from orchestration.model import AssetKind
from orchestration.partitions import Partitions


def external(
    key: str,
    *,
    partitions: Partitions | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    description: str = "",
    freshness: FreshnessPolicy | None = None,
    attachments: Iterable[object] = (),
) -> Asset:
    """Declare an asset that others make and report; raises DefinitionError for a name that can't be."""
    for what, words in (("owners", owners), ("tags", tags)):
        if isinstance(words, str):
            raise DefinitionError(f"{key}: {what} takes a list; write {what}=[{words!r}]")
    return Asset(
        key=asset_key(key), kind=AssetKind.SOURCE, partitions=partitions, group=group, owners=tuple(owners),
        tags=tuple(tags), description=description, freshness=freshness, attachments=tuple(attachments),
        where=_caller(),
    )  # fmt: skip


def is_external(asset: Asset) -> bool:
    """Whether others make the asset and report it: there is nothing that could read it."""
    return asset.kind is AssetKind.SOURCE and asset.function is None


def _caller() -> str:
    frame = sys._getframe(1)
    while frame.f_back is not None and Path(frame.f_code.co_filename).parent.name in {"orchestration", "observer"}:
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
