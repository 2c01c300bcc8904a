"""A change of an asset's columns, as its page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaTurn:
    """A version whose columns differ from those before it, or the first one, which changes nothing."""

    at: datetime  # data time
    partition: str | None
    version: str
    run_id: str
    held: bool
    severity: str | None  # of the worst change: "ignore", "warn", "error"; None: unknown
    columns: int
    changes: tuple[tuple[str, str], ...]  # ("added", "b was added (bigint)")
    is_first: bool
