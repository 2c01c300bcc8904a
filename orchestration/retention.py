"""Which earlier versions stay: a pure rule over what the log knows of one address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.model import VersionStatus
from orchestration.state import VersionRecord

GRACE = timedelta(hours=1)
"""How long a version stays after readers have lost sight of it: one of them may still be reading."""

NEEDED = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)
"""What always stays."""
EARLIER = (VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK)
"""What readers saw once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is promised of earlier versions: the newest ``keep`` stay, and every one that is younger than ``age``."""

    keep: int
    age: timedelta


def removable(
    retention: Retention,
    known: Sequence[VersionRecord],
    replaced_at: Mapping[str, datetime],
    now: datetime,
    running_since: datetime | None,
) -> tuple[VersionRecord, ...]:
    """The versions of one address that nothing and nobody needs any more, oldest first.

    What is published, about to be, or held always stays; so does the newest earlier version where nothing is published.

    Parameters
    ----------
    known:
        The versions of the address, oldest first.
    replaced_at:
        When readers lost sight of a version, by its id.
    running_since:
        When the oldest run began that still goes on: it may read what was published then.
    """
    earlier = [v for v in known if v.status in EARLIER]
    keep = max(retention.keep, 0 if any(v.status is VersionStatus.PUBLISHED for v in known) else 1)
    promised = {v.id for v in (earlier[-keep:] if keep else ())}
    found = []
    for version in known:
        unseen = replaced_at.get(version.id, version.materialized_at)
        if version.status in NEEDED or version.id in promised:
            continue
        if version.materialized_at > now - retention.age or unseen > now - GRACE:
            continue
        if running_since is not None and unseen >= running_since:
            continue
        found.append(version)
    return tuple(found)
