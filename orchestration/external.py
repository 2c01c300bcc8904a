"""Assets that others make and report: nothing here reads or writes their data, and no run makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from orchestration.asset_options import check_group, words
from orchestration.assets import Asset, asset_key
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
    name = asset_key(key)
    check_group(name, group)
    return Asset(
        key=name, kind=AssetKind.SOURCE, partitions=partitions, group=group, owners=words(name, "owners", owners),
        tags=words(name, "tags", tags), description=description, freshness=freshness, attachments=tuple(attachments),
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
