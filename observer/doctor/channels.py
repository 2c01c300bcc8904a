"""Channels: an address and a secret that can be used; a message only where it is asked for."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

from observer.config import EnvironmentConfig
from observer.doctor.model import Diagnosis, Health
from observer.model import Notification
from observer.project import channel_of
from orchestration.graph import Graph


def look_at_channels(diagnosis: Diagnosis, config: EnvironmentConfig, graph: Graph, *, send: bool) -> None:
    """Say of each channel whether it can be used; with ``send``, post it a message of type ``doctor.test``."""
    if not config.channels:
        said = "there is none: nobody is told of incidents"
        diagnosis.say("channels", Health.WARNING, said, "write channels = [{ kind = 'webhook', ... }]")
    for one in config.channels:
        part = f"channel {one.name}"
        with diagnosis.looking_at(part):
            channel = channel_of(one, graph)
            if not send:
                diagnosis.say(part, Health.OK, f"{channel!r}: address and secret can be used; nothing was sent")
                continue
            channel.send(_message(one.name, datetime.now(UTC)))
            diagnosis.say(part, Health.OK, f"{channel!r} took a test message")


def _message(channel: str, now: datetime) -> Notification:
    said = "tidegate doctor asks whether this channel is heard; nothing is wrong"
    payload = json.dumps({"type": "doctor.test", "timestamp": now.isoformat(), "data": {"sentence": said}})
    return Notification(
        id=f"msg_{secrets.token_hex(12)}", incident_id=0, event="doctor.test", channel=channel, payload=payload,
        created_at=now, attempts=0, next_attempt_at=None, delivered_at=None, last_error=None,
    )  # fmt: skip
