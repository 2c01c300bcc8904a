"""Letting messages that were given up be tried again, as a person asks: by the command, the API and the page."""

from __future__ import annotations

from collections.abc import Callable, Collection

from observer.errors import NotAllowed, UnknownName
from observer.project import Project
from observer.reads.dead_letters import letters
from observer.store import dead_letters
from orchestration.database import writing


def replay(
    work: Project, ids: Collection[str] | None = None, *, sees: Callable[[str], bool] = lambda asset: True
) -> tuple[str, ...]:
    """Let messages be tried again from the beginning, with the ids that they had; returns which.

    Parameters
    ----------
    ids: which; None: all that the caller sees.
    sees: whether the caller may know of an asset.

    Raises
    ------
    UnknownName: one of them was not given up; none is tried again.
    NotAllowed: one is about an asset that isn't the caller's; none is tried again.
    StateError: the state database can't be read or written.
    """
    with writing(work.engine) as connection:
        there = {one.id: one for one in letters(connection, dead_letters.dead(connection, work.config.name))}
        mine = {one.id for one in there.values() if all(sees(asset) for asset in one.assets)}
        for each in ids or ():
            if each not in there:
                raise UnknownName("message that was given up", each, mine)
            if each not in mine:
                raise NotAllowed(f"message {each} is about assets that aren't the caller's; none is tried again")
        return dead_letters.replay(connection, mine if ids is None else ids)
