"""Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.alerts.chat import PostingChannel
from observer.alerts.message import Message, cut

_HEADER, _SECTION, _FIELD, _FIELDS = 150, 3000, 2000, 10  # what Slack takes at most, of 50 blocks
_VALUE = (_FIELD - 50) // len("&amp;")  # beside its name, though all of it were escaped


class SlackChannel(PostingChannel):
    """Posts to the address of an incoming webhook, which is the secret.

    What comes from data is plain text, or escaped: no value can mention a channel or disguise a link.
    """

    most_bytes = 40_000

    def content(self, message: Message) -> Mapping[str, Any]:
        """Blocks, and the same as one paragraph for notifications."""
        blocks: list[Mapping[str, Any]] = [
            {"type": "header", "text": _plain(f"{message.mark} {message.title}", _HEADER)},
            {"type": "section", "text": _plain(message.sentence, _SECTION)},
        ]
        for start in range(0, len(message.facts), _FIELDS):
            some = message.facts[start : start + _FIELDS]
            blocks.append({"type": "section", "fields": [_field(name, text) for name, text in some]})
        if message.url is not None:
            link = f"<{escaped(message.url)}|{message.link}>"
            blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": link}]})
        return {"text": escaped(cut(message.text, _SECTION)), "blocks": blocks, "unfurl_links": False}


def escaped(text: str) -> str:
    """Text in which nothing is a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, most: int) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": cut(text, most), "emoji": False}


def _field(name: str, text: str) -> Mapping[str, Any]:
    return {"type": "mrkdwn", "text": f"*{name}*\n{escaped(cut(text, _VALUE))}"}
