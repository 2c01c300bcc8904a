"""Who asks, and what they may: roles, tokens, and the caller that a request turned out to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a caller may; each may what those before it may."""

    VIEWER = "viewer"  # read
    OPERATOR = "operator"  # run, release, acknowledge, send what was measured
    ADMIN = "admin"  # everything

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what asks for ``needed``.

        >>> Role.OPERATOR.covers(Role.VIEWER), Role.OPERATOR.covers(Role.ADMIN)
        (True, False)
        """
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as it is kept: never its secret."""

    id: str  # public, a part of the token itself
    name: str
    role: Role
    assets: tuple[str, ...] | None  # selections; None: all assets
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request."""

    id: str  # of the token; "TIDEGATE_TOKEN"; "loopback" where no token is asked for
    name: str  # for the history
    role: Role
    assets: frozenset[str] | None = None  # None: all

    def sees(self, asset: str) -> bool:
        """Whether an asset is one that the caller may ask about."""
        return self.assets is None or asset in self.assets


LOOPBACK = Caller(id="loopback", name="someone on this machine", role=Role.ADMIN)
"""Who asks a server on this machine for which no token was ever made."""
ENVIRONMENT_TOKEN = Caller(id="TIDEGATE_TOKEN", name="TIDEGATE_TOKEN", role=Role.ADMIN)
"""Who shows the token of the server's own environment."""
