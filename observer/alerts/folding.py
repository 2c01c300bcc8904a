"""Several messages as one, for a channel that would else be flooded. Nothing of them is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from observer.alerts.base import Limit
from observer.alerts.payload import VERSION
from observer.model import Notification, Severity
from observer.quantities import count

FOLDED = "incidents.folded"
"""The event of a message that holds others."""

MOST = 100
"""Messages in one."""

MOST_BYTES = 200_000
"""Of their bodies together, which stand in it whole: receivers refuse what is too large, and then all of it."""

_NAMED = 5
_FURTHER = 10  # times as many are looked through for those that go to the same owners


@dataclass(frozen=True, slots=True)
class Folding:
    """How the messages of a channel are put into one; see ``Terms``."""

    limit: Limit
    by_owners: bool = False

    @property
    def candidates(self) -> int:
        """How many others are worth looking at."""
        return (MOST - 1) * (_FURTHER if self.by_owners else 1)

    def together(self, message: Notification, others: Iterable[Notification]) -> list[Notification]:
        """The message, and those of the others that can be said with it: to the same people, and not too much."""
        found, size, whose = [message], len(message.payload.encode()), _owners(message)
        for other in others:
            if self.by_owners and _owners(other) != whose:
                continue
            size += len(other.payload.encode())
            if len(found) == MOST or size > MOST_BYTES:
                break
            found.append(other)
        return found

    def one(self, messages: Sequence[Notification], wall_now: datetime) -> Notification:
        """One message that holds them."""
        return folded(messages, self.limit, wall_now)


def _owners(message: Notification) -> frozenset[str]:
    return frozenset((json.loads(message.payload).get("data") or {}).get("owners") or ())


def folded(messages: Sequence[Notification], limit: Limit, wall_now: datetime) -> Notification:
    """One message that holds others of its channel, the first of which is due; its id follows from theirs.

    Parameters
    ----------
    messages: two or more, in the order in which they were written.
    limit: why they are folded.
    """
    first = messages[0]
    bodies = [{"id": one.id, **json.loads(one.payload)} for one in messages]
    titles = [str(body["data"].get("title") or body["data"].get("asset") or body["type"]) for body in bodies]
    severities = {body["data"].get("severity") for body in bodies}
    worst = Severity.ERROR.value if Severity.ERROR.value in severities else Severity.WARN.value
    more = count(len(messages) - 1, "more", "more")
    said = f"{count(len(messages), 'message')} at once, where channel {first.channel} takes {limit!r} one by one"
    named = "; ".join(titles[:_NAMED])
    data = {
        "incident_id": None,
        "severity": worst,
        "title": f"{titles[0]}, and {more}",
        "sentence": said,
        "text": f"{said}: {named}" + (f"; and {len(titles) - _NAMED} more." if len(titles) > _NAMED else "."),
        "owners": list(dict.fromkeys(owner for body in bodies for owner in body["data"].get("owners") or ())),
        "url": _inbox(bodies[0]["data"].get("url")),
        "messages": bodies,
    }
    written = {"type": FOLDED, "version": VERSION, "timestamp": _iso(wall_now), "data": data}
    digest = hashlib.sha256("\n".join(one.id for one in messages).encode()).hexdigest()
    return replace(
        first, id=f"msg_{digest[:24]}", event=FOLDED, created_at=wall_now, attempts=0, last_error=None,
        payload=json.dumps(written, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    )  # fmt: skip


def _inbox(url: str | None) -> str | None:
    """The page of all incidents, beside that of one."""
    return None if url is None else url.rpartition("/")[0]


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
