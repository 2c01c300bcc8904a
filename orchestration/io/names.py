"""Names of assets and partitions as parts of paths."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from orchestration.model import Address

_LONGEST = 120


def file_name(name: str) -> str:
    """A name as one safe part of a path, different for different names."""
    safe = quote(name, safe="").replace(".", "%2E")
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:60]}~{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def folder_of(address: Address) -> str:
    """The folder of an address below the store's own, with a slash between its two parts."""
    part = "whole" if address.partition is None else f"p={file_name(address.partition)}"
    return f"{file_name(address.asset)}/{part}"
