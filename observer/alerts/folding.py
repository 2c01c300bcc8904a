"""Several messages as one, for a channel that would else be flooded. Nothing of them is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from observer.alerts.base import Limit
from observer.alerts.payload import VERSION
from observer.model import Notification, Severity
from observer.quantities import count

FOLDED = "incidents.folded"
"""The event of a message that holds others."""

MOST = 100
"""Messages in one."""

_NAMED = 5


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
        "messages": bodies,
    }
    written = {"type": FOLDED, "version": VERSION, "timestamp": _iso(wall_now), "data": data}
    digest = hashlib.sha256("\n".join(one.id for one in messages).encode()).hexdigest()
    return replace(
        first, id=f"msg_{digest[:24]}", event=FOLDED, created_at=wall_now, attempts=0, last_error=None,
        payload=json.dumps(written, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    )  # fmt: skip


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
