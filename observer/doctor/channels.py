"""Channels: an address and a secret that can be used; a message only where it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from observer.alerts.anywhere import AppriseChannel
from observer.alerts.routing import some, unrouted
from observer.alerts.trial import trial
from observer.channels import channel_of
from observer.config import EnvironmentConfig
from observer.doctor.model import Diagnosis, Health
from observer.quantities import count
from observer.store.dead_letters import dead
from orchestration.database import reading
from orchestration.graph import Graph


def look_at_channels(
    diagnosis: Diagnosis, config: EnvironmentConfig, graph: Graph, engine: Engine | None, *, send: bool
) -> None:
    """Say of each channel whether it can be used; with ``send``, send it a message that says nothing is wrong.

    Also what no channel would hear of, and what could not be delivered.
    """
    if not config.channels:
        said = "there is none: nobody is told of incidents"
        diagnosis.say("channels", Health.WARNING, said, "write channels = [{ kind = 'webhook', ... }]")
    made = []
    for one in config.channels:
        part = f"channel {one.name}"
        with diagnosis.looking_at(part):
            channel = channel_of(one, graph, config.name)
            made.append(channel)
            if isinstance(channel, AppriseChannel):
                channel.check()
            if not send:
                diagnosis.say(part, Health.OK, f"{channel!r}: address and secret can be used; nothing was sent")
                continue
            channel.send(trial(one.name, datetime.now(UTC)))
            diagnosis.say(part, Health.OK, f"{channel!r} took a test message")
    nobody = unrouted(graph, made) if made else ()
    if nobody:
        said = f"nobody would hear of incidents of {some(nobody)}"
        diagnosis.say("routes", Health.WARNING, said, "write fallback = true in a channel, or widen its when")
    if engine is not None:
        _look_at_dead_letters(diagnosis, engine, config.name)


def _look_at_dead_letters(diagnosis: Diagnosis, engine: Engine, environment: str) -> None:
    with diagnosis.looking_at("dead letters"):
        with reading(engine) as connection:
            found = dead(connection, environment)
        if found:
            said = f"{count(len(found), 'message')} could not be delivered; the newest: {found[0].last_error}"
            diagnosis.say("dead letters", Health.WARNING, said, "tidegate alerts dead; tidegate alerts replay --all")
