"""A message as people read it: the body of the outbox, which receivers get as it is, in words and facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_NAMED = 5  # affected assets, owners, checks and monitors that are named
_LISTED = 20  # folded messages that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What channels for people show.

    Parameters
    ----------
    event: ``incident.opened`` ...
    at: when, ISO 8601.
    incident: its number; None: it is about none, or about several.
    severity: ``error`` or ``warn``; "" where there is none.
    title, sentence, text: in a few words, in a sentence, in a paragraph.
    facts: what stands beside it, by name.
    url: the page of the incident.
    owners: whose it is.
    asset, subjects, affected: what it is about, and what is blocked downstream.
    """

    event: str
    at: str
    incident: int | None
    severity: str
    title: str
    sentence: str
    text: str
    facts: tuple[tuple[str, str], ...]
    url: str | None
    owners: tuple[str, ...]
    asset: str
    subjects: tuple[str, ...]
    affected: tuple[str, ...]

    @property
    def link(self) -> str:
        """What the page at ``url`` shows."""
        return "All incidents" if self.incident is None else f"Incident #{self.incident}"

    @property
    def is_over(self) -> bool:
        return self.event == "incident.resolved"

    @property
    def mark(self) -> str:
        """The state as a shape, as the pages have it."""
        if self.is_over:
            return "●"
        return {"error": "■", "warn": "▲"}.get(self.severity, "◆")

    def shortened(self, most: int) -> Message:
        """The same, with no text of more than ``most`` characters."""
        return replace(
            self, title=cut(self.title, most), sentence=cut(self.sentence, most), text=cut(self.text, most),
            facts=tuple((name, cut(text, most)) for name, text in self.facts), asset=cut(self.asset, most),
        )  # fmt: skip


def read(payload: str) -> Message:
    """The message that a body holds, also one of an earlier version that lacks some of it."""
    body: Mapping[str, Any] = json.loads(payload)
    data: Mapping[str, Any] = body.get("data") or {}
    sentence = str(data.get("sentence") or data.get("text") or body["type"])
    return Message(
        event=body["type"], at=str(body.get("timestamp") or ""), incident=data.get("incident_id"),
        severity=str(data.get("severity") or ""), title=str(data.get("title") or data.get("asset") or "Tidegate"),
        sentence=sentence, text=str(data.get("text") or sentence), facts=tuple(_facts(data)), url=data.get("url"),
        owners=tuple(data.get("owners") or ()), asset=str(data.get("asset") or ""),
        subjects=tuple(data.get("subjects") or ()), affected=tuple(data.get("affected") or ()),
    )  # fmt: skip


def cut(text: str, most: int) -> str:
    """The text, with an ellipsis at its end where it has more characters than a service takes."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _facts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if data.get("since"):
        yield "since", _instant(str(data["since"]))
    if data.get("resolution"):
        yield "resolution", str(data["resolution"])
    if (affected := data.get("affected")) and not data.get("resolved_at"):
        yield "blocked downstream", some(affected)
    if data.get("held") and data.get("last_good"):
        yield "readers see up to", str(data["last_good"])
    if owners := data.get("owners"):
        yield "owner", some(owners)
    if suspects := data.get("suspects"):
        yield "changed around then", str(suspects[0])
    for number, one in enumerate((data.get("messages") or ())[:_LISTED], start=1):
        yield str(number), str(one["data"].get("title") or one["data"].get("sentence") or one["type"])
    if (left := len(data.get("messages") or ()) - _LISTED) > 0:
        yield "and", f"{left} more"


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _instant(iso: str) -> str:
    """``2013-02-09T06:00:00Z`` as people write it."""
    return f"{iso[:10]} {iso[11:16]} UTC"
