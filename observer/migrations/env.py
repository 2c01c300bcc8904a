"""How Alembic reaches the database: over the connection that ``observer.store.schema`` hands it."""

from __future__ import annotations

from alembic import context

import observer.store.tables  # the observer's tables join the log's metadata
from orchestration.tables import metadata

assert "observations" in observer.store.tables.metadata.tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
