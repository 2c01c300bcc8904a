"""``channels``: who hears of incidents."""

from __future__ import annotations

from dataclasses import dataclass, field

from observer.config.section import Section
from observer.errors import ProjectError, UnknownName

KEYS = ("kind", "name", "url", "secret", "when")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One entry of ``channels``; ``secret`` and ``url`` never appear in a representation."""

    kind: str
    name: str
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    when: str


def channels(env: Section) -> tuple[ChannelConfig, ...]:
    """The channels of an environment; raises ProjectError, UnknownName."""
    entries = env.values.get("channels", [])
    if not isinstance(entries, list):
        raise ProjectError(f"{env}: channels is a list of tables; write channels = [{{ kind = 'webhook', ... }}]")
    found: list[ChannelConfig] = []
    for number, entry in enumerate(entries, start=1):
        one = env.at(entry, f"{env.where} channels[{number}]")
        one.only(KEYS)
        if (kind := one.values.get("kind")) != "webhook":
            raise UnknownName("kind of channel", str(kind), ("webhook",), where=str(one))
        name = one.text("name", default=kind if number == 1 else f"{kind}-{number}")
        if name in {channel.name for channel in found}:
            raise ProjectError(f"{one}: a channel before it is called {name!r} too; give it a name= of its own")
        found.append(
            ChannelConfig(
                kind=kind, name=name, url=one.text("url"), secret=one.maybe("secret"),
                when=one.text("when", default="severity>=warn"),
            )
        )  # fmt: skip
    return tuple(found)
