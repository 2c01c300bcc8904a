"""Whose an incident is."""

from __future__ import annotations

from observer.model import Incident
from orchestration.graph import Graph


def owners_of(graph: Graph, incident: Incident) -> tuple[str, ...]:
    """Those that it was assigned to, else the owners of its asset."""
    if incident.assigned or incident.asset not in graph:
        return incident.assigned
    return graph.asset(incident.asset).owners
