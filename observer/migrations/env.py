"""How Alembic reaches the database: over the connection that ``observer.store.schema`` hands it."""

from __future__ import annotations

from alembic import context

from observer.store.compatibility import compatibility  # with each, its tables join the metadata of the log
from observer.store.freshness import freshness
from observer.store.incident_tables import incident_turns
from observer.store.tables import observations
from orchestration.queue_tables import run_queue
from orchestration.said_tables import step_logs
from orchestration.schedule.tables import schedules
from orchestration.tables import metadata

assert observations.metadata is metadata
assert run_queue.metadata is metadata
assert incident_turns.metadata is metadata
assert compatibility.metadata is freshness.metadata is schedules.metadata is step_logs.metadata is metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
