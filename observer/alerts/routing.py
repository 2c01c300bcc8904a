"""Who hears of what: the channels whose condition holds, or else those that take what nobody else hears of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from observer.alerts.base import Channel
from observer.model import Incident, IncidentStatus, Severity
from observer.quantities import count
from orchestration.graph import Graph
from orchestration.model import AssetKey

Names = tuple[str, ...]
"""Of channels, in the order in which they are configured."""

DELIVERY = "delivery"
"""What an incident is about that a channel itself has: its messages don't arrive."""

_CHANNEL = "channel "
_NAMED = 5
_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def place_of(channel: str) -> AssetKey:
    """What stands in the place of an asset in an incident of a channel."""
    return AssetKey(_CHANNEL + channel)


def channel_in(incident: Incident) -> str | None:
    """The channel that an incident is about; None: it is about an asset."""
    ours = incident.subjects == (DELIVERY,) and incident.asset.startswith(_CHANNEL)
    return incident.asset.removeprefix(_CHANNEL) if ours else None


def wanting(incident: Incident, channels: Iterable[Channel]) -> Names:
    """The names of the channels that hear of an incident.

    Of a channel that fails all the others hear, whatever they hear of else: there is nothing worse to miss.
    """
    there = tuple(channels)
    sick = channel_in(incident)
    if sick is not None:
        return tuple(channel.name for channel in there if channel.name != sick)
    accepting = [channel for channel in there if channel.accepts(incident)]
    first = [channel for channel in accepting if not channel.terms.fallback]
    return tuple(channel.name for channel in first or accepting)


def routes(graph: Graph, channels: Sequence[Channel], severity: Severity) -> dict[AssetKey, Names]:
    """Who would hear of an incident of each asset, in the graph's order; nobody: an empty tuple."""
    return {key: wanting(_incident(key, severity), channels) for key in graph.order}


def unrouted(graph: Graph, channels: Sequence[Channel]) -> tuple[AssetKey, ...]:
    """The assets of whose worst incidents no channel would hear."""
    return tuple(key for key, names in routes(graph, channels, Severity.ERROR).items() if not names)


def some(assets: Sequence[AssetKey]) -> str:
    """``flights, orders and 3 more assets``."""
    left = len(assets) - _NAMED
    return ", ".join(assets[:_NAMED]) + (f" and {count(left, 'more asset')}" if left > 0 else "")


def _incident(asset: AssetKey, severity: Severity) -> Incident:
    return Incident(
        id=0, asset=asset, first_partition=None, last_partition=None, severity=severity, status=IncidentStatus.OPEN,
        sentence="", subjects=(), affected=(), opened_at=_ONCE, updated_at=_ONCE,
    )  # fmt: skip
