"""What is kept of every asset for pages: whether it is what the log says. Told only where it isn't."""

from __future__ import annotations

from sqlalchemy import Engine

from observer.doctor.model import Diagnosis, Health
from observer.projecting import differing, rebuild
from observer.quantities import count
from orchestration.clock import Clock
from orchestration.database import reading
from orchestration.graph import Graph

PART = "pages"
_SOME = 200  # assets, spread over all of them


def look_at_statuses(
    diagnosis: Diagnosis, engine: Engine, graph: Graph, clock: Clock, *, fix: bool, deep: bool
) -> None:  # fmt: skip
    """Work some rows out from the log again, with ``deep`` all; with ``fix`` make them anew where one differs."""
    with diagnosis.looking_at(PART):
        every = 1 if deep else -(-len(graph) // _SOME) or 1
        with reading(engine) as connection:
            wrong = differing(connection, graph, graph.order[::every], clock.now())
        if not wrong:
            return
        said = f"what pages show of {count(len(wrong), 'asset')} isn't what the log says: {', '.join(wrong[:3])}"
        if fix:
            made = rebuild(engine, graph, clock.now())
            diagnosis.say(PART, Health.MENDED, f"{said}; {count(made, 'asset')} worked out anew")
        else:
            diagnosis.say(PART, Health.WARNING, said, "tidegate doctor --fix")
