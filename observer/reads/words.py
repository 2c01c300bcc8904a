"""What ``status:`` may name of an asset in a selection."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from observer.reads.model import State
from orchestration.model import AssetKey, StepStatus
from orchestration.runs import last_statuses
from orchestration.selection import StatusesOf

_OF_STEPS = frozenset(status.value for status in StepStatus) - {state.value for state in State}


def words_of(connection: Connection, states: Mapping[AssetKey, State], selection: str) -> StatusesOf | None:
    """What answers ``status:held``; read only where a selection asks for it.

    The state of an asset, and what became of its steps when it was last planned, as far as no state has that name.
    """
    if "status:" not in selection:
        return None
    words: dict[str, set[str]] = {key: {state.value} for key, state in states.items()}
    for key, became in last_statuses(connection).items():
        words.setdefault(key, set()).update(_OF_STEPS & set(became))
    return lambda key: tuple(words.get(key, ()))
