"""What the caller may do about an asset on its page: run it in one way or another, and let through what is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from dashboards.pages.graph import named
from dashboards.pages.until import CHOICES
from observer.access import Caller, Role
from observer.model import Severity
from observer.overrides import severities_of

if TYPE_CHECKING:
    from observer.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What the forms of the page need."""

    proof: str  # what forms that change something carry
    may_override: bool
    select: str  # the asset alone
    select_below: str  # with everything downstream; "" where nothing is
    partitioned: bool
    newest: str | None  # the partition that a run would make by itself
    holding: tuple[str, ...]  # the checks and monitors that can hold it
    lasting: tuple[tuple[str, str], ...] = CHOICES


def deeds(work: Project, key: str, request: Request) -> Deeds | None:
    """What the sender of ``request`` may do; None for who only looks, or an asset that isn't the project's."""
    state = request.scope.get("state", {})
    caller: Caller | None = state.get("caller")
    if caller is None or not caller.role.covers(Role.OPERATOR) or key not in work.graph or not caller.sees(key):
        return None
    asset = work.graph.asset(key)
    holding = (name for name, worst in severities_of(work, asset.key, "").items() if worst is Severity.ERROR)
    cut = asset.partitions
    return Deeds(
        proof=state["proof"], may_override=caller.role.covers(Role.ADMIN),
        select=named(key), select_below=f"{named(key)}+" if work.graph.downstream(asset.key) else "",
        partitioned=cut is not None, newest=cut.latest(work.clock.now()) if cut is not None else None,
        holding=tuple(holding),
    )  # fmt: skip
