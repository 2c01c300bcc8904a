"""PagerDuty, by its Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.alerts.base import EVERYTHING, Terms
from observer.alerts.chat import PostingChannel
from observer.alerts.message import Message, cut, some
from observer.alerts.posting import TIMEOUT_S
from observer.alerts.when import When

URL = "https://events.pagerduty.com/v2/enqueue"

_SUMMARY = 1024
_SEVERITIES = {"error": "error", "warn": "warning"}


class PagerDutyChannel(PostingChannel):
    """Triggers an alert in PagerDuty and resolves it: one for each incident, whatever is said of it how often.

    Parameters
    ----------
    routing_key: of the service's integration; a secret.
    source: names this installation; with the incident's number it is what PagerDuty tells alerts apart by.
    """

    def __init__(
        self,
        name: str,
        routing_key: str,
        source: str,
        url: str = URL,
        when: When | None = None,
        terms: Terms = EVERYTHING,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__(name, url, when, terms, timeout_s=timeout_s)
        self._key, self._source = routing_key, source

    most_bytes = 512_000

    def content(self, message: Message) -> Mapping[str, Any]:
        """One event: what resolves says only that, what triggers says what is wrong."""
        about = "test" if message.incident is None else f"incident/{message.incident}"
        event: dict[str, Any] = {
            "routing_key": self._key,
            "event_action": "resolve" if message.is_over else "trigger",
            "dedup_key": f"tidegate/{self._source}/{about}",
        }
        if message.is_over:
            return event
        details = dict(message.facts) | {"sentence": message.sentence}
        if message.subjects:
            details["checks and monitors"] = some(message.subjects)
        event["payload"] = {
            "summary": cut(f"{message.title}: {message.sentence}", _SUMMARY),
            "source": self._source,
            "severity": _SEVERITIES.get(message.severity, "info"),
            "timestamp": message.at,
            "component": message.asset or "tidegate",
            "custom_details": details,
        }
        event["client"] = "Tidegate"
        if message.url is not None:
            event["client_url"] = message.url
            event["links"] = [{"href": message.url, "text": message.link}]
        return event
