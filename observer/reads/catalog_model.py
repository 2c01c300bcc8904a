"""The table of assets: what is asked of it, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from observer.reads.model import AssetRow, State

PAGE = 100
"""Assets on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which assets, and which of their pages.

    Parameters
    ----------
    select: a selection, as the command takes it; empty: all.
    state, group, owner, tag, kind: facets; None: any. ``""`` as a group or an owner: those without one.
    page: from 1 on.
    """

    select: str = ""
    state: State | None = None
    group: str | None = None
    owner: str | None = None
    tag: str | None = None
    kind: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A way to narrow the table: each value with the number of assets that would be left."""

    name: str  # as in Question: "state", "group", ...
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    question: Question
    refused: str  # why the selection can't be read, as the command says it; "" where it can
    total: int  # assets of the project
    found: int  # those that are asked for
    pages: int
    facets: tuple[Facet, ...]
    assets: tuple[AssetRow, ...]  # worst first, then upstream first
