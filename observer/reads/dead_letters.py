"""The messages that nobody tries any more: for the page, the API and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from observer.model import Notification
from observer.project import Project
from observer.reads.instants import timezone_of
from observer.store import dead_letters as store

MOST = 200
"""So many are shown, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message that was given up."""

    id: str
    written_at: datetime  # real time
    channel: str
    event: str  # "incident.opened" ...
    title: str  # what it was about
    assets: tuple[str, ...]  # those that it names
    incident_id: int | None  # None: it holds messages about several
    holds: int  # messages that were put into it; 1: it is one itself
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettersPage:
    """What could not be delivered."""

    at: datetime
    project: str
    environment: str
    timezone: str
    letters: tuple[DeadLetter, ...]
    more: bool  # older ones


def dead_letters_page(
    connection: Connection, project: Project, now: datetime, sees: Callable[[str], bool] | None = None
) -> DeadLettersPage:
    """Two statements; with ``sees`` only those whose assets all are ones that it says yes to."""
    found = store.dead(connection, project.config.name, MOST + 1 if sees is None else None)
    if sees is not None:
        found = tuple(islice((one for one in found if all(map(sees, assets_of(one)))), MOST + 1))
    return DeadLettersPage(
        at=now, project=project.config.root.name, environment=project.config.name,
        timezone=timezone_of(project.graph), letters=letters(connection, found[:MOST]), more=len(found) > MOST,
    )  # fmt: skip


def letters(connection: Connection, found: tuple[Notification, ...]) -> tuple[DeadLetter, ...]:
    """Messages that were given up, as they are shown; one statement."""
    within = store.held_in(connection, [one.id for one in found]) if found else {}
    return tuple(_letter(one, within.get(one.id, 0)) for one in found)


def _letter(one: Notification, holds: int) -> DeadLetter:
    data, assets = _data(one), assets_of(one)
    return DeadLetter(
        id=one.id, written_at=one.created_at, channel=one.channel, event=one.event,
        title=str(data.get("title") or ", ".join(assets) or one.event), assets=assets,
        incident_id=None if holds else one.incident_id, holds=max(1, holds), why=one.last_error or "nobody knows why",
    )  # fmt: skip


def assets_of(one: Notification) -> tuple[str, ...]:
    """The assets that a message names, each once."""
    return tuple(dict.fromkeys(_assets(_data(one))))


def _data(one: Notification) -> Mapping[str, Any]:
    return json.loads(one.payload).get("data") or {}


def _assets(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("asset"):
        yield str(data["asset"])
    for one in data.get("messages") or ():
        yield from _assets(one.get("data") or {})
