"""The assets of a large company, and how each stands this morning: what the large store is filled by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ASSETS, DAYS, JUDGED, MONITORS = 5_000, 200, 30, 10
"""Of each asset its days, the newest of which all are judged; of each day its monitors of numbers."""

BAD = 50
"""One asset in so many is wrong today, every other one of these so that it is held; of them every day was judged."""


class Kind(StrEnum):
    """How an asset stands."""

    HEALTHY = "healthy"
    HELD = "held"
    WARNED = "warned"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"  # something upstream is held
    FAILED = "failed"
    STALE = "stale"  # it was not run for three days
    LEARNING = "learning"  # it is five days old
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Member:
    """One asset: it has versions from its ``first`` day to its ``last``, and none where that is before."""

    n: int
    kind: Kind
    first: int
    last: int
    blocked_by: str | None = None


def name_of(n: int) -> str:
    """What the asset of a number is called.

    >>> name_of(107)
    'asset_00107'
    """
    return f"asset_{n:05}"


def members(assets: int) -> Sequence[Member]:
    """All of them, upstream first: asset ``n`` is made of asset ``n // 3``."""
    held: dict[int, int | None] = {}  # by what each asset waits for
    found = []
    for n in range(assets):
        above = n // 3
        root = None if n == 0 else above if _kind(above, assets) is Kind.HELD and held[above] is None else held[above]
        held[n] = root
        found.append(_member(n, _kind(n, assets), root))
    return found


def _member(n: int, kind: Kind, root: int | None) -> Member:
    days = range(DAYS)
    match kind:
        case Kind.NEVER:
            return Member(n, kind, 0, -1)
        case Kind.STALE:
            return Member(n, kind, 0, days[-4])
        case _ if root is not None:
            return Member(n, Kind.BLOCKED, 0, days[-2], name_of(root))
        case Kind.FAILED:
            return Member(n, kind, 0, days[-2])
        case Kind.LEARNING:
            return Member(n, kind, days[-5], days[-1])
        case _:
            return Member(n, kind, 0, days[-1])


def _kind(n: int, assets: int) -> Kind:
    """By its number alone; what nothing is made of may be missing today without anything else being so."""
    if n % BAD == 7:
        return Kind.HELD if n % (2 * BAD) == 7 else Kind.WARNED
    if n % 250 == 33:
        return Kind.UNKNOWN
    if 3 * n < assets:
        return Kind.HEALTHY
    ends = {(250, 211): Kind.FAILED, (125, 94): Kind.LEARNING, (500, 499): Kind.NEVER, (200, 184): Kind.STALE}
    return next((kind for (every, rest), kind in ends.items() if n % every == rest), Kind.HEALTHY)
