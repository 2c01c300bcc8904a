"""What all our channels are alike in: what the environment says of each, and which incidents that routes to it."""

from __future__ import annotations

from observer.alerts.base import Terms
from observer.alerts.when import When
from observer.model import Incident


class Routed:
    """The part of a :class:`observer.alerts.base.Channel` that doesn't send.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    when: which incidents it hears of; None: of all.
    terms: how the environment uses it.
    """

    def __init__(self, name: str, when: When | None, terms: Terms) -> None:
        self._name, self._when, self._terms = name, when or When(), terms

    @property
    def name(self) -> str:
        """Names the channel in the environment and in the outbox."""
        return self._name

    @property
    def terms(self) -> Terms:
        """How the environment uses it."""
        return self._terms

    def accepts(self, incident: Incident) -> bool:
        """Whether ``when`` holds for the incident."""
        return self._when.accepts(incident)
