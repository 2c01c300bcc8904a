"""Microsoft Teams, by a workflow that posts what a webhook receives: an adaptive card.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.alerts.chat import PostingChannel
from observer.alerts.message import Message, cut

_TITLE, _SENTENCE, _FACT = 300, 3000, 500  # characters


class TeamsChannel(PostingChannel):
    """Posts to the address of a workflow, which is the secret.

    Text stands in runs, which are no Markdown: no value of the data can disguise a link.
    """

    most_bytes = 28_000

    def content(self, message: Message) -> Mapping[str, Any]:
        """A message with one card."""
        colour = (
            "Good" if message.is_over else {"error": "Attention", "warn": "Warning"}.get(message.severity, "Accent")
        )
        title = {"weight": "Bolder", "size": "Medium", "color": colour}
        lines = [
            _line(_run(f"{message.mark} {cut(message.title, _TITLE)}", **title)),
            _line(_run(cut(message.sentence, _SENTENCE))),
            *(_line(_run(f"{name}: ", isSubtle=True), _run(cut(text, _FACT))) for name, text in message.facts),
        ]
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": cut(message.text, _SENTENCE),
            "body": lines,
            "msteams": {"width": "Full"},
        }
        if message.url is not None:
            card["actions"] = [{"type": "Action.OpenUrl", "title": message.link, "url": message.url}]
        attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attached]}


def _line(*runs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **look: object) -> Mapping[str, Any]:
    return {"type": "TextRun", "text": text, **look}
