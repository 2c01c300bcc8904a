"""A message by which people see that a channel is heard."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

from observer.alerts.payload import VERSION
from observer.model import Notification

EVENT = "channel.test"


def trial(channel: str, now: datetime) -> Notification:
    """A message that says that nothing is wrong; it is in no outbox and about no incident."""
    said = f"This is a test: channel {channel} is heard, and nothing is wrong."
    data = {"incident_id": None, "title": "Tidegate asks whether it is heard", "sentence": said, "text": said}
    at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Notification(
        id=f"msg_{secrets.token_hex(12)}", incident_id=0, event=EVENT, channel=channel,
        payload=json.dumps({"type": EVENT, "version": VERSION, "timestamp": at, "data": data}),
        created_at=now, attempts=0, next_attempt_at=None, delivered_at=None, last_error=None,
    )  # fmt: skip
