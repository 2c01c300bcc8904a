"""What an alert says: the versioned JSON body that a webhook carries, and the same as one paragraph."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

from observer.model import Incident, IncidentStatus
from orchestration.model import GateDecision, GateOutcome

VERSION = 1
"""Of the body: raised when a field changes its meaning or goes; new fields may come at any time."""

_NAMED = 5  # affected assets that the paragraph names


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Everything that one message says.

    Parameters
    ----------
    event: what happened, such as ``incident.opened``.
    at: when, on the project's clock.
    incident: as it is now.
    gate: the decision that belongs to it; None where the gate has not spoken.
    last_good: the newest partition (or instant) that readers have; None if they never had any.
    dashboard_url: where people reach the dashboard (``TIDEGATE_URL``); None without one.
    built_in_place: readers see the version that is held, since it could not be built aside.
    owners: whose it is: those that it was assigned to, else the asset's.
    suspects: what changed around then, in sentences, the nearest first; a few.
    """

    event: str
    at: datetime
    incident: Incident
    gate: GateDecision | None = None
    last_good: str | None = None
    dashboard_url: str | None = None
    built_in_place: bool = False
    owners: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()


def body(alert: Alert) -> str:
    """The JSON body, with its keys always in the same order; holds no secret."""
    incident, gate = alert.incident, alert.gate
    message = {
        "type": alert.event,
        "version": VERSION,
        "timestamp": _iso(alert.at),
        "data": {
            "incident_id": incident.id,
            "asset": incident.asset,
            "partition": incident.last_partition,
            "first_partition": incident.first_partition,
            "severity": incident.severity.value,
            "status": incident.status.value,
            "title": title(alert),
            "sentence": incident.sentence,
            "text": paragraph(alert),
            "subjects": list(incident.subjects),
            "held": is_held(gate),
            "affected": list(incident.affected),
            "owners": list(alert.owners),
            "suspects": list(alert.suspects),
            "since": _iso(incident.opened_at),
            "last_good": alert.last_good,
            "resolved_at": None if incident.resolved_at is None else _iso(incident.resolved_at),
            "resolution": incident.resolution,
            "resolved_as": None if incident.resolved_as is None else incident.resolved_as.value,
            "url": incident_url(alert.dashboard_url, incident.id),
            "gate": None if gate is None else _gate(gate),
        },
    }
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def title(alert: Alert) -> str:
    """What it is about and how it stands, in a few words: ``flights 2013-02-08 is held``."""
    incident = alert.incident
    address = incident.asset if incident.last_partition is None else f"{incident.asset} {incident.last_partition}"
    return f"{address} {_state(alert)}"


def paragraph(alert: Alert) -> str:
    """What, who is affected, what readers see, since when, where to look: for chats, mails and terminals."""
    incident = alert.incident
    sentences = [f"{title(alert)}: {incident.sentence.rstrip('.')}."]
    if incident.status is IncidentStatus.RESOLVED:
        if incident.resolution:
            sentences.append(f"Resolution: {incident.resolution.rstrip('.')}.")
    else:
        if incident.first_partition != incident.last_partition:
            sentences.append(f"The first partition concerned is {incident.first_partition}.")
        if incident.affected:
            sentences.append(_affected(incident))
        if is_held(alert.gate) and alert.built_in_place:
            sentences.append("It was built in place, so readers see it.")
        elif is_held(alert.gate):
            sentences.append(
                "Readers have no version yet." if alert.last_good is None else f"Readers see up to {alert.last_good}."
            )
        if alert.suspects:
            sentences.append(f"Changed around then: {alert.suspects[0].rstrip('.')}.")
    since = f"{incident.opened_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    url = incident_url(alert.dashboard_url, incident.id)
    sentences.append(f"Incident #{incident.id} since {since}" + (f": {url}" if url else "."))
    return " ".join(sentences)


def is_held(gate: GateDecision | None) -> bool:
    """Whether the decision keeps the version back."""
    return gate is not None and gate.outcome is GateOutcome.HELD


def incident_url(dashboard_url: str | None, incident_id: int) -> str | None:
    """The page of an incident; user names, passwords and queries of the address are left out.

    Examples
    --------
    >>> incident_url("https://me:secret@dq.example.com/tidegate/", 1)
    'https://dq.example.com/tidegate/incidents/1'
    """
    if dashboard_url is None:
        return None
    parts = urlsplit(dashboard_url)
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path.rstrip('/')}/incidents/{quote(str(incident_id))}"
    return urlunsplit((parts.scheme, host, path, "", ""))


def _state(alert: Alert) -> str:
    if alert.incident.status is IncidentStatus.RESOLVED:
        return "is resolved"
    held, severity = is_held(alert.gate), alert.incident.severity.value
    match alert.event:
        case "incident.worse":
            return "got worse and is held" if held else f"got worse and has an incident ({severity})"
        case "incident.reopened":
            return "is held again" if held else f"has its incident again ({severity})"
        case "incident.reminder":
            return "is still held" if held else f"still has an incident ({severity})"
    return "is held" if held else f"has an incident ({severity})"


def _affected(incident: Incident) -> str:
    names = ", ".join(incident.affected[:_NAMED])
    more = len(incident.affected) - _NAMED
    names += f" and {more} more" if more > 0 else ""
    count = len(incident.affected)
    return f"{count} asset{'s are' if count > 1 else ' is'} blocked downstream: {names}."


def _gate(gate: GateDecision) -> dict[str, object]:
    return {
        "outcome": gate.outcome.value,
        "reasons": list(gate.reasons),
        "holds": list(gate.holds),
        "unknown": gate.unknown,
        "materialization_id": gate.materialization_id,
        "decided_at": _iso(gate.decided_at),
        "expires_at": None if gate.expires_at is None else _iso(gate.expires_at),
    }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
