"""``channels``: who hears of incidents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from observer.config.section import Section
from observer.errors import ProjectError, UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a kind of channel takes: texts, or lists of texts where ``lists`` names them."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


KINDS: Mapping[str, _Kind] = {
    "webhook": _Kind(needs=("url",), takes=("secret",), lists=("secret",)),
    "slack": _Kind(needs=("url",)),
    "teams": _Kind(needs=("url",)),
    "pagerduty": _Kind(needs=("routing_key",), takes=("url", "source")),
    "mail": _Kind(needs=("server", "from", "to"), takes=("user", "password", "tls"), lists=("to",)),
    "apprise": _Kind(needs=("url",)),
}
_ALL = ("kind", "name", "when", "fallback", "limit")
KEYS = tuple(dict.fromkeys((*_ALL, *(key for one in KINDS.values() for key in (*one.needs, *one.takes)))))
"""Of every kind."""

_UNFOLDED = ("webhook", "pagerduty")  # programs read these: nothing limits them unless it is said
_PEOPLE = "30/m"
_LIMIT = re.compile(r"([1-9]\d{0,5})/([smh])")
_LENGTHS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One entry of ``channels``; what is particular to its kind, secrets among it, never appears in a representation.

    ``limit`` is how many messages in how many seconds; None: any.
    """

    kind: str
    name: str
    when: str
    fallback: bool
    limit: tuple[int, float] | None
    options: Mapping[str, tuple[str, ...]] = field(repr=False)

    def one(self, key: str) -> str | None:
        """An option that is one text; None where it isn't given."""
        return next(iter(self.options.get(key, ())), None)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no text may show."""
        return tuple(text for key in ("url", "secret", "routing_key", "password") for text in self.options.get(key, ()))


def channels(env: Section) -> tuple[ChannelConfig, ...]:
    """The channels of an environment; raises ProjectError, UnknownName."""
    entries = env.values.get("channels", [])
    if not isinstance(entries, list):
        raise ProjectError(f"{env}: channels is a list of tables; write channels = [{{ kind = 'webhook', ... }}]")
    found: list[ChannelConfig] = []
    for number, entry in enumerate(entries, start=1):
        one = env.at(entry, f"{env.where} channels[{number}]")
        kind = str(one.values.get("kind"))
        if kind not in KINDS:
            raise UnknownName("kind of channel", kind, KINDS, where=str(one))
        one.only((*_ALL, *KINDS[kind].needs, *KINDS[kind].takes))
        name = one.text("name", default=kind if number == 1 else f"{kind}-{number}")
        if name in {channel.name for channel in found}:
            raise ProjectError(f"{one}: a channel before it is called {name!r} too; give it a name= of its own")
        found.append(
            ChannelConfig(
                kind=kind, name=name, when=one.text("when", default="severity>=warn"), fallback=one.switch("fallback"),
                limit=_limit(one, kind), options=dict(_options(one, KINDS[kind])),
            )
        )  # fmt: skip
    return tuple(found)


def _options(one: Section, kind: _Kind) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in (*kind.needs, *kind.takes):
        value = one.values.get(key)
        if key in kind.lists and isinstance(value, list):
            if not value or not all(isinstance(text, str) and text for text in value):
                raise ProjectError(f"{one}: {key} is a text, or a list of texts; write {key} = ['...', '...']")
            yield key, tuple(value)
        elif key in kind.needs or key in one.values:
            yield key, (one.text(key),)


def _limit(one: Section, kind: str) -> tuple[int, float] | None:
    """``"30/m"``: so many messages at once, and as many again a minute later."""
    text = one.text("limit", default="none" if kind in _UNFOLDED else _PEOPLE)
    if text == "none":
        return None
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ProjectError(f"{one}: limit = {text!r} isn't so many in a time; write '30/m', '1/s', '100/h' or 'none'")
    return int(match[1]), _LENGTHS[match[2]]
